/**
 * The frame of a small message, as `ws` makes it, in one buffer: a third less CPU than its `writev` of two (2.5 µs in place of 3.6 for 32 bytes, in
 * one process, rounds of both in turn).
 */

/** Up to here copying is cheaper. */
export const MERGED_BYTES = 4 * 1024;

/** A whole message as a server's frame (RFC 6455, 5.2), at most `MERGED_BYTES` of it. */
export function encodeWholeFrame(isText: boolean, data: Buffer): Buffer {
  const { length } = data;
  const headBytes = length < 126 ? 2 : 4;
  const frame = Buffer.allocUnsafe(headBytes + length);
  frame[0] = isText ? 0x81 : 0x82;
  if (headBytes === 2) frame[1] = length;
  else {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  }
  frame.set(data, headBytes);
  return frame;
}
