// As many bytes as its query says, a chunk at a time, as fast as they are taken.
const CHUNK_BYTES = 64 * 1024;
const chunk = new Uint8Array(CHUNK_BYTES);
for (let index = 0; index < CHUNK_BYTES; index++) chunk[index] = (index * 31 + (index >> 8)) & 0xff;

export default {
  fetch(request) {
    let left = Number(new URL(request.url).searchParams.get("chunks"));
    const body = new ReadableStream({
      pull(controller) {
        if (left === 0) {
          controller.close();
          return;
        }
        left -= 1;
        controller.enqueue(chunk.slice());
      },
    });
    return new Response(body, { headers: { "content-type": "application/octet-stream" } });
  },
};
