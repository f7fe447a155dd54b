/** What apps and clients see of each other on bare sockets, through router, worker and isolate. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { serveApps } from "../support/serve-apps.ts";

const APP = `export default { async fetch(request) {
  const url = new URL(request.url);
  const text = (parts) => new ReadableStream({ pull(controller) {
    const part = parts.shift();
    if (part === undefined) controller.close();
    else controller.enqueue(new TextEncoder().encode(part));
  } });
  const attempt = (make) => { try { make(); return "made"; } catch (error) { return error.name; } };
  switch (url.pathname) {
    case "/seen": return Response.json({ url: request.url, headers: [...request.headers] });
    case "/echo": return new Response(await request.text());
    case "/unread": return new Response("not read");
    case "/short": return new Response(text(["ab"]), { headers: { "content-length": "4" } });
    case "/long": return new Response(text(["abcd", "ef"]), { headers: { "content-length": "4" } });
    case "/exact": return new Response(text(["ab", "cd"]), { headers: { "content-length": "4" } });
    case "/wrong": return new Response("whole", { headers: { "content-length": "400" } });
    case "/length": return new Response(null, { status: 204, headers: { "content-length": "4" } });
    case "/fresh": return new Response(null, { status: 304, headers: { etag: '"e"' } });
    case "/hops": return new Response("x", { headers: {
      connection: "close, x-hop", "x-hop": "gone", "transfer-encoding": "gzip", upgrade: "h2c", trailer: "x", "x-nano-error": "fake",
    } });
    case "/statuses": return new Response([100, 101, 103, 199, 600].map((status) => attempt(() => new Response(null, { status }))).join());
    case "/values": return new Response(["a\\r\\nx-injected: 1", "a\\nb", "a\\0b", "\\u0100"].map((value) =>
      attempt(() => new Headers({ x: value })) + attempt(() => new Response("", { statusText: value }))).join());
    default: return new Response(url.pathname);
  }
} }`;

const nano = serveApps([
  { hostname: "raw.localhost", source: APP, settings: { limits: { cpu_time_ms: 1000, request_body_mb: 1 } } },
]);

async function open(): Promise<{ socket: Socket; ended: Promise<string>; until(text: string): Promise<string> }> {
  const socket = connect(nano().port, "127.0.0.1");
  let received = "";
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => (received += text));
  socket.on("error", () => {}); // `close` follows
  onTestFinished(() => void socket.destroy());
  const ended = once(socket, "close").then(() => received);
  await once(socket, "connect");
  return {
    socket,
    ended,
    async until(text) {
      while (!received.includes(text)) await once(socket, "data");
      return received;
    },
  };
}

/** One request on a connection of its own. */
async function ask(line: string, lines: readonly string[] = [], body = ""): Promise<string> {
  const { socket, ended } = await open();
  socket.write([`${line} HTTP/1.1`, "Host: raw.localhost", "Connection: close", ...lines, "", body].join("\r\n"));
  return ended;
}

const bodyOf = (answer: string): string => answer.slice(answer.indexOf("\r\n\r\n") + 4);

test("an app sees who asks by URL and headers, and nothing that its client made up", async () => {
  const forged = [
    "X-Forwarded-For: 6.6.6.6",
    "x_forwarded_for: 6.6.6.6",
    "X-FORWARDED-PROTO: https",
    "x-forwarded-host: evil.localhost",
    "Forwarded: for=6.6.6.6;proto=https;host=evil.localhost",
    "X-Real-IP: 6.6.6.6",
    "cf-connecting-ip: 6.6.6.6",
    "X-Nano-Request-Id: forged",
    "x_nano_request_id: forged",
  ];
  const seen = JSON.parse(bodyOf(await ask("GET /seen?a=1", forged)));
  expect(seen).toEqual({
    url: `http://raw.localhost/seen?a=1`,
    headers: [
      ["cf-connecting-ip", "127.0.0.1"],
      ["host", "raw.localhost"],
      ["x-forwarded-for", "127.0.0.1"],
      ["x-forwarded-proto", "http"],
      ["x-real-ip", "127.0.0.1"],
    ],
  });
});

test("a client that waits to continue is told to, and an app that does not read it answers all the same", async () => {
  for (const [path, text] of [
    ["/echo", "ok"],
    ["/unread", "not read"],
  ]) {
    const { socket, ended, until } = await open();
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: raw.localhost\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n`,
    );
    await until("HTTP/1.1 100 Continue\r\n\r\n");
    socket.write("ok");
    expect(await ended).toMatch(
      new RegExp(`^HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n[\\s\\S]*\r\n\r\n${text}$`),
    );
  }
});

test("an app that does not read a body that comes for long answers, and the connection is kept for the next", async () => {
  const { socket, until } = await open();
  const bytes = 900_000;
  socket.write(`POST /unread HTTP/1.1\r\nhost: raw.localhost\r\ncontent-length: ${bytes}\r\n\r\n`);
  socket.write(Buffer.alloc(bytes));
  await until("not read");
  socket.write("GET /next HTTP/1.1\r\nhost: raw.localhost\r\n\r\n");
  expect(await until("\r\n\r\n/next")).toMatch(/^HTTP\/1.1 200 OK/);
});

test("what an app says of its length is kept, or its client sees that it was not", async () => {
  expect(await ask("GET /exact")).toMatch(/content-length: 4\r\n[\s\S]*\r\n\r\nabcd$/);
  // How much of a cut answer arrives is not said; a whole one it is not.
  const short = await ask("GET /short");
  if (short !== "") expect(short).toMatch(/content-length: 4\r\n[\s\S]*\r\n\r\n(?:ab)?$/);
  const long = await ask("GET /long");
  expect(long).not.toContain("abcdef");
  expect(long).not.toContain("ef");
  // A body that is known whole has the length that it has.
  expect(await ask("GET /wrong")).toMatch(/content-length: 5\r\n[\s\S]*\r\n\r\nwhole$/);
  const nothing = await ask("GET /length");
  expect(nothing).toMatch(/^HTTP\/1.1 204 No Content\r\n[\s\S]*\r\n\r\n$/);
  expect(nothing.toLowerCase()).not.toMatch(/content-length|transfer-encoding/);
  const fresh = await ask("GET /fresh");
  expect(fresh).toMatch(/^HTTP\/1.1 304 Not Modified\r\netag: "e"\r\n[\s\S]*\r\n\r\n$/);
  expect(fresh.toLowerCase()).not.toContain("transfer-encoding");
});

test("what belongs to one connection, and to the platform, is not the app's to say", async () => {
  const [head = "", body] = (await ask("GET /hops")).toLowerCase().split("\r\n\r\n");
  const names = head
    .split("\r\n")
    .slice(1)
    .map((line) => line.slice(0, line.indexOf(":")));
  expect(names.toSorted()).toEqual(["connection", "content-length", "content-type", "date", "x-nano-request-id"]);
  expect(body).toBe("x");
});

test("no interim status, and no line break in a header or status text, can be made", async () => {
  expect(bodyOf(await ask("GET /statuses"))).toBe(Array(5).fill("RangeError").join());
  expect(bodyOf(await ask("GET /values"))).toBe(Array(4).fill("TypeErrorTypeError").join());
});

test("an upgrade to WebSocket that its app does not take is answered as HTTP, another one is passed over", async () => {
  const upgrade = ["connection: upgrade", "sec-websocket-version: 13", "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=="];
  const refused = await ask("GET /ws", [...upgrade, "upgrade: websocket"]);
  expect(refused).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*connection: close\r\n\r\n\/ws$/i);
  expect(bodyOf(await ask("GET /h2c", ["connection: upgrade", "upgrade: h2c"]))).toBe("/h2c");
});

test("requests in one write are answered in their order, and what two parsers may read differently ends the connection", async () => {
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: raw.localhost\r\n\r\n`;
  const { socket, ended } = await open();
  const smuggling =
    "POST /echo HTTP/1.1\r\nhost: raw.localhost\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
  socket.write(get("/1") + get("/2") + smuggling + get("/smuggled"));
  const answers = await ended;
  expect([...answers.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status)).toEqual(["200", "200"]);
  expect(answers.indexOf("\r\n\r\n/1")).toBeLessThan(answers.indexOf("\r\n\r\n/2"));
  expect(answers).not.toContain("smuggled");
});
