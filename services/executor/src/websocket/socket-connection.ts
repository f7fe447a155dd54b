/**
 * One WebSocket connection in a worker: the listener of its link stream, and the sink of its run.
 *
 *   waiting ──turn──▶ starting ──101──▶ open ──CLOSE sent──▶ closing ──CLOSED heard, or too late──▶ closed ──▶ over
 *      │                 └─other answer─▶ declined              └─────────────── stream lost ──────────▲
 *      └── refused, client left ──▶ over
 *
 * I1 One isolate, from its turn to its end: `session`. The connection is over when both its stream and its session are.
 * I2 Credit goes back to the router while what waits for the guest is under `inboundBufferBytes`.
 * I3 What waits to be sent is under `outboundBufferBytes`, or one message; then the connection is closed with 1013.
 * I4 The guest is told of the end once, after the messages that came before it, unless it or a limit ended the connection.
 */
import type { GuestRequest, RunSink, SocketSink } from "@nano/isolate/isolate";
import { refuseOutgoing } from "@nano/isolate/outgoing-limits";
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { AppName, RequestId, VersionId } from "@nano/protocol/brands";
import { toWireError, type WireError } from "@nano/protocol/errors";
import type { WebSocketLimits } from "@nano/protocol/manifest";
import { encodeResponseHead, type RequestHead, type ResponseHead } from "@nano/protocol/messages";
import {
  encodeSocketClose,
  type SocketClose,
  SocketCloseCode,
  SocketMessageKind,
} from "@nano/protocol/socket-messages";
import { errors } from "../errors.ts";
import type { ResponseLimits } from "../request/response-limits.ts";
import { sendResponse, writeResponseChunk } from "../request/send-response.ts";
import type { Turns, TurnTaker } from "../request/turns.ts";
import type { LiveSocket, LiveSockets } from "./live-sockets.ts";
import { SocketInbox } from "./socket-inbox.ts";
import { SocketOutbox } from "./socket-outbox.ts";
import type { SocketSession } from "./socket-session.ts";

/** A router ends closing handshakes by itself, well within this. */
export const CLOSED_WAIT_MS = 60_000;
const LOST: SocketClose = { code: SocketCloseCode.ABNORMAL, reason: "", isClean: false };

export interface ConnectionOptions {
  readonly stream: LinkStream;
  readonly head: RequestHead;
  readonly linkId: number;
  readonly app: AppName;
  readonly versionId: VersionId;
  readonly socketLimits: WebSocketLimits;
  readonly live: LiveSockets;
  readonly turns: Turns;
  readonly lane: ConnectionLane;
}

/** What a connection tells its lane. */
export interface ConnectionLane {
  /** It will not begin: its client left. */
  gone(connection: SocketConnection): void;
  /** It was answered: upgraded, or not. */
  answered(connection: SocketConnection): void;
  /** The router could not use the app's answer: for its author. */
  unusable(connection: SocketConnection, error: WireError): void;
  /** Bounds the body of an answer. @param onOver ends it: the app's author is told by then */
  boundAnswer(connection: SocketConnection, onOver: (error: WireError) => void): ResponseLimits;
  /** Nothing of it is left. Once, and last. */
  over(connection: SocketConnection): void;
}

/** Of a router's reset, where it could not complete the handshake with what the app chose. */
const BAD_UPGRADE = "bad_upgrade";

type State = "waiting" | "starting" | "open" | "closing" | "closed" | "declined";

export class SocketConnection implements StreamListener, RunSink, SocketSink, TurnTaker, LiveSocket {
  readonly arrivedMs = performance.now();
  readonly #options: ConnectionOptions;
  readonly #stream: LinkStream;
  readonly #inbox: SocketInbox;
  readonly #outbox: SocketOutbox;
  #session: SocketSession | null = null;
  #state: State = "waiting";
  /** Received, and not granted back to the router. */
  #owedBytes = 0;
  /** In the guest's thread, and not taken yet. */
  #deliveredBytes = 0;
  #isStreamOver = false;
  #isSessionOver = false;
  #isOver = false;
  /** Of an answer that is no upgrade. */
  #limits: ResponseLimits | null = null;
  #closedTimer: NodeJS.Timeout | null = null;
  /** The end that the guest was not told of yet. */
  #untold: SocketClose | null = null;
  /** Answered with 500 to 599, or ended by what the app did. */
  isFailed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#stream = options.stream;
    this.#inbox = new SocketInbox(options.socketLimits.maxMessageBytes);
    this.#outbox = new SocketOutbox(options.stream);
  }

  get socket(): SocketSink {
    return this;
  }

  get app(): AppName {
    return this.#options.app;
  }

  get requestId(): RequestId {
    return this.#options.head.requestId;
  }

  get versionId(): VersionId {
    return this.#options.versionId;
  }

  get heldBytes(): number {
    return this.#inbox.heldBytes + this.#deliveredBytes + this.#outbox.bufferedBytes;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  get isWaiting(): boolean {
    return this.#state === "waiting" && !this.#isStreamOver;
  }

  /** Whether another worker could take it: the app has not answered. */
  get mayRunElsewhere(): boolean {
    return this.#state === "waiting" || this.#state === "starting";
  }

  /** Its turn has come. */
  begin(session: SocketSession): void {
    this.#state = "starting";
    this.#session = session;
    const { requestId, method, url, headers } = this.#options.head;
    const request: GuestRequest = {
      requestId,
      linkId: this.#options.linkId,
      streamId: this.#stream.id,
      method,
      url,
      headers,
      body: undefined,
      arrivedMs: this.arrivedMs,
    };
    try {
      session.start(request, this);
    } catch (thrown) {
      this.failResponse(toWireError(thrown));
      this.settle();
    }
  }

  /** Answers without having been run. */
  refuse(error: WireError): void {
    this.#options.live.countRefused(error.reason);
    this.#isSessionOver = true;
    this.#endStream(error);
  }

  /** The guest's thread has taken messages of so many bytes. */
  taken(bytes: number): void {
    this.#deliveredBytes -= bytes;
    this.#grant();
    this.#account();
    this.#askTurn();
  }

  /** The app sends faster than the client takes. */
  overflow(): void {
    this.close(SocketCloseCode.TRY_LATER, "ws_outbound_buffer");
  }

  /** Its thread has ended by itself. */
  sessionLost(): void {
    if (this.#state === "starting") this.failResponse(errors.SOCKET_THREAD_LOST({}).wire);
    else this.close(SocketCloseCode.RESTART, errors.SOCKET_THREAD_LOST({}).wire.reason);
    this.settle();
  }

  close(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.#beginClosing(reason);
    this.#inbox.discard();
    this.#outbox.cutShort(encodeSocketClose(SocketMessageKind.CLOSE, { code, reason, isClean: false }));
    this.#account();
  }

  drop(error: ReturnType<typeof errors.SOCKET_BUFFERS>): void {
    if (!this.#isStreamOver) this.#lose(error.wire);
  }

  takeTurn(): boolean {
    const session = this.#session;
    if (session === null) return false;
    if (!this.#inbox.hasMessage) {
      this.#tellClosed(session);
      return false;
    }
    if (!session.canTake) return false;
    const beforeBytes = this.#inbox.waitingBytes;
    const data = this.#inbox.take();
    if (data === undefined) return false;
    if (!session.deliver(data)) this.#deliveredBytes += beforeBytes - this.#inbox.waitingBytes;
    this.#grant();
    this.#account();
    return this.#inbox.hasMessage || this.#untold !== null;
  }

  // As listener of the link's stream.

  onHead(): void {
    // Only initiators hear heads.
  }

  onData(chunk: Buffer): void {
    this.#owedBytes += chunk.length;
    const isUpgraded = this.#state === "open" || this.#state === "closing";
    if (!isUpgraded || !this.#inbox.push(chunk)) {
      this.#lose(errors.SOCKET_PROTOCOL({}).wire);
      return;
    }
    if (this.#inbox.closed !== null) this.#heardClosed(this.#inbox.closed);
    this.#grant();
    this.#askTurn();
    this.#account();
    this.#checkOver();
  }

  onEnd(): void {
    if (this.#state === "open" || this.#state === "closing") this.#lose(errors.SOCKET_PROTOCOL({}).wire);
  }

  onReset(error: WireError): void {
    this.#streamOver();
    if (this.#state === "waiting") {
      this.#isSessionOver = true;
      this.#options.lane.gone(this);
    } else if (this.#state === "starting" || this.#state === "declined") this.#session?.abort(error.message);
    else {
      if (error.reason === BAD_UPGRADE) this.#options.lane.unusable(this, error);
      this.#ended(LOST, "lost");
    }
    this.#checkOver();
  }

  onDrain(): void {
    if (this.#state === "declined") {
      this.#limits?.wrote(true);
      this.#session?.pull();
      return;
    }
    this.#outbox.drain();
    this.#session?.drained();
    this.#account();
  }

  // As sink of its run.

  respond(head: ResponseHead, body: string | ArrayBuffer | null | true): void {
    this.#limits = this.#options.lane.boundAnswer(this, (error) => this.#overLimit(error));
    if (body !== null && body !== true && !this.#limits.maySend(body)) return;
    this.#state = "declined";
    this.isFailed = head.status >= 500;
    this.#options.live.countRefused("declined");
    this.#options.lane.answered(this);
    sendResponse(this.#stream, head, body);
    if (body === true && !this.#isStreamOver) this.#limits.begin();
  }

  writeResponse(chunk: string | ArrayBuffer): boolean {
    if (this.#limits?.maySend(chunk) === false) return false;
    const hasRoom = writeResponseChunk(this.#stream, chunk);
    this.#limits?.wrote(hasRoom);
    return hasRoom;
  }

  endResponse(): void {
    this.#limits?.stop();
    this.#stream.end();
  }

  /** Of an answer that is no upgrade. */
  #overLimit(error: WireError): void {
    this.failResponse(error);
    // The guest may be running.
    process.nextTick(() => this.#session?.abort(error.message));
  }

  /** Of an upgraded run it is the end of the connection: the isolate's, or a listener's that threw. */
  failResponse(error: WireError): void {
    if (this.#isStreamOver) return;
    this.isFailed = true;
    if (this.#state === "open" || this.#state === "closing") {
      this.close(SocketCloseCode.INTERNAL, error.reason);
      return;
    }
    if (this.#state === "starting") {
      this.#options.live.countRefused(error.reason);
      this.#options.lane.answered(this);
    }
    this.#state = "declined";
    this.#endStream(error);
  }

  wantBody(): void {
    // An upgrade has none.
  }

  cancelBody(): void {
    // An upgrade has none.
  }

  settle(): void {
    this.close(SocketCloseCode.INTERNAL, "isolate_lost");
    const session = this.#session;
    this.#session = null;
    this.#isSessionOver = true;
    this.#deliveredBytes = 0;
    session?.dispose();
    // What a client still sends after its answer is not read.
    if (this.#state === "declined") this.#streamOver();
    this.#account();
    this.#checkOver();
  }

  // As the connection of its run.

  upgrade(head: ResponseHead): void {
    if (this.#isStreamOver) {
      // Its client left meanwhile: the app, which has a connection now, is told in its turn, or its isolate would stay as if it had one.
      this.#state = "closed";
      this.#untold = LOST;
      this.#askTurn();
      return;
    }
    this.#state = "open";
    this.#options.live.openedCount += 1;
    this.#options.lane.answered(this);
    this.#stream.sendHead(encodeResponseHead(head));
  }

  sendMessage(data: string | ArrayBuffer): number | string | null {
    if (this.#state !== "open") return null;
    const refusal = refuseOutgoing(data, this.#outbox.bufferedBytes, this.#options.socketLimits);
    if (refusal === null) this.overflow();
    if (refusal !== undefined) return refusal;
    this.#outbox.send(data);
    this.#account();
    return this.#outbox.bufferedBytes;
  }

  get bufferedBytes(): number {
    return this.#outbox.bufferedBytes;
  }

  /** Behind what the app has sent. */
  closeSocket(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.#beginClosing("app");
    this.#inbox.discard();
    this.#outbox.finish(encodeSocketClose(SocketMessageKind.CLOSE, { code, reason, isClean: false }));
    this.#account();
  }

  #beginClosing(why: string): void {
    this.#state = "closing";
    this.#options.live.countClosed(why);
    const lateError = errors.SOCKET_CLOSE_LATE({ limitMs: CLOSED_WAIT_MS });
    this.#closedTimer = setTimeout(() => this.#lose(lateError.wire), CLOSED_WAIT_MS);
  }

  /** The router's last word. */
  #heardClosed(close: SocketClose): void {
    const why = close.code === SocketCloseCode.ABNORMAL ? "client_lost" : "client";
    this.#streamOver();
    this.#stream.end();
    this.#ended(close, why);
  }

  /** From here: the stream is given up. */
  #lose(error: WireError): void {
    this.#endStream(error);
    if (this.#state === "starting") this.#session?.abort(error.message);
    else this.#ended(LOST, "lost");
    this.#checkOver();
  }

  /** The guest hears of it in its turn. */
  #ended(close: SocketClose, why: string): void {
    if (this.#state !== "open" && this.#state !== "closing") return;
    if (this.#state === "open") this.#options.live.countClosed(why);
    this.#state = "closed";
    this.#untold = close;
    this.#askTurn();
  }

  #tellClosed(session: SocketSession): void {
    const close = this.#untold;
    if (close === null) return;
    this.#untold = null;
    session.close(close.code, close.reason, close.isClean);
  }

  #endStream(error: WireError): void {
    this.#stream.reset(error);
    this.#streamOver();
    this.#checkOver();
  }

  #streamOver(): void {
    this.#isStreamOver = true;
    this.#limits?.stop();
    this.#outbox.clear();
    if (this.#closedTimer !== null) clearTimeout(this.#closedTimer);
    this.#closedTimer = null;
  }

  #askTurn(): void {
    if (this.#session === null) return;
    if (this.#inbox.hasMessage || this.#untold !== null) this.#options.turns.ask(this);
  }

  #grant(): void {
    if (this.#owedBytes === 0) return;
    const waitingBytes = this.#inbox.waitingBytes + this.#deliveredBytes;
    if (waitingBytes > this.#options.socketLimits.inboundBufferBytes) return;
    this.#stream.grant(this.#owedBytes);
    this.#owedBytes = 0;
  }

  #account(): void {
    this.#options.live.holds(this, this.#isOver ? 0 : this.heldBytes);
  }

  #checkOver(): void {
    if (this.#isOver || !this.#isStreamOver || !this.#isSessionOver) return;
    this.#isOver = true;
    this.#inbox.discard();
    this.#options.lane.over(this);
  }
}
