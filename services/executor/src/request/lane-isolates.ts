/**
 * The isolates of a lane: the one that takes requests, and those that it replaced while requests ran in them.
 *
 * I1 A replaced isolate takes no request, and ends with the last one that runs in it.
 */
import type { AppIsolate } from "@nano/isolate/app-isolate";
import type { SecretValues } from "@nano/protocol/secrets";
import { IsolateOpener, type IsolateOpenerOptions } from "./isolate-opener.ts";
import type { SliverSource } from "./sliver-sources.ts";
import type { WorkerCounters } from "./worker-counters.ts";

export interface LaneIsolatesOptions extends IsolateOpenerOptions {
  readonly counters: WorkerCounters;
  /** An isolate was restored. */
  onRestored(): void;
}

export class LaneIsolates {
  readonly #options: LaneIsolatesOptions;
  readonly #opener: IsolateOpener;
  #current: AppIsolate | null = null;
  readonly #leaving = new Set<AppIsolate>();

  constructor(options: LaneIsolatesOptions) {
    this.#options = options;
    this.#opener = new IsolateOpener(options);
  }

  /** The one that takes requests; null: none, or it has ended. */
  get current(): AppIsolate | null {
    const isolate = this.#current;
    return isolate !== null && isolate.end === null ? isolate : null;
  }

  get source(): SliverSource | null {
    return this.#opener.source;
  }

  /** Replaced ones in which requests still run. */
  get leavingCount(): number {
    return this.#leaving.size;
  }

  /** Puts a fresh isolate in the place of the current one, which stays where that fails. @throws why it cannot be had */
  renew(): AppIsolate {
    const fresh = this.#opener.open();
    this.#take(fresh);
    return fresh;
  }

  /**
   * Starts from another sliver of the version from now on. A lane that is warm is warm from it when this returns.
   * @throws why the new one cannot be restored: the old one serves on
   */
  adopt(source: SliverSource): void {
    if (this.current !== null) this.#take(this.#opener.open(source));
    this.#opener.source = source;
  }

  /** Isolates restored from now on have these beside the variables; the current one leaves. Answers whether anything changed. */
  useSecrets(secrets: SecretValues): boolean {
    if (!this.#opener.useSecrets(secrets)) return false;
    this.leave();
    return true;
  }

  /** The current one takes no more requests. */
  leave(): void {
    const isolate = this.#current;
    this.#current = null;
    if (isolate === null) return;
    if (isolate.end === null && isolate.runCount > 0) this.#leaving.add(isolate);
    else isolate.dispose();
  }

  /** After a run: lets go of isolates that have ended, or that nobody needs any more. */
  tidy(): void {
    if (this.#current !== null && this.#current.end !== null) this.leave();
    for (const isolate of this.#leaving) {
      if (isolate.end === null && isolate.runCount > 0) continue;
      this.#leaving.delete(isolate);
      isolate.dispose();
    }
  }

  /** Heap and array buffers of all of them; snapshots are counted once for the worker. */
  measureBytes(): number {
    let bytes = this.current?.measureBytes() ?? 0;
    for (const isolate of this.#leaving) bytes += isolate.measureBytes();
    return bytes;
  }

  dispose(): void {
    const all = [...this.#leaving, ...(this.#current === null ? [] : [this.#current])];
    this.#leaving.clear();
    this.#current = null;
    for (const isolate of all) isolate.dispose();
  }

  #take(fresh: AppIsolate): void {
    this.leave();
    this.#current = fresh;
    this.#options.counters.coldStarts += 1;
    this.#options.onRestored();
  }
}
