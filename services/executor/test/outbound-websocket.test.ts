/** WebSockets that apps open: from `new WebSocket` and `fetch` in a real isolate to a server of the test's own. */
import { once } from "node:events";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, test } from "vitest";
import { startOrigin } from "./egress-harness.ts";
import { startSocketOrigin } from "./egress-websocket-harness.ts";
import { openOutboundApp } from "./outbound-harness.ts";

const EVENTS = `const log = []; const say = (...what) => log.push(what.join(" "));
  const over = (ws) => new Promise((resolve) => {
    ws.addEventListener("open", () => say("open", ws.readyState, ws.protocol));
    ws.addEventListener("message", (e) => say("message", typeof e.data === "string" ? e.data : e.data.constructor.name, e.origin));
    ws.addEventListener("error", (e) => say("error", e.message));
    ws.addEventListener("close", (e) => { say("close", e.code, e.reason, e.wasClean, ws.readyState); resolve(Response.json(log)); });
  });`;

describe("new WebSocket(url)", () => {
  test("opens, sends, hears and closes as the standard says", async () => {
    const peer = await startSocketOrigin({ handleProtocols: () => "b" });
    const app = await openOutboundApp(
      `${EVENTS} const ws = new WebSocket(peer.replace("http", "ws") + "/x", ["a", "b"]);
       say(ws.readyState, ws.url.slice(-2), ws.binaryType, ws.bufferedAmount);
       try { ws.send("early") } catch (e) { say(e.name) }
       ws.onopen = () => { ws.send("hello"); ws.send(new Uint8Array([1, 2])); };
       ws.onmessage = (e) => { if (e.data === "bye") { ws.close(3001, "done"); say("closing", ws.readyState); ws.send("late"); say(ws.bufferedAmount); } };
       return over(ws);`,
      { peer: peer.origin },
    );
    const answered = app.ask();
    const ws = await peer.accepted();
    const got: string[] = [];
    ws.on("message", (data, isBinary) => {
      got.push(isBinary ? `bytes ${(data as Buffer).length}` : String(data));
      if (got.length < 2) return;
      ws.send("text");
      ws.send(Buffer.from("bytes"));
      ws.send("bye");
    });
    const [code, reason] = await once(ws, "close");
    expect([code, String(reason)]).toEqual([3001, "done"]);
    const origin = peer.origin.replace("http", "ws");
    expect(JSON.parse((await answered).text)).toEqual([
      "0 /x blob 0",
      "InvalidStateError",
      "open 1 b",
      `message text ${origin}`,
      `message Blob ${origin}`,
      "closing 2",
      "4",
      `message bye ${origin}`,
      "close 3001 done true 3",
    ]);
    expect(got).toEqual(["hello", "bytes 2"]);
    await eventually(() => app.egress.counts.webSocketCount === 0);
  });

  test("hears a server's close, and answers it", async () => {
    const peer = await startSocketOrigin();
    const app = await openOutboundApp(`${EVENTS} return over(new WebSocket(peer));`, { peer: peer.origin });
    const answered = app.ask();
    const ws = await peer.accepted();
    ws.send("last");
    ws.close(4000, "enough");
    expect((await once(ws, "close"))[0]).toBe(4000);
    expect(JSON.parse((await answered).text)).toEqual([
      "open 1 ",
      `message last ${peer.origin.replace("http", "ws")}`,
      "close 4000 enough true 3",
    ]);
  });

  test.each([
    ["an address that is refused", "ws://10.1.2.3/", "Host 10.1.2.3 is refused: its address is a private address"],
    ["one in another notation", "ws://0x7f.1:1/", /port 1 may not|loopback/],
    ["credentials", "ws://me:secret@127.0.0.1/", "URL is refused: it carries a user name or password"],
  ])("%s: an error that names the rule, and 1006", async (_what, url, message) => {
    const app = await openOutboundApp(`${EVENTS} return over(new WebSocket("${url}"));`, {
      settings: { allowedRanges: [] },
    });
    const [error, close] = JSON.parse((await app.ask()).text);
    expect(error).toEqual(typeof message === "string" ? `error ${message}` : expect.stringMatching(message));
    expect(close).toBe("close 1006  false 3");
  });

  test("a host outside of egress.allow_hosts: the same", async () => {
    const peer = await startSocketOrigin();
    const app = await openOutboundApp(`${EVENTS} return over(new WebSocket(peer));`, {
      peer: peer.origin,
      manifest: { egress: { allow_hosts: ["*.example.com"] } },
    });
    expect(JSON.parse((await app.ask()).text)).toEqual([
      "error Host 127.0.0.1 is refused: it is none of the app's egress.allow_hosts",
      "close 1006  false 3",
    ]);
  });

  test("an answer that is no WebSocket, and a connection that is cut: an error and 1006", async () => {
    const { origin } = await startOrigin((_, res) => res.writeHead(404).end("none"));
    const refused = await openOutboundApp(`${EVENTS} return over(new WebSocket(peer));`, { peer: origin });
    expect(JSON.parse((await refused.ask()).text)).toEqual([
      "error The server answered with status 404 in place of a WebSocket",
      "close 1006  false 3",
    ]);
    const peer = await startSocketOrigin();
    const cut = await openOutboundApp(`${EVENTS} return over(new WebSocket(peer));`, { peer: peer.origin });
    const answered = cut.ask();
    (await peer.accepted()).terminate();
    const log = JSON.parse((await answered).text);
    expect(log[0]).toBe("open 1 ");
    expect(log[1]).toMatch(/^error/);
    expect(log[2]).toBe("close 1006  false 3");
  });

  test("closed while it connects, it fails and never opens", async () => {
    const peer = await startSocketOrigin();
    const app = await openOutboundApp(
      `${EVENTS} const ws = new WebSocket(peer); const done = over(ws); ws.close(); say(ws.readyState); return done;`,
      { peer: peer.origin },
    );
    expect(JSON.parse((await app.ask()).text)).toEqual([
      "2",
      "error The WebSocket was closed before the connection was established",
      "close 1006  false 3",
    ]);
  });

  test("ends with the context of its request: the server hears 1001", async () => {
    const peer = await startSocketOrigin();
    const app = await openOutboundApp(
      `const ws = new WebSocket(peer); await new Promise((resolve) => { ws.onopen = resolve; }); return new Response("open");`,
      { peer: peer.origin },
    );
    expect((await app.ask()).text).toBe("open");
    expect((await once(await peer.accepted(), "close"))[0]).toBe(1001);
    await eventually(() => app.egress.counts.webSocketCount === 0);
  });

  test("what a listener throws is logged and leaves the connection alone", async () => {
    const peer = await startSocketOrigin();
    const app = await openOutboundApp(
      `${EVENTS} const ws = new WebSocket(peer); ws.onmessage = (e) => { if (e.data === "throw") throw new Error("mine"); ws.close(); }; return over(ws);`,
      { peer: peer.origin },
    );
    const answered = app.ask();
    const ws = await peer.accepted();
    ws.send("throw");
    ws.send("go on");
    expect((await answered).text).toContain("close 1005  true 3");
    expect(app.logs.join()).toContain("mine");
  });
});

describe("fetch with Upgrade: websocket", () => {
  const UPGRADE = `{ headers: { Upgrade: "websocket", "sec-websocket-protocol": "x" } }`;

  test("answers with a WebSocket, whose messages wait for accept", async () => {
    const peer = await startSocketOrigin({ handleProtocols: () => "x" });
    const app = await openOutboundApp(
      `${EVENTS} const response = await fetch(peer, ${UPGRADE}); const ws = response.webSocket;
       say(response.status, ws.readyState, ws.binaryType, response.headers.get("sec-websocket-protocol"), response.body);
       try { ws.send("early") } catch (e) { say(e.name) }
       const done = over(ws); ws.accept(); ws.send("hello"); return done;`,
      { peer: peer.origin },
    );
    const answered = app.ask();
    const ws = await peer.accepted();
    ws.send("before");
    ws.on("message", (data) => {
      ws.send(`${data} back`);
      ws.close(1000, "ok");
    });
    expect(JSON.parse((await answered).text)).toEqual([
      "101 1 arraybuffer x ",
      "TypeError",
      "message before ",
      "message hello back ",
      "close 1000 ok true 3",
    ]);
  });

  test("answers as ever where the server does not upgrade", async () => {
    const { origin } = await startOrigin((_, res) => res.writeHead(401, { "x-a": "b" }).end("who are you"));
    const app = await openOutboundApp(
      `const r = await fetch(peer, ${UPGRADE}); return Response.json([r.status, r.webSocket, r.headers.get("x-a"), await r.text()]);`,
      { peer: origin },
    );
    expect(JSON.parse((await app.ask()).text)).toEqual([401, null, "b", "who are you"]);
  });

  test("rejects where a rule refuses it, is aborted by its signal, and takes GET alone", async () => {
    const app = await openOutboundApp(
      `const say = (promise) => promise.then(() => "fulfilled", (e) => e.name + ": " + e.message);
       const { signal } = new AbortController();
       return Response.json(await Promise.all([
         say(fetch("http://192.168.0.1/", ${UPGRADE})),
         say(fetch(peer, { ...${UPGRADE}, method: "POST" })),
         say(fetch(peer, { ...${UPGRADE}, signal: AbortSignal.timeout(20) })),
       ]));`,
      { peer: (await startOrigin(() => undefined)).origin },
    );
    expect(JSON.parse((await app.ask()).text)).toEqual([
      "TypeError: Host 192.168.0.1 is refused: its address is a private address",
      "TypeError: fetch: a WebSocket is asked for with GET",
      expect.stringMatching(/^TimeoutError/),
    ]);
  });
});

describe("bounds", () => {
  test("a socket is a subrequest, and an isolate has so many open", async () => {
    const peer = await startSocketOrigin();
    const failures = (count: number) => `const messages = [];
      await Promise.all(Array.from({ length: ${count} }, () => new Promise((resolve) => {
        const ws = new WebSocket(peer); ws.onopen = resolve; ws.onerror = (e) => { messages.push(e.message); resolve(); };
      })));
      return Response.json(messages);`;
    const few = await openOutboundApp(failures(3), { peer: peer.origin, manifest: { limits: { subrequests: 2 } } });
    expect(JSON.parse((await few.ask()).text)).toEqual([
      "Too many subrequests: one request may make 2 (limits.subrequests)",
    ]);
    const sockets = await openOutboundApp(failures(3), {
      peer: peer.origin,
      manifest: { websocket: { ws_max_outbound: 1 } },
    });
    const refused = "Too many WebSockets: the app may have 1 open in one isolate (websocket.ws_max_outbound)";
    expect(JSON.parse((await sockets.ask()).text)).toEqual([refused, refused]);
    // Those of a request that is over count no more.
    expect(JSON.parse((await sockets.ask()).text)).toEqual([refused, refused]);
  });

  test("a flood of a server is taken in turn, and what the app does not want is closed", async () => {
    const peer = await startSocketOrigin();
    const app = await openOutboundApp(
      `let count = 0; const ws = new WebSocket(peer);
       await new Promise((resolve) => { ws.onmessage = () => { if (++count === 20000) resolve(); }; });
       return new Response(String(count));`,
      { peer: peer.origin },
    );
    const answered = app.ask();
    const ws = await peer.accepted();
    for (let index = 0; index < 20_000; index += 1) ws.send("");
    expect((await answered).text).toBe("20000");
  });

  test("a message over ws_max_message_bytes is refused in either direction", async () => {
    const peer = await startSocketOrigin();
    const app = await openOutboundApp(
      `${EVENTS} const ws = new WebSocket(peer);
       ws.onopen = () => { try { ws.send("x".repeat(101)) } catch (e) { say(e.name, e.message) } ws.send("go"); };
       return over(ws);`,
      { peer: peer.origin, manifest: { websocket: { ws_max_message_bytes: 100 } } },
    );
    const answered = app.ask();
    const ws = await peer.accepted();
    ws.on("message", () => ws.send("y".repeat(101)));
    const log = JSON.parse((await answered).text);
    expect(log).toContain("TypeError The message is over 100 bytes (websocket.ws_max_message_bytes)");
    expect(log.at(-1)).toMatch(/^close 1009/);
  });

  test("a server that takes nothing: the connection fails at ws_outbound_buffer_bytes", async () => {
    const peer = await startSocketOrigin();
    const app = await openOutboundApp(
      `${EVENTS} const ws = new WebSocket(peer); const done = over(ws);
       await new Promise((resolve) => { ws.onmessage = resolve; });
       const chunk = new ArrayBuffer(64 * 1024); let most = 0;
       for (let i = 0; i < 2000 && ws.readyState === 1; i++) { ws.send(chunk); most = Math.max(most, ws.bufferedAmount); if (i % 50 === 49) await new Promise((r) => setTimeout(r, 1)); }
       await done;
       return Response.json([...log, most]);`,
      { peer: peer.origin, manifest: { websocket: { ws_outbound_buffer_bytes: 1024 * 1024 } } },
    );
    const answered = app.ask();
    const ws = await peer.accepted();
    ws.send("paused");
    ws.pause();
    const log = JSON.parse((await answered).text);
    expect(log).toContain("error Too much waits to be sent (websocket.ws_outbound_buffer_bytes)");
    expect(log.at(-2)).toBe("close 1006  false 3");
    expect(log.at(-1)).toBeGreaterThan(512 * 1024);
    expect(log.at(-1)).toBeLessThan(1024 * 1024 + 256 * 1024);
  });

  test("bytes of a request's sockets count as those of its fetches", async () => {
    const peer = await startSocketOrigin();
    const app = await openOutboundApp(
      `${EVENTS} const ws = new WebSocket(peer); ws.onopen = () => { for (let i = 0; i < 20; i++) ws.send(new ArrayBuffer(100_000)); }; return over(ws);`,
      { peer: peer.origin, manifest: { limits: { subrequest_sent_mb: 1 } } },
    );
    const log = JSON.parse((await app.ask()).text);
    expect(log).toContain(
      "error Too many bytes: the fetches of one request may send 1048576 (limits.subrequest_sent_mb)",
    );
    expect(log.at(-1)).toBe("close 1006  false 3");
  });
});

test("an app that breaks the interfaces of WebSockets breaks its own alone", async () => {
  const peer = await startSocketOrigin();
  const app = await openOutboundApp(
    `const ws = new WebSocket(peer);
     const done = new Promise((resolve) => { ws.onclose = resolve; });
     Object.defineProperty(Object.prototype, "runId", { get() { throw new Error("reached") }, set() { throw new Error("reached") }, configurable: true });
     Object.defineProperty(Object.prototype, "failure", { value: "mine", configurable: true });
     Array.prototype[Symbol.iterator] = () => { throw new Error("reached") };
     Map.prototype.get = () => { throw new Error("reached") };
     EventTarget.prototype.dispatchEvent = () => { throw new Error("reached") };
     const lies = [{ get [Symbol.iterator]() { throw new RangeError("theirs") } }, new Proxy([], { get() { throw new RangeError("theirs") } })];
     let refused = 0;
     for (let i = 0; i < 2; i++) { try { new WebSocket(peer, lies[i]) } catch (e) { if (e instanceof RangeError) refused += 1 } }
     await done;
     return new Response(String(refused));`,
    { peer: peer.origin },
  );
  const answered = app.ask();
  (await peer.accepted()).close(1000);
  expect(await answered).toMatchObject({ text: "2" });
});
