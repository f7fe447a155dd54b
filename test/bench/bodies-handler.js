// Bodies, streamed: `/up` reads one chunk by chunk and answers its length and a sum of samples of it, `/down?bytes=N` sends one. The same text
// runs in NANO and in workerd.

const MAX_CHUNK_BYTES = 64 * 1024;
const CHUNKS_AT_LEAST = 4;
/** Far enough apart not to be what is measured; every chunk has some, and their places count. */
const SAMPLE_BYTES = 4093;

const pattern = new Uint8Array(MAX_CHUNK_BYTES);
for (let i = 0; i < pattern.length; i++) pattern[i] = (i * 31 + (i >> 8)) & 0xff;

async function readBody(body) {
  let bytes = 0;
  let sum = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Response(`${bytes} ${sum}`);
    let at = (SAMPLE_BYTES - (bytes % SAMPLE_BYTES)) % SAMPLE_BYTES;
    for (; at < value.length; at += SAMPLE_BYTES) sum = (Math.imul(sum, 31) + value[at]) | 0;
    bytes += value.length;
  }
}

function sendBody(bytes) {
  const chunk = pattern.subarray(0, Math.min(MAX_CHUNK_BYTES, bytes / CHUNKS_AT_LEAST));
  let left = bytes;
  const body = new ReadableStream({
    pull(controller) {
      controller.enqueue(chunk);
      left -= chunk.length;
      if (left === 0) controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "application/octet-stream" } });
}

export default {
  fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/up") return readBody(request.body);
    if (pathname === "/down") return sendBody(Number(searchParams.get("bytes")));
    return new Response("ready");
  },
};
