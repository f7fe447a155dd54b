/** Bodies of `bodies-handler.js`, as its clients know them. */

const MAX_CHUNK_BYTES = 64 * 1024;
const CHUNKS_AT_LEAST = 4;
const SAMPLE_BYTES = 4093;

/** What `/down` sends. */
export function createBody(bytes: number): Buffer {
  const chunkBytes = Math.min(MAX_CHUNK_BYTES, bytes / CHUNKS_AT_LEAST);
  const body = Buffer.allocUnsafe(bytes);
  for (let i = 0; i < bytes; i++) {
    const at = i % chunkBytes;
    body[i] = (at * 31 + (at >> 8)) & 0xff;
  }
  return body;
}

/** What `/up` answers to a body. */
export function describeBody(body: Buffer): string {
  let sum = 0;
  for (let at = 0; at < body.length; at += SAMPLE_BYTES) sum = (Math.imul(sum, 31) + (body[at] ?? 0)) | 0;
  return `${body.length} ${sum}`;
}
