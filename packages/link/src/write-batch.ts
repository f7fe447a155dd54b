/**
 * Frames of one turn of the event loop, on their way to one socket write.
 *
 * I1 Small payloads are copied into a slab, big ones are kept by reference behind their header.
 * I2 Bytes of a slab that were handed to the socket are never written again: a full slab is replaced, not reused.
 * I3 Owned memory is freed when the write that takes its last bytes has succeeded; writes before that one are over then, too.
 */
import { encodeFrame, FRAME_HEADER_BYTES, FrameType, writeFrameHeader } from "@nano/protocol/frames";

const SLAB_BYTES = 256 * 1024;
/** Copying up to here is cheaper than one more entry of a `writev`. */
export const COPY_LIMIT_BYTES = 16 * 1024;

type WriteCallback = (error?: Error | null) => void;

export interface BatchTarget {
  cork(): void;
  uncork(): void;
  write(bytes: Buffer, onWritten?: WriteCallback): boolean;
}

export class WriteBatch {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #start = 0;
  #end = 0;
  #sealed: Buffer[] = [];
  /** To be freed once everything appended so far is written. */
  #freed: ArrayBuffer[] = [];
  #byteLength = 0;

  /** Bytes appended since the last `writeTo`. */
  get byteLength(): number {
    return this.#byteLength;
  }

  append(type: FrameType, flags: number, streamId: number, payload: Buffer | null): void {
    const payloadBytes = payload === null ? 0 : payload.length;
    const frameBytes = FRAME_HEADER_BYTES + payloadBytes;
    this.#byteLength += frameBytes;
    if (frameBytes > SLAB_BYTES) {
      this.#seal();
      this.#sealed.push(encodeFrame(type, streamId, payload ?? undefined, flags));
      return;
    }
    if (this.#end + frameBytes > SLAB_BYTES) this.#replaceSlab();
    const slab = this.#slab;
    const at = this.#end;
    writeFrameHeader(slab, at, { type, flags, streamId, payloadBytes });
    if (payload !== null) slab.set(payload, at + FRAME_HEADER_BYTES);
    this.#end = at + frameBytes;
  }

  /**
   * Appends a frame of data. Its bytes must not change until they are written.
   * @param isOwned they are the last of their memory, which nobody else holds: it is freed once they are written
   */
  appendData(flags: number, streamId: number, payload: Buffer, isOwned: boolean): void {
    const memory = isOwned ? (payload.buffer as ArrayBuffer) : null;
    if (payload.length <= COPY_LIMIT_BYTES) {
      this.append(FrameType.DATA, flags, streamId, payload);
      // An earlier part of the same memory may be in this batch, or in the socket.
      if (memory !== null) this.#freed.push(memory);
      return;
    }
    this.#byteLength += FRAME_HEADER_BYTES + payload.length;
    if (this.#end + FRAME_HEADER_BYTES > SLAB_BYTES) this.#replaceSlab();
    writeFrameHeader(this.#slab, this.#end, { type: FrameType.DATA, flags, streamId, payloadBytes: payload.length });
    this.#end += FRAME_HEADER_BYTES;
    this.#seal();
    this.#sealed.push(payload);
    if (memory !== null) this.#freed.push(memory);
  }

  /** Hands everything to the socket as one write. */
  writeTo(target: BatchTarget): void {
    if (this.#byteLength === 0) return;
    this.#byteLength = 0;
    this.#seal();
    const parts = this.#sealed;
    this.#sealed = [];
    const last = parts.pop();
    if (last === undefined) return;
    if (parts.length > 0) target.cork();
    for (const part of parts) target.write(part);
    target.write(last, this.#takeFreeing());
    if (parts.length > 0) target.uncork();
  }

  /** Frees what was appended so far. A write that failed may still be read by the kernel: that is left to the collector. */
  #takeFreeing(): WriteCallback | undefined {
    if (this.#freed.length === 0) return undefined;
    const freed = this.#freed;
    this.#freed = [];
    return (error) => {
      if (error === undefined || error === null) for (const memory of freed) memory.transfer(0);
    };
  }

  #seal(): void {
    if (this.#start === this.#end) return;
    this.#sealed.push(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #replaceSlab(): void {
    this.#seal();
    this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    this.#start = 0;
    this.#end = 0;
  }
}
