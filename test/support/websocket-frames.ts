/** Frames of RFC 6455 as a client writes and reads them: right ones, and any wrong one that a test wants. */

export const Opcode = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;

/** Of `FrameToSend.reservedBits`: what permessage-deflate sets on a message's first frame. */
export const RSV1 = 4;

const SHORT_LENGTH_MAX = 125;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_BYTES = 4;

export interface FrameToSend {
  readonly opcode: number;
  /** @default none */
  readonly payload?: Uint8Array | string;
  /** @default true */
  readonly isLast?: boolean;
  /** RSV1 is 4, RSV2 2, RSV3 1. @default 0 */
  readonly reservedBits?: number;
  /** @default true, as clients must */
  readonly isMasked?: boolean;
  /** The length that the header tells. @default the payload's */
  readonly saidBytes?: number;
}

export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly isLast: boolean;
  readonly reservedBits: number;
  readonly isMasked: boolean;
}

export function encodeFrame({
  opcode,
  payload = "",
  isLast = true,
  reservedBits = 0,
  isMasked = true,
  saidBytes,
}: FrameToSend): Buffer {
  const body = Buffer.from(payload);
  const length = encodeLength(saidBytes ?? body.length);
  const first = (isLast ? 0x80 : 0) | (reservedBits << 4) | opcode;
  const head = [Buffer.of(first, (length[0] ?? 0) | (isMasked ? 0x80 : 0)), length.subarray(1)];
  if (!isMasked) return Buffer.concat([...head, body]);
  const mask = Buffer.of(0x37, 0xfa, 0x21, 0x3d);
  for (let i = 0; i < body.length; i++) body[i] = (body[i] ?? 0) ^ (mask[i % MASK_BYTES] ?? 0);
  return Buffer.concat([...head, mask, body]);
}

/** The seven bits, and what follows them where they are not enough. */
function encodeLength(bytes: number): Buffer {
  if (bytes <= SHORT_LENGTH_MAX) return Buffer.of(bytes);
  if (bytes <= 0xffff) return Buffer.of(LENGTH_16, bytes >> 8, bytes & 0xff);
  const length = Buffer.alloc(9, LENGTH_64);
  length.writeBigUInt64BE(BigInt(bytes), 1);
  return length;
}

/** A close frame. @param code absent: none */
export function closeFrame(code?: number, reason: Uint8Array | string = ""): FrameToSend {
  if (code === undefined) return { opcode: Opcode.CLOSE };
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return { opcode: Opcode.CLOSE, payload: Buffer.concat([head, Buffer.from(reason)]) };
}

/** A message cut into frames of `bytes`: at least one. */
export function cutIntoFrames(first: FrameToSend, bytes: number): FrameToSend[] {
  const payload = Buffer.from(first.payload ?? "");
  const frames: FrameToSend[] = [];
  for (let at = 0; at === 0 || at < payload.length; at += bytes) {
    const part = { payload: payload.subarray(at, at + bytes), isLast: at + bytes >= payload.length };
    frames.push(at === 0 ? { ...first, ...part } : { opcode: Opcode.CONTINUATION, ...part });
  }
  return frames;
}

/** Takes frames out of bytes, however they arrive. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  #wantedBytes = 2;

  push(bytes: Buffer): Frame[] {
    this.#chunks.push(bytes);
    this.#heldBytes += bytes.length;
    const frames: Frame[] = [];
    while (this.#heldBytes >= this.#wantedBytes) {
      const held = this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks);
      const read = readFrame(held);
      const rest = typeof read === "number" ? held : held.subarray(read.endBytes);
      this.#chunks = [rest];
      this.#heldBytes = rest.length;
      this.#wantedBytes = typeof read === "number" ? read : 2;
      if (typeof read !== "number") frames.push(read.frame);
    }
    return frames;
  }
}

/** The frame at the beginning, or how many bytes must be there to know more. */
function readFrame(bytes: Buffer): { frame: Frame; endBytes: number } | number {
  const [first = 0, second = 0] = bytes;
  const isMasked = (second & 0x80) !== 0;
  let payloadBytes = second & 0x7f;
  let start = 2;
  if (payloadBytes === LENGTH_16) start = 4;
  else if (payloadBytes === LENGTH_64) start = 10;
  if (bytes.length < start) return start;
  if (payloadBytes === LENGTH_16) payloadBytes = bytes.readUInt16BE(2);
  else if (payloadBytes === LENGTH_64) payloadBytes = Number(bytes.readBigUInt64BE(2));
  // A server masks nothing; if one does, that shows in the frame and its payload is left as it is.
  if (isMasked) start += MASK_BYTES;
  const endBytes = start + payloadBytes;
  if (bytes.length < endBytes) return endBytes;
  const payload = Buffer.from(bytes.subarray(start, endBytes));
  const frame = {
    opcode: first & 0x0f,
    payload,
    isLast: (first & 0x80) !== 0,
    reservedBits: (first >> 4) & 7,
    isMasked,
  };
  return { frame, endBytes };
}
