// Operations of the Web API in a loop: the same text runs in NANO, in workerd, and in Node on its own globals. Each answers a number that
// depends on every result, so that nothing can be left out, and wrong answers are seen.

const MIB = 1024 * 1024;
const CHUNK_BYTES = 4 * 1024;
const CHUNKS_PER_BODY = 16;

const bytes = new Uint8Array(MIB);
for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31) & 0xff;
/** UTF-8 of one, two, three and four bytes, of which a MiB holds a whole number. */
const text = new TextEncoder().encode("a nano sliver, für 日本 🚀 ok...".repeat(MIB / 32).slice(0, MIB));
const chunk = new Uint8Array(CHUNK_BYTES).fill(7);
const record = JSON.stringify({
  id: 1,
  name: "a name that is not short",
  tags: ["one", "two", "three"],
  items: Array.from({ length: 20 }, (_, i) => ({ sku: `item-${i}`, count: i, price: i * 1.25 })),
});

const operations = {
  url(count) {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const url = new URL(`https://user@example.com:8443/a/b/../c/${i}?query=${i}&other=x#part`);
      sum += url.pathname.length + url.host.length + url.search.length;
    }
    return sum;
  },

  headers(count) {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const headers = new Headers({ "content-type": "application/json", "X-Request-Id": `${i}`, accept: "*/*" });
      headers.append("accept", "text/html");
      headers.set("cache-control", "no-store");
      for (const [name, value] of headers) sum += name.length + value.length;
      if (headers.has("x-request-id")) sum += headers.get("accept").length;
    }
    return sum;
  },

  async json(count) {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const request = new Request("https://example.com/", { method: "POST", body: record });
      const value = await request.json();
      sum += (await Response.json(value).text()).length;
    }
    return sum;
  },

  async sha256(count) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))[i % 32];
    return sum;
  },

  decode(count) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += new TextDecoder().decode(text).length;
    return sum;
  },

  async stream(count) {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      let left = CHUNKS_PER_BODY;
      const body = new ReadableStream({
        pull(controller) {
          if (left === 0) controller.close();
          else controller.enqueue(chunk);
          left -= 1;
        },
      });
      sum += (await new Response(body).arrayBuffer()).byteLength;
    }
    return sum;
  },
};

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const operation = operations[pathname.slice(1)];
    if (operation === undefined) return new Response("ready");
    return new Response(String(await operation(Number(searchParams.get("count")))));
  },
};
