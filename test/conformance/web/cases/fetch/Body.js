// https://fetch.spec.whatwg.org/#body-mixin, of both interfaces that include it
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertRejects,
  assertRejectsExactly,
  assertThrows,
  assertThrowsExactly,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const METHODS = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"];
const encode = (text) => new TextEncoder().encode(text);

/** A chunk or several, then the end. */
function streamOf(...chunks) {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

for (const [kind, make] of [
  ["Response", (body, headers) => new Response(body, { headers })],
  ["Request", (body, headers) => new Request("http://a.test/", { method: "POST", body, headers, duplex: "half" })],
]) {
  const detached = new Uint8Array(3);
  detached.buffer.transfer();
  for (const [what, body, type, text] of [
    ["a string", "é\ud800", "text/plain;charset=UTF-8", "é\ufffd"],
    ["an empty string", "", "text/plain;charset=UTF-8", ""],
    ["a number", 5, "text/plain;charset=UTF-8", "5"],
    ["an object", { toString: () => "own" }, "text/plain;charset=UTF-8", "own"],
    ["an array", [1, 2], "text/plain;charset=UTF-8", "1,2"],
    ["a function's text", Object.assign(() => 0, { toString: () => "f" }), "text/plain;charset=UTF-8", "f"],
    ["a buffer", encode("abc").buffer, null, "abc"],
    ["a view", encode("abcd").subarray(1, 3), null, "bc"],
    ["a data view", new DataView(encode("abcd").buffer, 2), null, "cd"],
    ["a view of wide elements", new Uint16Array(encode("abcd").buffer, 2, 1), null, "cd"],
    ["a view that was detached", detached, null, ""],
    ["a blob without type", new Blob(["a", "b"]), null, "ab"],
    ["a blob with one", new Blob(["ab"], { type: "Image/PNG" }), "image/png", "ab"],
    ["a file", new File(["ab"], "n", { type: "a/b" }), "a/b", "ab"],
    [
      "parameters",
      new URLSearchParams({ "a b": "é&" }),
      "application/x-www-form-urlencoded;charset=UTF-8",
      "a+b=%C3%A9%26",
    ],
    ["a stream", () => streamOf(encode("a"), encode("b")), null, "ab"],
  ]) {
    test(`${kind}: type and content of ${what}`, async () => {
      const given = typeof body === "function" && what === "a stream" ? body() : body;
      const first = make(given);
      assertEquals(first.headers.get("content-type"), type);
      assertFalse(first.bodyUsed);
      assertEquals(await first.text(), text);
      assertTrue(first.bodyUsed);
    });

    test(`${kind}: a type that was given is kept with ${what}`, () => {
      const given = typeof body === "function" && what === "a stream" ? body() : body;
      assertEquals(make(given, { "Content-Type": "x/y" }).headers.get("content-type"), "x/y");
      assertEquals(make(given === "" ? "" : given, { "Content-Type": "" }).headers.get("content-type"), "");
    });
  }

  test(`${kind}: a symbol is no body, and what its text throws comes out`, () => {
    assertThrows(TypeError, () => make(Symbol("a")));
    const thrown = new Error("mine");
    assertThrowsExactly(thrown, () =>
      make({
        toString() {
          throw thrown;
        },
      }),
    );
  });

  test(`${kind}: a body is a copy of the bytes that were given`, async () => {
    const bytes = encode("abc");
    const whole = make(bytes);
    bytes[0] = 0x7a;
    assertEquals(await whole.text(), "abc");
  });

  for (const method of METHODS) {
    const multipart = { "content-type": "application/x-www-form-urlencoded" };
    test(`${kind}: ${method} reads once`, async () => {
      const whole = make(method === "json" ? "{}" : "a=b", multipart);
      await whole[method]();
      assertTrue(whole.bodyUsed);
      for (const second of METHODS) await assertRejects(TypeError, whole[second](), second);
      assertTrue(whole.body.locked || whole.bodyUsed);
    });

    test(`${kind}: ${method} refuses a body that is locked, and one that was read from`, async () => {
      const locked = make("a=b", multipart);
      const reader = locked.body.getReader();
      await assertRejects(TypeError, locked[method]());
      assertFalse(locked.bodyUsed);
      reader.releaseLock();
      const read = make("a=b", multipart);
      const other = read.body.getReader();
      await other.read();
      other.releaseLock();
      assertTrue(read.bodyUsed);
      await assertRejects(TypeError, read[method]());
    });

    test(`${kind}: ${method} of a stream fails as the stream does, and for chunks that are no bytes`, async () => {
      const reason = new Error("mine");
      const failing = new ReadableStream({ pull: () => Promise.reject(reason) });
      await assertRejectsExactly(reason, make(failing, multipart)[method]());
      for (const chunk of ["text", null, 5, new ArrayBuffer(1), new Uint16Array(1), [1]]) {
        await assertRejects(TypeError, make(streamOf(chunk), multipart)[method](), String(chunk));
      }
    });
  }

  test(`${kind}: the stream of a body is always the same, and locks what is read of it`, () => {
    const whole = make("a");
    assertTrue(whole.body instanceof ReadableStream);
    assertEquals(whole.body, whole.body);
    whole.text();
    assertTrue(whole.body.locked);
    const given = streamOf();
    assertEquals(make(given).body, given);
  });

  test(`${kind}: what is cancelled counts as used`, async () => {
    const whole = make("a");
    await whole.body.cancel();
    assertTrue(whole.bodyUsed);
    await assertRejects(TypeError, whole.text());
  });

  test(`${kind}: arrayBuffer, bytes and blob are the bytes`, async () => {
    const buffer = await make("é").arrayBuffer();
    assertTrue(buffer instanceof ArrayBuffer);
    assertArrayEquals(new Uint8Array(buffer), [0xc3, 0xa9]);
    const bytes = await make("é").bytes();
    assertEquals(Object.getPrototypeOf(bytes), Uint8Array.prototype);
    assertEquals(bytes.byteOffset, 0);
    assertEquals(bytes.buffer.byteLength, 2);
    const blob = await make(streamOf(encode("a"), new Uint8Array(0), encode("b"))).blob();
    assertTrue(blob instanceof Blob);
    assertEquals(blob.size, 2);
  });

  for (const [header, type] of [
    [undefined, "text/plain;charset=utf-8"],
    ["text/html", "text/html"],
    ["Text/HTML; Charset=utf-8", "text/html;charset=utf-8"],
    ['a/b; x="c d"', 'a/b;x="c d"'],
    ["", ""],
    ["text", ""],
    ["text/", ""],
    ["a/b, c/d", "c/d"],
    ["a/b, nothing", "a/b"],
    ["a/b, */*", "a/b"],
    ["text/plain;charset=x, text/plain", "text/plain;charset=x"],
    ["text/plain;charset=x, text/plain;charset=y", "text/plain;charset=y"],
    ["text/plain;charset=x, a/b", "a/b"],
    ['a/b; x="c,d"', 'a/b;x="c,d"'],
    ['a/b; x="c\\",d/e"', 'a/b;x="c\\",d/e"'],
  ]) {
    test(`${kind}: the blob's type for ${JSON.stringify(header)}`, async () => {
      const headers = header === undefined ? {} : { "content-type": header };
      assertEquals((await make("a", headers).blob()).type, type);
    });
  }

  test(`${kind}: a type that is changed or removed later counts`, async () => {
    const changed = make("a");
    changed.headers.set("content-type", "new/type");
    assertEquals((await changed.clone().blob()).type, "new/type");
    changed.headers.delete("content-type");
    assertEquals((await changed.blob()).type, "");
  });

  test(`${kind}: text and json drop a byte order mark and replace what is malformed`, async () => {
    assertEquals(await make(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0xff)).text(), "a\ufffd");
    assertEquals(await make("\ufeffa").text(), "a");
    assertEquals(await make(Uint8Array.of(0xff, 0xfe, 0x61, 0)).text(), "\ufffd\ufffda\0");
    assertEquals(await make(Uint8Array.of(0xef, 0xbb, 0xbf, 0x35)).json(), 5);
    assertEquals(await make("a", { "content-type": "text/plain;charset=utf-16" }).text(), "a");
  });

  test(`${kind}: json rejects with a SyntaxError, and uses the body`, async () => {
    for (const text of ["", "{", "undefined", "a"]) {
      const whole = make(text);
      await assertRejects(SyntaxError, whole.json(), text);
      assertTrue(whole.bodyUsed);
    }
  });

  test(`${kind}: json is not led astray by reviver, prototypes or toJSON`, async () => {
    const parsed = await make('{"__proto__":{"a":1},"b":2}').json();
    assertEquals(Object.getPrototypeOf(parsed), Object.prototype);
    assertTrue(Object.hasOwn(parsed, "__proto__"));
  });
}

test("without a body all is empty, again and again", async () => {
  for (const none of [new Response(), new Request("http://a.test/")]) {
    for (let round = 0; round < 2; round++) {
      assertEquals(await none.text(), "");
      assertEquals((await none.arrayBuffer()).byteLength, 0);
      assertEquals((await none.bytes()).length, 0);
      const blob = await none.blob();
      assertEquals(blob.size, 0);
      assertEquals(blob.type, "");
      await assertRejects(SyntaxError, none.json());
      await assertRejects(TypeError, none.formData());
      assertFalse(none.bodyUsed);
      assertEquals(none.body, null);
    }
  }
});

test("a body's methods answer with promises, also where they fail", async () => {
  for (const method of METHODS) {
    const promise = Response.prototype[method].call(5);
    assertEquals(Object.getPrototypeOf(promise), Promise.prototype);
    await assertRejects(TypeError, promise, method);
  }
});

test("a body that grows without end is read as far as somebody reads it", async () => {
  let pulls = 0;
  const endless = new ReadableStream({
    pull(controller) {
      pulls++;
      controller.enqueue(new Uint8Array(1024));
    },
  });
  const reader = new Response(endless).body.getReader();
  await reader.read();
  await reader.cancel();
  assertTrue(pulls < 5, `${pulls} pulls`);
});
