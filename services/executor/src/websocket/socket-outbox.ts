/**
 * Messages of the guest on their way to the router.
 *
 * I1 The stream gets whole messages, and none after it said that it has no room: what waits is here, where it can be counted and let go of.
 * I2 Small messages that wait share buffers: each by itself would take more memory than it has bytes.
 */
import type { LinkStream } from "@nano/link/link-stream";
import {
  encodeSocketMessage,
  encodeSocketMessageHeader,
  SOCKET_MESSAGE_HEADER_BYTES,
  SocketMessageKind,
  writeSocketMessageHeader,
} from "@nano/protocol/socket-messages";

/** Up to here header and payload are one buffer. */
const ONE_BUFFER_BYTES = 16 * 1024;
/** Of a buffer that messages share, and the largest that it takes. */
const SHARED_BUFFER_BYTES = 16 * 1024;
const SHARED_MESSAGE_BYTES = 4 * 1024;

export class SocketOutbox {
  readonly #stream: LinkStream;
  /** Each holds whole messages, or a header whose payload is the next. */
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  /** The last of the queue, if it has room for more small messages, and how much of it is used. */
  #shared: Buffer | null = null;
  #sharedBytes = 0;
  #hasRoom = true;
  /** The last message was given: the stream's half ends behind it. */
  #isFinished = false;

  constructor(stream: LinkStream) {
    this.#stream = stream;
  }

  /** What waits to be sent. */
  get bufferedBytes(): number {
    return this.#queuedBytes + this.#stream.queuedBytes;
  }

  send(data: string | ArrayBuffer): void {
    if (typeof data === "string") this.#sendText(data);
    else this.#sendBytes(SocketMessageKind.BINARY, Buffer.from(data));
  }

  /** Sends the last message, behind what waits. */
  finish(last: Buffer): void {
    this.#isFinished = true;
    this.#write(last);
    this.#endWhenSent();
  }

  /** Lets go of what the stream has not taken, and sends the last message next. */
  cutShort(last: Buffer): void {
    this.clear();
    this.#isFinished = true;
    this.#stream.end(last);
  }

  /** The stream has room again. */
  drain(): void {
    this.#hasRoom = true;
    if (this.#queue.length === 0) return;
    this.#seal();
    let count = 0;
    while (this.#hasRoom && count < this.#queue.length) count += this.#writeQueued(count);
    this.#queue = this.#queue.slice(count);
    this.#endWhenSent();
  }

  /** Lets go of what waits here. */
  clear(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#shared = null;
  }

  /** The first buffer of the queue, and the payload that it is the header of. Answers how many. */
  #writeQueued(at: number): 1 | 2 {
    const bytes = this.#queue[at] as Buffer;
    this.#queuedBytes -= bytes.length;
    this.#hasRoom = this.#stream.write(bytes);
    if (bytes.length > SOCKET_MESSAGE_HEADER_BYTES || bytes.readUInt32LE(1) === 0) return 1;
    const payload = this.#queue[at + 1] as Buffer;
    this.#queuedBytes -= payload.length;
    this.#hasRoom = this.#writePayload(payload);
    return 2;
  }

  /** A large one has its memory for itself: the link frees it once it is written. */
  #writePayload(payload: Buffer): boolean {
    const { buffer, byteLength } = payload;
    const isOwned = byteLength === buffer.byteLength && buffer instanceof ArrayBuffer;
    return isOwned ? this.#stream.writeOwned(buffer) : this.#stream.write(payload);
  }

  #sendText(text: string): void {
    const payloadBytes = Buffer.byteLength(text);
    if (payloadBytes > ONE_BUFFER_BYTES) {
      this.#sendBytes(SocketMessageKind.TEXT, Buffer.from(text));
      return;
    }
    const message = Buffer.allocUnsafe(SOCKET_MESSAGE_HEADER_BYTES + payloadBytes);
    writeSocketMessageHeader(message, SocketMessageKind.TEXT, payloadBytes);
    // As many bytes as characters: ASCII.
    message.write(text, SOCKET_MESSAGE_HEADER_BYTES, payloadBytes === text.length ? "latin1" : "utf8");
    this.#write(message);
  }

  #sendBytes(kind: SocketMessageKind, payload: Buffer): void {
    if (payload.length <= ONE_BUFFER_BYTES) {
      this.#write(encodeSocketMessage(kind, payload));
      return;
    }
    const header = encodeSocketMessageHeader(kind, payload.length);
    if (this.#hasRoom) {
      this.#stream.write(header);
      this.#hasRoom = this.#writePayload(payload);
    } else {
      this.#enqueue(header);
      this.#enqueue(payload);
    }
  }

  /** Of whole messages. */
  #write(bytes: Buffer): void {
    if (this.#hasRoom) this.#hasRoom = this.#stream.write(bytes);
    else if (bytes.length <= SHARED_MESSAGE_BYTES) this.#enqueueSmall(bytes);
    else this.#enqueue(bytes);
  }

  #enqueue(bytes: Buffer): void {
    this.#seal();
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
  }

  #enqueueSmall(bytes: Buffer): void {
    if (this.#shared === null || this.#sharedBytes + bytes.length > SHARED_BUFFER_BYTES) {
      this.#seal();
      this.#shared = Buffer.allocUnsafeSlow(SHARED_BUFFER_BYTES);
      this.#sharedBytes = 0;
      this.#queue.push(this.#shared);
    }
    this.#shared.set(bytes, this.#sharedBytes);
    this.#sharedBytes += bytes.length;
    this.#queuedBytes += bytes.length;
  }

  /** The shared buffer takes no more: it is as long as its messages. */
  #seal(): void {
    if (this.#shared === null) return;
    this.#queue[this.#queue.length - 1] = this.#shared.subarray(0, this.#sharedBytes);
    this.#shared = null;
  }

  #endWhenSent(): void {
    if (this.#isFinished && this.#queue.length === 0) this.#stream.end();
  }
}
