/** WebSockets that apps open to other servers: within a request, within a client's connection on either kind of thread, and handed through. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { askHttp } from "../../support/http-answer.ts";
import { serveApps } from "../../support/serve-apps.ts";

const APP = `export default { async fetch(request, env, ctx) {
  const url = new URL(request.url);
  const peer = url.searchParams.get("peer");
  if (url.pathname === "/through") return fetch(peer, request);
  if (request.headers.get("upgrade") !== "websocket") {
    const socket = new WebSocket(peer);
    return new Promise((resolve) => {
      socket.onopen = () => socket.send("from a request");
      socket.onmessage = ({ data }) => { socket.close(1000); resolve(new Response(data)); };
      socket.onerror = ({ message }) => resolve(new Response(message, { status: 502 }));
    });
  }
  const [client, server] = new WebSocketPair();
  server.accept();
  const outbound = new WebSocket(peer, "relayed");
  outbound.binaryType = "arraybuffer";
  outbound.onopen = () => server.send("connected as " + outbound.protocol);
  outbound.onmessage = ({ data }) => server.send(data);
  outbound.onclose = ({ code }) => server.close(code === 1006 ? 1011 : code, "peer");
  server.addEventListener("message", ({ data }) => outbound.send(data));
  return new Response(null, { status: 101, webSocket: client });
} };`;

/** Met by no test, also on a loaded machine. */
const limits = { cpu_time_ms: 2_000 };
const nano = serveApps(
  [
    { hostname: "dedicated.localhost", source: APP, settings: { limits } },
    { hostname: "shared.localhost", source: APP, settings: { limits, websocket: { thread: "shared" } } },
    { hostname: "listed.localhost", source: APP, settings: { limits, egress: { allow_hosts: ["*.example.com"] } } },
  ],
  { egress_allowed_ranges: ["127.0.0.0/8"] },
);

/** Sends back what it gets. */
const peer = createServer();
const sockets = new WebSocketServer({ server: peer, handleProtocols: ([first = ""]) => first });
let closedCodes: number[] = [];
let wakeClosed = Promise.withResolvers<void>();

beforeAll(async () => {
  sockets.on("connection", (ws) => {
    ws.on("message", (data, isBinary) => {
      if (String(data) === "close") ws.close(4001, "asked to");
      else ws.send(data, { binary: isBinary });
    });
    ws.on("close", (code) => {
      closedCodes.push(code);
      wakeClosed.resolve();
    });
  });
  await new Promise<void>((resolve) => peer.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  for (const ws of sockets.clients) ws.terminate();
  sockets.close();
  peer.close();
});

const peerUrl = (): string => `http://127.0.0.1:${(peer.address() as AddressInfo).port}/`;

const ask = (host: string) =>
  askHttp(
    { host: "127.0.0.1", port: nano().port, path: `/?peer=${encodeURIComponent(peerUrl())}` },
    { headers: { host } },
  );

async function connect(host: string, path: string, protocols: string[] = []) {
  const ws = new WebSocket(`ws://127.0.0.1:${nano().port}${path}?peer=${encodeURIComponent(peerUrl())}`, protocols, {
    headers: { host },
  });
  onTestFinished(() => ws.terminate());
  const messages: (string | Buffer)[] = [];
  let wake = Promise.withResolvers<void>();
  ws.on("message", (data, isBinary) => {
    messages.push(isBinary ? (data as Buffer) : String(data));
    wake.resolve();
    wake = Promise.withResolvers();
  });
  const closed = once(ws, "close").then(([code, reason]) => Promise.reject(new Error(`closed: ${code} ${reason}`)));
  closed.catch(() => undefined);
  await once(ws, "open");
  closedCodes = [];
  wakeClosed = Promise.withResolvers();
  return {
    ws,
    async received(count: number) {
      while (messages.length < count) await Promise.race([wake.promise, closed]);
      return messages;
    },
  };
}

test("a request asks a server by a WebSocket", async () => {
  expect(await ask("shared.localhost")).toMatchObject({ status: 200, text: "from a request" });
});

test("a server that the app's manifest does not list is refused by that name", async () => {
  expect(await ask("listed.localhost")).toMatchObject({
    status: 502,
    text: "Host 127.0.0.1 is refused: it is none of the app's egress.allow_hosts",
  });
});

test.each(["dedicated.localhost", "shared.localhost"])("%s relays its clients' messages both ways", async (host) => {
  const client = await connect(host, "/");
  expect(await client.received(1)).toEqual(["connected as relayed"]);
  const sent = ["hello", Buffer.from([1, 2, 3]), "x".repeat(300_000)];
  for (const data of sent) client.ws.send(data);
  expect((await client.received(4)).slice(1)).toEqual(sent);
  client.ws.send("close");
  const [code, reason] = await once(client.ws, "close");
  expect([code, String(reason)]).toEqual([4001, "peer"]);
});

test.each(["dedicated.localhost", "shared.localhost"])(
  "a client of %s that leaves takes the WebSocket along",
  async (host) => {
    const client = await connect(host, "/");
    await client.received(1);
    client.ws.close(1000);
    await wakeClosed.promise;
    expect(closedCodes).toEqual([1001]);
  },
);

test.each(["dedicated.localhost", "shared.localhost"])(
  "%s hands a server's WebSocket through to its client",
  async (host) => {
    const client = await connect(host, "/through", ["chat"]);
    expect(client.ws.protocol).toBe("chat");
    client.ws.send("hello");
    client.ws.send(Buffer.from([7]));
    expect(await client.received(2)).toEqual(["hello", Buffer.from([7])]);
    client.ws.send("close");
    const [code, reason] = await once(client.ws, "close");
    expect([code, String(reason)]).toEqual([4001, "asked to"]);
    const leaving = await connect(host, "/through");
    leaving.ws.close(3002, "mine");
    await wakeClosed.promise;
    expect(closedCodes).toEqual([3002]);
  },
);
