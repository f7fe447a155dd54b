/** Payloads of HELLO, HEAD, RESET and GOAWAY frames: msgpack arrays, so that a field costs no name. */
import { Packr } from "msgpackr";
import type { AppName, RequestId, VersionId, WorkerId } from "./brands.ts";
import type { CacheCommand } from "./cache-command.ts";
import type { WireError } from "./errors.ts";

const packr = new Packr({ useRecords: false, mapsAsObjects: true });

/**
 * Headers as one string: name, value, name, value …, each ended by `\n`; values are latin-1 as HTTP carries
 * them. One string crosses into an isolate at a fraction of the cost of an array, and most apps read few of it.
 */
export type HeaderBlock = string;

/** `["a", "1", "b", "2"]` → `"a\n1\nb\n2\n"`. Neither part may hold a line feed (HTTP parsers see to it). */
export function encodeHeaderBlock(flat: readonly string[]): HeaderBlock {
  return flat.length === 0 ? "" : `${flat.join("\n")}\n`;
}

/** The inverse of `encodeHeaderBlock`. */
export function decodeHeaderBlock(block: HeaderBlock): string[] {
  if (block === "") return [];
  const flat = block.split("\n");
  flat.pop();
  return flat;
}

/** First frame in each direction of a connection. */
export interface Hello {
  readonly oldestVersion: number;
  readonly newestVersion: number;
  /** The credential that the acceptor's supervisor minted; empty in the acceptor's answer. */
  readonly credential: string;
  /** Who speaks, for logs: a router's, worker's or executor's id. */
  readonly peer: string;
  /** It answers pings at once, or says beforehand for how long it will not. @default false: builds that did not promise it */
  readonly isPrompt?: boolean;
}

export function encodeHello(hello: Hello): Buffer {
  const fields = [hello.oldestVersion, hello.newestVersion, hello.credential, hello.peer];
  return packr.pack(hello.isPrompt === true ? [...fields, true] : fields);
}

export function decodeHello(payload: Uint8Array): Hello {
  const [oldestVersion, newestVersion, credential, peer, isPrompt] = packr.unpack(payload);
  return { oldestVersion, newestVersion, credential, peer, ...(isPrompt === true ? { isPrompt } : {}) };
}

/** PING that says for how long its sender may be silent from now on, u32le; one without a payload says nothing of it. */
export function encodeSilence(silenceMs: number): Buffer {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt32LE(silenceMs);
  return payload;
}

/** Null where a PING says nothing. */
export function decodeSilence(payload: Buffer): number | null {
  return payload.length === 4 ? payload.readUInt32LE(0) : null;
}

/** Opens a stream from router to worker: one request. The body follows as DATA, or END_STREAM is set. */
export interface RequestHead {
  readonly requestId: RequestId;
  readonly versionId: VersionId;
  readonly method: string;
  /** The absolute URL as the app sees it. */
  readonly url: string;
  readonly headers: HeaderBlock;
}

export function encodeRequestHead(head: RequestHead): Buffer {
  return packr.pack([head.requestId, head.versionId, head.method, head.url, head.headers]);
}

export function decodeRequestHead(payload: Uint8Array): RequestHead {
  const [requestId, versionId, method, url, headers] = packr.unpack(payload);
  return { requestId, versionId, method, url, headers };
}

/** No client can send it: `:` is in no method of HTTP. */
export const PREPARE_METHOD = "nano:prepare";
const PREPARE_PREFIX = "prepare:";
const NO_HEADERS = encodeHeaderBlock([]);

/**
 * The head of a stream by which a router asks a worker to hold a version ready. The worker answers with an empty 204 when its next request
 * finds an isolate. One that does not know it looks for a version of that name, which there is not: it never runs the app.
 */
export function encodePrepareHead(requestId: RequestId, versionId: VersionId): Buffer {
  const named = `${PREPARE_PREFIX}${versionId}` as VersionId;
  return encodeRequestHead({ requestId, versionId: named, method: PREPARE_METHOD, url: "nano:", headers: NO_HEADERS });
}

/** The version that a head asks to hold ready; null: it is a request. */
export function preparedVersion({ method, versionId }: RequestHead): VersionId | null {
  if (method !== PREPARE_METHOD || !versionId.startsWith(PREPARE_PREFIX)) return null;
  return versionId.slice(PREPARE_PREFIX.length) as VersionId;
}

/** Answers a stream: status and headers; the body follows as DATA, or END_STREAM is set. */
export interface ResponseHead {
  readonly status: number;
  /** Empty: the status's usual text. */
  readonly statusText: string;
  readonly headers: HeaderBlock;
  /** The worker's own, which no app can write. @default none */
  readonly workerHeaders?: HeaderBlock;
}

export function encodeResponseHead({ status, statusText, headers, workerHeaders }: ResponseHead): Buffer {
  return packr.pack(workerHeaders ? [status, statusText, headers, workerHeaders] : [status, statusText, headers]);
}

export function decodeResponseHead(payload: Uint8Array): ResponseHead {
  const [status, statusText, headers, workerHeaders] = packr.unpack(payload);
  return { status, statusText, headers, ...(typeof workerHeaders === "string" ? { workerHeaders } : {}) };
}

/** Opens a stream from worker to egress process: one outbound request of an app. */
export interface EgressHead {
  /** The app on whose behalf, for caps and logs. */
  readonly app: string;
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderBlock;
  readonly redirect: "follow" | "manual" | "error";
  /** The only hosts that it may reach, as `matchesHost` takes them. @default all */
  readonly allowHosts?: readonly string[] | undefined;
  /** It asks for a WebSocket: after an answer with status 101 both bodies are messages (`socket-messages.ts`). @default it does not */
  readonly webSocket?: EgressWebSocket | undefined;
  /** It asks the node's cache, and no server: the cache process gets it, the egress process never. @default it does not */
  readonly cache?: CacheCommand | undefined;
  /** Of a question to the cache: what all that the app keeps there may take. @default as much as the node gives each app */
  readonly cacheBytes?: number | undefined;
}

/** Bounds of a WebSocket that an app opens. */
export interface EgressWebSocket {
  readonly maxMessageBytes: number;
  readonly idleTimeoutMs: number;
  readonly pingIntervalMs: number;
}

export function encodeEgressHead(head: EgressHead): Buffer {
  const fields = [head.app, head.method, head.url, head.headers, head.redirect];
  const { allowHosts = null, webSocket } = head;
  if (webSocket !== undefined) {
    const { maxMessageBytes, idleTimeoutMs, pingIntervalMs } = webSocket;
    return packr.pack([...fields, allowHosts, maxMessageBytes, idleTimeoutMs, pingIntervalMs]);
  }
  return packr.pack(allowHosts === null ? fields : [...fields, allowHosts]);
}

export function decodeEgressHead(payload: Uint8Array): EgressHead {
  const [app, method, url, headers, redirect, allowHosts, maxMessageBytes, idleTimeoutMs, pingIntervalMs] =
    packr.unpack(payload);
  return {
    app,
    method,
    url,
    headers,
    redirect,
    ...(allowHosts == null ? {} : { allowHosts }),
    ...(maxMessageBytes === undefined ? {} : { webSocket: { maxMessageBytes, idleTimeoutMs, pingIntervalMs } }),
  };
}

/** Answers an egress stream; `url` is the last one after redirects. */
export interface EgressResponseHead extends ResponseHead {
  readonly url: string;
  readonly redirected: boolean;
}

export function encodeEgressResponseHead(head: EgressResponseHead): Buffer {
  return packr.pack([head.status, head.statusText, head.headers, head.url, head.redirected]);
}

export function decodeEgressResponseHead(payload: Uint8Array): EgressResponseHead {
  const [status, statusText, headers, url, redirected] = packr.unpack(payload);
  return { status, statusText, headers, url, redirected };
}

/** RESET: why a stream ended; also GOAWAY, why a connection takes no further streams. */
export function encodeWireError(error: WireError): Buffer {
  return packr.pack([
    error.code,
    error.message,
    error.fault,
    error.retryable,
    error.httpStatus,
    error.reason,
    error.details,
  ]);
}

export function decodeWireError(payload: Uint8Array): WireError {
  const [code, message, fault, retryable, httpStatus, reason, details] = packr.unpack(payload);
  return { code, message, fault, retryable, httpStatus, reason, details };
}

/** WINDOW: how many further bytes of its stream the receiver takes, u32le. */
export function encodeWindow(creditBytes: number): Buffer {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt32LE(creditBytes);
  return payload;
}

/** 0, which is never sent, where the payload is not a WINDOW's. */
export function decodeWindow(payload: Buffer): number {
  return payload.length === 4 ? payload.readUInt32LE(0) : 0;
}

/**
 * Asked by a router of an executor's supervisor when the link to a worker broke: what became of these streams.
 * One stream on the supervisor's socket: this as HEAD with END_STREAM, the answer as HEAD with END_STREAM.
 */
export interface PostmortemQuestion {
  readonly workerId: string;
  /** The credential-bound name of the router's link, as the worker saw it in the router's HELLO `peer`. */
  readonly peer: string;
  readonly streamIds: readonly number[];
}

export interface PostmortemAnswer {
  /** The stream that was inside an entry when the worker died, or 0. It is never run again. */
  readonly suspect: number;
  /** Those streams of methods that are not idempotent which had been entered. */
  readonly entered: readonly number[];
}

export function encodePostmortemQuestion(question: PostmortemQuestion): Buffer {
  return packr.pack([question.workerId, question.peer, question.streamIds]);
}

export function decodePostmortemQuestion(payload: Uint8Array): PostmortemQuestion {
  const [workerId, peer, streamIds] = packr.unpack(payload);
  return { workerId, peer, streamIds };
}

export function encodePostmortemAnswer(answer: PostmortemAnswer): Buffer {
  return packr.pack([answer.suspect, answer.entered]);
}

export function decodePostmortemAnswer(payload: Uint8Array): PostmortemAnswer {
  const [suspect, entered] = packr.unpack(payload);
  return { suspect, entered };
}

/**
 * Asked by a registry of an executor's supervisor, on the socket of postmortem questions: an app's output from now on.
 * This as HEAD with END_STREAM; the answer is a HEAD of no bytes and then `LogLine`s as JSON, one a line, until either side resets.
 * It begins with a number where a postmortem question has a text: a supervisor that does not know it resets the stream.
 */
export interface LogsQuestion {
  readonly app: AppName;
}

const LOGS_QUESTION = 1;

export function encodeLogsQuestion(question: LogsQuestion): Buffer {
  return packr.pack([LOGS_QUESTION, question.app]);
}

/**
 * Asked by a router of an executor's supervisor: which of its WebSocket workers has the app's connections. It starts one where there is none.
 * One stream on the supervisor's socket: this as HEAD with END_STREAM, the answer as HEAD with END_STREAM, or a reset that says why not.
 */
export interface SocketWorkerQuestion {
  readonly app: AppName;
}

/** Dialled as a worker of the node's record is, and asked for upgrades of this app. */
export interface SocketWorkerAnswer {
  readonly workerId: WorkerId;
  readonly address: string;
  readonly credential: string;
}

const SOCKET_WORKER_QUESTION = 2;

export function encodeSocketWorkerQuestion(question: SocketWorkerQuestion): Buffer {
  return packr.pack([SOCKET_WORKER_QUESTION, question.app]);
}

export function encodeSocketWorkerAnswer(answer: SocketWorkerAnswer): Buffer {
  return packr.pack([answer.workerId, answer.address, answer.credential]);
}

export function decodeSocketWorkerAnswer(payload: Uint8Array): SocketWorkerAnswer {
  const [workerId, address, credential] = packr.unpack(payload);
  return { workerId, address, credential };
}

/**
 * Asked by a router of an executor's supervisor: the worker that a version has for itself, in quarantine. It starts one where there is none. Answered
 * as `SocketWorkerQuestion` is. A supervisor that does not know it resets the stream.
 */
export interface OwnWorkerQuestion {
  readonly versionId: VersionId;
}

const OWN_WORKER_QUESTION = 3;

export function encodeOwnWorkerQuestion(question: OwnWorkerQuestion): Buffer {
  return packr.pack([OWN_WORKER_QUESTION, question.versionId]);
}

export type SupervisorQuestion =
  | ({ readonly type: "postmortem" } & PostmortemQuestion)
  | ({ readonly type: "logs" } & LogsQuestion)
  | ({ readonly type: "socket_worker" } & SocketWorkerQuestion)
  | ({ readonly type: "own_worker" } & OwnWorkerQuestion)
  /** Of a newer peer. */
  | { readonly type: "unknown" };

/** What a stream on a supervisor's socket asks for. */
export function decodeSupervisorQuestion(payload: Uint8Array): SupervisorQuestion {
  const [first, second, third] = packr.unpack(payload);
  if (typeof first === "string") return { type: "postmortem", workerId: first, peer: second, streamIds: third };
  if (first === LOGS_QUESTION) return { type: "logs", app: second };
  if (first === OWN_WORKER_QUESTION) return { type: "own_worker", versionId: second };
  return first === SOCKET_WORKER_QUESTION ? { type: "socket_worker", app: second } : { type: "unknown" };
}
