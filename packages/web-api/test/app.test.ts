import { describe, expect, test } from "vitest";
import { DEFINE_APP_GLOBAL, GuestEvent, HostOp } from "../src/boundary.ts";
import { openGuest, openUnattached } from "./harness.ts";

describe("a handler", () => {
  test.each([
    [
      "default.fetch, with its object as this",
      `exports.default = { x: 1, fetch() { return new Response("" + this.x); } };`,
    ],
    ["an exported fetch", `exports.fetch = () => new Response("1");`],
    ["a fetch listener", `addEventListener("fetch", (event) => event.respondWith(new Response("1")));`],
    [
      "a fetch listener that responds with a promise",
      `addEventListener("fetch", (event) => event.respondWith(Promise.resolve(new Response(event.request.url.slice(0, 0) + "1"))));`,
    ],
  ])("can be %s", async (_what, app) => {
    using guest = await openGuest({ app });
    guest.request();
    expect(guest.answer().body).toBe("1");
  });

  test("can come of a factory that is async", async () => {
    using guest = await openGuest({
      from: "source",
      script: `${DEFINE_APP_GLOBAL}(async () => { await null; return { default: { fetch: () => new Response("late") } }; });`,
    });
    guest.request();
    expect(guest.answer().body).toBe("late");
  });

  test("is given env and a context whose waitUntil keeps the request open", async () => {
    using guest = await openGuest({
      env: { KEY: "value" },
      app: `exports.default = { fetch(request, env, ctx) {
        ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 5)));
        ctx.passThroughOnException();
        return new Response(env.KEY);
      } };`,
    });
    guest.request();
    expect(guest.answer().body).toBe("value");
    expect(guest.of(HostOp.RESPOND_SETTLED)).toEqual([]);
    expect(guest.of(HostOp.SETTLED)).toEqual([]);
    guest.enter(GuestEvent.TIMER, guest.of(HostOp.TIMER_SET)[0]?.id ?? 0);
    expect(guest.of(HostOp.SETTLED)).toHaveLength(1);
  });

  test.each([
    ["at once", "new Response()"],
    ["by a stream", "new Response(ReadableStream.from([new Uint8Array(1)]))"],
  ])("that answers %s settles once, even where waitUntil is called after the end", async (_what, response) => {
    using guest = await openGuest({
      app: `let late; exports.default = { fetch(request, env, ctx) {
        if (late) late.waitUntil(Promise.resolve());
        late = ctx;
        return ${response};
      } };`,
    });
    guest.request({ id: 1 });
    guest.request({ id: 2 });
    const ends = guest.calls.filter((call) => call.code === HostOp.SETTLED || call.code === HostOp.RESPOND_SETTLED);
    expect(ends.map((call) => call.id)).toEqual([1, 2]);
  });

  test("whose waitUntil fails has the failure in its log", async () => {
    using guest = await openGuest({
      app: `exports.default = { fetch(request, env, ctx) { ctx.waitUntil(Promise.reject(new Error("later"))); return new Response(); } };`,
    });
    guest.request();
    expect(guest.of(HostOp.LOG).map((call) => call.args)).toMatchObject([
      ["error", expect.stringContaining("Error: later")],
    ]);
    expect(guest.of(HostOp.SETTLED)).toHaveLength(1);
  });

  test.each([
    ["throws", `exports.default = { fetch() { throw new RangeError("no"); } };`, "RangeError", "no"],
    ["rejects", `exports.default = { async fetch() { throw new RangeError("no"); } };`, "RangeError", "no"],
    [
      "answers with a string",
      `exports.default = { fetch: () => "no" };`,
      "TypeError",
      /did not answer with a Response/,
    ],
    ["answers with nothing", `exports.default = { async fetch() {} };`, "TypeError", /did not answer with a Response/],
    ["throws a string", `exports.default = { fetch() { throw "no"; } };`, "", "no"],
    [
      "throws what throws when it is looked at",
      `exports.default = { fetch() { throw { get name() { throw 1; }, get message() { throw 2; }, get stack() { throw 3; } }; } };`,
      "",
      "{ name: [Getter], message: [Getter], stack: [Getter] }",
    ],
    [
      "answers with a body that was read",
      `exports.default = { async fetch() { const r = new Response("x"); await r.text(); return r; } };`,
      "TypeError",
      /already read/,
    ],
  ])("that %s ends with strings that say so", async (_what, app, name, message) => {
    using guest = await openGuest({ app });
    guest.request();
    expect(guest.calls.map((call) => call.code)).toEqual([HostOp.THREW, HostOp.SETTLED]);
    const [thrownName, thrownMessage, stack] = guest.calls[0]?.args ?? [];
    expect(thrownName).toBe(name);
    expect(thrownMessage).toEqual(message instanceof RegExp ? expect.stringMatching(message) : message);
    expect(typeof stack).toBe("string");
  });

  test("names the author's line in the stack", async () => {
    using guest = await openGuest({ app: `exports.default = { fetch() { throw new Error("here"); } };` });
    guest.request();
    expect(guest.of(HostOp.THREW)[0]?.args[2]).toMatch(/at Object\.fetch \(app\.js:1:\d+\)/);
  });
});

describe("the factory", () => {
  test("that throws, throws through its definition with its own stack", async () => {
    const failing = openUnattached({ from: "source", app: `throw new Error("at init");` });
    await expect(failing).rejects.toThrow("at init");
    await expect(failing).rejects.toMatchObject({ stack: expect.stringContaining("app.js:1:") });
  });

  test("that throws while a snapshot is made fails it", async () => {
    await expect(openUnattached({ app: `throw new Error("at init");` })).rejects.toThrow("at init");
  });

  test("without a handler fails with what to write", async () => {
    await expect(openUnattached({ from: "source", app: "" + "exports.a = 1;" })).rejects.toThrow(/no fetch handler/);
  });

  test("is taken once: the name is gone from the global", async () => {
    using guest = await openGuest();
    expect(guest.evaluate(`typeof ${DEFINE_APP_GLOBAL}`)).toBe("undefined");
  });
});

test("what init left is what each context of the snapshot begins with", async () => {
  using guest = await openGuest({
    app: `let count = 10; exports.default = { fetch: () => new Response("" + ++count) };`,
  });
  guest.request();
  guest.request({ id: 2 });
  expect([guest.answer(1).body, guest.answer(2).body]).toEqual(["11", "12"]);
});

test.each([
  ["setTimeout(() => {}, 1)", "setTimeout"],
  ["crypto.randomUUID()", "crypto.randomUUID"],
  [`new URL("http://x.test/")`, "URL"],
])("%s at init fails with the name of the API", async (code, name) => {
  await expect(openUnattached({ from: "source", app: `${code};` })).rejects.toThrow(
    `${name} is not available while the app initialises`,
  );
});

test("request.signal aborts when the client goes away", async () => {
  using guest = await openGuest({
    app: `exports.default = { fetch(request) {
      return new Promise((resolve) => request.signal.addEventListener("abort", () => {
        console.log(request.signal.reason.name);
        resolve(new Response());
      }));
    } };`,
  });
  guest.request();
  guest.enter(GuestEvent.ABORT, 1, "gone");
  expect(guest.of(HostOp.LOG).map((call) => call.args)).toEqual([["log", "AbortError"]]);
});
