import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hideSlots, POLYFILL } from "../build-streams.ts";
import { openGuest } from "./harness.ts";

const SOURCE = readFileSync(new URL(`../node_modules/${POLYFILL}`, import.meta.url), "utf8");

describe("the polyfill is built with slots of its own", () => {
  test("and fails the build where it has another form", () => {
    expect(() => hideSlots(SOURCE)).not.toThrow();
    expect(() => hideSlots(SOURCE.replaceAll("_shuttingDown", "_isEnding"))).toThrow("has no _shuttingDown");
    expect(() => hideSlots(SOURCE.replace("i.aborted)return", "i.aborted )return"))).toThrow("has 0 of an algorithm");
    expect(() => hideSlots(SOURCE.replace('call(e,"_readRequests")', "call(e,key)"))).toThrow("brand check");
  });
});

describe("what a tenant does to its streams", () => {
  const KINDS = `const transform = new TransformStream(), bytes = new ReadableStream({ type: "bytes", pull(c) { request = c.byobRequest; } });
    let request; const byob = bytes.getReader({ mode: "byob" }); byob.read(new Uint8Array(8));
    const kinds = [new ReadableStream(), bytes, byob, new ReadableStream().getReader(), new WritableStream(), new WritableStream().getWriter(), transform,
      transform.readable, transform.writable, new ReadableStream().values(), new CountQueuingStrategy({ highWaterMark: 1 }), new Response("a").body];`;

  test("finds nothing of its own on any of them", async () => {
    using guest = await openGuest();
    expect(guest.evaluate(`(() => { ${KINDS} return kinds.flatMap((kind) => Reflect.ownKeys(kind)).length; })()`)).toBe(
      0,
    );
  });

  test("changes no state by properties of the polyfill's names, on them and on prototypes", async () => {
    using guest = await openGuest();
    const code = `(() => { ${KINDS}
      const names = ["_state", "_reader", "_disturbed", "_readableStreamController", "_0", "_1", "_2", "_5", "_a", "_f", "#s"];
      for (const name of names) Object.defineProperty(Object.prototype, name, { configurable: true, get() { throw new Error("asked for " + name); }, set() { throw new Error("set " + name); } });
      try {
        for (const kind of kinds) for (const name of names) Object.defineProperty(kind, name, { value: "forged" });
        return [kinds[0].locked, kinds[1].locked, kinds[5].desiredSize, new Response(kinds[11]).bodyUsed, new ReadableStream({ start(c) { c.enqueue(1); } }).locked];
      } finally { for (const name of names) delete Object.prototype[name]; } })()`;
    expect(guest.evaluate(code)).toEqual([false, true, 1, false, false]);
  });

  test("an object with a stream's prototype is no stream, and a stream without its prototype is one", async () => {
    using guest = await openGuest();
    const code = `(() => {
      const get = Object.getOwnPropertyDescriptor(ReadableStream.prototype, "locked").get;
      const thrown = (run) => { try { run(); return "nothing"; } catch (error) { return error.name; } };
      const fake = Object.create(ReadableStream.prototype), bare = Object.setPrototypeOf(new ReadableStream(), null);
      return [thrown(() => get.call(fake)), thrown(() => get.call(new Proxy(new ReadableStream(), {}))), get.call(bare), new Response(bare).body === bare];
    })()`;
    expect(guest.evaluate(code)).toEqual(["TypeError", "TypeError", false, true]);
  });

  test("a proxy of a stream as a body is text, and asks the proxy for nothing but that", async () => {
    using guest = await openGuest();
    const code = `(() => { const asked = [];
      const proxy = new Proxy(new ReadableStream(), { get(target, key) { asked.push(String(key)); return key === Symbol.toPrimitive ? () => "text" : undefined; } });
      return [new Response(proxy).bodyUsed, asked.includes("_disturbed")]; })()`;
    expect(guest.evaluate(code)).toEqual([false, false]);
  });
});

test("a stream makes no AbortController, no DOMException and no timer until somebody asks for a signal", async () => {
  using guest = await openGuest();
  const before =
    guest.evaluate(`(() => { let touched = []; for (const name of ["AbortController", "DOMException", "queueMicrotask"]) {
      Object.defineProperty(globalThis, name, { configurable: true, get() { touched.push(name); } }); }
    const { writable, readable } = new TransformStream(); readable.pipeTo(new WritableStream()); writable.getWriter().write(1); return touched; })()`);
  expect(before).toEqual([]);
});

describe("what a tenant does to a transfer", () => {
  test("a proxy of a stream is not transferable, and is asked for nothing", async () => {
    using guest = await openGuest();
    const code = `(() => { const asked = [];
      const proxy = new Proxy(new ReadableStream(), { get(target, key) { asked.push(key); return Reflect.get(target, key); } });
      try { structuredClone(1, { transfer: [proxy] }); } catch (error) { return [error.name, asked.length]; } })()`;
    expect(guest.evaluate(code)).toEqual(["DataCloneError", 0]);
  });

  test("a getter that locks the stream while it is cloned leaves the others in its list as they are", async () => {
    using guest = await openGuest();
    const code = `(() => { const stream = new ReadableStream(), buffer = new ArrayBuffer(8);
      try { structuredClone({ get late() { stream.getReader(); return 1; } }, { transfer: [buffer, stream] }); } catch (error) { return [error.name, buffer.byteLength]; } })()`;
    expect(guest.evaluate(code)).toEqual(["DataCloneError", 8]);
  });

  test("methods that an app replaced are not called by what the platform reads", async () => {
    using guest = await openGuest();
    const code = `(() => { let calls = 0;
      const stream = new ReadableStream({ start(c) { c.enqueue("a"); c.close(); } });
      for (const [owner, name] of [[ReadableStream, "getReader"], [ReadableStreamDefaultReader, "read"], [ReadableStreamDefaultReader, "cancel"]]) {
        owner.prototype[name] = () => { calls++; throw new Error("called"); }; }
      const other = structuredClone(stream, { transfer: [stream] });
      return [calls, stream.locked, other.locked]; })()`;
    expect(guest.evaluate(code)).toEqual([0, true, false]);
  });
});
