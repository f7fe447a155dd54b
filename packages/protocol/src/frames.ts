/**
 * Frames between router and worker, and between worker and egress process.
 *
 *   0  u32le  payload length
 *   4  u8     type
 *   5  u8     flags (bit 0: END_STREAM)
 *   6  u16le  reserved, 0
 *   8  u32le  stream id (0: the connection)
 *  12  payload
 *
 * I1 A decoder never buffers more than one frame of `MAX_PAYLOAD_BYTES`, in whatever parts it comes.
 * I2 Frames of an older wire version stay decodable: golden frames in `test/golden`.
 */
import { defineErrors } from "./errors.ts";

/** The newest wire version that this build speaks, and the oldest that it still understands. */
export const WIRE_VERSION = 1;
export const WIRE_VERSION_OLDEST = 1;

export const FRAME_HEADER_BYTES = 12;
/** Largest payload of a DATA frame. */
export const MAX_DATA_BYTES = 64 * 1024;
/** Largest payload of any frame: a HEAD with the largest header block. */
export const MAX_PAYLOAD_BYTES = 256 * 1024;
export const FLAG_END_STREAM = 1;
/** A chunk costs some 500 bytes beside its own: of a frame that comes byte by byte that was 130 MB. */
const MAX_PENDING_CHUNKS = 256;

export const FrameType = {
  HELLO: 1,
  HEAD: 2,
  DATA: 3,
  END: 4,
  RESET: 5,
  WINDOW: 6,
  PING: 7,
  PONG: 8,
  GOAWAY: 9,
} as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

export const frameErrors = defineErrors("FRAME", {
  TOO_LARGE: {
    fault: "platform",
    retryable: false,
    httpStatus: 502,
    reason: "protocol",
    message: (d: { type: number; payloadBytes: number; limitBytes: number }) =>
      `Frame of type ${d.type} is too large: ${d.payloadBytes} bytes, at most ${d.limitBytes}`,
  },
  UNKNOWN_TYPE: {
    fault: "platform",
    retryable: false,
    httpStatus: 502,
    reason: "protocol",
    message: (d: { type: number }) => `Frame type is unknown: ${d.type}, expected 1 to 9`,
  },
});

/** Called once per frame, but see `FrameDecoderOptions`; `payload` is a view that is valid until the call returns. */
export type FrameListener = (type: FrameType, isEnd: boolean, streamId: number, payload: Buffer) => void;

export interface FrameDecoderOptions {
  /**
   * Tells a DATA frame in as many calls as it arrives in, END_STREAM with the last of them: nothing of a stream is copied to be
   * joined, and its bytes go on as they come. @default false
   */
  readonly splitsData?: boolean;
}

/** Writes the 12 header bytes of a frame at `offset`. */
export function writeFrameHeader(
  target: Buffer,
  offset: number,
  frame: { type: FrameType; flags: number; streamId: number; payloadBytes: number },
): void {
  target.writeUInt32LE(frame.payloadBytes, offset);
  target[offset + 4] = frame.type;
  target[offset + 5] = frame.flags;
  target[offset + 6] = 0;
  target[offset + 7] = 0;
  target.writeUInt32LE(frame.streamId, offset + 8);
}

/** One frame as bytes of its own. */
export function encodeFrame(type: FrameType, streamId: number, payload?: Uint8Array, flags = 0): Buffer {
  const payloadBytes = payload === undefined ? 0 : payload.byteLength;
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payloadBytes);
  writeFrameHeader(frame, 0, { type, flags, streamId, payloadBytes });
  if (payload !== undefined) frame.set(payload, FRAME_HEADER_BYTES);
  return frame;
}

/** Splits a byte stream into frames, however the bytes arrive. */
export class FrameDecoder {
  readonly #listener: FrameListener;
  readonly #splitsData: boolean;
  /** Bytes of the frame that has not arrived whole. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #neededBytes = FRAME_HEADER_BYTES;
  /** Of a DATA frame that is told in parts: what is to come, whose it is, and whether it ends the stream. */
  #dataBytes = 0;
  #dataStreamId = 0;
  #isDataEnd = false;

  constructor(listener: FrameListener, { splitsData = false }: FrameDecoderOptions = {}) {
    this.#listener = listener;
    this.#splitsData = splitsData;
  }

  /** @throws FRAME_TOO_LARGE, FRAME_UNKNOWN_TYPE: the peer breaks the protocol, close the connection */
  push(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#dataBytes > 0) {
      const partBytes = this.#tellPart(chunk);
      if (partBytes === chunk.length) return;
      bytes = chunk.subarray(partBytes);
    }
    if (this.#pendingBytes > 0) {
      this.#pending.push(bytes);
      this.#pendingBytes += bytes.length;
      if (this.#pendingBytes < this.#neededBytes) {
        if (this.#pending.length >= MAX_PENDING_CHUNKS)
          this.#pending = [Buffer.concat(this.#pending, this.#pendingBytes)];
        return;
      }
      bytes = Buffer.concat(this.#pending, this.#pendingBytes);
      this.#pending = [];
      this.#pendingBytes = 0;
    }
    let offset = 0;
    while (bytes.length - offset >= FRAME_HEADER_BYTES) {
      const payloadBytes = bytes.readUInt32LE(offset);
      const type = bytes[offset + 4] as FrameType;
      const limitBytes = type === FrameType.DATA ? MAX_DATA_BYTES : MAX_PAYLOAD_BYTES;
      if (payloadBytes > limitBytes) throw frameErrors.TOO_LARGE({ type, payloadBytes, limitBytes });
      if (type < FrameType.HELLO || type > FrameType.GOAWAY) throw frameErrors.UNKNOWN_TYPE({ type });
      const isEnd = ((bytes[offset + 5] as number) & FLAG_END_STREAM) !== 0;
      const streamId = bytes.readUInt32LE(offset + 8);
      const start = offset + FRAME_HEADER_BYTES;
      const end = start + payloadBytes;
      if (end > bytes.length) {
        if (!this.#splitsData || type !== FrameType.DATA) break;
        this.#dataBytes = payloadBytes;
        this.#dataStreamId = streamId;
        this.#isDataEnd = isEnd;
        if (start < bytes.length) this.#tellPart(bytes.subarray(start));
        return;
      }
      this.#listener(type, isEnd, streamId, bytes.subarray(start, end));
      offset = end;
    }
    if (offset < bytes.length) {
      const rest = bytes.subarray(offset);
      this.#pending.push(rest);
      this.#pendingBytes = rest.length;
      this.#neededBytes =
        rest.length >= FRAME_HEADER_BYTES ? FRAME_HEADER_BYTES + rest.readUInt32LE(0) : FRAME_HEADER_BYTES;
    }
  }

  /** Answers how many of the bytes belonged to the DATA frame under way. */
  #tellPart(bytes: Buffer): number {
    const partBytes = Math.min(bytes.length, this.#dataBytes);
    this.#dataBytes -= partBytes;
    const isEnd = this.#isDataEnd && this.#dataBytes === 0;
    this.#listener(FrameType.DATA, isEnd, this.#dataStreamId, bytes.subarray(0, partBytes));
    return partBytes;
  }
}
