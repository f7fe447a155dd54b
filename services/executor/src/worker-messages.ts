/** What a supervisor and its worker processes say to each other over IPC: two discriminated unions. */
import type { AppIdentity, AppName, VersionId, WorkerId } from "@nano/protocol/brands";
import type { WireError } from "@nano/protocol/errors";
import type { Manifest } from "@nano/protocol/manifest";
import type { Rung } from "@nano/protocol/records";
import type { SecretValues } from "@nano/protocol/secrets";
import type { DurationCounts } from "@nano/service-kit/duration-buckets";

/** All that a worker needs to serve a version; paths are hard links in the worker's own directory. */
export interface Assignment {
  readonly versionId: VersionId;
  readonly app: AppName;
  /** Of its record when it was assigned. @default the app has none */
  readonly identity?: AppIdentity;
  readonly manifest: Manifest;
  /** The unpacked sliver, or null where the app is only assets. */
  readonly sliverPath: string | null;
  /** Workers died while they restored this sliver: it serves from its script. @default false */
  readonly isSourceOnly?: boolean;
  /** It is in a rollout that began then: its requests and errors are counted, from nothing for each rollout. @default not counted */
  readonly countedSince?: string;
  /** The worker found the sliver damaged and fell from it: its link is to a new copy. @default false */
  readonly isFetchedAgain?: boolean;
  readonly assetsPath: string | null;
}

/** Budgets of one worker, from the executor's config. */
export interface WorkerBudgets {
  readonly isolateCount: number;
  readonly isolateBytes: number;
  readonly logBytesPerSecond: number;
}

/** What a worker serves: requests, or WebSocket connections with an isolate for each. */
export type WorkerKind = "http" | "websocket";

/** Processes beside the workers that serve them over links. */
export type LinkedPeer = "egress" | "cache";

export type ToWorker =
  | {
      readonly type: "start";
      readonly workerId: WorkerId;
      readonly credential: string;
      readonly budgets: WorkerBudgets;
      /** @default "http" */
      readonly kind?: WorkerKind;
      /** Responses say how they came about. @default false */
      readonly hasDebugHeaders?: boolean;
    }
  /** Of a WebSocket worker: what its connections may hold in messages, all together. Sent after `start`, and when it changes. */
  | { readonly type: "socket_budget"; readonly bufferBytes: number }
  /** Of a WebSocket worker: it takes connections of these apps alone from now on, and keeps those that it has. @default of all */
  | { readonly type: "socket_apps"; readonly apps: readonly AppName[] }
  /** Answers `thread_wanted`, in order: whether the node has a thread left for a connection. */
  | { readonly type: "thread_answer"; readonly isGranted: boolean }
  /** Close connections, spread evenly over `spreadMs`, with 1001 and this reason. @default of all versions */
  | {
      readonly type: "close_sockets";
      readonly spreadMs: number;
      readonly reason: string;
      readonly versionId?: VersionId;
    }
  /** `secrets`: of its app, beside the variables of the manifest. @default none */
  | { readonly type: "assign"; readonly assignment: Assignment; readonly secrets?: SecretValues }
  /** The secrets of the app of that name and identity are these from now on, in all of its versions that the worker has. */
  | {
      readonly type: "secrets";
      readonly app: AppName;
      readonly identity?: AppIdentity;
      readonly secrets: SecretValues;
    }
  /** The version cannot be served here: every request for it ends with `error`. */
  | { readonly type: "refuse"; readonly versionId: VersionId; readonly error: WireError }
  /** These versions are served by other processes from now on, and no others: requests for them are refused before they are entered. @default none */
  | { readonly type: "elsewhere"; readonly versionIds: readonly VersionId[] }
  /** The version is no longer active: let it go once its requests are over. */
  | { readonly type: "retire"; readonly versionId: VersionId }
  /** With a socket: a router dialled this worker. `received`: what was read of it already, base64. */
  | { readonly type: "router_socket"; readonly received?: string }
  /** With a socket: connected to a process of the executor that serves workers. */
  | { readonly type: "peer_socket"; readonly peer: LinkedPeer; readonly credential: string }
  /** Take no new requests, end those in flight, then exit. */
  | { readonly type: "drain" }
  /** Give up what is in flight of them: their time is over. */
  | { readonly type: "cut" };

/** One line of an app's own output. */
export interface AppLogLine {
  readonly app: AppName;
  readonly versionId: VersionId;
  readonly requestId: string | null;
  readonly level: string;
  readonly text: string;
  /** Of an uncaught error: positions in the built script. */
  readonly stack?: string;
}

/** Why a sliver serves from a lower rung than it has: a label of metrics. */
export type FallReason = "fingerprint" | "damaged" | "restore_failed" | "memory_limit" | "worker_deaths";

/** A worker serves a version from a lower rung than its sliver has: told once for each version and sliver. */
export interface FallReport {
  readonly versionId: VersionId;
  /** Of the assignment. */
  readonly sliverPath: string;
  readonly from: Rung;
  readonly to: Rung;
  readonly reason: FallReason;
  /** For the log. */
  readonly why: string;
}

/** How a version in a rollout fared since it was counted. */
export interface CountedVersion {
  /** `Assignment.countedSince`. */
  readonly since: string;
  readonly requestCount: number;
  readonly errorCount: number;
  /** In the isolate now. */
  readonly runningCount: number;
}

/** Of a WebSocket worker: counters since it started, and gauges. */
export interface SocketStats {
  /** Those that are being upgraded included. */
  readonly connections: number;
  readonly connectionsByApp: Readonly<Record<AppName, number>>;
  /** Threads of connections, and those that wait for one. */
  readonly threads: number;
  /** Messages being assembled, waiting for the app, and waiting to be sent. */
  readonly bufferedBytes: number;
  readonly opened: number;
  /** Connections that found no thread of their own. */
  readonly withoutThread: number;
  /** Upgrades that were answered otherwise than with 101, by reason: `ws_max_connections`, `declined` by the app … */
  readonly refused: Readonly<Record<string, number>>;
  /** Ends of connections by reason: `client`, `app`, or that of a limit. */
  readonly closed: Readonly<Record<string, number>>;
}

/** What apps took of a worker's thread since the last report. */
export interface ThreadUseReport {
  readonly elapsedMs: number;
  /** In long entries: apps with a share of the time that is worth telling. */
  readonly busyMsByApp: Readonly<Record<AppName, number>>;
  /** Apps that were entered. */
  readonly activeAppCount: number;
}

/** Counters since the worker started, and gauges, once a second. */
export interface WorkerStats {
  /** Null: it serves no connections. */
  readonly sockets: SocketStats | null;
  readonly requests: number;
  readonly refusedFull: number;
  readonly coldStarts: number;
  readonly evictions: number;
  /** Work on keys of WebCrypto that left the thread, that found too much of its app's waiting, and that waits. */
  readonly cryptoJobs: number;
  readonly cryptoRefused: number;
  readonly cryptoQueued: number;
  /** From a request that could begin to its turn. */
  readonly queueWait: DurationCounts;
  readonly rollouts: Readonly<Record<VersionId, CountedVersion>>;
  readonly threadUse: ThreadUseReport;
  /** By reason: what limits of apps ended, and what they refused. */
  readonly limitEnds: Readonly<Record<string, number>>;
  readonly limitRefusals: Readonly<Record<string, number>>;
  readonly isolates: number;
  /** On the worker's own thread, those that nothing holds any more included. */
  readonly liveIsolates: number;
  readonly isolateBytes: number;
  readonly blobBytes: number;
  readonly queued: number;
  readonly running: number;
  readonly droppedLogLines: number;
  readonly residentBytes: number;
}

export type FromWorker =
  /** Loaded: sockets may come. */
  | { readonly type: "ready" }
  /** A router's socket has arrived: one message for each, in order. */
  | { readonly type: "took_socket" }
  /** Its link to a process beside it was lost, or could not be opened: it wants another. Said so long after that it is no flood. */
  | { readonly type: "peer_lost"; readonly peer: LinkedPeer }
  /** A WebSocket worker wants one more thread for connections: `thread_answer` follows. */
  | { readonly type: "thread_wanted" }
  /** It has ended one. */
  | { readonly type: "thread_released" }
  | { readonly type: "need"; readonly versionId: VersionId }
  /** The worker has let go of a version: its links may be removed. */
  | { readonly type: "released"; readonly versionId: VersionId }
  /** A version that was given again starts from this sliver from now on, and from no other. */
  | { readonly type: "adopted"; readonly versionId: VersionId; readonly sliverPath: string }
  | { readonly type: "fell"; readonly fall: FallReport }
  /** The file of an assignment cannot be opened: requests wait until it is given again, or refused with this. */
  | { readonly type: "unreadable"; readonly versionId: VersionId; readonly path: string; readonly error: WireError }
  /** The last one: of the requests that were in flight when it was told to drain. */
  | { readonly type: "drained"; readonly finishedCount: number; readonly cutCount: number }
  | { readonly type: "log"; readonly lines: readonly AppLogLine[] }
  | { readonly type: "stats"; readonly stats: WorkerStats };
