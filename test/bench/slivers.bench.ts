/**
 * What an app's init costs its starts: the curve over the size and the kind of the heap that the top level leaves, then apps; each in a
 * process of its own, in turns with its *floor*. A row that cannot be had says why.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { measureLevers } from "./levers.ts";
import { report } from "./report.ts";
import { measureStarts, type StartFigures, type StartOutcome } from "./start-figures.ts";
import { type HeapKind, heapKinds, writeSyntheticApp } from "./synthetic-app.ts";
import { formatMs, formatRatio, summarize } from "./table.ts";

const MIB = 1024 * 1024;
const APPS_DIRECTORY = fileURLToPath(new URL("../apps/", import.meta.url));
const APPS = ["react-ssr", "zod-schema", "slow-init"];
const HEAP_MIB = [0.25, 1, 4, 16];

interface Effort {
  readonly minRounds: number;
  readonly budgetMs: number;
  readonly maxRounds: number;
}
const ROW_EFFORT: Effort = { minRounds: 10, budgetMs: 4_000, maxRounds: 200 };
const APP_EFFORT: Effort = { minRounds: 60, budgetMs: 10_000, maxRounds: 250 };
const SMALL_EFFORT: Effort = { minRounds: 3, budgetMs: 0, maxRounds: 3 };

const HEAD = [
  "init heap",
  "sliver",
  "snapshot",
  "cold start",
  "floor",
  "cold ÷ floor",
  "source ÷ cold",
  "reset",
  "reset ÷ floor",
  "heap",
  "resident",
  "rounds",
  "request mode",
];

export async function benchSlivers({ isSmall }: { readonly isSmall: boolean }): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "nano-slivers-"));
  try {
    const results: Record<string, StartOutcome> = {};
    const measure = async (name: string, job: { source: string; body?: string }, effort: Effort): Promise<void> => {
      process.stderr.write(`${name}\n`);
      const outcome = await measureStarts({
        ...job,
        ...(isSmall ? SMALL_EFFORT : effort),
        directory: join(directory, name),
      });
      rmSync(join(directory, name), { recursive: true, force: true });
      results[name] = outcome;
    };
    const measureHeap = async (name: string, kind: HeapKind, heapBytes: number): Promise<void> => {
      const { directory: source, body } = writeSyntheticApp(join(directory, "apps"), kind, heapBytes);
      await measure(name, { source, body }, ROW_EFFORT);
    };
    await measureHeap("nothing", "objects", 0);
    for (const kind of heapKinds) {
      for (const mib of HEAP_MIB) await measureHeap(`${kind} ${mib} MB`, kind, mib * MIB);
    }
    for (const name of APPS) await measure(name, { source: join(APPS_DIRECTORY, name) }, APP_EFFORT);
    report("slivers", {
      title:
        "init heap against starts: median / p99, one thread, at the worker. heap: V8's count for an isolate with one context; " +
        "resident: what each further such isolate adds to the process, the snapshot shared; request mode: a fresh context as the builder measured it",
      head: HEAD,
      rows: Object.entries(results).map(([name, outcome]) =>
        outcome.type === "measured"
          ? figuresRow(name, outcome)
          : [name, outcome.reason, ...HEAD.slice(2).map(() => "–")],
      ),
      data: results,
    });
    report("levers", await measureLevers(APPS_DIRECTORY, { isSmall }));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function figuresRow(name: string, figures: StartFigures): string[] {
  const of = (key: keyof StartFigures["samples"]) => summarize(figures.samples[key]);
  const both = (key: keyof StartFigures["samples"]): string => `${formatMs(of(key).median)} / ${formatMs(of(key).p99)}`;
  const { contextMs, warnings } = figures;
  const isAdvised = warnings.some((text) => text.includes("isolation"));
  return [
    name,
    formatMb(figures.sliverBytes),
    formatMb(figures.snapshotBytes),
    both("cold"),
    both("floor"),
    formatRatio(of("cold").median / of("floor").median),
    formatRatio(of("source").median / of("cold").median),
    both("reset"),
    formatRatio(of("reset").median / of("floorReset").median),
    formatMb(figures.heapBytes),
    formatMb(figures.residentBytes),
    String(figures.samples.cold.length),
    `${contextMs === undefined ? "–" : formatMs(contextMs)}${isAdvised ? ", advises app mode" : ""}`,
  ];
}

function formatMb(bytes: number): string {
  return `${(bytes / MIB).toFixed(2)} MB`;
}
