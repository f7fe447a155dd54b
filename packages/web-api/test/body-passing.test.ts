import { describe, expect, test } from "vitest";
import { GuestEvent, HostOp } from "../src/boundary.ts";
import { bytesOf, openGuest, textOf } from "./harness.ts";

/** A guest whose handler has this body; the host takes what is passed on. */
function openHandler(body: string) {
  return openGuest({
    app: `exports.default = { async fetch(request) { ${body} } };`,
    answers: (code) => (code === HostOp.RESPOND ? true : undefined),
  });
}

type Guest = Awaited<ReturnType<typeof openGuest>>;

const bodyOfResponse = (guest: Guest): unknown => guest.of(HostOp.RESPOND)[0]?.args[3];
const kindOfFetch = (guest: Guest, at = 0): unknown => guest.of(HostOp.FETCH_START)[at]?.args[3];
const head = (guest: Guest, at = 0): void => {
  const id = guest.of(HostOp.FETCH_START)[at]?.id ?? 0;
  guest.enter(GuestEvent.FETCH_HEAD, id, 200, "", "", "0http://x.test/");
};

describe("a body that nobody has read goes on by its name", () => {
  test.each([
    ["request.body as a response", `return new Response(request.body, { status: 201 });`],
    ["the body of a Response over it", `return new Response(new Response(request.body).body);`],
    ["the body of a Request over the request", `return new Response(new Request(request).body);`],
    [
      "the body of a Request over its stream",
      `return new Response(new Request("http://x.test", { method: "PUT", body: request.body, duplex: "half" }).body);`,
    ],
    ["a stream that was shown twice", `request.body; return new Response(request.body);`],
    [
      "a stream that was locked for a while",
      `request.body.getReader().releaseLock(); return new Response(request.body);`,
    ],
  ])("%s", async (_what, body) => {
    using guest = await openHandler(body);
    guest.request({ id: 7, method: "POST", body: true });
    expect(bodyOfResponse(guest)).toBe(7);
    expect(guest.of(HostOp.REQUEST_BODY_PULL)).toEqual([]);
    expect(guest.of(HostOp.REQUEST_BODY_CANCEL)).toEqual([]);
    expect(guest.of(HostOp.SETTLED)).toHaveLength(1);
  });

  test.each([
    ["the request's stream", `fetch("http://x.test", { method: "PUT", body: request.body, duplex: "half" })`],
    ["the request", `fetch("http://x.test", request)`],
    ["a request over it", `fetch(new Request("http://x.test", request))`],
  ])("%s as the body of a fetch", async (_what, call) => {
    using guest = await openHandler(`await ${call}; return new Response("done")`);
    guest.request({ id: 7, method: "POST", body: true });
    expect(kindOfFetch(guest)).toMatch(/^(follow|manual) 7$/);
    expect(guest.of(HostOp.REQUEST_BODY_PULL)).toEqual([]);
    expect(guest.of(HostOp.FETCH_BODY_END)).toEqual([]);
    head(guest);
    expect(guest.answer(7).body).toBe("done");
  });

  test("the answer to a fetch as a response, in a new Response too, and as the body of another fetch", async () => {
    using guest = await openHandler(`
      const first = await fetch("http://x.test");
      const second = await fetch("http://y.test", { method: "POST", body: first.body, duplex: "half" });
      return new Response(second.body, { headers: second.headers });`);
    guest.request();
    head(guest);
    const [first, second] = guest.of(HostOp.FETCH_START);
    expect(kindOfFetch(guest, 1)).toBe(`follow -${first?.id}`);
    head(guest, 1);
    expect(bodyOfResponse(guest)).toBe(-(second?.id ?? 0));
    expect(guest.of(HostOp.FETCH_PULL)).toEqual([]);
    expect(guest.of(HostOp.SETTLED)).toHaveLength(1);
  });
});

describe("one that was passed on counts as read", () => {
  test("as the standard has it: used, locked, and gone", async () => {
    using guest = await openHandler(`
      const { body } = request;
      fetch("http://x.test", { method: "PUT", body, duplex: "half" });
      const text = await request.text().catch((e) => e.name);
      const second = await body.getReader === undefined ? "" : (() => { try { body.getReader(); return "read" } catch (e) { return e.name } })();
      return Response.json([request.bodyUsed, body.locked, request.body === body, text, second]);`);
    guest.request({ method: "POST", body: true });
    expect(JSON.parse(guest.answer().body)).toEqual([true, true, true, "TypeError", "TypeError"]);
  });

  test("a Request made over another has it, and the other is used", async () => {
    using guest = await openHandler(`
      const before = request.body;
      const next = new Request(request);
      return Response.json([request.bodyUsed, before.locked, next.bodyUsed, next.body.locked, next.body === before]);`);
    guest.request({ method: "POST", body: true });
    expect(JSON.parse(guest.answer().body)).toEqual([true, true, false, false, false]);
  });
});

describe("what was begun goes through the app", () => {
  test.each([
    ["read", `const r = request.body.getReader(); await r.read(); r.releaseLock(); `],
    ["cloned", `request.clone(); `],
  ])("a body that was %s is not passed on", async (_what, begin) => {
    using guest = await openHandler(
      `${begin} try { return new Response(request.body) } catch (e) { return new Response(e.name) }`,
    );
    guest.request({ method: "POST", body: true });
    guest.enter(GuestEvent.BODY_CHUNK, 1, bytesOf("one"));
    expect(typeof bodyOfResponse(guest)).not.toBe("number");
  });

  test("a stream whose slots an app has forged hands on what is left, and nothing twice", async () => {
    using guest = await openHandler(`
      const { body } = request;
      const reader = body.getReader();
      const first = await reader.read();
      body._disturbed = false; body._reader = undefined;
      const one = new Response(body), two = new Response(body);
      fetch("http://x.test", { method: "PUT", body: one.body, duplex: "half" });
      return two;`);
    guest.request({ method: "POST", body: true });
    guest.enter(GuestEvent.BODY_CHUNK, 1, bytesOf("one"));
    const names = [String(kindOfFetch(guest)).split(" ")[1], String(bodyOfResponse(guest))];
    expect(names.filter((name) => name === "1").length).toBeLessThan(2);
  });

  test("a body that has failed fails the response", async () => {
    using guest = await openHandler(`await new Promise((r) => setTimeout(r, 5)); return new Response(request.body);`);
    guest.request({ method: "POST", body: true });
    guest.enter(GuestEvent.BODY_ERROR, 1, "The client went away");
    guest.enter(GuestEvent.TIMER, guest.of(HostOp.TIMER_SET)[0]?.id ?? 0);
    expect(bodyOfResponse(guest)).toBe(true);
    expect(guest.of(HostOp.RESPONSE_ERROR)[0]?.args[0]).toBe("TypeError: The client went away");
  });
});

describe("the run of a response that is passed on", () => {
  test("waits for its end where somebody has the request's signal, and hears the client go", async () => {
    using guest = await openHandler(`
      request.signal.addEventListener("abort", () => console.log("gone"));
      return new Response(request.body);`);
    guest.request({ method: "POST", body: true });
    expect(guest.of(HostOp.SETTLED)).toEqual([]);
    guest.enter(GuestEvent.ABORT, 1, "The client went away");
    expect(guest.of(HostOp.LOG).map((call) => call.args[1])).toEqual(["gone"]);
    expect(guest.of(HostOp.SETTLED)).toHaveLength(1);
    guest.enter(GuestEvent.RESPONSE_PASSED, 1);
    expect(guest.of(HostOp.SETTLED)).toHaveLength(1);
  });

  test("waits for its end where a signal may end the fetch, and ends it", async () => {
    using guest = await openHandler(`
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 5);
      return fetch("http://x.test", { signal: controller.signal });`);
    guest.request();
    head(guest);
    expect(guest.of(HostOp.SETTLED)).toEqual([]);
    guest.enter(GuestEvent.TIMER, guest.of(HostOp.TIMER_SET)[0]?.id ?? 0);
    expect(guest.of(HostOp.FETCH_CANCEL)).toHaveLength(1);
    guest.enter(GuestEvent.RESPONSE_PASSED, 1);
    expect(guest.of(HostOp.SETTLED)).toHaveLength(1);
  });

  test("waits while the app still sends what the fetch asked for", async () => {
    using guest = await openHandler(`
      const { readable, writable } = new TransformStream();
      globalThis.writer = writable.getWriter();
      return fetch("http://x.test", { method: "POST", body: readable, duplex: "half" });`);
    guest.request();
    head(guest);
    expect(typeof bodyOfResponse(guest)).toBe("number");
    expect(guest.of(HostOp.SETTLED)).toEqual([]);
  });

  test("ends at once where the host refuses the body", async () => {
    using guest = await openGuest({ app: `exports.default = { fetch: (request) => new Response(request.body) };` });
    guest.request({ method: "POST", body: true });
    expect(guest.of(HostOp.SETTLED)).toHaveLength(1);
  });

  test("a client that was gone before cancels the body", async () => {
    using guest = await openHandler(`
      await new Promise((r) => request.signal.addEventListener("abort", r));
      return new Response(ReadableStream.from((async function* () { try { yield new Uint8Array(1); } finally { console.log("ended"); } })()));`);
    guest.request({ method: "POST", body: true });
    guest.enter(GuestEvent.ABORT, 1, "The client went away");
    expect(guest.of(HostOp.RESPONSE_CHUNK).map((call) => textOf(call.args[0]))).toEqual([]);
    expect(guest.of(HostOp.SETTLED)).toHaveLength(1);
  });
});
