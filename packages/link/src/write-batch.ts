/**
 * Frames of one turn of the event loop, on their way to one socket write.
 *
 * I1 Small payloads are copied into a slab, big ones are kept by reference behind their header.
 * I2 Bytes of a slab that were handed to the socket are never written again: a full slab is replaced, not reused.
 */
import { encodeFrame, FRAME_HEADER_BYTES, type FrameType, writeFrameHeader } from "@nano/protocol/frames";

const SLAB_BYTES = 256 * 1024;
/** Copying up to here is cheaper than one more entry of a `writev`. */
export const COPY_LIMIT_BYTES = 16 * 1024;

export interface BatchTarget {
  cork(): void;
  uncork(): void;
  write(bytes: Buffer): boolean;
}

export class WriteBatch {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #start = 0;
  #end = 0;
  #sealed: Buffer[] = [];
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

  /** Like `append`, but the payload's bytes are not copied: they must not change until they are written. */
  appendReference(type: FrameType, flags: number, streamId: number, payload: Buffer): void {
    this.#byteLength += FRAME_HEADER_BYTES + payload.length;
    if (this.#end + FRAME_HEADER_BYTES > SLAB_BYTES) this.#replaceSlab();
    writeFrameHeader(this.#slab, this.#end, { type, flags, streamId, payloadBytes: payload.length });
    this.#end += FRAME_HEADER_BYTES;
    this.#seal();
    this.#sealed.push(payload);
  }

  /** Hands everything to the socket as one write. */
  writeTo(target: BatchTarget): void {
    if (this.#byteLength === 0) return;
    this.#byteLength = 0;
    if (this.#sealed.length === 0) {
      const bytes = this.#slab.subarray(this.#start, this.#end);
      this.#start = this.#end;
      target.write(bytes);
      return;
    }
    this.#seal();
    const parts = this.#sealed;
    this.#sealed = [];
    target.cork();
    for (const part of parts) target.write(part);
    target.uncork();
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
