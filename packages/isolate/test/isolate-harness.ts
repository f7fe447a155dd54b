/** Real isolates of apps written in the tests, with a host and sinks that keep what they hear. */
import { randomBytes } from "node:crypto";
import type { AppLimits } from "@nano/protocol/app-limits";
import type { AppName, RequestId } from "@nano/protocol/brands";
import type { WireError } from "@nano/protocol/errors";
import { type IsolationMode, resolveManifest } from "@nano/protocol/manifest";
import { decodeHeaderBlock, type EgressHead, encodeHeaderBlock, type ResponseHead } from "@nano/protocol/messages";
import { onTestFinished } from "vitest";
import { AppIsolate } from "../src/app-isolate.ts";
import type { CpuWatch } from "../src/cpu-watch.ts";
import type { CryptoPool } from "../src/crypto-pool.ts";
import type { GuestRun } from "../src/guest-run.ts";
import type {
  GuestHost,
  GuestRequest,
  IsolateSource,
  OutboundFetch,
  OutboundFetchListener,
  RunSink,
} from "../src/isolate.ts";
import type { LimitName } from "../src/limit-names.ts";
import { makeSnapshot } from "../src/make-snapshot.ts";
import { SnapshotBlob } from "../src/snapshot-blob.ts";

const APP = "subject" as AppName;

/** Limits that no test meets by accident, also on a loaded machine. */
const ROOMY: Partial<AppLimits> = { cpuTimeMs: 5_000, timeoutMs: 20_000, waitUntilMs: 20_000, initTimeMs: 10_000 };

/** The script of an app whose `default` export has this `fetch(request, env, ctx)`; `init` runs at the top level. */
export function appScript(fetchBody: string, init = ""): string {
  return `__nano_app__(function () { ${init}\nreturn { default: { async fetch(request, env, ctx) { ${fetchBody} } } }; });`;
}

const snapshots = new Map<string, { readonly bytes: Uint8Array; readonly attachSecret: string }>();

/** The heap rung of a script; made once per script and file of tests. */
export function heapSource(script: string): Extract<IsolateSource, { rung: "heap" }> {
  let made = snapshots.get(script);
  if (made === undefined) {
    const attachSecret = randomBytes(32).toString("hex");
    made = { bytes: makeSnapshot({ script, attachSecret, init: null, warmUp: null }), attachSecret };
    snapshots.set(script, made);
  }
  return { rung: "heap", blob: new SnapshotBlob(Uint8Array.from(made.bytes).buffer), attachSecret: made.attachSecret };
}

export interface HeardFetch {
  readonly head: EgressHead;
  readonly listener: OutboundFetchListener;
  readonly calls: string[];
}

/** Plays the worker. */
export class RecordingHost implements GuestHost {
  declare cryptoPool?: CryptoPool;
  declare cpuWatch?: CpuWatch;
  readonly logs: { level: string; text: string; requestId: string | null; stack?: string }[] = [];
  /** Entries that began, and the one that has not ended. */
  readonly entries: { streamId: number; limitMs: number }[] = [];
  openEntryCount = 0;
  deepestEntryCount = 0;
  readonly fetches: HeardFetch[] = [];
  /** Runs inside the entry. */
  onLog: () => void = () => undefined;

  beginEntry(_app: AppName, request: GuestRequest | null, limitMs: number): void {
    this.openEntryCount += 1;
    this.deepestEntryCount = Math.max(this.deepestEntryCount, this.openEntryCount);
    this.entries.push({ streamId: request?.streamId ?? 0, limitMs });
  }
  endEntry(): void {
    this.openEntryCount -= 1;
  }
  log(line: { level: string; text: string; requestId: RequestId | null; stack?: string }): void {
    this.logs.push(line);
    this.onLog();
  }
  openFetch(head: EgressHead, listener: OutboundFetchListener): OutboundFetch {
    const calls: string[] = [];
    this.fetches.push({ head, listener, calls });
    return {
      writeBody: (chunk) => calls.push(`body ${Buffer.from(chunk).toString()}`) < 100,
      endBody: () => calls.push("end"),
      pull: () => calls.push("pull"),
      cancel: () => calls.push("cancel"),
    };
  }
}

/** Plays the request's stream, and keeps the order of what it heard. */
export class RecordingSink implements RunSink {
  readonly events: string[] = [];
  head: ResponseHead | null = null;
  error: (WireError & { isHeadSent: boolean }) | null = null;
  body = Buffer.alloc(0);
  settleCount = 0;
  /** What `writeResponse` answers. */
  hasRoom = true;
  onWantBody: () => void = () => undefined;
  onRespond: () => void = () => undefined;
  onChunk: () => void = () => undefined;
  readonly settled: Promise<void>;
  readonly responded: Promise<void>;
  #settle: () => void = () => undefined;
  #answer: () => void = () => undefined;

  constructor() {
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.responded = new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  get text(): string {
    return this.body.toString();
  }

  get headers(): string[] {
    return decodeHeaderBlock(this.head?.headers ?? "");
  }

  respond(head: ResponseHead, body: string | ArrayBuffer | null | true): void {
    this.events.push(body === true ? "respond stream" : "respond whole");
    this.head = head;
    if (body !== null && body !== true) this.#take(body);
    this.#answer();
    this.onRespond();
  }
  writeResponse(chunk: string | ArrayBuffer): boolean {
    this.events.push("chunk");
    this.#take(chunk);
    this.onChunk();
    return this.hasRoom;
  }
  endResponse(): void {
    this.events.push("end");
  }
  failResponse(error: WireError, isHeadSent: boolean): void {
    this.events.push(`fail ${error.reason}`);
    this.error = { ...error, isHeadSent };
    this.#answer();
  }
  wantBody(): void {
    this.events.push("want body");
    this.onWantBody();
  }
  cancelBody(): void {
    this.events.push("cancel body");
  }
  settle(): void {
    this.events.push("settle");
    this.settleCount += 1;
    this.#settle();
  }

  #take(chunk: string | ArrayBuffer): void {
    this.body = Buffer.concat([this.body, typeof chunk === "string" ? Buffer.from(chunk) : Buffer.from(chunk)]);
  }
}

export interface OpenedIsolate {
  readonly isolate: AppIsolate;
  readonly host: RecordingHost;
  /** Limits that the app met. */
  readonly met: LimitName[];
  /** Starts a request; `sink.settled` tells when it is over. */
  start(request?: StartRequest, sink?: RecordingSink): { run: GuestRun; sink: RecordingSink };
  /** Runs a request to its end. */
  ask(request?: StartRequest): Promise<RecordingSink>;
}

export interface StartRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: readonly string[];
  readonly body?: string | true;
  readonly arrivedMs?: number;
}

export interface OpenIsolateOptions {
  readonly isolation?: IsolationMode;
  readonly limits?: Partial<AppLimits>;
  readonly env?: Readonly<Record<string, string>>;
  /** What the top level sees below the heap rung. */
  readonly initEnv?: Readonly<Record<string, string>>;
  readonly contextBytes?: number;
  readonly source?: IsolateSource;
  /** @default the isolate has one of its own */
  readonly cryptoPool?: CryptoPool;
  /** @default entries are ended by wall time */
  readonly cpuWatch?: CpuWatch;
}

/** An isolate of the script, from its heap unless told otherwise; disposed of when the test is over. */
export function openIsolate(script: string, options: OpenIsolateOptions = {}): OpenedIsolate {
  const host = new RecordingHost();
  if (options.cryptoPool !== undefined) host.cryptoPool = options.cryptoPool;
  if (options.cpuWatch !== undefined) host.cpuWatch = options.cpuWatch;
  const met: LimitName[] = [];
  const isolate = AppIsolate.restore({
    app: APP,
    source: options.source ?? heapSource(script),
    isolation: options.isolation ?? "request",
    limits: { ...resolveManifest({}).limits, ...ROOMY, ...options.limits },
    envJson: JSON.stringify(options.env ?? {}),
    initEnvJson: JSON.stringify(options.initEnv ?? {}),
    ...(options.contextBytes === undefined ? {} : { contextBytes: options.contextBytes }),
    host,
    onLimit: (limit) => met.push(limit),
  });
  onTestFinished(() => isolate.dispose());
  let lastStreamId = 0;
  const start = (given: StartRequest = {}, sink = new RecordingSink()) => {
    lastStreamId += 1;
    const { method = "GET", path = "/", headers = ["host", "subject.test"], body, arrivedMs } = given;
    const request: GuestRequest = {
      requestId: `r${lastStreamId}` as RequestId,
      linkId: 7,
      streamId: lastStreamId,
      method,
      url: `http://subject.test${path}`,
      headers: encodeHeaderBlock(headers),
      body: typeof body === "string" ? bytesOf(body) : body,
      ...(arrivedMs === undefined ? {} : { arrivedMs }),
    };
    return { run: isolate.start(request, sink), sink };
  };
  const ask = async (request?: StartRequest): Promise<RecordingSink> => {
    const { sink } = start(request);
    await sink.settled;
    return sink;
  };
  return { isolate, host, met, start, ask };
}

/** UTF-8 of a text, as a buffer that holds nothing else. */
export function bytesOf(text: string): ArrayBuffer {
  return Uint8Array.from(Buffer.from(text)).buffer;
}
