/** `env.ASSETS` through router and worker: of apps that answer each request themselves, and within connections on either kind of thread. */
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { NanoProcess } from "../support/nano-process.ts";

const BIG = Buffer.alloc(3_000_000, "nano and more ");
/** As adapters of frameworks have it: pages of its own, files of the rest. */
const ADAPTER = `import { env, WorkerEntrypoint, waitUntil } from "cloudflare:workers";
const atInit = Object.keys(env).join();
export default class extends WorkerEntrypoint {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/page") {
      const shell = await (await env.ASSETS.fetch(new URL("/shell.html", request.url))).text();
      waitUntil(scheduler.wait(1).then(() => console.log("after the page")));
      return new Response(shell.replace("BODY", "page " + this.env.COLOR), { headers: { "content-type": "text/html" } });
    }
    if (pathname === "/env") return Response.json([atInit, typeof this.env.ASSETS, typeof env.ASSETS, Object.keys(env).sort()]);
    const file = await this.env.ASSETS.fetch(request);
    return file.status === 404 ? new Response("no page " + pathname, { status: 404 }) : file;
  }
}`;
const SOCKETS = `export default { fetch(request, env) {
  const [client, server] = Object.values(new WebSocketPair());
  server.accept();
  server.onmessage = async ({ data }) => {
    const response = await env.ASSETS.fetch(new URL(data, request.url));
    const bytes = await response.arrayBuffer();
    server.send(response.status + " " + bytes.byteLength + " " + new TextDecoder().decode(bytes.slice(0, 7)));
  };
  return new Response(null, { status: 101, webSocket: client });
} }`;
const ASSETS = { "shell.html": "<p>BODY", "index.html": "<p>home", "ten.txt": "0123456789", "big.bin": BIG };
const CONFIG = {
  server: { port: 0, admin_port: 0 },
  apps: [
    {
      hostname: "adapter.localhost",
      entrypoint: "adapter",
      assets: { run_worker_first: true },
      env_vars: { COLOR: "blue" },
    },
    { hostname: "dedicated.localhost", entrypoint: "sockets", websocket: { thread: "dedicated" } },
    { hostname: "shared.localhost", entrypoint: "sockets", websocket: { thread: "shared" } },
  ],
};

const directory = mkdtempSync(join(tmpdir(), "nano-env-assets-"));
let nano: NanoProcess;

beforeAll(async () => {
  for (const [app, script] of [
    ["adapter", ADAPTER],
    ["sockets", SOCKETS],
  ] as const) {
    write(`${app}/index.js`, script);
    for (const [name, text] of Object.entries(ASSETS)) write(`${app}/assets/${name}`, text);
  }
  write("nano.config.json", JSON.stringify(CONFIG));
  nano = await NanoProcess.start(["--config", join(directory, "nano.config.json")]);
});
afterAll(async () => {
  await nano?.close();
  rmSync(directory, { recursive: true, force: true });
});

function write(name: string, text: string | Buffer): void {
  mkdirSync(dirname(join(directory, name)), { recursive: true });
  writeFileSync(join(directory, name), text);
}

async function ask(path: string, headers: Readonly<Record<string, string>> = {}, method = "GET") {
  const { port } = nano;
  const sent = request({ port, host: "127.0.0.1", path, method, headers: { host: "adapter.localhost", ...headers } });
  sent.end();
  const [answer] = await once(sent, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) };
}

test("an app that is asked first answers its pages, and files as they would be answered before it", async () => {
  expect(String((await ask("/page")).body)).toBe("<p>page blue");
  expect(String((await ask("/")).body)).toBe("<p>home");
  const ten = await ask("/ten.txt");
  expect([String(ten.body), ten.headers["content-length"], ten.headers["content-type"]]).toEqual([
    "0123456789",
    "10",
    "text/plain; charset=utf-8",
  ]);
  expect((await ask("/big.bin")).body.equals(BIG)).toBe(true);
  const none = await ask("/nothing");
  expect([none.status, String(none.body)]).toEqual([404, "no page /nothing"]);
});

test("conditions, ranges and HEAD go through it", async () => {
  const { etag = "" } = (await ask("/ten.txt")).headers;
  const fresh = await ask("/ten.txt", { "if-none-match": etag });
  expect([fresh.status, fresh.body.length]).toEqual([304, 0]);
  const part = await ask("/ten.txt", { range: "bytes=-3" });
  expect([part.status, String(part.body), part.headers["content-range"]]).toEqual([206, "789", "bytes 7-9/10"]);
  const head = await ask("/big.bin", {}, "HEAD");
  expect([head.status, head.body.length, head.headers["content-length"]]).toEqual([200, 0, String(BIG.length)]);
});

test("env of cloudflare:workers has plain variables at init, and the files in requests", async () => {
  expect(JSON.parse(String((await ask("/env")).body))).toEqual(["COLOR", "object", "object", ["COLOR"]]);
});

test.each(["dedicated.localhost", "shared.localhost"])("connections of %s ask for files", async (host) => {
  const socket = new WebSocket(`ws://127.0.0.1:${nano.port}/live`, { headers: { host } });
  await once(socket, "open");
  const answers: string[] = [];
  for (const path of ["/ten.txt", "/big.bin", "/nothing", "/"]) {
    socket.send(path);
    const [data] = await once(socket, "message");
    answers.push(String(data));
  }
  socket.close();
  expect(answers).toEqual(["200 10 0123456", `200 ${BIG.length} nano an`, "404 0 ", "200 7 <p>home"]);
});
