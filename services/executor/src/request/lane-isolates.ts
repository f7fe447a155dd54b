/**
 * The isolates of a lane: the one that takes requests, and those that it replaced while requests ran in them.
 *
 * I1 A fresh isolate has its first context before it takes requests: what a sliver cannot do shows here, ahead of any request, and the next
 *    rung is tried at once.
 * I2 A replaced isolate takes no request, and ends with the last one that runs in it.
 * I3 The app's top level sees the variables of its version, never a secret; requests see both.
 * I4 Each restore is in the flight recorder from before V8 sees the sliver: of a worker that dies in it, the supervisor knows which.
 */
import { AppIsolate } from "@nano/isolate/app-isolate";
import type { GuestHost } from "@nano/isolate/isolate";
import { toWireError } from "@nano/protocol/errors";
import type { SecretValues } from "@nano/protocol/secrets";
import { errors } from "../errors.ts";
import type { FlightRecorder } from "../flight-recorder.ts";
import type { Assignment } from "../worker-messages.ts";
import type { SliverSource } from "./sliver-sources.ts";
import type { WorkerCounters } from "./worker-counters.ts";

export interface LaneIsolatesOptions {
  readonly assignment: Assignment;
  readonly recorder: FlightRecorder;
  readonly counters: WorkerCounters;
  readonly host: GuestHost;
  /** What isolates start from; null where the app is only assets. */
  readonly source: SliverSource | null;
  /** An isolate was restored. */
  onRestored(): void;
}

export class LaneIsolates {
  readonly #options: LaneIsolatesOptions;
  #source: SliverSource | null;
  #current: AppIsolate | null = null;
  readonly #leaving = new Set<AppIsolate>();
  readonly #initEnvJson: string;
  #envJson: string;

  constructor(options: LaneIsolatesOptions) {
    this.#options = options;
    this.#initEnvJson = JSON.stringify(options.assignment.manifest.envVars);
    this.#envJson = this.#initEnvJson;
    this.#source = options.source;
  }

  /** The one that takes requests; null: none, or it has ended. */
  get current(): AppIsolate | null {
    const isolate = this.#current;
    return isolate !== null && isolate.end === null ? isolate : null;
  }

  get source(): SliverSource | null {
    return this.#source;
  }

  /** Replaced ones in which requests still run. */
  get leavingCount(): number {
    return this.#leaving.size;
  }

  /** Puts a fresh isolate in the place of the current one, which stays where that fails. @throws why it cannot be had */
  renew(): AppIsolate {
    const fresh = this.#open(this.#source);
    this.#take(fresh);
    return fresh;
  }

  /**
   * Starts from another sliver of the version from now on. A lane that is warm is warm from it when this returns.
   * @throws why the new one cannot be restored: the old one serves on
   */
  adopt(source: SliverSource): void {
    if (this.current !== null) this.#take(this.#open(source));
    this.#source = source;
  }

  /** Isolates restored from now on have these beside the variables; the current one leaves. Answers whether anything changed. */
  useSecrets(secrets: SecretValues): boolean {
    const envJson = JSON.stringify({ ...this.#options.assignment.manifest.envVars, ...secrets });
    if (envJson === this.#envJson) return false;
    this.#envJson = envJson;
    this.leave();
    return true;
  }

  /** The current one takes no more requests. */
  leave(): void {
    const isolate = this.#current;
    this.#current = null;
    if (isolate === null) return;
    if (isolate.end === null && isolate.runCount > 0) this.#leaving.add(isolate);
    else this.#dispose(isolate);
  }

  /** After a run: lets go of isolates that have ended, or that nobody needs any more. */
  tidy(): void {
    if (this.#current !== null && this.#current.end !== null) this.leave();
    for (const isolate of this.#leaving) {
      if (isolate.end === null && isolate.runCount > 0) continue;
      this.#leaving.delete(isolate);
      this.#dispose(isolate);
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
    for (const isolate of all) this.#dispose(isolate);
  }

  #take(fresh: AppIsolate): void {
    this.leave();
    this.#current = fresh;
    this.#options.counters.coldStarts += 1;
    this.#options.onRestored();
  }

  /** From the best rung that works. */
  #open(source: SliverSource | null): AppIsolate {
    if (source === null) throw errors.ASSET_NOT_FOUND({ path: "/" });
    for (;;) {
      const opened = this.#openRung(source);
      if ("isolate" in opened) return opened.isolate;
      const reason = opened.isMemory ? "memory_limit" : "restore_failed";
      if (!source.fall(reason, toWireError(opened.thrown).message)) throw opened.thrown;
    }
  }

  #openRung(source: SliverSource): { isolate: AppIsolate } | { thrown: unknown; isMemory: boolean } {
    const { recorder, assignment, host, counters } = this.#options;
    const { app, versionId, manifest } = assignment;
    const { contextBytes } = source;
    const rung = source.read();
    let isolate: AppIsolate | null = null;
    recorder.beginRestore(app, versionId, manifest.limits.initTimeMs);
    try {
      isolate = AppIsolate.restore({
        app,
        source: rung,
        isolation: manifest.isolation,
        limits: manifest.limits,
        envJson: this.#envJson,
        initEnvJson: this.#initEnvJson,
        host,
        ...(contextBytes === undefined ? {} : { contextBytes }),
      });
      isolate.prepareSpare();
      return { isolate };
    } catch (thrown) {
      const isMemory = isolate?.end === "memory_limit";
      if (isMemory) counters.countLimit("memory_limit");
      isolate?.dispose();
      return { thrown, isMemory };
    } finally {
      recorder.endRestore();
    }
  }

  #dispose(isolate: AppIsolate): void {
    const { end } = isolate;
    isolate.dispose();
    if (end !== null && end !== "disposed") this.#options.counters.countLimit(end);
  }
}
