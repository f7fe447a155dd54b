/** The port between an isolate and the worker that runs it: what is asked of it, and what it asks for. */
import type { AppLimits } from "@nano/protocol/app-limits";
import type { AppName, RequestId } from "@nano/protocol/brands";
import type { WireError } from "@nano/protocol/errors";
import type { EgressRules, IsolationMode, WebSocketLimits } from "@nano/protocol/manifest";
import type { EgressHead, EgressResponseHead, HeaderBlock, ResponseHead } from "@nano/protocol/messages";
import type { CpuWatch } from "./cpu-watch.ts";
import type { CryptoPool } from "./crypto-pool.ts";
import type { LimitName } from "./limit-names.ts";
import type { SnapshotBlob } from "./snapshot-blob.ts";

/** What an isolate starts from: the rung of its sliver. `wasm`: modules that the bundle imports, by their numbers. */
export type IsolateSource =
  | {
      readonly rung: "heap";
      readonly blob: SnapshotBlob;
      readonly attachSecret: string;
      readonly wasm?: readonly WebAssembly.Module[];
    }
  /** The blob is the web-api's heap alone; the app's top level runs in each context. */
  | {
      readonly rung: "bytecode";
      readonly blob: SnapshotBlob;
      readonly attachSecret: string;
      readonly script: string;
      readonly bytecode: ArrayBuffer;
      readonly wasm?: readonly WebAssembly.Module[];
    }
  | { readonly rung: "source"; readonly script: string; readonly wasm?: readonly WebAssembly.Module[] };

export interface AppIsolateOptions {
  readonly app: AppName;
  readonly source: IsolateSource;
  readonly isolation: IsolationMode;
  readonly limits: AppLimits;
  /** Of the WebSockets that it opens to other servers. @default the manifest's */
  readonly websocket?: WebSocketLimits | undefined;
  /** Which servers it may reach. @default all */
  readonly egress?: EgressRules | undefined;
  /** Variables and secrets as the guest sees them in `env`: a JSON object of strings. */
  readonly envJson: string;
  /** The version's plain variables alone, as its top level sees them below the heap rung: a JSON object of strings. @default none */
  readonly initEnvJson?: string;
  /** Heap that one more context costs, as the builder measured it; undefined: estimated from the snapshot. */
  readonly contextBytes?: number;
  readonly host: GuestHost;
  /** The app met a limit: once each time, whatever that ended or refused. It may be inside an entry. @default nobody counts */
  readonly onLimit?: (limit: LimitName) => void;
}

/** One request as it enters an isolate. */
export interface GuestRequest {
  readonly requestId: RequestId;
  /** Names the request to the flight recorder: the router's link and stream. */
  readonly linkId: number;
  readonly streamId: number;
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderBlock;
  /** undefined: none; bytes: the whole body; true: follows by `pushBody`, as `onBodyWanted` asks. */
  readonly body: ArrayBuffer | true | undefined;
  /** By `performance.now()`: the wall limit counts from here. @default its start */
  readonly arrivedMs?: number;
}

/**
 * Where a run's answer goes. Called while the guest runs: an implementation must not enter an isolate from here,
 * `settle` excepted, which is called after the entry.
 */
export interface RunSink {
  /** Where it may be upgraded. @default null: an answer of 101 is refused */
  readonly socket?: SocketSink | null;
  /** `body`: null none, a string or bytes whole (the response is complete), true streamed. */
  respond(head: ResponseHead, body: string | ArrayBuffer | null | true): void;
  /** False: wait until `AppIsolate.pullResponse`. */
  writeResponse(chunk: string | ArrayBuffer): boolean;
  endResponse(): void;
  /** The response failed; with `isHeadSent` the connection can only be cut. */
  failResponse(error: WireError, isHeadSent: boolean): void;
  /** The guest reads the request's body: one `pushBody` or `endBody` is wanted. */
  wantBody(): void;
  /** The guest does not want the rest of the request's body. */
  cancelBody(): void;
  /** The run is over, `waitUntil` included, and its slot is free. Exactly once, last. */
  settle(): void;
}

/**
 * Where the messages of an upgraded run go: a sink that has it may be upgraded. Called while the guest runs, as the sink is; limits and the end of the
 * isolate come by `failResponse`, with `isHeadSent`.
 */
export interface SocketSink {
  /** The run is a connection from now on, until `AppIsolate.closeSocket` and what `waitUntil` keeps. `head.status` is 101. */
  upgrade(head: ResponseHead): void;
  /**
   * Answers what waits to be sent, in bytes; null: that is over the limit, the sink closes the connection; a text: why it cannot be sent, the
   * message of a TypeError.
   */
  sendMessage(data: string | ArrayBuffer): number | string | null;
  /** What waits to be sent, in bytes. */
  readonly bufferedBytes: number;
  /** The guest closes it; the sink answers by `AppIsolate.closeSocket` when it is closed. @param code 1005: none */
  closeSocket(code: number, reason: string): void;
}

/** A fetch of the guest on its way through the egress process. */
export interface OutboundFetch {
  /** False: wait until `onBodyDrain`. */
  writeBody(chunk: ArrayBuffer): boolean;
  endBody(): void;
  /** The guest wants one more chunk. */
  pull(): void;
  cancel(): void;
}

export interface OutboundFetchListener {
  onHead(head: EgressResponseHead): void;
  onChunk(chunk: ArrayBuffer): void;
  onEnd(): void;
  onError(message: string): void;
  onBodyDrain(): void;
}

/** What a guest asks of a file of its app; its bytes come as those of a fetch. */
export type AssetHead = Pick<EgressHead, "method" | "url" | "headers">;

/** What the worker does for its isolates. */
export interface GuestHost {
  /**
   * Writes the flight recorder before an entry: which app and request, and after how long it hangs.
   * @param silenceMs how long it may take on a loaded machine @default limitMs
   */
  beginEntry(app: AppName, request: GuestRequest | null, limitMs: number, silenceMs?: number): void;
  /** @param cpuMs what it took of this thread's CPU */
  endEntry(cpuMs: number): void;
  /** A line of the app's console, or of an uncaught error of it (`stack` then is the script's, not mapped). */
  log(line: { app: AppName; requestId: RequestId | null; level: string; text: string; stack?: string }): void;
  openFetch(head: EgressHead, listener: OutboundFetchListener): OutboundFetch;
  /** Answers with a file of the app's own. @default it has none, and no `env.ASSETS` */
  readonly openAsset?: ((head: AssetHead, listener: OutboundFetchListener) => OutboundFetch) | undefined;
  /** Where work on keys leaves the thread, shared by all apps of the worker. @default one for each isolate */
  readonly cryptoPool?: CryptoPool;
  /** Ends entries that have used their CPU. @default none: they are ended by wall time, see entry-limit.ts */
  readonly cpuWatch?: CpuWatch | null;
}

/** Why an isolate cannot be used any more. */
export type IsolateEnd = "cpu_limit" | "memory_limit" | "disposed";
