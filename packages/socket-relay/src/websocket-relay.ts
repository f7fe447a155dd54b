/**
 * One WebSocket between its client and the stream of its worker, from the handshake to the end of both. The client may also be a server that
 * an app connected to: it is called so here all the same.
 *
 *   open ──either side closes, or a limit──▶ closing (handshake with the client) ──socket closed──▶ leaving ──stream took all──▶ over
 *
 * I1 Messages keep their order in each direction, and a message of the app is never held whole beyond `WHOLE_BYTES`.
 * I2 The client is not read while the stream takes nothing; the worker gets credit back for what has left for the client.
 * I3 The worker hears CLOSED once, last, while its stream is there.
 * I4 After a close has begun nothing that the client sends reaches the app.
 */
import type { Socket } from "node:net";
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { WireError } from "@nano/protocol/errors";
import type { WebSocketLimits } from "@nano/protocol/manifest";
import {
  decodeSocketClose,
  encodeSocketClose,
  encodeSocketMessage,
  encodeSocketMessageHeader,
  MAX_CLOSE_REASON_BYTES,
  SocketCloseCode,
  SocketMessageKind,
  type SocketMessageListener,
  SocketMessageReader,
} from "@nano/protocol/socket-messages";
import type { WebSocket } from "ws";
import { closeCodeOfError, isSendableCode, reasonOf } from "./websocket-close.ts";
import { encodeWholeFrame, MERGED_BYTES } from "./websocket-frame.ts";
import { dropReceived, receivedBytes } from "./ws-library.ts";

/** Up to here a message of the app is put together and sent as one frame; a longer one is sent in parts, as they come. */
const WHOLE_BYTES = 64 * 1024;
/** Up to here a message of the client is copied behind its header: one frame of the link in place of two. */
const COPY_BYTES = 8 * 1024;
/** While less waits for the client the worker gets its credit back at once. */
const UNSENT_BYTES = 64 * 1024;

const WHOLE_TEXT = { binary: false, fin: true };
const WHOLE_BINARY = { binary: true, fin: true };
const PART_OF_TEXT = { binary: false, fin: false };
const PART_OF_BINARY = { binary: true, fin: false };

/** What a relay tells of itself. */
export interface RelayOwner {
  readonly traffic: { inMessages: number; inBytes: number; outMessages: number; outBytes: number };
  /** `heldBytes` is not what it was. */
  onHeld(relay: WebSocketRelay, deltaBytes: number): void;
  /** The client's socket is closed. */
  onClosed(relay: WebSocketRelay, code: number): void;
  /** What its worker's stream is reset with. */
  closedError(why: string): WireError;
}

export interface RelayConnection {
  readonly ws: WebSocket;
  readonly socket: Socket;
  /** The other side is a server: frames to it are masked, and it hears nothing of what became of the app. @default false */
  readonly isOutbound?: boolean;
}

export interface RelayWorker {
  readonly stream: LinkStream;
  readonly limits: Pick<WebSocketLimits, "idleTimeoutMs" | "pingIntervalMs">;
  /** The client's socket is closed. */
  readonly onClosed?: () => void;
}

interface Waiting {
  readonly kind: SocketMessageKind;
  readonly data: Buffer;
}

export class WebSocketRelay implements StreamListener, SocketMessageListener {
  readonly limits: RelayWorker["limits"];
  /** Whether something moved since the owner looked last. */
  isActive = true;
  /** By the owner's clock. */
  lastActiveMs = 0;
  lastPingMs = 0;
  readonly #owner: RelayOwner;
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  /** Without compression `ws` keeps no frame back: what is written to the socket itself is in order. */
  readonly #isPlain: boolean;
  readonly #isOutbound: boolean;
  readonly #onClosed: (() => void) | null;
  readonly #reader = new SocketMessageReader(this);
  #stream: LinkStream | null;
  #heldBytes = 0;
  // To the worker.
  #isBlocked = false;
  #waiting: Waiting[] | null = null;
  #waitingBytes = 0;
  /** CLOSED, while messages wait before it. */
  #lastWord: Buffer | null = null;
  // To the client.
  #kind: SocketMessageKind = SocketMessageKind.TEXT;
  #messageBytes = 0;
  #parts: Buffer[] | null = null;
  #owedBytes = 0;
  // The end.
  #isClosing = false;
  #isClosed = false;
  #isDropped = false;
  #closeCode = 0;
  #closeReason = "";

  constructor(owner: RelayOwner, connection: RelayConnection, worker: RelayWorker) {
    this.#owner = owner;
    this.limits = worker.limits;
    this.#stream = worker.stream;
    const { ws, socket } = connection;
    this.#ws = ws;
    this.#socket = socket;
    this.#isOutbound = connection.isOutbound === true;
    this.#onClosed = worker.onClosed ?? null;
    this.#isPlain = ws.extensions === "" && !this.#isOutbound;
    ws.on("message", (data, isBinary) => this.#receive(data as Buffer, isBinary));
    ws.on("close", (code, reason) => this.#finish(code, reason));
    ws.on("error", (error) => this.#noteError(error));
    // After the listener of `ws`: what it made of the bytes is known.
    socket.on("data", () => this.#noteBytes());
    worker.stream.attach(this);
  }

  /** What it keeps in memory, as far as was noticed. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** The client's socket is closed; what it sent may still wait for the worker. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  get isDropped(): boolean {
    return this.#isDropped;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** The app takes nothing, so the client is not read: whether it sends cannot be known. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  ping(): void {
    this.#ws.ping();
  }

  /** Begins the closing handshake, unless one has begun. Reasons are the platform's words, or the app's. */
  close(code: number, reason: string): void {
    if (this.#isClosing || this.#isClosed) return;
    this.#isClosing = true;
    this.#closeCode = code;
    this.#closeReason = reason;
    this.#dropWaiting();
    if (code === SocketCloseCode.NO_STATUS) this.#ws.close();
    else this.#ws.close(code, reason);
    // The client's answer has to be read.
    this.#ws.resume();
    this.measure();
  }

  /** Closes it and lets go of what it holds, at once. */
  drop(code: number, reason: string): void {
    if (this.#isDropped) return;
    this.#isDropped = true;
    if ((this.#stream?.queuedBytes ?? 0) > 0) this.#reset(reason);
    this.measure();
    if (this.#isClosed) return;
    this.close(code, reason);
    this.#socket.removeAllListeners("data");
    dropReceived(this.#ws);
    this.#socket.end();
    this.#socket.resume(); // to nowhere
  }

  /** Cuts the client's socket. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Looks at what it holds. @returns whether it is over: nothing of it is left anywhere */
  measure(): boolean {
    // One that was dropped counts no more: what waits for its client goes with the socket, within the time for a close.
    const heldBytes = this.#isDropped ? 0 : this.#countHeld();
    const deltaBytes = heldBytes - this.#heldBytes;
    if (deltaBytes !== 0) {
      this.#heldBytes = heldBytes;
      this.#owner.onHeld(this, deltaBytes);
    }
    return this.#isClosed && heldBytes === 0;
  }

  #countHeld(): number {
    const unsentBytes = this.#waitingBytes + (this.#stream?.queuedBytes ?? 0);
    return this.#isClosed ? unsentBytes : unsentBytes + receivedBytes(this.#ws) + this.#ws.bufferedAmount;
  }

  // --- from the client ---

  #receive(data: Buffer, isBinary: boolean): void {
    this.isActive = true;
    const stream = this.#stream;
    if (stream === null || this.#isClosing) return;
    const { traffic } = this.#owner;
    traffic.inMessages += 1;
    traffic.inBytes += data.length;
    const kind = isBinary ? SocketMessageKind.BINARY : SocketMessageKind.TEXT;
    if (this.#isBlocked) {
      // Of a read that had begun, and of what was being inflated.
      this.#waiting ??= [];
      this.#waiting.push({ kind, data });
      this.#waitingBytes += data.length;
    } else if (!writeMessage(stream, kind, data)) {
      this.#isBlocked = true;
      this.#ws.pause();
      this.measure();
    }
  }

  #noteBytes(): void {
    this.isActive = true;
    if (this.#heldBytes > 0 || receivedBytes(this.#ws) > 0) this.measure();
  }

  #noteError(error: Error): void {
    const code = closeCodeOfError(error);
    if (code === null || this.#isClosing) return;
    // `ws` has sent it, and reads no more.
    this.#isClosing = true;
    this.#closeCode = code;
    this.#dropWaiting();
    dropReceived(this.#ws);
    this.measure();
  }

  #finish(code: number, reason: Buffer): void {
    this.#isClosed = true;
    const isClean = code !== SocketCloseCode.ABNORMAL;
    const isOurs = this.#closeCode !== 0 && !isClean;
    const told = isOurs ? this.#closeCode : code;
    const stream = this.#stream;
    if (stream !== null) {
      const reasonText = isOurs ? this.#closeReason : reason.toString();
      this.#lastWord = encodeSocketClose(SocketMessageKind.CLOSED, { code: told, reason: reasonText, isClean });
      this.#sendLastWord(stream);
    }
    this.#grantOwed();
    this.measure();
    this.#owner.onClosed(this, this.#closeCode === 0 ? told : this.#closeCode);
    this.#onClosed?.();
  }

  #sendLastWord(stream: LinkStream): void {
    if (this.#lastWord === null || this.#waiting !== null) return;
    stream.end(this.#lastWord);
    this.#lastWord = null;
  }

  #dropWaiting(): void {
    this.#waiting = null;
    this.#waitingBytes = 0;
  }

  // --- as listener of the stream ---

  onHead(): void {}

  onData(chunk: Buffer): void {
    this.isActive = true;
    if (this.#isClosing || this.#isClosed) {
      this.#stream?.grant(chunk.length);
      return;
    }
    if (!this.#reader.push(chunk)) {
      this.#reset("its worker sent what is no message");
      this.close(SocketCloseCode.INTERNAL, "internal");
      return;
    }
    const unsentBytes = this.#ws.bufferedAmount;
    if (unsentBytes <= UNSENT_BYTES) this.#stream?.grant(chunk.length);
    else this.#owedBytes += chunk.length;
    if (unsentBytes > 0 || this.#heldBytes > 0) this.measure();
  }

  onEnd(): void {
    // After CLOSE it is closing. Without, the worker gave it up.
    this.#closeWithoutWorker(SocketCloseCode.RESTART, "worker_lost");
  }

  onReset(error: WireError): void {
    const isLinkLost = this.#stream?.isLinkLost ?? false;
    this.#stream = null;
    this.#lastWord = null;
    this.#dropWaiting();
    if (isLinkLost) this.#closeWithoutWorker(SocketCloseCode.RESTART, "worker_lost");
    else this.#closeWithoutWorker(SocketCloseCode.INTERNAL, reasonOf(error));
    this.measure();
  }

  onDrain(): void {
    const stream = this.#stream;
    if (stream === null) return;
    this.isActive = true;
    const waiting = this.#waiting;
    if (waiting !== null) {
      let sentCount = 0;
      let hasRoom = true;
      while (hasRoom && sentCount < waiting.length) {
        const { kind, data } = waiting[sentCount] as Waiting;
        hasRoom = writeMessage(stream, kind, data);
        this.#waitingBytes -= data.length;
        sentCount += 1;
      }
      waiting.splice(0, sentCount);
      if (waiting.length === 0) this.#waiting = null;
      if (!hasRoom) {
        this.#sendLastWord(stream);
        this.measure();
        return;
      }
    }
    this.#isBlocked = false;
    this.#sendLastWord(stream);
    this.#ws.resume();
    this.measure();
  }

  // --- as listener of the messages in it ---

  onBegin(kind: SocketMessageKind, payloadBytes: number): boolean {
    this.#kind = kind;
    this.#messageBytes = payloadBytes;
    if (kind === SocketMessageKind.CLOSE) return payloadBytes <= 3 + MAX_CLOSE_REASON_BYTES;
    return kind === SocketMessageKind.TEXT || kind === SocketMessageKind.BINARY;
  }

  onPart(part: Buffer, isLast: boolean): void {
    if (this.#isClosing) return;
    const isWhole = this.#messageBytes <= WHOLE_BYTES;
    if (isWhole && !isLast) {
      this.#parts ??= [];
      this.#parts.push(part);
      return;
    }
    let data = part;
    if (isWhole && this.#parts !== null) {
      this.#parts.push(part);
      data = Buffer.concat(this.#parts, this.#messageBytes);
      this.#parts = null;
    }
    if (this.#kind === SocketMessageKind.CLOSE) {
      this.#closeForApp(data);
      return;
    }
    this.#send(data, isLast);
  }

  #send(data: Buffer, isLast: boolean): void {
    const ws = this.#ws;
    const { traffic } = this.#owner;
    traffic.outBytes += data.length;
    if (isLast) traffic.outMessages += 1;
    const isText = this.#kind === SocketMessageKind.TEXT;
    // A whole message: one in parts is longer.
    if (this.#isPlain && data.length <= MERGED_BYTES && this.#messageBytes === data.length) {
      if (ws.readyState === ws.OPEN) this.#sendMerged(encodeWholeFrame(isText, data));
      return;
    }
    const options = isLast ? (isText ? WHOLE_TEXT : WHOLE_BINARY) : isText ? PART_OF_TEXT : PART_OF_BINARY;
    // Its end is heard only of what may have to be waited for.
    if (ws.bufferedAmount + data.length > UNSENT_BYTES) ws.send(data, options, this.#onSent);
    else ws.send(data, options);
  }

  #sendMerged(frame: Buffer): void {
    const socket = this.#socket;
    if (socket.writableLength + frame.length > UNSENT_BYTES) socket.write(frame, this.#onSent);
    else socket.write(frame);
  }

  readonly #onSent = (): void => {
    this.isActive = true;
    if (this.#ws.bufferedAmount > UNSENT_BYTES) return;
    this.#grantOwed();
    this.measure();
  };

  #grantOwed(): void {
    const owedBytes = this.#owedBytes;
    this.#owedBytes = 0;
    if (owedBytes > 0) this.#stream?.grant(owedBytes);
  }

  #closeForApp(payload: Buffer): void {
    const close = decodeSocketClose(payload);
    if (close === null) this.close(SocketCloseCode.INTERNAL, "internal");
    else if (close.code === SocketCloseCode.NO_STATUS || isSendableCode(close.code)) {
      this.close(close.code, close.reason);
    } else this.close(SocketCloseCode.INTERNAL, "internal");
  }

  /** A server that an app connected to has a client that leaves. */
  #closeWithoutWorker(code: number, reason: string): void {
    if (this.#isOutbound) this.close(SocketCloseCode.GOING_AWAY, "");
    else this.close(code, reason);
  }

  #reset(why: string): void {
    const stream = this.#stream;
    this.#stream = null;
    this.#lastWord = null;
    this.#dropWaiting();
    stream?.reset(this.#owner.closedError(why));
    this.measure();
  }
}

function writeMessage(stream: LinkStream, kind: SocketMessageKind, data: Buffer): boolean {
  if (data.length <= COPY_BYTES) return stream.write(encodeSocketMessage(kind, data));
  stream.write(encodeSocketMessageHeader(kind, data.length));
  return stream.write(data);
}
