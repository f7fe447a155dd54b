/**
 * One stream of a link: a head in each direction, bytes under flow control, an end or a reset.
 *
 * I1 The listener hears `onEnd` or `onReset` at most once each, and nothing after `onReset` or after an own `reset()`.
 * I2 Never more than the peer's credit is sent; a peer that sends more than its own breaks the protocol.
 * I3 A frame carries at most `MAX_DATA_BYTES`, so that streams take turns.
 */
import type { WireError } from "@nano/protocol/errors";
import { FLAG_END_STREAM, FrameType, MAX_DATA_BYTES } from "@nano/protocol/frames";
import { encodeWindow, encodeWireError } from "@nano/protocol/messages";
import { linkErrors } from "./errors.ts";
import { INITIAL_WINDOW_BYTES, type LinkLimits } from "./limits.ts";
import { COPY_LIMIT_BYTES, type WriteBatch } from "./write-batch.ts";

/** Queue of a stream at which a writer that was stopped goes on. */
const DRAIN_AT_BYTES = 32 * 1024;
const MAX_WINDOW_BYTES = 0x7fff_ffff;

/** Hears one stream. Methods, not closures, so that a request's own object can be its listener. */
export interface StreamListener {
  /** The acceptor's answer (initiator's side only). `isEnd`: nothing follows; `onEnd` is called as well. */
  onHead(payload: Buffer, isEnd: boolean): void;
  /**
   * The chunk is the listener's: its bytes never change. It may be a view of a larger read, so copy what is kept for long, and a part of
   * what the peer wrote at once.
   * Credit comes back only by `stream.grant`. `isEnd`: nothing follows; `onEnd` is called as well.
   */
  onData(chunk: Buffer, isEnd: boolean): void;
  /** The peer's half is complete. */
  onEnd(): void;
  /** The peer gave the stream up, or the link ended (`stream.isLinkLost`). */
  onReset(error: WireError): void;
  /** After a `write` that answered false: there is room again. */
  onDrain(): void;
}

/** What a stream needs of its link. @internal */
export interface StreamTransport {
  readonly limits: LinkLimits;
  readonly isClosed: boolean;
  /** Queues a control frame, ahead of data. */
  sendControl(type: FrameType, flags: number, streamId: number, payload: Buffer | null): void;
  /** Sends a data frame at once where no other stream waits; false: it has to take turns. */
  sendDataAtOnce(flags: number, streamId: number, payload: Buffer): boolean;
  markReady(stream: LinkStream): void;
  release(stream: LinkStream): void;
  fail(violation: string): void;
}

export class LinkStream {
  readonly id: number;
  /** Next of the link's ring of streams with data to send. @internal */
  nextReady: LinkStream | null = null;
  /** @internal */
  isReady = false;

  readonly #link: StreamTransport;
  readonly #isInitiator: boolean;
  #listener: StreamListener | null;
  #sendWindowBytes = INITIAL_WINDOW_BYTES;
  #receiveWindowBytes = INITIAL_WINDOW_BYTES;
  #consumedBytes = 0;
  #chunks: Buffer[] | null = null;
  #queuedBytes = 0;
  /** Memory of queued chunks that nobody else holds; null: there was none. */
  #owned: Set<ArrayBufferLike> | null = null;
  #isHeadDone: boolean;
  #isEndWanted = false;
  #isLocalEnded = false;
  #isRemoteEnded = false;
  #isClosed = false;
  #wantsDrain = false;

  /** @internal */
  constructor(link: StreamTransport, id: number, listener: StreamListener | null) {
    this.#link = link;
    this.id = id;
    this.#listener = listener;
    this.#isInitiator = listener !== null;
    this.#isHeadDone = false;
  }

  /** Both halves are complete, or the stream was reset. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The whole link ended, not this stream alone. */
  get isLinkLost(): boolean {
    return this.#link.isClosed;
  }

  /** Bytes accepted by `write` and not yet on their way. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** The acceptor's answer: once, before any data. With `isEnd` it is also the end. */
  sendHead(payload: Buffer, isEnd = false): void {
    if (this.#isClosed || this.#isHeadDone || this.#isInitiator) return;
    this.#isHeadDone = true;
    this.#link.sendControl(FrameType.HEAD, isEnd ? FLAG_END_STREAM : 0, this.id, payload);
    if (isEnd) this.endLocally();
  }

  /**
   * Sends bytes, which must not change any more. Always takes the chunk.
   * @returns false: window or buffer is full, wait for `onDrain`. A writer that ignores it is reset at `maxQueuedBytes`.
   */
  write(chunk: Buffer): boolean {
    return this.#send(chunk, null);
  }

  /**
   * Like `write`, of memory that nobody else holds: the link frees (detaches) it as soon as it is written. A stream that leaves its chunks
   * to the collector has it mark the whole heap anew for every 12 MB of them.
   */
  writeOwned(memory: ArrayBuffer): boolean {
    return this.#send(Buffer.from(memory), memory);
  }

  #send(chunk: Buffer, owned: ArrayBuffer | null): boolean {
    if (this.#isClosed || this.#isEndWanted || this.#isLocalEnded) return false;
    if (chunk.length === 0) return true;
    if (this.#canSendAtOnce(chunk) && this.#link.sendDataAtOnce(0, this.id, chunk)) {
      this.#sendWindowBytes -= chunk.length;
      owned?.transfer(0);
      if (this.#sendWindowBytes > 0) return true;
      this.#wantsDrain = true;
      return false;
    }
    const { maxQueuedBytes, streamBufferBytes } = this.#link.limits;
    if (this.#queuedBytes >= maxQueuedBytes) {
      const error = linkErrors.BUFFER_OVERFLOW({ queuedBytes: this.#queuedBytes, limitBytes: maxQueuedBytes }).wire;
      this.#failLocally(error);
      return false;
    }
    this.#enqueue(chunk);
    if (owned !== null) {
      this.#owned ??= new Set();
      this.#owned.add(owned);
    }
    if (this.#queuedBytes < streamBufferBytes && this.#sendWindowBytes > 0) return true;
    this.#wantsDrain = true;
    return false;
  }

  /** Sends the last bytes, if any, and the end of this half. */
  end(chunk?: Buffer): void {
    if (this.#isClosed || this.#isEndWanted || this.#isLocalEnded) return;
    const hasChunk = chunk !== undefined && chunk.length > 0;
    if (this.#queuedBytes === 0) {
      if (!hasChunk) {
        this.#link.sendControl(FrameType.END, FLAG_END_STREAM, this.id, null);
        this.endLocally();
        return;
      }
      if (this.#canSendAtOnce(chunk) && this.#link.sendDataAtOnce(FLAG_END_STREAM, this.id, chunk)) {
        this.endLocally();
        return;
      }
    }
    this.#isEndWanted = true;
    if (hasChunk) this.#enqueue(chunk);
  }

  /** Gives the stream up in both directions; the own listener hears nothing more. */
  reset(error: WireError): void {
    if (this.#isClosed) return;
    this.#close();
    this.#link.sendControl(FrameType.RESET, 0, this.id, encodeWireError(error));
  }

  /** The receiver is done with so many bytes: the peer may send as many more. */
  grant(bytes: number): void {
    if (this.#isClosed || this.#isRemoteEnded) return;
    this.#consumedBytes += bytes;
    const outstandingBytes = INITIAL_WINDOW_BYTES - this.#receiveWindowBytes;
    if (this.#consumedBytes > outstandingBytes) this.#consumedBytes = outstandingBytes;
    // Told in halves of the window: a frame for each chunk would double the number of frames.
    if (this.#consumedBytes < INITIAL_WINDOW_BYTES / 2) return;
    this.#receiveWindowBytes += this.#consumedBytes;
    this.#link.sendControl(FrameType.WINDOW, 0, this.id, encodeWindow(this.#consumedBytes));
    this.#consumedBytes = 0;
  }

  /** Gives it up from here, and tells the own listener too. Answers whether its answer was not complete. @internal */
  cut(reasonFor: (listener: StreamListener) => WireError): boolean {
    const listener = this.#listener;
    if (this.#isClosed || listener === null) return false;
    const isCut = !this.#isLocalEnded;
    const error = reasonFor(listener);
    this.reset(error);
    listener.onReset(error);
    return isCut;
  }

  /** From here on another listener hears the stream; `onHead` of the one before may call it. */
  attach(listener: StreamListener): void {
    if (!this.#isClosed) this.#listener = listener;
  }

  /** Whether the peer's half is complete, or the stream is. @internal */
  get isRemoteEnded(): boolean {
    return this.#isRemoteEnded || this.#isClosed;
  }

  /** @internal */
  receiveHead(payload: Buffer, isEnd: boolean): void {
    if (!this.#isInitiator || this.#isHeadDone || this.#isRemoteEnded) {
      this.#link.fail(`unexpected HEAD on stream ${this.id}`);
      return;
    }
    this.#isHeadDone = true;
    this.#listener?.onHead(payload, isEnd);
    if (isEnd) this.endRemotely();
  }

  /** @internal */
  receiveData(payload: Buffer, isEnd: boolean): void {
    if (this.#isRemoteEnded || (this.#isInitiator && !this.#isHeadDone)) {
      this.#link.fail(`unexpected DATA on stream ${this.id}`);
      return;
    }
    this.#receiveWindowBytes -= payload.length;
    if (this.#receiveWindowBytes < 0) {
      this.#link.fail(`flow control of stream ${this.id} exceeded by ${-this.#receiveWindowBytes} bytes`);
      return;
    }
    if (payload.length > 0) this.#listener?.onData(payload, isEnd);
    if (isEnd) this.endRemotely();
  }

  /** @internal */
  receiveEnd(): void {
    if (this.#isRemoteEnded || (this.#isInitiator && !this.#isHeadDone)) {
      this.#link.fail(`unexpected END on stream ${this.id}`);
      return;
    }
    this.endRemotely();
  }

  /** @internal */
  receiveReset(error: WireError): void {
    if (this.#isClosed) return;
    const listener = this.#listener;
    this.#close();
    listener?.onReset(error);
  }

  /** @internal */
  receiveWindow(bytes: number): void {
    this.#sendWindowBytes += bytes;
    if (bytes === 0 || this.#sendWindowBytes > MAX_WINDOW_BYTES) {
      this.#link.fail(`impossible WINDOW of ${bytes} bytes on stream ${this.id}`);
      return;
    }
    if (this.#queuedBytes > 0) this.#link.markReady(this);
    else this.#drain();
  }

  /** @internal */
  endRemotely(): void {
    if (this.#isClosed || this.#isRemoteEnded) return;
    this.#isRemoteEnded = true;
    const listener = this.#listener;
    if (this.#isLocalEnded) this.#close();
    listener?.onEnd();
  }

  /** @internal */
  endLocally(): void {
    this.#isLocalEnded = true;
    if (this.#isRemoteEnded) this.#close();
  }

  /** Puts at most one frame of this stream into the batch. Answers its payload's size. @internal */
  takeTurn(batch: WriteBatch): number {
    const chunks = this.#chunks;
    const first = chunks?.[0];
    if (this.#isClosed || chunks === null || first === undefined) return 0;
    const sendBytes = Math.min(first.length, this.#sendWindowBytes, MAX_DATA_BYTES);
    if (sendBytes === 0) return 0;
    let payload = first;
    if (sendBytes === first.length) chunks.shift();
    else {
      payload = first.subarray(0, sendBytes);
      chunks[0] = first.subarray(sendBytes);
    }
    this.#queuedBytes -= sendBytes;
    this.#sendWindowBytes -= sendBytes;
    const isEnd = this.#isEndWanted && this.#queuedBytes === 0;
    const flags = isEnd ? FLAG_END_STREAM : 0;
    const isOwned = sendBytes === first.length && this.#owned?.delete(first.buffer) === true;
    batch.appendData(flags, this.id, payload, isOwned);
    if (isEnd) this.endLocally();
    else this.#drain();
    return sendBytes;
  }

  /** Whether another turn would send something. @internal */
  get hasTurn(): boolean {
    return this.#queuedBytes > 0 && this.#sendWindowBytes > 0 && !this.#isClosed;
  }

  #canSendAtOnce(chunk: Buffer): boolean {
    return this.#queuedBytes === 0 && chunk.length <= COPY_LIMIT_BYTES && chunk.length <= this.#sendWindowBytes;
  }

  #enqueue(chunk: Buffer): void {
    this.#chunks ??= [];
    this.#chunks.push(chunk);
    this.#queuedBytes += chunk.length;
    if (this.#sendWindowBytes > 0) this.#link.markReady(this);
  }

  #drain(): void {
    if (!this.#wantsDrain || this.#isEndWanted || this.#isClosed) return;
    if (this.#queuedBytes > DRAIN_AT_BYTES || this.#sendWindowBytes <= 0) return;
    this.#wantsDrain = false;
    this.#listener?.onDrain();
  }

  #failLocally(error: WireError): void {
    const listener = this.#listener;
    this.reset(error);
    listener?.onReset(error);
  }

  #close(): void {
    this.#isClosed = true;
    this.#listener = null;
    this.#chunks = null;
    this.#owned = null;
    this.#queuedBytes = 0;
    this.#link.release(this);
  }
}
