// https://fetch.spec.whatwg.org/#dom-body-textstream and https://w3c.github.io/FileAPI/#dom-blob-textstream
import { assertArrayEquals, assertEquals, assertRejects, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const BYTES = new TextEncoder().encode("aä€😀");

const HOLDERS = {
  Blob: (bytes) => new Blob([bytes]),
  Request: (bytes) => new Request("http://a.test/", { method: "POST", body: bytes }),
  Response: (bytes) => new Response(bytes),
};

for (const [name, hold] of Object.entries(HOLDERS)) {
  test(`${name}: a stream of text`, async () => {
    const stream = hold(BYTES).textStream();
    assertTrue(stream instanceof ReadableStream);
    const chunks = await Array.fromAsync(stream);
    assertTrue(chunks.every((chunk) => typeof chunk === "string"));
    assertEquals(chunks.join(""), "aä€😀");
  });

  test(`${name}: what is no UTF-8 is replaced, and a byte order mark is left out`, async () => {
    const chunks = await Array.fromAsync(hold(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0xff, 0xe2, 0x82)).textStream());
    assertEquals(chunks.join(""), "a\ufffd\ufffd");
  });
}

test("characters that are split between chunks are whole", async () => {
  const source = new ReadableStream({
    start(controller) {
      for (const byte of BYTES) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const chunks = await Array.fromAsync(new Response(source).textStream());
  assertArrayEquals(chunks, ["a", "ä", "€", "😀"]);
});

test("without a body it is empty, and the body is not used", async () => {
  const response = new Response();
  assertArrayEquals(await Array.fromAsync(response.textStream()), []);
  assertEquals(response.bodyUsed, false);
});

test("with a body it locks it, once", async () => {
  const response = new Response("text");
  const stream = response.textStream();
  assertTrue(response.body.locked);
  assertThrows(TypeError, () => response.textStream());
  await assertRejects(TypeError, response.text());
  await Array.fromAsync(stream);
  assertTrue(response.bodyUsed);
});

test("a body that was read has none", async () => {
  const response = new Response("text");
  await response.text();
  assertThrows(TypeError, () => response.textStream());
});

test("a blob has another each time", async () => {
  const blob = new Blob(["text"]);
  const first = blob.textStream();
  const second = blob.textStream();
  assertArrayEquals(await Array.fromAsync(first), ["text"]);
  assertArrayEquals(await Array.fromAsync(second), ["text"]);
});

test("a chunk that is no bytes fails it", async () => {
  const source = new ReadableStream({
    start(controller) {
      controller.enqueue("text");
    },
  });
  await assertRejects(TypeError, new Response(source).textStream().getReader().read());
});

test("what fails its source fails it", async () => {
  const reason = new RangeError("mine");
  const source = new ReadableStream({
    pull() {
      throw reason;
    },
  });
  await assertRejects(RangeError, new Response(source).textStream().getReader().read());
});
