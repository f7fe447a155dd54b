/**
 * Restores isolates of a version from the best rung of its sliver that works.
 *
 * I1 A fresh isolate has its first context before it takes requests: what a sliver cannot do shows here, ahead of any request, and the next
 *    rung is tried at once.
 * I2 The app's top level sees the variables of its version, never a secret; requests see both.
 * I3 Each restore is in the flight recorder from before V8 sees the sliver: of a worker that dies in it, the supervisor knows which.
 */
import { AppIsolate } from "@nano/isolate/app-isolate";
import type { GuestHost } from "@nano/isolate/isolate";
import { toWireError } from "@nano/protocol/errors";
import type { IsolationMode } from "@nano/protocol/manifest";
import type { SecretValues } from "@nano/protocol/secrets";
import { errors } from "../errors.ts";
import type { FlightRecorder } from "../flight-recorder.ts";
import type { Assignment } from "../worker-messages.ts";
import type { SliverSource } from "./sliver-sources.ts";
import type { WorkerCounters } from "./worker-counters.ts";

export interface IsolateOpenerOptions {
  readonly assignment: Pick<Assignment, "app" | "versionId" | "manifest">;
  readonly recorder: FlightRecorder;
  readonly counters: Pick<WorkerCounters, "countLimit">;
  readonly host: GuestHost;
  /** What isolates start from; null where the app is only assets. */
  readonly source: SliverSource | null;
  /** @default as the manifest says */
  readonly isolation?: IsolationMode;
}

export class IsolateOpener {
  readonly #options: IsolateOpenerOptions;
  readonly #initEnvJson: string;
  #envJson: string;
  /** What later isolates start from. */
  source: SliverSource | null;

  constructor(options: IsolateOpenerOptions) {
    this.#options = options;
    this.#initEnvJson = JSON.stringify(options.assignment.manifest.envVars);
    this.#envJson = this.#initEnvJson;
    this.source = options.source;
  }

  /** Isolates from now on have these beside the variables. Answers whether anything changed. */
  useSecrets(secrets: SecretValues): boolean {
    const envJson = JSON.stringify({ ...this.#options.assignment.manifest.envVars, ...secrets });
    if (envJson === this.#envJson) return false;
    this.#envJson = envJson;
    return true;
  }

  /** From the best rung that works. @throws why it cannot be had */
  open(source: SliverSource | null = this.source): AppIsolate {
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
        isolation: this.#options.isolation ?? manifest.isolation,
        limits: manifest.limits,
        websocket: manifest.websocket,
        egress: manifest.egress,
        envJson: this.#envJson,
        initEnvJson: this.#initEnvJson,
        host,
        onLimit: (limit) => counters.countLimit(limit),
        ...(contextBytes === undefined ? {} : { contextBytes }),
      });
      isolate.prepareSpare();
      return { isolate };
    } catch (thrown) {
      const isMemory = isolate?.end === "memory_limit";
      isolate?.dispose();
      return { thrown, isMemory };
    } finally {
      recorder.endRestore();
    }
  }
}
