/**
 * A WebSocket that a guest opened, over the two bodies of the fetch that asked for it.
 *
 *   asked ──head of 101──▶ open ──guest, server or a bound──▶ closing ──CLOSED, or the fetch ended──▶ over
 *
 * I1 The guest gets whole messages in order, a few per turn, and `onClosed` once, last.
 * I2 No chunk is asked for while messages wait: what is held is one chunk's worth and one message that is being put together.
 * I3 What all sockets of an isolate put together at a time is bounded by `SocketAssembly`.
 */
import type { WebSocketLimits } from "@nano/protocol/manifest";
import {
  decodeSocketClose,
  encodeSocketClose,
  MAX_CLOSE_REASON_BYTES,
  SOCKET_MESSAGE_HEADER_BYTES,
  type SocketClose,
  SocketCloseCode,
  SocketMessageKind,
  type SocketMessageListener,
  SocketMessageReader,
  writeSocketMessageHeader,
} from "@nano/protocol/socket-messages";
import { ownBuffer } from "./host-ops.ts";
import type { OutboundFetch } from "./isolate.ts";
import { bytesOf, refuseOutgoing } from "./outgoing-limits.ts";
import { isSendableCode } from "./socket-ops.ts";

/** Messages of one socket that enter the guest before others have their turn. */
const MESSAGES_PER_TURN = 64;
/** What waits is written in pieces of this. */
const BATCH_BYTES = 64 * 1024;
/** What a message that waits costs beside its bytes: empty ones are not free. */
const MESSAGE_OVERHEAD_BYTES = 64;
const MAX_CLOSE_BYTES = 3 + MAX_CLOSE_REASON_BYTES;
/** Messages under way to one isolate, put together at a time, or one if that is larger. */
const MAX_ASSEMBLY_BYTES = 32 * 1024 * 1024;

/** What the sockets of one isolate are putting together. */
export class SocketAssembly {
  heldBytes = 0;

  hasRoomFor(bytes: number): boolean {
    return this.heldBytes === 0 || this.heldBytes + bytes <= MAX_ASSEMBLY_BYTES;
  }
}

export interface OutboundSocketListener {
  onMessage(data: string | ArrayBuffer): void;
  /** @param message why it failed, for its `error` event; "" where it did not */
  onClosed(close: SocketClose, message: string): void;
}

export interface OutboundSocketOptions {
  readonly limits: WebSocketLimits;
  readonly assembly: SocketAssembly;
  readonly listener: OutboundSocketListener;
}

const LOST: SocketClose = { code: SocketCloseCode.ABNORMAL, reason: "", isClean: false };

export class OutboundSocket implements SocketMessageListener {
  readonly #options: OutboundSocketOptions;
  readonly #call: OutboundFetch;
  readonly #reader = new SocketMessageReader(this);
  #isOpen = false;
  #isOver = false;
  // From the server.
  #waiting: (string | ArrayBuffer)[] = [];
  #closed: SocketClose | null = null;
  #failure = "";
  #isDeliveryPlanned = false;
  #kind: SocketMessageKind = SocketMessageKind.TEXT;
  #size = 0;
  #message: Buffer | null = null;
  #messageBytes = 0;
  // To the server.
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #queuedCost = 0;
  #hasRoom = true;
  /** Of a write that found no more room. */
  #unsentBytes = 0;
  #isClosing = false;

  constructor(call: OutboundFetch, options: OutboundSocketOptions) {
    this.#call = call;
    this.#options = options;
  }

  /** The server accepted. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Sent and not yet on its way. */
  get bufferedBytes(): number {
    return this.#isOver ? 0 : this.#queuedBytes + this.#unsentBytes;
  }

  open(): void {
    this.#isOpen = true;
    this.#call.pull();
  }

  /** Answers what waits, in bytes; a text: why it cannot be sent; undefined: too much waits, the connection fails. */
  send(data: string | ArrayBuffer): number | string | undefined {
    if (!this.#isOpen || this.#isClosing || this.#isOver) return this.bufferedBytes;
    const refusal = refuseOutgoing(data, this.#queuedCost + this.#unsentBytes, this.#options.limits);
    if (refusal === null) {
      this.lost("Too much waits to be sent (websocket.ws_outbound_buffer_bytes)");
      return undefined;
    }
    if (refusal !== undefined) return refusal;
    this.#write(encodeMessage(data));
    return this.bufferedBytes;
  }

  /** The guest closes it. @param code 1005: none */
  close(code: unknown, reason: unknown): void {
    if (!this.#isOpen || this.#isClosing || this.#isOver) return;
    this.#isClosing = true;
    const isSent = typeof code === "number" && isSendableCode(code);
    const isReason = isSent && typeof reason === "string" && reason.length <= MAX_CLOSE_REASON_BYTES;
    const close = { code: isSent ? code : SocketCloseCode.NO_STATUS, reason: isReason ? reason : "", isClean: true };
    this.#write(encodeSocketClose(SocketMessageKind.CLOSE, close));
    this.#endWhenSent();
  }

  /** Bytes of the server's side. */
  push(chunk: ArrayBuffer): void {
    if (this.#isOver || this.#closed !== null) return;
    if (!this.#reader.push(Buffer.from(chunk))) {
      this.lost(this.#failure === "" ? "The connection carried what is no message" : this.#failure);
      return;
    }
    if (this.#waiting.length === 0 && this.#closed === null) this.#call.pull();
    else this.#deliverLater();
  }

  /** There is room for what waits to be sent. */
  drain(): void {
    this.#hasRoom = true;
    this.#unsentBytes = 0;
    while (this.#hasRoom && this.#queue.length > 0) this.#writeBatch();
    this.#endWhenSent();
  }

  /** The fetch behind it ended. */
  ended(): void {
    this.#closed ??= LOST;
    this.#deliverLater();
  }

  /** It failed: what came before it is delivered, then the end. */
  lost(message: string): void {
    if (this.#isOver) return;
    if (this.#closed === null) {
      this.#closed = LOST;
      this.#failure = message;
    }
    this.#call.cancel();
    this.#deliverLater();
  }

  /** Nobody hears of it any more. */
  drop(): void {
    this.#isOver = true;
    this.#waiting = [];
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#letGo();
  }

  onBegin(kind: SocketMessageKind, payloadBytes: number): boolean {
    const { limits, assembly } = this.#options;
    this.#kind = kind;
    this.#size = payloadBytes;
    if (kind === SocketMessageKind.CLOSED) return payloadBytes <= MAX_CLOSE_BYTES;
    if (kind === SocketMessageKind.CLOSE || payloadBytes > limits.maxMessageBytes) return false;
    if (assembly.hasRoomFor(payloadBytes)) return true;
    this.#failure = `Messages of more than ${MAX_ASSEMBLY_BYTES} bytes are under way to the app at once`;
    return false;
  }

  onPart(part: Buffer, isLast: boolean): void {
    if (this.#message === null) {
      if (isLast && part.length === this.#size) {
        this.#take(part);
        return;
      }
      this.#message = Buffer.allocUnsafeSlow(this.#size);
      this.#messageBytes = 0;
      this.#options.assembly.heldBytes += this.#size;
    }
    this.#messageBytes += part.copy(this.#message, this.#messageBytes);
    if (!isLast) return;
    const whole = this.#message;
    this.#letGo();
    this.#take(whole);
  }

  #take(payload: Buffer): void {
    if (this.#kind === SocketMessageKind.CLOSED) this.#closed = decodeSocketClose(payload) ?? LOST;
    else this.#waiting.push(this.#kind === SocketMessageKind.TEXT ? payload.toString("utf8") : ownBuffer(payload));
  }

  #letGo(): void {
    if (this.#message === null) return;
    this.#options.assembly.heldBytes -= this.#message.length;
    this.#message = null;
  }

  #deliverLater(): void {
    if (this.#isDeliveryPlanned || this.#isOver) return;
    this.#isDeliveryPlanned = true;
    setImmediate(() => {
      this.#isDeliveryPlanned = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const { listener } = this.#options;
    const turn = this.#waiting.splice(0, MESSAGES_PER_TURN);
    for (const data of turn) {
      if (this.#isOver) return;
      listener.onMessage(data);
    }
    if (this.#isOver) return;
    if (this.#waiting.length > 0) this.#deliverLater();
    else if (this.#closed === null) this.#call.pull();
    else {
      const closed = this.#closed;
      this.drop();
      listener.onClosed(closed, this.#failure);
    }
  }

  #write(bytes: Uint8Array): void {
    if (this.#hasRoom) this.#pass(bytes);
    else {
      this.#queue.push(bytes);
      this.#queuedBytes += bytes.length;
      this.#queuedCost += bytes.length + MESSAGE_OVERHEAD_BYTES;
    }
  }

  #writeBatch(): void {
    let count = 0;
    let bytes = 0;
    while (count < this.#queue.length && (count === 0 || bytes < BATCH_BYTES)) {
      bytes += (this.#queue[count] as Uint8Array).length;
      count += 1;
    }
    const taken = this.#queue.splice(0, count);
    this.#queuedBytes -= bytes;
    this.#queuedCost -= bytes + count * MESSAGE_OVERHEAD_BYTES;
    this.#pass(taken.length === 1 ? (taken[0] as Uint8Array) : Buffer.concat(taken, bytes));
  }

  #pass(bytes: Uint8Array): void {
    this.#hasRoom = this.#call.writeBody(ownBuffer(bytes));
    if (!this.#hasRoom) this.#unsentBytes += bytes.length;
  }

  #endWhenSent(): void {
    if (this.#isClosing && this.#queue.length === 0) this.#call.endBody();
  }
}

/** Header and payload, in memory of their own. */
function encodeMessage(data: string | ArrayBuffer): Uint8Array {
  const payloadBytes = typeof data === "string" ? Buffer.byteLength(data) : bytesOf(data, 0);
  const message = Buffer.allocUnsafeSlow(SOCKET_MESSAGE_HEADER_BYTES + payloadBytes);
  const kind = typeof data === "string" ? SocketMessageKind.TEXT : SocketMessageKind.BINARY;
  writeSocketMessageHeader(message, kind, payloadBytes);
  if (typeof data === "string") message.write(data, SOCKET_MESSAGE_HEADER_BYTES);
  else message.set(new Uint8Array(data), SOCKET_MESSAGE_HEADER_BYTES);
  return message;
}
