/**
 * Messages of a client on their way to the guest: put together, and waiting for their turn.
 *
 * I1 A message over the limit is refused at its first bytes.
 * I2 What is under assembly is counted whole from its first bytes on: its memory is taken then.
 */
import { ownBuffer } from "@nano/isolate/host-ops";
import {
  decodeSocketClose,
  MAX_CLOSE_REASON_BYTES,
  type SocketClose,
  SocketMessageKind,
  type SocketMessageListener,
  SocketMessageReader,
} from "@nano/protocol/socket-messages";

/** What a waiting message costs beside its bytes: empty ones are not free. */
const MESSAGE_OVERHEAD_BYTES = 64;
/** Taken slots at the front of the queue that are worth a move of the rest. */
const COMPACT_AT_COUNT = 1_024;
const MAX_CLOSE_BYTES = 3 + MAX_CLOSE_REASON_BYTES;

export class SocketInbox implements SocketMessageListener {
  readonly #reader = new SocketMessageReader(this);
  readonly #maxMessageBytes: number;
  #queue: (string | ArrayBuffer)[] = [];
  #first = 0;
  #waitingBytes = 0;
  #kind: SocketMessageKind = SocketMessageKind.TEXT;
  #size = 0;
  /** Of a message that came in parts. */
  #assembly: Buffer | null = null;
  #assembledBytes = 0;
  #isDiscarding = false;
  /** The last word of the router. */
  closed: SocketClose | null = null;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Complete messages that the guest has not taken. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** With the one that is being put together. */
  get heldBytes(): number {
    return this.#waitingBytes + (this.#assembly === null ? 0 : this.#assembly.length);
  }

  get hasMessage(): boolean {
    return this.#first < this.#queue.length;
  }

  /** @returns false: what came is no message, or one over the limit */
  push(chunk: Buffer): boolean {
    return this.#reader.push(chunk);
  }

  /** The oldest one. */
  take(): string | ArrayBuffer | undefined {
    const data = this.#queue[this.#first];
    if (data === undefined) return undefined;
    this.#waitingBytes -= messageCost(data);
    this.#first += 1;
    if (this.#first === this.#queue.length) {
      this.#queue.length = 0;
      this.#first = 0;
    } else if (this.#first >= COMPACT_AT_COUNT && this.#first * 2 >= this.#queue.length) {
      this.#queue.splice(0, this.#first);
      this.#first = 0;
    } else {
      this.#queue[this.#first - 1] = "";
    }
    return data;
  }

  /** Lets go of what waits and of what still comes, but for the router's last word. */
  discard(): void {
    this.#isDiscarding = true;
    this.#queue = [];
    this.#first = 0;
    this.#waitingBytes = 0;
    if (this.#kind !== SocketMessageKind.CLOSED) this.#assembly = null;
  }

  onBegin(kind: SocketMessageKind, payloadBytes: number): boolean {
    this.#kind = kind;
    this.#size = payloadBytes;
    if (this.closed !== null || kind === SocketMessageKind.CLOSE) return false;
    return payloadBytes <= (kind === SocketMessageKind.CLOSED ? MAX_CLOSE_BYTES : this.#maxMessageBytes);
  }

  onPart(part: Buffer, isLast: boolean): void {
    if (this.#assembly === null) {
      if (isLast && part.length === this.#size) this.#take(part);
      else if (!this.#isDiscarding || this.#kind === SocketMessageKind.CLOSED) this.#begin(part);
      return;
    }
    this.#assembledBytes += part.copy(this.#assembly, this.#assembledBytes);
    if (!isLast) return;
    const whole = this.#assembly;
    this.#assembly = null;
    this.#take(whole);
  }

  #begin(part: Buffer): void {
    this.#assembly = Buffer.allocUnsafeSlow(this.#size);
    this.#assembledBytes = part.copy(this.#assembly);
  }

  #take(payload: Buffer): void {
    if (this.#kind === SocketMessageKind.CLOSED) {
      this.closed = decodeSocketClose(payload);
      return;
    }
    if (this.#isDiscarding) return;
    const data = this.#kind === SocketMessageKind.TEXT ? payload.toString("utf8") : ownBuffer(payload);
    this.#waitingBytes += messageCost(data);
    this.#queue.push(data);
  }
}

/** Of a message that waits. */
export function messageCost(data: string | ArrayBuffer): number {
  return MESSAGE_OVERHEAD_BYTES + (typeof data === "string" ? data.length : data.byteLength);
}
