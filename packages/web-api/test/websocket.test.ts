/** WebSockets that are the client's: what a handler answers with, and what comes of it. */
import { describe, expect, it } from "vitest";
import { GuestEvent, HostOp } from "../src/boundary.ts";
import { bytesOf, type Guest, type GuestOptions, openGuest, textOf } from "./harness.ts";

/** A handler of the statements, which find `server` accepted, and answer with `client`. */
const app = (body: string): string => `exports.default = { async fetch(request, env, ctx) {
  const [client, server] = new WebSocketPair();
  server.accept();
  ${body}
  return new Response(null, { status: 101, webSocket: client });
} };`;
const ECHO = app(`server.onmessage = (event) => server.send(event.data);`);

async function upgraded(body: string, options: GuestOptions = {}): Promise<Guest> {
  const guest = await openGuest({ app: app(body), ...options });
  guest.request({ headers: [["upgrade", "websocket"]] });
  return guest;
}

const sent = (guest: Guest): unknown[] => guest.of(HostOp.SOCKET_SEND).map(({ args: [data] }) => textOf(data));
const logs = (guest: Guest): unknown[] => guest.of(HostOp.LOG).map(({ args: [, text] }) => text);
const say = (guest: Guest, data: unknown): void => guest.enter(GuestEvent.SOCKET_MESSAGE, 1, data);
const end = (guest: Guest, code: number, reason = "", isClean = true): void =>
  guest.enter(GuestEvent.SOCKET_CLOSED, 1, code, reason, isClean);
const fireTimers = (guest: Guest): void => {
  for (const { id } of guest.calls.splice(0).filter(({ code }) => code === HostOp.TIMER_SET)) {
    guest.enter(GuestEvent.TIMER, id);
  }
};

describe.each(["snapshot", "source"] as const)("a handler that answers with a WebSocket, from %s", (from) => {
  it("upgrades the request with its headers, echoes text and bytes, and settles after the close", async () => {
    using guest = await openGuest({
      from,
      app: ECHO.replace("status: 101", `status: 101, headers: { "sec-websocket-protocol": "chat", "x-app": "echo" }`),
    });
    guest.request({ id: 7, headers: [["upgrade", "websocket"]] });
    expect(guest.of(HostOp.UPGRADE)).toEqual([
      { code: HostOp.UPGRADE, id: 7, args: ["sec-websocket-protocol\nchat\nx-app\necho\n"] },
    ]);
    guest.enter(GuestEvent.SOCKET_MESSAGE, 7, "hello");
    guest.enter(GuestEvent.SOCKET_MESSAGE, 7, bytesOf("bytes"));
    expect(guest.of(HostOp.SOCKET_SEND).map(({ id, args }) => [id, typeof args[0], textOf(args[0])])).toEqual([
      [7, "string", "hello"],
      [7, "object", "bytes"],
    ]);
    expect(guest.of(HostOp.SETTLED)).toEqual([]);
    guest.enter(GuestEvent.SOCKET_CLOSED, 7, 1000, "bye", true);
    expect(guest.of(HostOp.SETTLED)).toEqual([{ code: HostOp.SETTLED, id: 7, args: [] }]);
    expect(guest.of(HostOp.RESPOND).length + guest.of(HostOp.RESPOND_SETTLED).length).toBe(0);
  });
});

describe("a WebSocket of a client", () => {
  it("delivers trusted events, to listeners and handlers, with ArrayBuffers or Blobs", async () => {
    using guest = await upgraded(`
      server.onmessage = (e) => console.log(e instanceof MessageEvent, e.isTrusted, e.target === server, e.data, e.origin === "");
      server.addEventListener("message", (e) => {
        if (typeof e.data !== "string") console.log(e.data.constructor.name, e.data.byteLength ?? e.data.size);
        server.binaryType = "blob"; server.binaryType = "nonsense";
      });
      server.onclose = (e) => console.log(e instanceof CloseEvent, e.isTrusted, e.code, e.reason, e.wasClean, server.readyState);`);
    say(guest, "text");
    guest.calls.length = 0;
    say(guest, bytesOf("abc"));
    end(guest, 4000, "enough");
    expect(logs(guest).slice(1)).toEqual(["Blob 3", "true true 4000 enough true 3"]);
  });

  it("hands what was sent and closed before the answer to the client, in order", async () => {
    using guest = await upgraded(`server.send("1"); server.send(new Uint8Array([0x32])); server.close(4001, "no"); `);
    expect(guest.calls.filter(({ code }) => code >= HostOp.UPGRADE).map(({ code }) => code)).toEqual([
      HostOp.UPGRADE,
      HostOp.SOCKET_SEND,
      HostOp.SOCKET_SEND,
      HostOp.SOCKET_CLOSE,
    ]);
    expect(guest.of(HostOp.SOCKET_CLOSE)[0]?.args).toEqual([4001, "no"]);
    end(guest, 4001, "no");
    expect(guest.of(HostOp.SETTLED).length).toBe(1);
  });

  it("keeps what comes before accept, and delivers it afterwards in order", async () => {
    using guest = await openGuest({
      app: `let server;
        exports.default = { fetch() {
          const pair = new WebSocketPair();
          server = pair[1];
          server.onmessage = (e) => console.log(e.data);
          server.onclose = (e) => console.log("closed", e.code);
          setTimeout(() => server.accept(), 5);
          return new Response(null, { status: 101, webSocket: pair[0] });
        } };`,
    });
    guest.request();
    say(guest, "1");
    say(guest, "2");
    fireTimers(guest);
    say(guest, "3");
    expect(logs(guest)).toEqual([]);
    end(guest, 1000);
    expect(logs(guest)).toEqual(["1", "2", "3", "closed 1000"]);
    expect(guest.of(HostOp.SETTLED).length).toBe(1);
  });

  it("closes the connection of an app that never takes what comes, before it holds too much", async () => {
    using guest = await openGuest({
      app: `exports.default = { fetch() {
        globalThis.pair = new WebSocketPair();
        return new Response(null, { status: 101, webSocket: pair[0] });
      } };`,
    });
    guest.request();
    const megabyte = new ArrayBuffer(1024 * 1024);
    for (let i = 0; i < 20; i++) say(guest, megabyte);
    expect(guest.of(HostOp.SOCKET_CLOSE).map(({ args }) => args)).toEqual([[1013, "ws_inbound_buffer"]]);
  });

  it("tells the host what a listener throws, calls the others, and goes on", async () => {
    using guest = await upgraded(`
      server.addEventListener("message", () => { throw new RangeError("first"); });
      server.addEventListener("message", () => { throw { get name() { throw 1 }, get message() { return {} }, get stack() { throw 2 } }; });
      server.addEventListener("message", (e) => server.send(e.data));
      addEventListener("error", () => console.log("reported"));`);
    say(guest, "x");
    const threw = guest.of(HostOp.SOCKET_THREW);
    expect(threw.map(({ id, args }) => [id, ...args.slice(0, 2)])).toEqual([
      [1, "RangeError", "first"],
      [1, "", "{ name: [Getter], message: [Getter], stack: [Getter] }"],
    ]);
    expect([sent(guest), logs(guest)]).toEqual([["x"], []]);
  });

  it("closes once, and is CLOSING until the host says that it is over", async () => {
    using guest = await upgraded(`server.onmessage = () => {
      console.log(server.readyState); server.close(1000); server.close(4000, "again"); console.log(server.readyState); };
      server.onclose = (e) => { server.close(); console.log(e.code, server.readyState); };`);
    say(guest, "x");
    say(guest, "between");
    end(guest, 1000);
    end(guest, 1001);
    expect(guest.of(HostOp.SOCKET_CLOSE).map(({ args }) => args)).toEqual([[1000, ""]]);
    expect(logs(guest)).toEqual(["1", "2", "2", "2", "1000 3"]);
    expect(guest.of(HostOp.SETTLED).length).toBe(1);
  });

  it("fires error before the close of a connection that failed, but not of one that was lost", async () => {
    const body = `server.onerror = (e) => console.log("error", e.message, e instanceof ErrorEvent);
      server.onclose = (e) => console.log("close", e.code, e.wasClean);`;
    using failed = await upgraded(body);
    end(failed, 1009, "too big", false);
    expect(logs(failed)).toEqual(["error too big true", "close 1009 false"]);
    using lost = await upgraded(body);
    end(lost, 1006, "", false);
    expect(logs(lost)).toEqual(["close 1006 false"]);
  });

  it("refuses to send after a clean close, and drops what is sent after a lost connection", async () => {
    const body = `server.onclose = () => { try { server.send("late"); console.log("ok"); } catch (e) { console.log(e.name, e.message); } };`;
    using closed = await upgraded(body);
    end(closed, 1000);
    expect(logs(closed)).toEqual(["TypeError Can't call WebSocket send() after close()."]);
    using lost = await upgraded(body);
    end(lost, 1006, "", false);
    expect([logs(lost), sent(lost)]).toEqual([["ok"], []]);
  });

  it("says what the host holds as bufferedAmount, throws what the host refuses, and drops all after the host cut it", async () => {
    const answers = [7, "The message is over the limit", undefined];
    let sends = 0;
    using guest = await upgraded(
      `server.onmessage = (e) => { try { server.send(e.data); console.log(server.bufferedAmount); } catch (e) { console.log(e.name, e.message); } };`,
      {
        answers: (code) => {
          if (code === HostOp.SOCKET_SEND) return answers[sends++] ?? null;
          return code === HostOp.SOCKET_BUFFERED ? 7 : undefined;
        },
      },
    );
    say(guest, "a");
    say(guest, "b");
    expect(logs(guest)).toEqual(["7", "TypeError The message is over the limit"]);
  });

  it("drops all that is sent once the host closes it for too much", async () => {
    using guest = await upgraded(`for (let i = 0; i < 3; i++) setTimeout(() => server.send("x".repeat(9)));`, {
      answers: (code) => (code === HostOp.SOCKET_SEND ? CUT : undefined),
    });
    fireTimers(guest);
    expect(sent(guest).length).toBe(1);
  });

  it("keeps timers, waitUntil and the signal for as long as it lives", async () => {
    using guest = await upgraded(`
      request.signal.addEventListener("abort", () => console.log("aborted"));
      server.onclose = () => ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 5)));
      setTimeout(() => server.send("tick"), 1000);`);
    fireTimers(guest);
    expect(sent(guest)).toEqual(["tick"]);
    guest.enter(GuestEvent.ABORT, 1, "gone");
    expect(logs(guest)).toEqual(["aborted"]);
    end(guest, 1006, "", false);
    expect(guest.of(HostOp.SETTLED)).toEqual([]);
    fireTimers(guest);
    expect(guest.of(HostOp.SETTLED).length).toBe(1);
  });

  it("takes all that can be sent, as bytes of its own", async () => {
    using guest = await upgraded(`
      const gone = new Uint8Array(4), view = new DataView(new ArrayBuffer(4));
      structuredClone(0, { transfer: [] });
      gone.buffer.transfer(); view.buffer.transfer();
      const resizable = new ArrayBuffer(2, { maxByteLength: 8 });
      new Uint8Array(resizable).fill(0x72);
      for (const value of ["\\ud800!", new Uint8Array([0x61, 0x62, 0x63]).subarray(1), new DataView(new Uint8Array([0x64]).buffer),
        new Uint8Array([0x65]).buffer, gone, view, gone.buffer, resizable, new Uint8Array(resizable), new Blob(["b", "lob"]), 5, null,
        { toString: () => "o" }]) server.send(value);
      try { server.send(Symbol()); } catch (e) { console.log(e.name); }
      try { server.send(); } catch (e) { console.log(e.name); }`);
    expect(sent(guest)).toEqual([..."\ufffd! bc d e    rr rr blob 5 null o".split(" ")]);
    expect(logs(guest)).toEqual(["TypeError", "TypeError"]);
  });

  it("is not slowed down by 100,000 sends before the answer, nor after it", async () => {
    using guest = await upgraded(`for (let i = 0; i < 100_000; i++) server.send("m");
      server.onmessage = () => { for (let i = 0; i < 100_000; i++) server.send("n"); };`);
    expect(guest.of(HostOp.SOCKET_SEND).length).toBe(100_000);
    guest.calls.length = 0;
    say(guest, "x");
    expect(guest.of(HostOp.SOCKET_SEND).length).toBe(100_000);
  });

  it("is not there where the host refuses: the handler threw", async () => {
    using guest = await upgraded("", { answers: (code) => (code === HostOp.UPGRADE ? "not asked for" : undefined) });
    expect(guest.of(HostOp.THREW).map(({ args }) => args.slice(0, 2))).toEqual([["TypeError", "not asked for"]]);
    say(guest, "x");
    expect(guest.of(HostOp.SETTLED).length).toBe(1);
  });

  it.each([
    ["an end that was accepted", `client.accept();`, "TypeError"],
    ["its other end given away before", `new Response(null, { status: 101, webSocket: server });`, undefined],
  ])("can be made of %s or not, as Workers say", async (_name, body, name) => {
    using guest = await upgraded(body);
    expect(guest.of(HostOp.THREW)[0]?.args[0]).toBe(name);
  });

  it("is given to one client only", async () => {
    using guest = await openGuest({
      app: `const shared = () => globalThis.pair ??= new WebSocketPair();
        exports.default = { fetch() { return new Response(null, { status: 101, webSocket: shared()[0] }); } };`,
    });
    guest.request({ id: 1 });
    guest.request({ id: 2 });
    expect(guest.of(HostOp.THREW).map(({ id, args }) => [id, args[0]])).toEqual([[2, "TypeError"]]);
    expect(guest.of(HostOp.UPGRADE).length).toBe(1);
  });
});

/** Answered by the harness as nothing, where undefined asks for its own answer. */
const CUT = null;
