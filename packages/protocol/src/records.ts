/**
 * What the control store holds. Records are plain JSON, each with a kind and a key; versions never change.
 * Readers skip a record that they cannot parse, count it, and serve on with the last good one.
 */
import type { AppIdentity, AppName, ArtifactDigest, EngineFingerprint, NodeId, VersionId, WorkerId } from "./brands.ts";
import type { WireError } from "./errors.ts";
import type { Manifest } from "./manifest.ts";

/** `app/<name>`: an app and the version that it serves. */
export interface AppRecord {
  readonly kind: "app";
  readonly name: AppName;
  /**
   * Made with the app and never changed: what is kept for it is kept under name and identity. Builds before this one neither set nor read it.
   * @default it was made by one of those: its name alone stands for it
   */
  readonly identity?: AppIdentity;
  /** Unset until its first version is built. */
  readonly activeVersion: VersionId | null;
  /** Versions that it is to serve once they are built, in the order of the asks. The registry's own. */
  readonly pending?: readonly VersionId[];
  /** Versions that it served before, newest first, at most `MAX_PREVIOUS_VERSIONS`: where a rollback leads. @default none */
  readonly previous?: readonly VersionId[];
  /** @default none */
  readonly rollout?: Rollout;
  /** When an operator forgave what its versions had done to workers until then (`NodeRecord.quarantined`). @default never */
  readonly quarantineLiftedAt?: string;
}

export const MAX_PREVIOUS_VERSIONS = 10;

/** A built version that gets a share of an app's clients beside the active one. */
export interface Rollout {
  readonly version: VersionId;
  /** Share of clients, 0 to 100, in hundredths; a client that has it keeps it while the share grows. 0: held ready for nobody. */
  readonly percent: number;
  /** By what a client is known: its address, or a cookie's value (its address where it has none). */
  readonly stickyBy: { readonly type: "client" } | { readonly type: "cookie"; readonly name: string };
  /** Halts by itself when more than `errorRate` (0 to 1) of at least `requestCount` requests of `version` failed. */
  readonly haltAt: { readonly errorRate: number; readonly requestCount: number };
  readonly startedAt: string;
  /** What nodes had counted of `version` before, in an earlier rollout: none of this one. The registry's own. @default none */
  readonly countedBefore?: Readonly<Record<NodeId, RolloutCount>>;
  /** Set once it was halted: nobody gets `version` any more. */
  readonly halted?: { readonly at: string; readonly requestCount: number; readonly errorCount: number };
}

/** `version/<id>`: one immutable deploy. */
export interface VersionRecord {
  readonly kind: "version";
  readonly id: VersionId;
  readonly app: AppName;
  readonly manifest: Manifest;
  /** The bundled script with its source map (`BundleArtifact`); null where the app is only assets, or came as a sliver made elsewhere. */
  readonly bundle: ArtifactDigest | null;
  /** The asset pack, or null. */
  readonly assets: ArtifactDigest | null;
  readonly createdAt: string;
}

/** `build/<version>`: where the build of a version stands. */
export interface BuildRecord {
  readonly kind: "build";
  readonly version: VersionId;
  readonly state: "queued" | "building" | "built" | "failed";
  readonly error: WireError | null;
  /** When this build was asked for: tells it from an earlier one of the version that failed. @default not known */
  readonly queuedAt?: string;
  /** Slivers by the fingerprint of the engine that made them. Empty where the app is only assets. */
  readonly slivers: Readonly<Record<EngineFingerprint, ArtifactDigest>>;
}

/** `route/<host><path>`: a host pattern and path prefix → app. */
export interface RouteRecord {
  readonly kind: "route";
  /** As `canonicalHost` of the router gives it, or `*.` and such a host. */
  readonly host: string;
  /** Begins with `/`; `/` takes all paths. No trailing slash otherwise. */
  readonly path: string;
  readonly app: AppName;
}

/** `secrets/<app>`: the secrets of an app, whatever version it serves. Absent where it has none. */
export interface SecretsRecord {
  readonly kind: "secrets";
  readonly app: AppName;
  /** Values by name, encrypted: base64, read by `sealed-secrets` of `packages/control-store`. */
  readonly sealed: string;
  /** Counts the sets that the app was given. */
  readonly revision: number;
  readonly updatedAt: string;
}

/** A worker process as routers see it. */
export interface WorkerEndpoint {
  readonly id: WorkerId;
  /** Unix socket path, `host:port`, or `tls://host:port`. Builds that know no TLS take the last for a path and reach nobody. */
  readonly address: string;
  /** What a router's HELLO must carry; minted by the worker's supervisor, dies with the worker. */
  readonly credential: string;
  /** Requests at once from which it counts as loaded. @default the router's own figure */
  readonly capacity?: number;
  /** Requests that it had in tenths of `capacity`, 0 to 10, whichever router sent them. @default unknown */
  readonly load?: number;
}

/** `token/<id>`: who may use the registry's API. The token itself is never stored. */
export interface TokenRecord {
  readonly kind: "token";
  /** 16 hex digits, the part of a token that may be shown. */
  readonly id: string;
  readonly name: string;
  readonly role: TokenRole;
  /** Apps that a deployer may change; null: all. Of no meaning for other roles. */
  readonly apps: readonly AppName[] | null;
  /** SHA-256 of the token's secret part, hex. */
  readonly hash: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
}

/** `operator`: everything; `deployer`: apps that it is given, their versions, secrets and routes; `reader`: looks at all but secrets' values. */
export const tokenRoles = ["operator", "deployer", "reader"] as const;
export type TokenRole = (typeof tokenRoles)[number];

/** `node/<id>`: an executor and its workers; kept by a lease. */
export interface NodeRecord {
  readonly kind: "node";
  readonly id: NodeId;
  readonly engine: EngineFingerprint;
  /** Where its supervisor answers postmortem questions; same credential rules. */
  readonly supervisor: { readonly address: string; readonly credential: string };
  readonly workers: readonly WorkerEndpoint[];
  readonly draining: boolean;
  /**
   * Slivers of its engine that its workers could not restore, by version: it serves these from source, and asks for others.
   * One is named until the version has another. @default none
   */
  readonly badSlivers?: Readonly<Record<VersionId, ArtifactDigest>>;
  /** How versions in a rollout fare here, since it began or this node has had them: for the registry, which halts those that fail. @default none */
  readonly rollouts?: Readonly<Record<VersionId, RolloutCount>>;
  /**
   * Versions that ended workers again and again, those that other nodes named included: routers ask the supervisor for a worker of their own.
   * @default none
   */
  readonly quarantined?: Readonly<Record<VersionId, QuarantinedVersion>>;
  /** Apps that keep a thread from others for long, and those of its workers which are for them and for no others. @default none */
  readonly cordon?: NodeCordon;
}

export interface NodeCordon {
  readonly workers: readonly WorkerId[];
  readonly apps: readonly AppName[];
}

export interface QuarantinedVersion {
  readonly app: AppName;
  /** When it last ended a worker: it is forgiven a while after that. */
  readonly at: string;
}

export interface RolloutCount {
  readonly requestCount: number;
  /** Answered with 500 to 599, cut off, or lost with their worker. */
  readonly errorCount: number;
  /** `startedAt` of the rollout that was counted; of another one it is nothing. @default not known: of any, see `countedBefore` */
  readonly since?: string;
}

export type StoreRecord =
  | AppRecord
  | VersionRecord
  | BuildRecord
  | RouteRecord
  | SecretsRecord
  | NodeRecord
  | TokenRecord;
export type RecordKind = StoreRecord["kind"];

/** The key of a record in the store: unique over kinds. */
export function recordKey(record: StoreRecord): string {
  switch (record.kind) {
    case "app":
      return `app/${record.name}`;
    case "version":
      return `version/${record.id}`;
    case "build":
      return `build/${record.version}`;
    case "route":
      return `route/${record.host}${record.path}`;
    case "secrets":
      return `secrets/${record.app}`;
    case "node":
      return `node/${record.id}`;
    case "token":
      return `token/${record.id}`;
  }
}

/** A change of the feed: `record` null means the key is gone. */
export interface StoreChange {
  readonly key: string;
  readonly record: StoreRecord | null;
}

/** Where a reader stands in the change feed. A new epoch or a gap in `seq` means: reload. */
export interface FeedPosition {
  readonly epoch: string;
  readonly seq: number;
}

export interface FeedEvent extends FeedPosition {
  readonly changes: readonly StoreChange[];
}

export interface StoreSnapshot extends FeedPosition {
  readonly records: readonly StoreRecord[];
}

/** What `packages/bundle` makes and the builder reads: stored as JSON under its digest. */
export interface BundleArtifact {
  readonly format: 1;
  /**
   * One script: `__nano_app__(function (env, takeWasm) { …; return exports })`, or an `async function` where a module has top-level await.
   * `env` is the object behind `process.env`; `takeWasm(index, take)` hands the module of that number to `take` once the host has given it.
   */
  readonly script: string;
  /** Source map of `script`, version 3, as JSON text; with `sourcesContent`. */
  readonly sourceMap: string;
  /** WebAssembly modules that the script imports, by their numbers in it: base64. @default none */
  readonly wasm?: readonly string[];
}

/** One build for the queue. */
export interface BuildJob {
  readonly version: VersionId;
  readonly app: AppName;
  readonly manifest: Manifest;
  readonly bundle: ArtifactDigest;
  /** As in the build record: a job that has ended is not queued again by who knows only that it was asked for then. @default it is */
  readonly queuedAt?: string;
}

/** What a builder reports while it works and at the end. */
export type BuildEvent =
  | { readonly type: "progress"; readonly step: string; readonly elapsedMs: number }
  | { readonly type: "log"; readonly level: string; readonly text: string }
  | {
      readonly type: "built";
      readonly fingerprint: EngineFingerprint;
      readonly sliver: ArtifactDigest;
      readonly rung: Rung;
      readonly elapsedMs: number;
    }
  | { readonly type: "failed"; readonly error: WireError };

/** How an app starts: from its initialised heap, from source with kept bytecode, or from source. */
export type Rung = "heap" | "bytecode" | "source";
