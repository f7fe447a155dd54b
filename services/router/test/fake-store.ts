/** A control store in memory, with a feed: the port's reading half as the router uses it. */
import type { ControlStore } from "@nano/control-store/control-store";
import { errors } from "@nano/control-store/errors";
import type { AppName, EngineFingerprint, NodeId, VersionId, WorkerId } from "@nano/protocol/brands";
import { type ManifestInput, resolveManifest } from "@nano/protocol/manifest";
import {
  type AppRecord,
  type FeedEvent,
  type NodeRecord,
  type RouteRecord,
  recordKey,
  type StoreRecord,
  type VersionRecord,
} from "@nano/protocol/records";

export class FakeStore implements Pick<ControlStore, "loadSnapshot" | "watchFeed"> {
  readonly #records = new Map<string, StoreRecord>();
  #events: FeedEvent[] = [];
  #wake: (() => void)[] = [];
  #state: "there" | "away" | "stalled" = "there";
  /** Ends what waits for the store in its present state. */
  #stateChange = Promise.withResolvers<void>();

  /** Its newest place in the feed. */
  get seq(): number {
    return this.#events.length;
  }

  /** Refuses every call, as a store that has died. */
  lose(): void {
    this.#become("away");
  }

  /** Answers nobody, as a store behind a broken network. */
  stall(): void {
    this.#become("stalled");
  }

  comeBack(): void {
    this.#become("there");
  }

  put(...records: StoreRecord[]): void {
    this.#commit(records.map((record) => ({ key: recordKey(record), record })));
  }

  remove(...keys: string[]): void {
    this.#commit(keys.map((key) => ({ key, record: null })));
  }

  async loadSnapshot() {
    while (this.#state === "stalled") await this.#stateChange.promise;
    if (this.#state === "away") throw errors.LOST({ what: "snapshot", why: "the fake is away" });
    return { epoch: "fake", seq: this.#events.length, records: [...this.#records.values()] };
  }

  async *watchFeed(after: { seq: number }, signal: AbortSignal): AsyncIterable<FeedEvent> {
    const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    for (let seq = after.seq; !signal.aborted; ) {
      const event = this.#events[seq];
      if (this.#state === "away") throw errors.LOST({ what: "feed", why: "the fake is away" });
      if (event === undefined) await Promise.race([stopped, new Promise<void>((resolve) => this.#wake.push(resolve))]);
      else {
        seq += 1;
        yield event;
      }
    }
  }

  /** The whole port, as far as the router uses it. */
  asControlStore(): ControlStore {
    return this as unknown as ControlStore;
  }

  #become(state: "there" | "away" | "stalled"): void {
    this.#state = state;
    this.#stateChange.resolve();
    this.#stateChange = Promise.withResolvers();
    for (const wake of this.#wake.splice(0)) wake();
  }

  #commit(changes: FeedEvent["changes"]): void {
    for (const { key, record } of changes) {
      if (record === null) this.#records.delete(key);
      else this.#records.set(key, record);
    }
    this.#events.push({ epoch: "fake", seq: this.#events.length + 1, changes });
    for (const wake of this.#wake.splice(0)) wake();
  }
}

let versionCount = 0;

/** An app with one built version, and its routes: `host` or `host/path`. */
export function appRecords(name: string, routes: string[], manifest: ManifestInput = {}): StoreRecord[] {
  versionCount += 1;
  const id = `v${versionCount.toString(16).padStart(16, "0")}` as VersionId;
  const app = name as AppName;
  const record: AppRecord = { kind: "app", name: app, activeVersion: id };
  const version: VersionRecord = {
    kind: "version",
    id,
    app,
    manifest: resolveManifest(manifest),
    bundle: null,
    assets: null,
    createdAt: "2026-11-22T00:00:00.000Z",
  };
  return [record, version, ...routes.map((route) => routeRecord(route, app))];
}

export function routeRecord(route: string, app: AppName): RouteRecord {
  const slash = route.indexOf("/");
  return slash === -1
    ? { kind: "route", host: route, path: "/", app }
    : { kind: "route", host: route.slice(0, slash), path: route.slice(slash), app };
}

export interface FakeWorkerEndpoint {
  readonly id: string;
  readonly address: string;
  readonly credential: string;
}

export function nodeRecord(
  workers: readonly FakeWorkerEndpoint[],
  options: { id?: string; supervisor?: { address: string; credential: string }; draining?: boolean } = {},
): NodeRecord {
  return {
    kind: "node",
    id: (options.id ?? "node-1") as NodeId,
    engine: "0".repeat(32) as EngineFingerprint,
    supervisor: options.supervisor ?? { address: "/nowhere/supervisor.sock", credential: "none" },
    workers: workers.map(({ id, address, credential }) => ({ id: id as WorkerId, address, credential })),
    draining: options.draining ?? false,
  };
}
