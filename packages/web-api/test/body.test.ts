import { describe, expect, test } from "vitest";
import { GuestEvent, HostOp } from "../src/boundary.ts";
import { bytesOf, openGuest, textOf } from "./harness.ts";

/** Runs a handler's body and answers what it returned, as JSON. */
async function evaluateHandler(
  body: string,
  request: Parameters<Awaited<ReturnType<typeof openGuest>>["request"]>[0] = {},
) {
  using guest = await openGuest({ app: `exports.default = { async fetch(request) { ${body} } };` });
  guest.request(request);
  return guest.answer();
}

async function resultOf(expression: string): Promise<unknown> {
  const answer = await evaluateHandler(`return Response.json(await (async () => (${expression}))());`);
  return JSON.parse(answer.body);
}

describe("Response", () => {
  test.each([
    ["a string", `"h\\u00e9"`, "hé", "text/plain;charset=UTF-8"],
    ["an ArrayBuffer", `new Uint8Array([104, 105]).buffer`, "hi", undefined],
    ["a view on a part", `new Uint8Array([1, 104, 105, 1]).subarray(1, 3)`, "hi", undefined],
    ["a DataView", `new DataView(new Uint8Array([104, 105]).buffer, 1)`, "i", undefined],
    ["search params", `new URLSearchParams({ a: "b c" })`, "a=b+c", "application/x-www-form-urlencoded;charset=UTF-8"],
    ["a number", "42", "42", "text/plain;charset=UTF-8"],
  ])("takes %s as its body", async (_what, init, text, type) => {
    const answer = await evaluateHandler(`return new Response(${init});`);
    expect(answer.body).toBe(text);
    expect(new Map(answer.headers).get("content-type")).toBe(type);
  });

  test("keeps set-cookie apart, and the other headers in their order", async () => {
    const answer = await evaluateHandler(`
      const headers = new Headers({ "X-B": "1", "X-A": "2" });
      headers.append("Set-Cookie", "a=1");
      headers.append("set-cookie", "b=2");
      return new Response(null, { status: 201, statusText: "Made", headers });`);
    expect(answer).toEqual({
      status: 201,
      statusText: "Made",
      headers: [
        ["x-a", "2"],
        ["x-b", "1"],
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
      ].sort(([a = ""], [b = ""]) => (a < b ? -1 : a > b ? 1 : 0)),
      body: "",
    });
  });

  test("json, redirect and error make what the standard says", async () => {
    expect((await evaluateHandler(`return Response.json({ a: 1 }, { status: 202 });`)).headers).toEqual([
      ["content-type", "application/json"],
    ]);
    expect(await evaluateHandler(`return Response.redirect("http://x.test/a b", 307);`)).toMatchObject({
      status: 307,
      headers: [["location", "http://x.test/a%20b"]],
    });
    expect(await resultOf(`[Response.error().type, Response.error().status]`)).toEqual(["error", 0]);
  });

  test.each([
    ["a status out of range", `new Response("", { status: 42 })`, "RangeError"],
    ["a body where the status has none", `new Response("x", { status: 204 })`, "TypeError"],
    ["a header name with a space", `new Response("", { headers: { "a b": "1" } })`, "TypeError"],
    ["a header value with a line feed", `new Response("", { headers: { a: "1\\n2" } })`, "TypeError"],
    ["a header value beyond latin-1", `new Response("", { headers: { a: "\\u0416" } })`, "TypeError"],
    ["redirecting with 200", `Response.redirect("http://x.test/", 200)`, "RangeError"],
    ["a value without JSON form", `Response.json(undefined)`, "TypeError"],
  ])("refuses %s", async (_what, expression, name) => {
    const answer = await evaluateHandler(`try { ${expression}; return new Response("made"); }
      catch (e) { return new Response(e.constructor.name); }`);
    expect(answer.body).toBe(name);
  });

  test("a body is read once, and clones are read apart", async () => {
    expect(
      await resultOf(`(async () => {
        const response = new Response("x"), clone = response.clone();
        const texts = [await response.text(), await clone.text()];
        const second = await response.text().catch((e) => e.constructor.name);
        return [texts, response.bodyUsed, second];
      })()`),
    ).toEqual([["x", "x"], true, "TypeError"]);
  });

  test("the body of a clone streams what the original streams", async () => {
    expect(
      await resultOf(`(async () => {
        const response = new Response(new Response("streamed").body), clone = response.clone();
        return [await clone.text(), await response.text(), response.body.locked];
      })()`),
    ).toEqual(["streamed", "streamed", true]);
  });

  test("text() drops a byte order mark and replaces malformed bytes", async () => {
    expect(await resultOf(`new Response(new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff])).text()`)).toBe("a\ufffd");
    expect(await resultOf(`new Response("\\ufeffa\\ud800").text()`)).toBe("a\ufffd");
  });
});

describe("Headers", () => {
  test("iterate sorted and combined, but for set-cookie", async () => {
    expect(
      await resultOf(
        `[...new Headers([["b", "1"], ["A", " 2 "], ["B", "3"], ["set-cookie", "x"], ["set-cookie", "y"]])]`,
      ),
    ).toEqual([
      ["a", "2"],
      ["b", "1, 3"],
      ["set-cookie", "x"],
      ["set-cookie", "y"],
    ]);
  });

  test("of a request are as the client sent them, and immutable", async () => {
    const answer = await evaluateHandler(
      `let set = "set";
       try { request.headers.set("a", "b"); } catch (e) { set = e.constructor.name; }
       return Response.json([request.headers.get("X-One"), request.headers.get("nope"), set]);`,
      {
        headers: [
          ["X-One", "1"],
          ["x-one", "2"],
        ],
      },
    );
    expect(JSON.parse(answer.body)).toEqual(["1, 2", null, "TypeError"]);
  });
});

describe("Request", () => {
  test("new Request takes method, headers and body over from another, whose body counts as used", async () => {
    const answer = await evaluateHandler(
      `const copy = new Request(request, { headers: { a: "b" } });
       return Response.json([copy.method, copy.url, copy.headers.get("a"), await copy.text(), request.bodyUsed]);`,
      { method: "PUT", body: "body", url: "http://app.test/x" },
    );
    expect(JSON.parse(answer.body)).toEqual(["PUT", "http://app.test/x", "b", "body", true]);
  });

  test.each([
    ["a GET with a body", `new Request("http://x.test/", { body: "x" })`],
    ["a relative URL", `new Request("/x")`],
    ["credentials in the URL", `new Request("http://u:p@x.test/")`],
    ["method CONNECT", `new Request("http://x.test/", { method: "CONNECT" })`],
    ["a stream without duplex", `new Request("http://x.test/", { method: "POST", body: new ReadableStream() })`],
  ])("refuses %s", async (_what, expression) => {
    const answer = await evaluateHandler(`try { ${expression}; return new Response("made"); }
      catch (e) { return new Response(e.constructor.name); }`);
    expect(answer.body).toBe("TypeError");
  });

  test("body is a byte stream that asks the host for what is read of it", async () => {
    using guest = await openGuest({
      app: `exports.default = { async fetch(request) {
        const reader = request.body.getReader({ mode: "byob" });
        const { value } = await reader.read(new Uint8Array(16));
        reader.cancel();
        return new Response(value);
      } };`,
    });
    guest.request({ method: "POST", body: true });
    expect(guest.of(HostOp.REQUEST_BODY_PULL)).toHaveLength(1);
    guest.enter(GuestEvent.BODY_CHUNK, 1, bytesOf("chunk"));
    expect(guest.answer().body).toBe("chunk");
    expect(guest.of(HostOp.REQUEST_BODY_CANCEL)).toHaveLength(1);
  });

  test("a body that goes through the app is streamed with the backpressure of both sides", async () => {
    let hasRoom = false;
    using guest = await openGuest({
      app: `exports.default = { fetch: (request) => {
        const reader = request.body.getReader();
        const pull = async (controller) => {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        };
        return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
      } };`,
      answers: (code) => (code === HostOp.RESPONSE_CHUNK ? hasRoom : undefined),
    });
    guest.request({ method: "POST", body: true });
    guest.enter(GuestEvent.BODY_CHUNK, 1, bytesOf("one "));
    expect(guest.of(HostOp.RESPONSE_CHUNK)).toHaveLength(1);
    expect(guest.of(HostOp.REQUEST_BODY_PULL)).toHaveLength(1);
    hasRoom = true;
    guest.enter(GuestEvent.RESPONSE_PULL, 1);
    expect(guest.of(HostOp.REQUEST_BODY_PULL)).toHaveLength(2);
    guest.enter(GuestEvent.BODY_CHUNK, 1, bytesOf("two"));
    guest.enter(GuestEvent.BODY_END, 1);
    expect(guest.answer().body).toBe("one two");
    expect(guest.of(HostOp.SETTLED)).toHaveLength(1);
  });

  test("a body that breaks off rejects who reads it", async () => {
    using guest = await openGuest({
      app: `exports.default = { async fetch(request) {
        return new Response(await request.text().catch((e) => e.constructor.name + ": " + e.message));
      } };`,
    });
    guest.request({ method: "POST", body: true });
    guest.enter(GuestEvent.BODY_CHUNK, 1, bytesOf("one "));
    guest.enter(GuestEvent.BODY_ERROR, 1, "The client went away");
    expect(guest.answer().body).toBe("TypeError: The client went away");
  });
});

describe("a response stream", () => {
  test("that throws after its head cuts the response with what was thrown", async () => {
    using guest = await openGuest({
      app: `exports.default = { fetch: () => new Response(new ReadableStream({
        start(c) { c.enqueue(new Uint8Array([65])); },
        pull() { throw new Error("broke"); },
      })) };`,
    });
    guest.request();
    const [failure] = guest.of(HostOp.RESPONSE_ERROR);
    expect(failure?.args[0]).toBe("Error: broke");
    expect(guest.of(HostOp.RESPONSE_END)).toEqual([]);
    expect(guest.of(HostOp.SETTLED)).toHaveLength(1);
  });

  test("of what are not bytes fails", async () => {
    using guest = await openGuest({
      app: `exports.default = { fetch: () => new Response(ReadableStream.from(["text"])) };`,
    });
    guest.request();
    expect(guest.of(HostOp.RESPONSE_ERROR)).toHaveLength(1);
  });

  test("is cancelled when the client goes away", async () => {
    using guest = await openGuest({
      app: `exports.default = { fetch: () => new Response(new ReadableStream({
        pull() { return new Promise(() => {}); },
        cancel(reason) { console.log("cancelled", reason.name); },
      })) };`,
    });
    guest.request();
    guest.enter(GuestEvent.ABORT, 1, "gone");
    expect(guest.of(HostOp.LOG).map((call) => call.args[1])).toEqual(["cancelled AbortError"]);
    expect(guest.of(HostOp.SETTLED)).toHaveLength(1);
  });

  test("can be made by pipes of text", async () => {
    const answer = await evaluateHandler(`
      const { readable, writable } = new TextEncoderStream();
      const writer = writable.getWriter();
      writer.write("pi\\ud83d"); writer.write("\\ude00pe"); writer.close();
      const texts = readable.pipeThrough(new TextDecoderStream());
      let text = "";
      for await (const part of texts) text += part;
      return new Response(text);`);
    expect(answer.body).toBe("pi😀pe");
  });
});

test("streams are not evaluated by a request that does not touch them", async () => {
  using guest = await openGuest({
    app: `exports.default = { async fetch(request) { return new Response(await request.text()); } };`,
  });
  guest.request({ method: "POST", body: "x" });
  const descriptor = `Object.getOwnPropertyDescriptor(globalThis, "ReadableStream").get !== undefined`;
  expect(guest.evaluate(descriptor)).toBe(true);
  expect(textOf(guest.answer().body)).toBe("x");
});
