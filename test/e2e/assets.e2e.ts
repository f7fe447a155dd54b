/** Static files as a client meets them: through router and worker, on bare sockets. */
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NanoProcess } from "../support/nano-process.ts";
import { sha256 } from "../support/open-loop.ts";

const TEN = "0123456789";
const BIG = Buffer.alloc(3_000_000, "nano and more ");
const SCRIPT = `export default { async fetch(request) {
  return new Response("script " + request.method + " " + new URL(request.url).pathname + " " + (await request.text()));
} }`;
const FILES: Readonly<Record<string, string | Buffer>> = {
  "both/index.js": SCRIPT,
  "both/assets/index.html": "<p>home",
  "both/assets/ten.txt": TEN,
  "both/assets/docs/index.html": "<p>docs",
  "both/assets/a b/ü.css": "a{}",
  "both/assets/big.bin": BIG,
  "both/assets/empty.json": "",
  "both/assets/.env": "SECRET=1",
  "both/assets/.well-known/security.txt": "mail",
  "both/secret.txt": "outside",
  "below/index.js": SCRIPT,
  "alone/assets/index.html": "<p>alone",
};
const CONFIG = {
  server: { port: 0, admin_port: 0 },
  apps: [
    { hostname: "both.localhost", entrypoint: "both" },
    { hostname: "both.localhost", path: "/docs/api", entrypoint: "below" },
    { hostname: "alone.localhost", entrypoint: "alone" },
  ],
};

const directory = mkdtempSync(join(tmpdir(), "nano-assets-"));
let nano: NanoProcess;

beforeAll(async () => {
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  writeFileSync(join(directory, "nano.config.json"), JSON.stringify(CONFIG));
  nano = await NanoProcess.start(["--config", join(directory, "nano.config.json")]);
});
afterAll(async () => {
  await nano?.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Reply {
  readonly status: number;
  /** Lower-case lines. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends a request head as it is; the connection ends with the answer. */
async function ask(
  line: string,
  lines: readonly string[] = [],
  { host = "both.localhost", body = "" } = {},
): Promise<Reply> {
  const socket = connect(nano.port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.write([`${line} HTTP/1.1`, `host: ${host}`, "connection: close", ...lines, "", body].join("\r\n"), "latin1");
  await once(socket, "close");
  const text = Buffer.concat(chunks).toString("latin1");
  const end = text.indexOf("\r\n\r\n");
  const [first = "", ...rest] = text.slice(0, end).split("\r\n");
  const headers = rest.map((each) => [
    each.slice(0, each.indexOf(":")).toLowerCase(),
    each.slice(each.indexOf(":") + 2),
  ]);
  return { status: Number(first.split(" ")[1]), headers: Object.fromEntries(headers), body: text.slice(end + 4) };
}

async function etagOf(path: string): Promise<string> {
  return (await ask(`GET ${path}`)).headers.etag ?? "";
}

test("a file is answered with its type, its length, a strong ETag and what caches need, before the script is asked", async () => {
  expect(await ask("GET /ten.txt")).toMatchObject({
    status: 200,
    body: TEN,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "content-length": "10",
      etag: expect.stringMatching(/^"[0-9a-f]{16}"$/),
      "cache-control": "public, max-age=0, must-revalidate",
      "accept-ranges": "bytes",
      "x-content-type-options": "nosniff",
      "x-nano-request-id": expect.any(String),
    },
  });
  const { headers, body } = await ask("GET /big.bin");
  expect(headers).toMatchObject({ "content-type": "application/octet-stream", "content-length": "3000000" });
  expect(sha256(Buffer.from(body, "latin1"))).toBe(sha256(BIG));
  expect(await ask("GET /empty.json")).toMatchObject({ body: "", headers: { "content-length": "0" } });
});

test.each<[string, string]>([
  ["/", "<p>home"],
  ["/index.html", "<p>home"],
  ["/?x=1", "<p>home"],
  ["/docs", "<p>docs"],
  ["/docs/", "<p>docs"],
  ["http://both.localhost/docs/index.html", "<p>docs"],
  ["/a%20b/%C3%BC.css", "a{}"],
  ["/a%20b/%c3%bc.css", "a{}"],
  ["/%74en.txt", TEN],
  ["/x/../ten.txt", TEN],
  ["/x/%2e%2e/ten.txt", TEN],
  ["/.well-known/security.txt", "mail"],
])("%s names a file", async (target, text) => {
  expect(await ask(`GET ${target}`)).toMatchObject({ status: 200, body: text });
});

test.each([
  "/ten.txt/",
  "/TEN.TXT",
  "//ten.txt",
  "/docs//index.html",
  "/docs%2Findex.html",
  "/docs%5Cindex.html",
  "/.env",
  "/%2eenv",
  "/../secret.txt",
  "/%2e%2e/secret.txt",
  "/..%2fsecret.txt",
  "/docs/..%2f..%2fsecret.txt",
  "/..%5csecret.txt",
  "/ten.txt%00",
  "/%ff",
  "/assets/ten.txt",
])("%s names none, and is the script's", async (target) => {
  const { status, body } = await ask(`GET ${target}`);
  expect([status, body.slice(0, 11)]).toEqual([200, "script GET "]);
});

test("a path that another app has is not answered by files, nor are methods that do not read", async () => {
  expect((await ask("GET /docs/api")).body).toBe("script GET /docs/api ");
  expect((await ask("POST /ten.txt", ["content-length: 2"], { body: "ok" })).body).toBe("script POST /ten.txt ok");
  expect((await ask("OPTIONS /ten.txt")).body).toBe("script OPTIONS /ten.txt ");
});

test("without a script, no file is a 404, and what does not read a 405 that says what does", async () => {
  const host = "alone.localhost";
  expect(await ask("GET /none", [], { host })).toMatchObject({
    status: 404,
    headers: { "x-nano-error": "asset_not_found" },
  });
  expect(await ask("HEAD /none", [], { host })).toMatchObject({ status: 404, body: "" });
  expect(await ask("POST /", ["content-length: 2"], { host, body: "ok" })).toMatchObject({
    status: 405,
    headers: { "x-nano-error": "method_not_allowed", allow: "GET, HEAD" },
  });
});

test("HEAD has the headers of GET and no body, a GET's own body does no harm", async () => {
  const got = await ask("GET /big.bin");
  const head = await ask("HEAD /big.bin");
  expect(head.body).toBe("");
  const { date: _a, "x-nano-request-id": _b, ...ofGet } = got.headers;
  expect(head.headers).toMatchObject(ofGet);
  expect((await ask("GET /ten.txt", ["content-length: 5"], { body: "hello" })).body).toBe(TEN);
});

test("a copy that is fresh is a 304 without a body, with what its cache needs", async () => {
  const etag = await etagOf("/ten.txt");
  for (const list of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
    const { status, headers, body } = await ask("GET /ten.txt", [`If-None-Match: ${list}`, "range: bytes=0-1"]);
    expect([status, body, headers.etag]).toEqual([304, "", etag]);
    expect(headers["cache-control"]).toBe("public, max-age=0, must-revalidate");
    expect(headers["content-type"]).toBeUndefined();
    expect(headers["transfer-encoding"]).toBeUndefined();
  }
  expect((await ask("HEAD /ten.txt", [`if-none-match: ${etag}`])).status).toBe(304);
  expect((await ask("GET /docs", [`if-none-match: ${etag}`])).body).toBe("<p>docs");
  expect((await ask("GET /ten.txt", ['if-match: "x"'])).status).toBe(412);
});

test("a range is a 206 with its place, one that begins behind the end a 416", async () => {
  const etag = await etagOf("/ten.txt");
  for (const [range, place, body] of [
    ["bytes=2-4", "bytes 2-4/10", "234"],
    ["bytes=7-", "bytes 7-9/10", "789"],
    ["bytes=-2", "bytes 8-9/10", "89"],
    ["bytes=5-500", "bytes 5-9/10", "56789"],
  ]) {
    expect(await ask("GET /ten.txt", [`Range: ${range}`, `If-Range: ${etag}`])).toMatchObject({
      status: 206,
      body,
      headers: { "content-range": place, "content-length": String(body?.length), etag, "accept-ranges": "bytes" },
    });
  }
  expect(await ask("GET /ten.txt", ["range: bytes=10-"])).toMatchObject({
    status: 416,
    body: "",
    headers: { "content-range": "bytes */10", "content-length": "0" },
  });
  for (const lines of [["range: bytes=0-1,4-5"], ["range: bytes=x"], ["range: bytes=0-1", 'if-range: "x"']]) {
    expect(await ask("GET /ten.txt", lines)).toMatchObject({ status: 200, body: TEN });
  }
});

test("a part from the middle of a large file is those bytes, and the parts of a file are the file", async () => {
  const parts = await Promise.all(
    [0, 1, 2].map((n) => ask("GET /big.bin", [`range: bytes=${n * 1_000_000}-${(n + 1) * 1_000_000 - 1}`])),
  );
  expect(parts.map(({ status }) => status)).toEqual([206, 206, 206]);
  expect(sha256(Buffer.from(parts.map(({ body }) => body).join(""), "latin1"))).toBe(sha256(BIG));
});
