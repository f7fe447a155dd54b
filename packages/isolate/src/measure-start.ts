/** What it costs to start an app from a rung: an isolate, and each context in it. Medians of a few, in this process. */
import ivm from "isolated-vm";
import type { AppIsolateOptions } from "./isolate.ts";
import { openContext } from "./open-context.ts";
import { openIsolate } from "./open-isolate.ts";

const MAX_TRIES = 7;
/** No further try is begun once they took this long. */
const ENOUGH_MS = 100;
/** All of them together: one per try of an isolate, and those of the last one. */
export const MAX_MEASURED_CONTEXTS = 2 * MAX_TRIES;

export interface StartCost {
  /** An isolate from its snapshot, or with its script compiled. */
  readonly restoreMs: number;
  /** One more context: made, initialised where the snapshot does not hold that, attached. */
  readonly contextMs: number;
  /** Heap that it takes. */
  readonly contextBytes: number;
}

/** Runs nothing of the app but its top level. @throws as `AppIsolate.restore` and its contexts */
export function measureStart(options: AppIsolateOptions): StartCost {
  const restores: number[] = [];
  const contexts: number[] = [];
  let contextBytes = 0;
  const op = new ivm.Callback(() => undefined);
  const startedMs = performance.now();
  const hasTime = (tries: number): boolean =>
    tries === 0 || (tries < MAX_TRIES && performance.now() - startedMs < ENOUGH_MS);
  while (hasTime(restores.length)) {
    const restoreStartMs = performance.now();
    const opened = openIsolate(options);
    restores.push(performance.now() - restoreStartMs);
    try {
      // The first context of an isolate also pays for what it shares with the later ones.
      openContext(opened, op, options);
      const before = heapBytes(opened.isolate);
      const contextStartMs = performance.now();
      openContext(opened, op, options);
      contexts.push(performance.now() - contextStartMs);
      contextBytes = Math.max(contextBytes, heapBytes(opened.isolate) - before);
    } finally {
      if (!opened.isolate.isDisposed) opened.isolate.dispose();
      if (options.source.rung !== "source") options.source.blob.release();
    }
  }
  return { restoreMs: medianOf(restores), contextMs: medianOf(contexts), contextBytes };
}

function heapBytes(isolate: ivm.Isolate): number {
  const { used_heap_size, externally_allocated_size } = isolate.getHeapStatisticsSync();
  return used_heap_size + externally_allocated_size;
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round((sorted[sorted.length >> 1] ?? 0) * 1000) / 1000;
}
