/** WebSocketPair and WebSocket within an app: both ends its own, and what Workers refuse. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GuestEvent, HostOp } from "../src/boundary.ts";
import { type Guest, openGuest } from "./harness.ts";

let guest: Guest;
beforeAll(async () => {
  guest = await openGuest();
});
afterAll(() => guest[Symbol.dispose]());

const run = (body: string): unknown => guest.evaluate(`(() => { ${body} })()`);
/** What each statement throws, by name, or what it answers. */
const outcomes = (statements: readonly string[]): unknown =>
  run(`const [a, b] = new WebSocketPair(); const [c] = new WebSocketPair(); c.accept();
    return [${statements.map((statement) => `(() => { try { return ${statement}; } catch (e) { return e.name; } })()`)}]`);
const fireTimers = (): void => {
  for (;;) {
    const timers = guest.calls.splice(0).filter(({ code }) => code === HostOp.TIMER_SET);
    if (timers.length === 0) return;
    for (const { id } of timers) guest.enter(GuestEvent.TIMER, id);
  }
};

describe("WebSocketPair", () => {
  it("has its ends as 0 and 1, is destructured, and listed by Object.values", () => {
    expect(
      run(`const pair = new WebSocketPair(), [a, b, ...rest] = pair, values = Object.values(pair), { 0: c } = pair;
        pair[Symbol.iterator]().next.call;
        return [Object.keys(pair).join(), a === pair[0], b === pair[1], values[0] === a, values.length, rest.length, c === a, a !== b,
          a instanceof WebSocket, a instanceof EventTarget, [...pair].length, Object.prototype.toString.call(pair)]`),
    ).toEqual(["0,1", true, true, true, 2, 0, true, true, true, true, 2, "[object WebSocketPair]"]);
  });

  it("connects its ends to each other, one task per message, and closes both", () => {
    run(`const [a, b] = new WebSocketPair(); globalThis.log = [];
      a.accept(); a.send("early"); b.accept();
      b.onmessage = (e) => { log.push("b " + e.data); if (e.data === "early") { Promise.resolve().then(() => log.push("microtask")); b.send("answer"); } };
      a.onmessage = (e) => log.push("a " + e.data);
      a.onclose = (e) => log.push("a closed " + [e.code, e.reason, e.wasClean, a.readyState]);
      b.onclose = (e) => log.push("b closed " + [e.code, e.reason, e.wasClean, b.readyState]);
      const bytes = new Uint8Array([1]);
      a.send("second"); a.close(3001, "bye"); log.push("sync " + a.readyState);`);
    fireTimers();
    expect(guest.evaluate("log")).toEqual([
      "sync 2",
      "b early",
      "microtask",
      "b second",
      "a answer",
      "b closed 3001,bye,true,3",
      "a closed 3001,bye,true,3",
    ]);
  });

  it("copies what is sent between its ends", () => {
    run(`const [a, b] = new WebSocketPair(); a.accept(); b.accept();
      b.onmessage = (e) => { globalThis.got = [e.data.constructor.name, new Uint8Array(e.data)[0]]; };
      const bytes = new Uint8Array([1]); a.send(bytes); bytes[0] = 2;`);
    fireTimers();
    expect(guest.evaluate("got")).toEqual(["ArrayBuffer", 1]);
  });

  it("bounds what waits for an end that takes nothing", () => {
    expect(
      run(`const [a] = new WebSocketPair(); a.accept(); let count = 0;
        try { for (; count < 100; count++) a.send(new ArrayBuffer(1024 * 1024)); } catch (e) { return [e.name, count, a.bufferedAmount]; }`),
    ).toEqual(["TypeError", 15, 15 * 1024 * 1024]);
  });
});

describe("WebSocket", () => {
  it("is as Workers have one that is new", () => {
    expect(
      run(`const [a] = new WebSocketPair();
        return [a.readyState, a.url, a.protocol, a.extensions, a.binaryType, a.bufferedAmount, a.onmessage, WebSocket.OPEN, a.CLOSED]`),
    ).toEqual([1, null, "", "", "arraybuffer", 0, null, 1, 3]);
  });

  it("refuses to send or close before accept, and what no close may hold", () => {
    const codes = ["999", "1004", "1005", "1006", "1015", "2999", "5000", "null", "'x'", "66536", "-1", "NaN"];
    expect(outcomes(['a.send("x")', "a.close()", "a.close(1000)"])).toEqual(["TypeError", "TypeError", "TypeError"]);
    expect(outcomes(codes.map((code) => `c.close(${code})`))).toEqual(codes.map(() => "InvalidAccessError"));
    expect(
      outcomes(['c.close(undefined, "reason")', 'c.close(1000, "ä".repeat(62))', "c.close(1000, Symbol())"]),
    ).toEqual(["InvalidAccessError", "SyntaxError", "TypeError"]);
    expect(outcomes(['c.close(1000, "ä".repeat(61))', "c.close(1000)", 'c.send("x")', "c.close(12)"])).toEqual([
      undefined,
      undefined,
      "TypeError",
      "InvalidAccessError",
    ]);
    expect(outcomes(["c.close(1001)", "c.readyState"])).toEqual([undefined, 2]);
  });

  it("refuses what is no URL of a WebSocket", () => {
    expect(outcomes(["new WebSocket()", 'new WebSocket("nope")', 'new WebSocket("ftp://a")'])).toEqual([
      "TypeError",
      "SyntaxError",
      "SyntaxError",
    ]);
  });

  it("is the Response's, where its status is 101 and it has no body", () => {
    const response = (init: string, body = "null"): string => `new Response(${body}, ${init}).status`;
    expect(
      outcomes([
        response("{ status: 101, webSocket: a }"),
        "new Response(null, { status: 101, webSocket: a }).webSocket === a",
        "new Response(null, new Response(null, { status: 101, webSocket: a })).webSocket === a",
        "new Response().webSocket",
        "new Response(null, { webSocket: null }).status",
        response("{ status: 101 }"),
        response("{ webSocket: a }"),
        response("{ status: 200, webSocket: a }"),
        response("{ status: 101, webSocket: {} }"),
        response("{ status: 101, webSocket: a }", '"body"'),
        "new Response(null, { status: 101, webSocket: a }).clone()",
        "structuredClone(a)",
      ]),
    ).toEqual([
      101,
      true,
      true,
      null,
      200,
      ...Array(3).fill("RangeError"),
      ...Array(3).fill("TypeError"),
      "DataCloneError",
    ]);
  });

  it("has handlers that come last again once they were taken away", () => {
    run(`const [a, b] = new WebSocketPair(); a.accept(); b.accept(); globalThis.order = [];
      b.onmessage = () => order.push("never"); b.addEventListener("message", () => order.push("listener"));
      b.onmessage = null; b.onmessage = { not: "callable" }; b.onmessage = () => order.push("handler"); a.send("x");`);
    fireTimers();
    expect(guest.evaluate("order")).toEqual(["listener", "handler"]);
  });
});
