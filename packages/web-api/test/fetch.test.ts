import { describe, expect, test } from "vitest";
import { GuestEvent, HostOp } from "../src/boundary.ts";
import { bytesOf, type Guest, openGuest, textOf } from "./harness.ts";

/** Delivers a whole response to a fetch call, chunk by chunk as it is asked for. */
function deliver(guest: Guest, id: number, chunks: readonly string[], status = 200): void {
  guest.enter(GuestEvent.FETCH_HEAD, id, status, "OK", "X-A\n1\nset-cookie\na\nset-cookie\nb\n", "1http://last.test/");
  for (const chunk of chunks) guest.enter(GuestEvent.FETCH_CHUNK, id, bytesOf(chunk));
  guest.enter(GuestEvent.FETCH_END, id);
}

describe("fetch", () => {
  test("asks the host with method, URL, headers and redirect mode, and gives its response", async () => {
    using guest = await openGuest({
      app: `exports.default = { async fetch() {
        const r = await fetch("http://x.test/a b", { headers: { "X-Q": "1" }, redirect: "manual" });
        return Response.json([r.status, r.statusText, r.ok, r.url, r.redirected, r.type, r.headers.getSetCookie(), await r.text()]);
      } };`,
    });
    guest.request();
    const [start] = guest.of(HostOp.FETCH_START);
    expect(start?.args).toEqual(["GET", "http://x.test/a%20b", "x-q\n1\n", "manual none"]);
    deliver(guest, start?.id ?? 0, ["one ", "two"]);
    expect(JSON.parse(guest.answer().body)).toEqual([
      200,
      "OK",
      true,
      "http://last.test/",
      true,
      "basic",
      ["a", "b"],
      "one two",
    ]);
    expect(guest.of(HostOp.FETCH_PULL)).toHaveLength(3);
  });

  test("sends a whole body with its length, whatever length the app claims", async () => {
    using guest = await openGuest({
      app: `exports.default = { fetch: () => fetch("http://x.test/", { method: "POST", body: "h\\u00e9", headers: { "Content-Length": "999" } }) };`,
    });
    guest.request();
    expect(guest.of(HostOp.FETCH_START)[0]?.args).toEqual([
      "POST",
      "http://x.test/",
      "content-type\ntext/plain;charset=UTF-8\ncontent-length\n3\n",
      "follow stream",
    ]);
    expect(guest.of(HostOp.FETCH_BODY_CHUNK).map((call) => textOf(call.args[0]))).toEqual(["hé"]);
    expect(guest.of(HostOp.FETCH_BODY_END)).toHaveLength(1);
  });

  test("sends a stream chunk by chunk, waiting where the host has no room", async () => {
    let hasRoom = false;
    using guest = await openGuest({
      app: `exports.default = { fetch: () => fetch("http://x.test/", { method: "POST", duplex: "half",
        body: ReadableStream.from([new Uint8Array([65]), new Uint8Array([66])]) }) };`,
      answers: (code) => (code === HostOp.FETCH_BODY_CHUNK ? hasRoom : undefined),
    });
    guest.request();
    const id = guest.of(HostOp.FETCH_START)[0]?.id ?? 0;
    expect(guest.of(HostOp.FETCH_BODY_CHUNK)).toHaveLength(1);
    hasRoom = true;
    guest.enter(GuestEvent.FETCH_BODY_PULL, id);
    expect(guest.of(HostOp.FETCH_BODY_CHUNK).map((call) => textOf(call.args[0]))).toEqual(["A", "B"]);
    expect(guest.of(HostOp.FETCH_BODY_END)).toHaveLength(1);
  });

  test("a response passed on is the host's to send, without a stream of the guest", async () => {
    using guest = await openGuest({
      app: `exports.default = { fetch: (request) => fetch(request) };`,
      answers: (code) => (code === HostOp.RESPOND ? true : undefined),
    });
    guest.request({ url: "http://x.test/p", headers: [["x-h", "1"]] });
    const [start] = guest.of(HostOp.FETCH_START);
    expect(start?.args).toEqual(["GET", "http://x.test/p", "x-h\n1\n", "manual none"]);
    const id = start?.id ?? 0;
    guest.enter(GuestEvent.FETCH_HEAD, id, 203, "OK", "", "0http://x.test/p");
    expect(guest.of(HostOp.RESPOND).map(({ args }) => [args[0], args[3]])).toEqual([[203, -id]]);
    expect(guest.of(HostOp.SETTLED)).toHaveLength(0);
    guest.enter(GuestEvent.RESPONSE_PASSED, 1);
    expect(guest.of(HostOp.FETCH_PULL)).toEqual([]);
    expect(guest.of(HostOp.SETTLED)).toHaveLength(1);
    expect(guest.evaluate(`Object.getOwnPropertyDescriptor(globalThis, "ReadableStream").get !== undefined`)).toBe(
      true,
    );
  });

  test.each([
    ["the host's limits refuse it", `fetch("http://x.test/")`, "TypeError: Too many subrequests"],
    ["the URL is of another scheme", `fetch("file:///etc/passwd")`, /^TypeError: .*scheme file cannot be fetched from/],
    ["its signal was aborted before", `fetch("http://x.test/", { signal: AbortSignal.abort() })`, /^AbortError/],
  ])("rejects where %s", async (_what, expression, expected) => {
    using guest = await openGuest({
      app: `exports.default = { fetch: () => ${expression}.catch((e) => new Response(e.name + ": " + e.message)) };`,
      answers: (code) => (code === HostOp.FETCH_START ? "Too many subrequests" : undefined),
    });
    guest.request();
    expect(guest.answer().body).toEqual(expected instanceof RegExp ? expect.stringMatching(expected) : expected);
  });

  test("rejects with a TypeError where the host fails", async () => {
    using guest = await openGuest({
      app: `exports.default = { fetch: () => fetch("http://x.test/").catch((e) => new Response(e.name + ": " + e.message)) };`,
    });
    guest.request();
    guest.enter(GuestEvent.FETCH_ERROR, guest.of(HostOp.FETCH_START)[0]?.id ?? 0, "Connection refused");
    expect(guest.answer().body).toBe("TypeError: Connection refused");
  });

  test("is cancelled by its signal, before and after the head", async () => {
    using guest = await openGuest({
      app: `exports.default = { async fetch(request) {
        const controller = new AbortController();
        const response = await fetch("http://x.test/", { signal: controller.signal });
        const text = response.text();
        controller.abort(new Error("enough"));
        return new Response(await text.catch((e) => e.message));
      } };`,
    });
    guest.request();
    const id = guest.of(HostOp.FETCH_START)[0]?.id ?? 0;
    guest.enter(GuestEvent.FETCH_HEAD, id, 200, "", "", "0http://x.test/");
    expect(guest.answer().body).toBe("enough");
    expect(guest.of(HostOp.FETCH_CANCEL).map((call) => call.id)).toEqual([id]);
  });

  test("at init is refused by name", async () => {
    using guest = await openGuest({
      from: "source",
      app: `let refusal; fetch("http://x.test/").catch((e) => { refusal = e.message; });
        exports.default = { fetch: () => new Response(refusal) };`,
    });
    guest.request();
    expect(guest.answer().body).toMatch(/is not available while the app initialises/);
  });
});
