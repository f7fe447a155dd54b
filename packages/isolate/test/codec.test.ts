import { gunzipSync, gzipSync } from "node:zlib";
import { eventually } from "@nano/test-kit/eventually";
import { CODEC_INPUT_BYTES, GuestEvent, HostOp } from "@nano/web-api/boundary";
import type ivm from "isolated-vm";
import { expect, onTestFinished, test } from "vitest";
import { Codec, type CodecKind, codecKind } from "../src/codec.ts";
import { CodecOps, MAX_CODEC_BYTES, MAX_CODEC_JOBS, MAX_CODECS } from "../src/codec-ops.ts";
import { type EnterReference, GuestContext } from "../src/guest-context.ts";
import { openHostileGuest } from "./hostile-guest.ts";
import { appScript, openIsolate } from "./isolate-harness.ts";

const BOMB_BYTES = 64 * 1024 * 1024;

/** A codec, and how each of its steps was answered. */
function openCodec(format: string, isCompressor: boolean) {
  const answers: (ArrayBuffer | string)[] = [];
  let isFreed = false;
  const codec = new Codec(codecKind(format, isCompressor) as CodecKind, {
    onOutput: (output) => answers.push(output),
    onTaken: () => answers.push("taken"),
    onDone: (failure) => answers.push(failure ?? "done"),
    onFreed: () => {
      isFreed = true;
    },
  });
  onTestFinished(() => codec.close());
  const answered = (count: number): Promise<void> => eventually(() => answers.length >= count);
  return { codec, answers, answered, isFreed: () => isFreed };
}

test("a step answers once, and nothing runs between steps", async () => {
  const { codec, answers, answered } = openCodec("gzip", false);
  codec.write(Uint8Array.from(gzipSync(Buffer.alloc(300_000))).buffer);
  await answered(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(answers.map((answer) => (typeof answer === "string" ? answer : answer.byteLength))).toEqual([65_536]);
  for (let count = 2; count <= 6; count++) {
    codec.pull();
    await answered(count);
  }
  expect(answers.map((answer) => (typeof answer === "string" ? answer : answer.byteLength))).toEqual([
    65_536,
    65_536,
    65_536,
    65_536,
    37_856,
    "taken",
  ]);
  codec.end();
  await answered(7);
  expect(answers.at(-1)).toBe("done");
});

test("what comes before malformed input is answered before its error", async () => {
  const { codec, answers, answered } = openCodec("gzip", false);
  codec.write(Uint8Array.from(Buffer.concat([gzipSync("kept"), Buffer.from("junk")])).buffer);
  await answered(1);
  expect(Buffer.from(answers[0] as ArrayBuffer).toString()).toBe("kept");
  codec.pull();
  await answered(2);
  expect(answers[1]).toMatch(/junk/i);
});

test("one that is closed while its job runs answers nothing more, and is freed", async () => {
  const { codec, answers, isFreed } = openCodec("brotli", true);
  codec.write(new ArrayBuffer(CODEC_INPUT_BYTES));
  codec.close();
  codec.close();
  await eventually(isFreed);
  expect(answers).toEqual([]);
});

test("a response is compressed on its way", async () => {
  const { ask } = openIsolate(
    appScript(
      'return new Response(new Response("text ".repeat(50_000)).body.pipeThrough(new CompressionStream("gzip")));',
    ),
  );
  const sink = await ask();
  expect(gunzipSync(sink.body).toString()).toBe("text ".repeat(50_000));
});

test("a client that reads slowly holds a bomb where it is", async () => {
  const { start, isolate } = openIsolate(
    appScript(
      `return new Response(new Blob([await request.bytes()]).stream().pipeThrough(new DecompressionStream("gzip")));`,
    ),
    { limits: { memoryBytes: 32 * 1024 * 1024 } },
  );
  const { run, sink } = start({ method: "POST", body: true });
  sink.hasRoom = false;
  isolate.pushBody(run, Uint8Array.from(gzipSync(Buffer.alloc(BOMB_BYTES))).buffer);
  isolate.endBody(run);
  for (let count = 1; count <= 50; count++) {
    await eventually(() => sink.events.filter((event) => event === "chunk").length === count);
    if (count < 50) isolate.pullResponse(run);
  }
  expect(sink.body.length).toBe(50 * 65_536);
  expect(isolate.measureBytes()).toBeLessThan(16 * 1024 * 1024);
  isolate.abort(run, "gone");
  await sink.settled;
  expect(isolate.end).toBeNull();
});

test("all of a bomb passes with little memory", async () => {
  const { start, isolate } = openIsolate(
    appScript(`let total = 0;
      for await (const chunk of new Blob([await request.bytes()]).stream().pipeThrough(new DecompressionStream("gzip"))) total += chunk.length;
      return new Response(String(total));`),
    { limits: { memoryBytes: 24 * 1024 * 1024 } },
  );
  const { run, sink } = start({ method: "POST", body: true });
  isolate.pushBody(run, Uint8Array.from(gzipSync(Buffer.alloc(BOMB_BYTES))).buffer);
  isolate.endBody(run);
  await sink.settled;
  expect(sink.text).toBe(String(BOMB_BYTES));
});

test("an app has so many at once, and has them again when the request that left them open is over", async () => {
  const { ask } = openIsolate(
    appScript(`const write = (format) => {
        const writer = new DecompressionStream(format).writable.getWriter();
        return writer.write(Uint8Array.of(0x78)).then(() => "taken", (error) => error.name + ": " + error.message);
      };
      const ends = [];
      for (let i = 0; i < 40; i++) ends.push(await write(new URL(request.url).pathname.slice(1)));
      return Response.json([ends.filter((end) => end === "taken").length, ends.at(-1)]);`),
    { isolation: "app" },
  );
  const ends = async (format: string): Promise<unknown> => JSON.parse((await ask({ path: `/${format}` })).text);
  const tooMany = `TypeError: Too many compression streams: an app may have ${MAX_CODECS} at once`;
  const tooMuch = `TypeError: Too many compression streams: those of an app may hold ${MAX_CODEC_BYTES} bytes at once`;
  expect(await ends("deflate")).toEqual([MAX_CODECS, tooMany]);
  await eventually(async () => JSON.stringify(await ends("brotli")) === JSON.stringify([2, tooMuch]));
  await eventually(async () => JSON.stringify(await ends("deflate")) === JSON.stringify([MAX_CODECS, tooMany]));
});

test("those that are done or were cancelled make room at once", async () => {
  const { ask } = openIsolate(
    appScript(`for (let i = 0; i < ${MAX_CODECS + 8}; i++) {
        const { writable, readable } = new CompressionStream("gzip");
        const writer = writable.getWriter();
        writer.write(new Uint8Array(9)).catch(() => undefined);
        if (i % 2 === 0) await readable.cancel();
        else { writer.close(); await new Response(readable).bytes(); }
      }
      return new Response("all of them");`),
  );
  expect((await ask()).text).toBe("all of them");
});

test("a guest that keeps to no order breaks nothing", async () => {
  const { run, isolate, host } = openHostileGuest();
  const open = `op(${HostOp.CODEC_OPEN}, 5, "gzip", true)`;
  const { said } = run(
    `say(${open}); say(${open});
     for (let i = 0; i < 100; i++) { op(${HostOp.CODEC_WRITE}, 5, new ArrayBuffer(65536)); op(${HostOp.CODEC_PULL}, 5); op(${HostOp.CODEC_WRITE}, 5); }
     op(${HostOp.CODEC_WRITE}, 5, new ArrayBuffer(65537)); op(${HostOp.CODEC_CLOSE}, 5); op(${HostOp.CODEC_CLOSE}, 5); op(${HostOp.CODEC_PULL}, 5);
     say(${open}); op(${HostOp.CODEC_WRITE}, 5); op(${HostOp.CODEC_WRITE}, 5);
     globalThis.onEvent = (event, id) => say("event " + event + " of " + id);`,
  );
  expect(said).toEqual(["true", "The compression format is not supported", "true"]);
  await eventually(() => host.logs.at(-1)?.text === `event ${GuestEvent.CODEC_OUTPUT} of 5`);
  expect(isolate.end).toBeNull();
});

test("input and pulls out of turn are not taken: what a bomb was written in stays one piece", async () => {
  const { run, host } = openHostileGuest();
  const piece = [...gzipSync(Buffer.alloc(40 * 65_536))];
  run(`const piece = new Uint8Array(${JSON.stringify(piece)}).buffer; let outputs = 0;
    globalThis.onEvent = (event, codec) => {
      if (event === ${GuestEvent.CODEC_OUTPUT}) {
        outputs++;
        // Each would bring a piece of output of its own, and be kept until that of all before it is read.
        op(${HostOp.CODEC_WRITE}, codec, piece); op(${HostOp.CODEC_WRITE}, codec, undefined);
        op(${HostOp.CODEC_PULL}, codec);
      } else if (event === ${GuestEvent.CODEC_TAKEN}) {
        say("taken after " + outputs);
        op(${HostOp.CODEC_PULL}, codec); op(${HostOp.CODEC_WRITE}, codec, undefined);
      } else say("done after " + outputs);
    };
    op(${HostOp.CODEC_OPEN}, 1, "gzip", false); op(${HostOp.CODEC_PULL}, 1); op(${HostOp.CODEC_WRITE}, 1, piece);`);
  await eventually(() => host.logs.length === 2);
  expect(host.logs.map(({ text }) => text)).toEqual(["taken after 40", "done after 40"]);
});

test("what is closed while it waits for its turn is not kept", async () => {
  const ops = new CodecOps(() => undefined);
  const context = new GuestContext({} as ivm.Context, {} as EnterReference);
  const ids = [1, 2, 3, 4, 5];
  for (const id of ids) ops.run(context, null, HostOp.CODEC_OPEN, id, "gzip", true);
  for (const id of ids) ops.run(context, null, HostOp.CODEC_WRITE, id, new ArrayBuffer(10), undefined);
  expect(ops.waitingCount).toBe(ids.length - MAX_CODEC_JOBS);
  for (const id of ids) ops.run(context, null, HostOp.CODEC_CLOSE, id, undefined, undefined);
  expect(ops.waitingCount).toBe(0);
  await eventually(() => ops.count === 0);
});

test("pulls of nothing hold no turn of an isolate", async () => {
  const { run, host, isolate } = openHostileGuest();
  run(`const bytes = new ArrayBuffer(${CODEC_INPUT_BYTES});
    globalThis.onEvent = (event, codec) => { if (codec === 100) say("answered"); };
    for (let i = 0; i < 20; i++) { op(${HostOp.CODEC_OPEN}, i, "gzip", true); op(${HostOp.CODEC_PULL}, i); }
    op(${HostOp.CODEC_OPEN}, 100, "gzip", true); op(${HostOp.CODEC_WRITE}, 100, bytes);`);
  await eventually(() => host.logs.length === 1);
  expect(isolate.end).toBeNull();
});
