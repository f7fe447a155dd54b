// biome-ignore-all lint/style/useNodejsImportProtocol: both names are shown
// https://nodejs.org/api/stream.html

import EventEmitter from "node:events";
import stream, { Duplex, finished, PassThrough, pipeline, Readable, Transform, Writable } from "node:stream";
import consumers, { text } from "node:stream/consumers";
import * as web from "node:stream/web";
import { promisify } from "node:util";
import bare from "stream";
import promises, { pipeline as pipelinePromise } from "stream/promises";
import { assertArrayEquals, assertEquals, assertFalse, assertRejects, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const upper = () =>
  new Transform({
    transform(chunk, _encoding, callback) {
      callback(null, chunk.toString().toUpperCase());
    },
  });

test("is one module under both names", () => {
  assertEquals(bare, stream);
  assertEquals(stream.Readable, Readable);
  assertEquals(stream.Stream, stream);
  assertEquals(stream.promises.pipeline, pipelinePromise);
  assertEquals(promises.pipeline, pipelinePromise);
  assertTrue(new Readable() instanceof EventEmitter);
  assertTrue(new Duplex() instanceof Readable);
  assertTrue(new Duplex() instanceof Writable);
});

test("Readable.from, and reading by for await", async () => {
  const seen = [];
  for await (const chunk of Readable.from(["a", "b"])) seen.push(chunk);
  assertArrayEquals(seen, ["a", "b"]);
  async function* generate() {
    yield 1;
    yield 2;
  }
  assertArrayEquals(await Readable.from(generate()).toArray(), [1, 2]);
});

test("Readable by read and push, with an encoding", async () => {
  const left = [Buffer.from([0xe2, 0x82]), Buffer.from([0xac]), null];
  const readable = new Readable({
    read() {
      this.push(left.shift());
    },
  });
  readable.setEncoding("utf8");
  assertEquals(await readable.reduce((all, chunk) => all + chunk, ""), "€");
});

test("pipes through transforms, with back-pressure", async () => {
  let largest = 0;
  const slow = new Writable({
    highWaterMark: 4,
    write(_chunk, _encoding, callback) {
      largest = Math.max(largest, this.writableLength);
      setTimeout(callback, 0);
    },
  });
  const source = Readable.from(
    Array.from({ length: 50 }, () => Buffer.from("ab")),
    { objectMode: false, highWaterMark: 4 },
  );
  await pipelinePromise(source, upper(), slow);
  assertTrue(largest <= 20_000);
  assertTrue(slow.writableFinished);
});

test("pipe", async () => {
  assertEquals(await text(Readable.from(["a", "b"]).pipe(upper()).pipe(new PassThrough())), "AB");
});

test("pipeline tells of an error, and destroys what it joined", async () => {
  const failing = new Transform({
    transform(_chunk, _encoding, callback) {
      callback(new RangeError("so"));
    },
  });
  const [source, target] = [Readable.from(["a"]), new PassThrough()];
  const error = await new Promise((resolve) => pipeline(source, failing, target, resolve));
  assertEquals(error.message, "so");
  assertTrue(source.destroyed);
  assertTrue(target.destroyed);
  await assertRejects(
    RangeError,
    promisify(pipeline)(
      Readable.from(["a"]),
      new Transform({ transform: (_chunk, _encoding, callback) => callback(new RangeError("so")) }),
      new PassThrough(),
    ),
  );
});

test("pipeline takes generators, and a signal", async () => {
  let seen = "";
  await pipelinePromise(
    Readable.from(["a", "b"]),
    async function* (source) {
      for await (const chunk of source) yield `${chunk}!`;
    },
    async (source) => {
      for await (const chunk of source) seen += chunk;
    },
  );
  assertEquals(seen, "a!b!");
  const controller = new AbortController();
  const waits = pipelinePromise(new Readable({ read() {} }), new PassThrough(), { signal: controller.signal });
  controller.abort();
  assertEquals((await waits.catch((error) => error)).name, "AbortError");
});

test("finished", async () => {
  const readable = Readable.from([]);
  readable.resume();
  await new Promise((resolve, reject) => finished(readable, (error) => (error ? reject(error) : resolve())));
  const broken = new PassThrough();
  queueMicrotask(() => broken.destroy(new RangeError("so")));
  await assertRejects(RangeError, promises.finished(broken));
});

test("destroy ends with close, and an error is told once", async () => {
  const readable = new Readable({ read() {} });
  const seen = [];
  readable.on("error", (error) => seen.push(error.message));
  const closed = new Promise((resolve) => readable.on("close", resolve));
  readable.destroy(new Error("so"));
  readable.destroy(new Error("again"));
  await closed;
  assertArrayEquals(seen, ["so"]);
});

test("object mode, cork, final and writev", async () => {
  const seen = [];
  const writable = new Writable({
    objectMode: true,
    writev(chunks, callback) {
      seen.push(chunks.map(({ chunk }) => chunk.n).join());
      callback();
    },
    final(callback) {
      seen.push("final");
      callback();
    },
  });
  writable.cork();
  writable.write({ n: 1 });
  writable.write({ n: 2 });
  writable.uncork();
  writable.end();
  await promises.finished(writable);
  assertArrayEquals(seen, ["1,2", "final"]);
});

test("operators", async () => {
  const numbers = () => Readable.from([1, 2, 3, 4]);
  assertArrayEquals(
    await numbers()
      .filter((n) => n % 2 === 0)
      .map(async (n) => n * 10)
      .toArray(),
    [20, 40],
  );
  assertArrayEquals(await numbers().take(2).toArray(), [1, 2]);
  assertArrayEquals(await numbers().drop(3).toArray(), [4]);
  assertEquals(await numbers().find((n) => n > 2), 3);
});

test("old constructors may be called", async () => {
  function Old(options) {
    Readable.call(this, options);
  }
  Object.setPrototypeOf(Old.prototype, Readable.prototype);
  Old.prototype._read = function () {
    this.push("a");
    this.push(null);
  };
  assertEquals(await text(new Old()), "a");
});

test("Duplex.from and compose", async () => {
  assertEquals(await text(Duplex.from(["a", "b"])), "ab");
  const composed = stream.compose(upper(), new PassThrough());
  composed.end("a");
  assertEquals(await text(composed), "A");
});

test("Readable.toWeb", async () => {
  const response = new Response(Readable.toWeb(Readable.from([Buffer.from("we"), Buffer.from("b")])));
  assertEquals(await response.text(), "web");
  const source = new Readable({ read() {} });
  const reader = Readable.toWeb(source).getReader();
  await reader.cancel("enough");
  assertTrue(source.destroyed);
  const broken = new Readable({ read() {} });
  const failing = Readable.toWeb(broken).getReader().read();
  broken.destroy(new RangeError("so"));
  await assertRejects(RangeError, failing);
});

test("Readable.toWeb asks for no more than is read", async () => {
  let pushed = 0;
  const source = new Readable({
    highWaterMark: 2,
    read() {
      pushed += 1;
      this.push(Buffer.from("ab"));
    },
  });
  const reader = Readable.toWeb(source).getReader();
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertTrue(pushed < 20, `pushed ${pushed}`);
  await reader.cancel();
});

test("Readable.fromWeb", async () => {
  assertEquals(await text(Readable.fromWeb(new Response("from").body)), "from");
  const failing = new ReadableStream({
    start(controller) {
      controller.error(new RangeError("so"));
    },
  });
  await assertRejects(RangeError, text(Readable.fromWeb(failing)));
  let reason;
  const readable = Readable.fromWeb(
    new ReadableStream({
      cancel(given) {
        reason = given;
      },
    }),
  );
  const closed = new Promise((resolve) => readable.on("close", resolve));
  readable.on("error", () => {});
  readable.destroy(new RangeError("enough"));
  await closed;
  assertEquals(reason.message, "enough");
});

test("Writable.toWeb and Writable.fromWeb", async () => {
  let seen = "";
  const writable = new Writable({
    write(chunk, _encoding, callback) {
      seen += chunk;
      callback();
    },
  });
  await new Response("body").body.pipeTo(Writable.toWeb(writable));
  assertEquals(seen, "body");
  const chunks = [];
  const target = Writable.fromWeb(new WritableStream({ write: (chunk) => void chunks.push(chunk) }));
  await pipelinePromise(Readable.from([Buffer.from("a"), Buffer.from("b")]), target);
  assertEquals(Buffer.concat(chunks).toString(), "ab");
  const refusing = Writable.fromWeb(
    new WritableStream({
      write() {
        throw new RangeError("so");
      },
    }),
  );
  await assertRejects(RangeError, pipelinePromise(Readable.from([Buffer.from("a")]), refusing));
});

test("Duplex.toWeb and Duplex.fromWeb", async () => {
  const { readable, writable } = Duplex.toWeb(upper());
  const writer = writable.getWriter();
  writer.write(Buffer.from("a"));
  writer.close();
  assertEquals(await new Response(readable).text(), "A");
  const duplex = Duplex.fromWeb(new TransformStream());
  duplex.end(Buffer.from("b"));
  assertEquals(await text(duplex), "b");
});

test("stream/consumers", async () => {
  const source = () => Readable.from([Buffer.from('{"a"'), Buffer.from(":1}")]);
  assertEquals((await consumers.json(source())).a, 1);
  assertEquals((await consumers.buffer(source())).toString(), '{"a":1}');
  assertEquals((await consumers.arrayBuffer(source())).byteLength, 7);
  assertEquals((await consumers.blob(source())).size, 7);
  assertEquals(await consumers.text(new Response("web").body), "web");
});

test("stream/web is the platform's", () => {
  assertEquals(web.ReadableStream, ReadableStream);
  assertEquals(web.TransformStream, TransformStream);
  assertEquals(web.TextDecoderStream, TextDecoderStream);
  assertEquals(web.default.WritableStream, WritableStream);
});

test("isReadable, isErrored, isDisturbed", () => {
  const readable = new Readable({ read() {} });
  assertTrue(stream.isReadable(readable));
  assertFalse(stream.isErrored(readable));
  assertFalse(stream.isDisturbed(readable));
});
