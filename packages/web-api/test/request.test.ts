import { describe, expect, test } from "vitest";
import { GuestEvent, HostOp } from "../src/boundary.ts";
import { bytesOf, openGuest } from "./harness.ts";

describe.each(["snapshot", "source"] as const)("an app run from %s", (from) => {
  test("a handler that answers at once ends its request in one call of the host", async () => {
    using guest = await openGuest({ from, app: `exports.default = { fetch: () => new Response("hello") };` });
    guest.request();
    expect(guest.calls.map((call) => call.code)).toEqual([HostOp.RESPOND_SETTLED]);
    expect(guest.answer()).toEqual({
      status: 200,
      statusText: "",
      headers: [["content-type", "text/plain;charset=UTF-8"]],
      body: "hello",
    });
  });

  test("an async handler ends its request in one call of the host", async () => {
    using guest = await openGuest({
      from,
      app: `exports.default = { async fetch(request) { await null; return new Response(request.url); } };`,
    });
    guest.request({ url: "http://app.test/a?b" });
    expect(guest.calls.map((call) => call.code)).toEqual([HostOp.RESPOND_SETTLED]);
    expect(guest.answer().body).toBe("http://app.test/a?b");
  });

  test("a stream is sent chunk by chunk and ends the request after its last", async () => {
    using guest = await openGuest({
      from,
      app: `exports.default = { fetch() {
        let i = 0;
        return new Response(new ReadableStream({ pull(c) {
          c.enqueue(new Uint8Array([65 + i++]));
          if (i === 3) c.close();
        } }));
      } };`,
    });
    guest.request();
    expect(guest.calls.map((call) => call.code)).toEqual([
      HostOp.RESPOND,
      HostOp.RESPONSE_CHUNK,
      HostOp.RESPONSE_CHUNK,
      HostOp.RESPONSE_CHUNK,
      HostOp.RESPONSE_END,
      HostOp.SETTLED,
    ]);
    expect(guest.answer().body).toBe("ABC");
  });

  test("a body that came whole is read without asking the host for more", async () => {
    using guest = await openGuest({
      from,
      app: `exports.default = { async fetch(request) { return Response.json(await request.json()); } };`,
    });
    guest.request({ method: "POST", body: `{"a":[1,2]}` });
    expect(guest.answer().body).toBe(`{"a":[1,2]}`);
    expect(guest.of(HostOp.REQUEST_BODY_PULL)).toEqual([]);
  });

  test("a body that follows is asked for, chunk by chunk", async () => {
    using guest = await openGuest({
      from,
      app: `exports.default = { async fetch(request) { return new Response(await request.text()); } };`,
    });
    guest.request({ method: "POST", body: true });
    guest.enter(GuestEvent.BODY_CHUNK, 1, bytesOf("one "));
    guest.enter(GuestEvent.BODY_CHUNK, 1, bytesOf("two"));
    guest.enter(GuestEvent.BODY_END, 1);
    expect(guest.of(HostOp.REQUEST_BODY_PULL)).toHaveLength(3);
    expect(guest.answer().body).toBe("one two");
  });
});
