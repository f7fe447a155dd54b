// https://fetch.spec.whatwg.org/#body-mixin and "extract a body" of https://fetch.spec.whatwg.org/#bodyinit-unions, as far as bodies are streams
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertRejects,
  assertRejectsExactly,
  assertThrows,
  assertTrue,
  nextTask,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const bytes = (text) => new TextEncoder().encode(text);
const streamOf = (...chunks) =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
const putOf = (body) => new Request("http://x.test/", { method: "PUT", body, duplex: "half" });
const KINDS = [
  ["Response", (body) => new Response(body)],
  ["Request", putOf],
];
const METHODS = ["arrayBuffer", "blob", "bytes", "json", "text"];

for (const [kind, make] of KINDS) {
  test(`${kind}: body is null where there is none, and reading it gives nothing`, async () => {
    const empty = kind === "Response" ? new Response() : new Request("http://x.test/");
    assertEquals(empty.body, null);
    assertEquals(await empty.text(), "");
    assertFalse(empty.bodyUsed);
    assertEquals(await empty.text(), "");
  });

  test(`${kind}: body is an accessor of the prototype, without a setter`, () => {
    const prototype = kind === "Response" ? Response.prototype : Request.prototype;
    for (const name of ["body", "bodyUsed"]) {
      const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(prototype, name);
      assertEquals(set, undefined);
      assertTrue(enumerable);
      assertTrue(configurable);
      assertThrows(TypeError, () => get.call({}));
      assertThrows(TypeError, () => get.call(prototype));
    }
  });

  test(`${kind}: body is one ReadableStream each time it is asked for`, () => {
    const it = make("text");
    assertTrue(it.body instanceof ReadableStream);
    assertEquals(it.body, it.body);
  });

  test(`${kind}: body of text is a byte stream of its UTF-8`, async () => {
    const reader = make("hé").body.getReader({ mode: "byob" });
    const { value, done } = await reader.read(new Uint8Array(8));
    assertFalse(done);
    assertArrayEquals(value, bytes("hé"));
    assertTrue((await reader.read(new Uint8Array(8))).done);
  });

  test(`${kind}: a stream that is given is the body itself`, () => {
    const stream = streamOf(bytes("text"));
    assertEquals(make(stream).body, stream);
  });

  test(`${kind}: a stream that is locked or disturbed is refused`, async () => {
    const locked = streamOf(bytes("text"));
    locked.getReader();
    assertThrows(TypeError, () => make(locked));
    const read = streamOf(bytes("text"));
    const reader = read.getReader();
    await reader.read();
    reader.releaseLock();
    assertThrows(TypeError, () => make(read));
    const cancelled = streamOf(bytes("text"));
    await cancelled.cancel();
    assertThrows(TypeError, () => make(cancelled));
  });

  test(`${kind}: a stream has no content type of its own`, () => {
    assertEquals(make(streamOf()).headers.get("content-type"), null);
  });

  test(`${kind}: all methods read a stream to its end`, async () => {
    for (const method of METHODS) {
      const it = make(streamOf(bytes('{"a'), bytes('":1}')));
      const value = await it[method]();
      const text =
        method === "json"
          ? JSON.stringify(value)
          : method === "blob"
            ? await value.text()
            : method === "text"
              ? value
              : new TextDecoder().decode(value);
      assertEquals(text, '{"a":1}', method);
      assertTrue(it.bodyUsed);
    }
  });

  test(`${kind}: form data is read from a stream`, async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = streamOf(bytes("a=1&"), bytes("b=2"));
    const it =
      kind === "Response"
        ? new Response(body, { headers })
        : new Request("http://x.test/", { method: "PUT", body, headers, duplex: "half" });
    assertEquals(JSON.stringify([...(await it.formData())]), '[["a","1"],["b","2"]]');
  });

  test(`${kind}: bodyUsed is true as soon as a method was called, and the stream is locked`, async () => {
    const it = make(streamOf(bytes("text")));
    assertFalse(it.bodyUsed);
    const text = it.text();
    assertTrue(it.bodyUsed);
    assertTrue(it.body.locked);
    assertEquals(await text, "text");
    assertTrue(it.bodyUsed);
  });

  test(`${kind}: a body is read once`, async () => {
    for (const method of METHODS) {
      const it = make("1");
      await it.text();
      await assertRejects(TypeError, it[method](), method);
    }
  });

  test(`${kind}: a reader on the body locks it, and is not yet use`, async () => {
    const it = make("text");
    const reader = it.body.getReader();
    assertFalse(it.bodyUsed);
    await assertRejects(TypeError, it.text());
    assertFalse(it.bodyUsed);
    reader.releaseLock();
    assertEquals(await it.text(), "text");
  });

  test(`${kind}: reading from the stream is use, also where the lock is given back`, async () => {
    const it = make(streamOf(bytes("one"), bytes("two")));
    const reader = it.body.getReader();
    await reader.read();
    assertTrue(it.bodyUsed);
    reader.releaseLock();
    await assertRejects(TypeError, it.text());
  });

  test(`${kind}: cancelling the stream is use`, async () => {
    const it = make("text");
    await it.body.cancel();
    assertTrue(it.bodyUsed);
    await assertRejects(TypeError, it.text());
  });

  test(`${kind}: cancelling the body cancels the stream that was given, with the reason`, async () => {
    let heard;
    const it = make(
      new ReadableStream({
        cancel(reason) {
          heard = reason;
        },
      }),
    );
    const reason = {};
    await it.body.cancel(reason);
    assertEquals(heard, reason);
  });

  test(`${kind}: what the stream fails with is what reading rejects with`, async () => {
    const reason = new RangeError("broke");
    for (const method of METHODS) {
      const it = make(
        new ReadableStream({
          pull(controller) {
            controller.error(reason);
          },
        }),
      );
      await assertRejectsExactly(reason, it[method](), method);
      assertTrue(it.bodyUsed);
    }
  });

  test(`${kind}: chunks that are no Uint8Array reject, whatever they are`, async () => {
    for (const chunk of [
      "text",
      1,
      null,
      undefined,
      {},
      new ArrayBuffer(2),
      new Uint16Array(1),
      new DataView(new ArrayBuffer(1)),
    ]) {
      await assertRejects(TypeError, make(streamOf(chunk)).text(), String(chunk));
    }
  });

  test(`${kind}: clone gives both the whole content, and neither is used by the other`, async () => {
    const it = make(streamOf(bytes("one "), bytes("two")));
    const clone = it.clone();
    assertEquals(await it.text(), "one two");
    assertFalse(clone.bodyUsed);
    assertEquals(await clone.text(), "one two");
  });

  test(`${kind}: clone replaces the body by a branch of it`, () => {
    const stream = streamOf(bytes("text"));
    const it = make(stream);
    const clone = it.clone();
    assertTrue(stream.locked);
    assertNotEquals(it.body, stream);
    assertNotEquals(clone.body, it.body);
    assertFalse(it.body.locked);
  });

  test(`${kind}: clone wants a body that is neither used nor locked`, async () => {
    const used = make("text");
    await used.text();
    assertThrows(TypeError, () => used.clone());
    const locked = make("text");
    locked.body.getReader();
    assertThrows(TypeError, () => locked.clone());
  });

  test(`${kind}: a body is not read ahead of who reads it`, async () => {
    let pulledCount = 0;
    const it = make(
      new ReadableStream(
        {
          pull(controller) {
            pulledCount += 1;
            controller.enqueue(bytes("x"));
          },
        },
        { highWaterMark: 0 },
      ),
    );
    await nextTask();
    assertEquals(pulledCount, 0);
    const reader = it.body.getReader();
    await reader.read();
    assertEquals(pulledCount, 1);
  });

  test(`${kind}: a body goes through pipeThrough and pipeTo`, async () => {
    const it = make("text");
    const upper = it.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TransformStream({ transform: (chunk, controller) => controller.enqueue(chunk.toUpperCase()) }));
    let text = "";
    await upper.pipeTo(
      new WritableStream({
        write(chunk) {
          text += chunk;
        },
      }),
    );
    assertEquals(text, "TEXT");
    assertTrue(it.bodyUsed);
  });

  test(`${kind}: reading is not led astray by a then on Object.prototype`, async () => {
    const it = make(streamOf(bytes("hello")));
    const then = (onFulfilled) => {
      delete Object.prototype.then;
      onFulfilled({ done: false, value: bytes("bye") });
    };
    // biome-ignore lint/suspicious/noThenProperty: that is the attack
    Object.defineProperty(Object.prototype, "then", { configurable: true, value: then });
    try {
      assertEquals(await it.text(), "hello");
    } finally {
      delete Object.prototype.then;
    }
  });

  test(`${kind}: reading does not use a getReader that an app replaced`, async () => {
    const it = make(streamOf(bytes("text")));
    const { getReader } = ReadableStream.prototype;
    ReadableStream.prototype.getReader = () => {
      throw new Error("of the app");
    };
    try {
      assertEquals(await it.text(), "text");
    } finally {
      ReadableStream.prototype.getReader = getReader;
    }
  });
}

test("Request: a stream wants the option duplex, which is half", () => {
  assertThrows(TypeError, () => new Request("http://x.test/", { method: "PUT", body: streamOf() }));
  assertEquals(putOf(streamOf()).duplex, "half");
});

test("Request: GET and HEAD have no stream either", () => {
  for (const method of ["GET", "HEAD"]) {
    assertThrows(TypeError, () => new Request("http://x.test/", { method, body: streamOf(), duplex: "half" }));
  }
});

test("Request: made over another it has its content, in a stream of its own, and the other is used", async () => {
  const first = putOf(streamOf(bytes("text")));
  const stream = first.body;
  const second = new Request(first);
  assertTrue(first.bodyUsed);
  assertTrue(stream.locked);
  assertNotEquals(second.body, stream);
  assertFalse(second.bodyUsed);
  assertEquals(await second.text(), "text");
  assertThrows(TypeError, () => new Request(first));
});

test("Request: made over another with a body of its own leaves the other's", async () => {
  const first = putOf("one");
  const second = new Request(first, { body: "two" });
  assertEquals(await second.text(), "two");
  assertFalse(first.bodyUsed);
  assertEquals(await first.text(), "one");
});

test("Request: made over one that was used is refused, unless it brings a body", async () => {
  const used = putOf("text");
  await used.text();
  assertThrows(TypeError, () => new Request(used));
  assertEquals(await new Request(used, { body: "more" }).text(), "more");
});

test("Response: a stream is refused where the status has no body", () => {
  for (const status of [204, 205, 304]) assertThrows(TypeError, () => new Response(streamOf(), { status }));
});

test("Response: one over the body of another shares the stream, and is used with it", async () => {
  const first = new Response("text");
  const second = new Response(first.body);
  assertEquals(second.body, first.body);
  assertEquals(await second.text(), "text");
  assertTrue(first.bodyUsed);
  assertTrue(second.bodyUsed);
});

test("Response: an iterator of its body gives its bytes", async () => {
  let text = "";
  for await (const chunk of new Response("text").body) text += new TextDecoder().decode(chunk);
  assertEquals(text, "text");
});

test("Response: a body whose first chunk never comes can be cancelled", async () => {
  const response = new Response(new ReadableStream({ pull: () => new Promise(() => {}) }));
  const reader = response.body.getReader();
  const read = reader.read();
  await reader.cancel();
  assertTrue((await read).done);
});

test("Response: an empty stream is an empty body, and no JSON", async () => {
  assertEquals((await new Response(streamOf()).arrayBuffer()).byteLength, 0);
  await assertRejects(SyntaxError, new Response(streamOf()).json());
});

test("Response: a character that is split over chunks is whole again", async () => {
  const [first, ...rest] = bytes("é!");
  assertEquals(await new Response(streamOf(new Uint8Array([first]), new Uint8Array(rest))).text(), "é!");
});

test("Response: a chunk on a part of a buffer gives that part", async () => {
  const text = await new Response(streamOf(bytes("xtextx").subarray(1, 5))).text();
  assertEquals(text, "text");
});
