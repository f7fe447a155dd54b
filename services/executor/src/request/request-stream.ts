/**
 * One request in a worker: the listener of its link stream, and the sink of its run in an isolate.
 *
 *   receiving ──body small and whole, or too long to wait for──▶ queued ──turn──▶ running ──▶ settled
 *
 * I1 A body of up to `WHOLE_BODY_BYTES` is collected before the isolate is entered: a slow sender holds no context. One that says to be longer
 *    is not waited for, and one that does not say how long it is for `UNKNOWN_BODY_WAIT_MS`: an app may answer before it has read its body.
 * I2 Credit goes back to the router only for bytes that the guest took, or that nobody wants any more.
 */
import type { AppIsolate } from "@nano/isolate/app-isolate";
import type { GuestRun } from "@nano/isolate/guest-run";
import { ownBuffer } from "@nano/isolate/host-ops";
import type { GuestRequest, RunSink } from "@nano/isolate/isolate";
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { WireError } from "@nano/protocol/errors";
import { isIdempotent } from "@nano/protocol/idempotent-methods";
import { decodeHeaderBlock, type HeaderBlock, type RequestHead, type ResponseHead } from "@nano/protocol/messages";
import { errors } from "../errors.ts";
import type { AppLane } from "./app-lane.ts";
import { byteLengthOf, type ResponseLimits } from "./response-limits.ts";
import { sendResponse, writeResponseChunk } from "./send-response.ts";

/** Bodies up to here enter the guest as one buffer. */
export const WHOLE_BODY_BYTES = 64 * 1024;
/** Most bodies without a length are here whole by then. */
export const UNKNOWN_BODY_WAIT_MS = 50;
/** A response that is cut as it goes on for long is not the app's failure; this one is. */
const RESPONSE_TOO_LARGE = "response_too_large";
const DECIMAL = /^\d+$/;

export class RequestStream implements StreamListener, RunSink {
  /** An upgrade never comes here: routers send it to WebSocket workers. */
  readonly socket = null;
  readonly head: RequestHead;
  readonly linkId: number;
  readonly arrivedMs = performance.now();
  /** When it could begin. */
  readyMs = this.arrivedMs;
  readonly #stream: LinkStream;
  readonly #lane: AppLane;
  /** Body bytes that the guest has not asked for. */
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  #receivedBytes = 0;
  #hasBody: boolean;
  #isBodyEnded: boolean;
  #isBodyWanted = false;
  #isBodyUnwanted = false;
  #isDeliveryPlanned = false;
  /** Its body need not be here whole. */
  #isStreamed = false;
  #bodyWait: NodeJS.Timeout | null = null;
  /** Of its response's body, where that is long or follows. */
  #limits: ResponseLimits | null = null;
  #isGone = false;
  #hasBegun = false;
  #hasResponded = false;
  #isSettled = false;
  #isolate: AppIsolate | null = null;
  #run: GuestRun | null = null;
  /** Waits for its turn in the lane's queue. */
  isQueued = false;
  /** Answered with 500 to 599, or cut off by what the app did. */
  isFailed = false;
  /** Beside those of its response. */
  workerHeaders: HeaderBlock = "";
  /** The flight recorder's slot, or -1. */
  slot = -1;

  constructor(lane: AppLane, stream: LinkStream, head: RequestHead, options: { linkId: number; isEnd: boolean }) {
    this.#lane = lane;
    this.#stream = stream;
    this.head = head;
    this.linkId = options.linkId;
    this.#hasBody = !options.isEnd;
    this.#isBodyEnded = options.isEnd;
  }

  /** Whether it can take its turn: its body is here, or too long to wait for. */
  get isReady(): boolean {
    return this.#isBodyEnded || this.#isStreamed || this.#chunkBytes > WHOLE_BODY_BYTES;
  }

  /** It was admitted: begins to wait for its body, as long as there is a point in it. */
  awaitBody(): void {
    const declaredBytes = contentLengthOf(this.head);
    if (declaredBytes > WHOLE_BODY_BYTES) this.#beginStreamed();
    else if (declaredBytes < 0) this.#bodyWait = setTimeout(() => this.#beginStreamed(), UNKNOWN_BODY_WAIT_MS);
  }

  #beginStreamed(): void {
    this.#isStreamed = true;
    if (!this.#isGone) this.#lane.bodyReady(this);
  }

  #endWait(): void {
    if (this.#bodyWait !== null) clearTimeout(this.#bodyWait);
    this.#bodyWait = null;
  }

  /** The client left before its turn came. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Whether nothing was done for it that another worker could not do again: not begun, or idempotent and not answered. */
  get mayRunElsewhere(): boolean {
    return !this.#hasBegun || (isIdempotent(this.head.method) && !this.#hasResponded);
  }

  /** The request as the isolate takes it. */
  toGuestRequest(): GuestRequest {
    this.#hasBegun = true;
    this.#endWait();
    const { requestId, method, url, headers } = this.head;
    const { linkId, arrivedMs } = this;
    const streamId = this.#stream.id;
    return { requestId, linkId, streamId, method, url, headers, body: this.#takeBody(), arrivedMs };
  }

  /** Its run has begun; `start` may already have ended it, the passing on of its body included. */
  attach(isolate: AppIsolate, run: GuestRun): void {
    if (this.#isSettled) return;
    this.#isolate = isolate;
    this.#run = run;
    this.#deliverLater();
  }

  /** Answers without having been run. */
  refuse(error: WireError): void {
    this.#isGone = true;
    this.#endWait();
    this.#chunks = [];
    this.#stream.reset(error);
  }

  #takeBody(): ArrayBuffer | true | undefined {
    if (!this.#hasBody) return undefined;
    if (!this.#isBodyEnded || this.#chunkBytes > WHOLE_BODY_BYTES) return true;
    const body =
      this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#chunkBytes);
    this.#dropBody();
    this.#hasBody = false;
    return ownBuffer(body);
  }

  #dropBody(): void {
    this.#stream.grant(this.#chunkBytes);
    this.#chunks = [];
    this.#chunkBytes = 0;
  }

  // As listener of the link's stream.

  onHead(): void {
    // Only initiators hear heads.
  }

  onData(chunk: Buffer): void {
    if (this.#isGone) return;
    this.#receivedBytes += chunk.length;
    const limitBytes = this.#lane.limits.requestBodyBytes;
    if (this.#receivedBytes > limitBytes) {
      const error = errors.BODY_TOO_LARGE({ limitBytes }).wire;
      this.#lane.tellLimit(this.head, error);
      this.#giveUp(error);
      return;
    }
    this.#limits?.moved();
    if (this.#isBodyUnwanted) {
      this.#stream.grant(chunk.length);
      return;
    }
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
    if (this.#run !== null) this.#deliverLater();
    else if (this.isReady) this.#lane.bodyReady(this);
  }

  onEnd(): void {
    if (this.#isBodyEnded || this.#isGone) return;
    this.#isBodyEnded = true;
    if (this.#run !== null) this.#deliverLater();
    else this.#lane.bodyReady(this);
  }

  onReset(error: WireError): void {
    this.#isGone = true;
    this.#limits?.stop();
    this.#endWait();
    this.#chunks = [];
    if (this.#run !== null) this.#isolate?.abort(this.#run, error.message);
    else this.#lane.gone(this);
  }

  onDrain(): void {
    this.#limits?.wrote(true);
    if (this.#run !== null) this.#isolate?.pullResponse(this.#run);
  }

  #giveUp(error: WireError): void {
    this.#isGone = true;
    this.#endWait();
    this.#limits?.stop();
    this.#chunks = [];
    this.#stream.reset(error);
    if (this.#run !== null) this.#isolate?.abort(this.#run, error.message);
    else this.#lane.gone(this);
  }

  // As sink of its run.

  respond(head: ResponseHead, body: string | ArrayBuffer | null | true): void {
    this.#hasResponded = true;
    if (head.status >= 500) this.isFailed = true;
    const { workerHeaders } = this;
    if (body !== null && body !== true && !this.#maySendWhole(body)) return;
    sendResponse(this.#stream, workerHeaders === "" ? head : { ...head, workerHeaders }, body);
    if (body === true && !this.#isGone) this.#boundBody().begin();
  }

  writeResponse(chunk: string | ArrayBuffer): boolean {
    if (!this.#boundBody().maySend(chunk)) return false;
    const hasRoom = writeResponseChunk(this.#stream, chunk);
    this.#limits?.wrote(hasRoom);
    return hasRoom;
  }

  /** Most bodies are far below the limit: nothing is made for them. */
  #maySendWhole(body: string | ArrayBuffer): boolean {
    return byteLengthOf(body) <= this.#lane.streamLimits.responseBodyBytes || this.#boundBody().maySend(body);
  }

  #boundBody(): ResponseLimits {
    this.#limits ??= this.#lane.boundResponse(this.head, (error) => this.#overLimit(error));
    return this.#limits;
  }

  #overLimit(error: WireError): void {
    if (error.reason === RESPONSE_TOO_LARGE) this.isFailed = true;
    this.#stream.reset(error);
    // The guest may be running.
    process.nextTick(() => this.#giveUp(error));
  }

  endResponse(): void {
    this.#limits?.stop();
    this.#stream.end();
  }

  failResponse(error: WireError): void {
    if (!this.#isGone) this.isFailed = true;
    this.#limits?.stop();
    this.#stream.reset(error);
  }

  settle(): void {
    this.#isSettled = true;
    this.#limits?.stop();
    this.#run = null;
    this.#isolate = null;
    this.#isBodyUnwanted = true;
    this.#dropBody();
    this.#lane.settled(this);
  }

  wantBody(): void {
    this.#isBodyWanted = true;
    this.#deliverLater();
  }

  cancelBody(): void {
    this.#isBodyUnwanted = true;
    this.#dropBody();
  }

  /** Body chunks enter the guest by entries of their own, after the one that asked for them. */
  #deliverLater(): void {
    if (this.#isDeliveryPlanned || !this.#isBodyWanted) return;
    this.#isDeliveryPlanned = true;
    process.nextTick(() => {
      this.#isDeliveryPlanned = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (this.#run === null || this.#isolate === null || !this.#isBodyWanted) return;
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#isBodyWanted = false;
      this.#chunkBytes -= chunk.length;
      this.#stream.grant(chunk.length);
      this.#isolate.pushBody(this.#run, ownBuffer(chunk));
    } else if (this.#isBodyEnded) {
      this.#isBodyWanted = false;
      this.#isolate.endBody(this.#run);
    }
  }
}

/** What the client says of its body's length; -1: nothing. */
function contentLengthOf({ headers }: RequestHead): number {
  const flat = decodeHeaderBlock(headers);
  for (let i = 0; i < flat.length; i += 2) {
    const value = flat[i + 1] ?? "";
    if (flat[i]?.toLowerCase() === "content-length" && DECIMAL.test(value)) return Number(value);
  }
  return -1;
}
