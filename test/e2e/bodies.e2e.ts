/**
 * Bodies stream both ways through a whole NANO, of any length and in bounded memory. `npm run e2e:bodies` takes them as long as they may be: a GiB each,
 * and an event stream of five minutes.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { pipeline } from "node:stream/promises";
import { eventually } from "@nano/test-kit/eventually";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exchange, LongBody, MIB, openRequest, readHash, type Seen } from "../support/body-stream.ts";
import { ResidentWatch } from "../support/resident-watch.ts";
import { serveApps } from "../support/serve-apps.ts";

/**
 * By how much a process may grow while a body passes, however long that is. Windows and buffers of the links are about a MiB for a stream; the rest is
 * V8's, which lets tens of MiB of buffers outside its heap gather before it collects them, and does not give every page back.
 */
const GROWTH_LIMIT_BYTES = 96 * MIB;
/** Who keeps a body grows by the whole of it: three times what is allowed, unless it is longer still. */
const BODY_BYTES = Number(process.env.NANO_E2E_BODY_MIB ?? 288) * MIB;
/** Through the egress process, which takes no longer answers by default. */
const FETCHED_BYTES = Math.min(BODY_BYTES, 192 * MIB);
const EVENT_STREAM_SECONDS = Number(process.env.NANO_E2E_EVENT_SECONDS ?? 3);
const LONG_TEST_MS = 60_000 + (BODY_BYTES / MIB) * 300;
/** What lies between a handler and a client that reads nothing: two windows, the buffers of both sockets, and what either process has read ahead. */
const UNREAD_LIMIT_BYTES = 16 * MIB;

const APP = `
let pulledBytes = 0, isAborted = false, isCancelled = false;
let allowedTurns = 0, goOn = () => {};
const invert = () => new TransformStream({ transform(chunk, controller) {
  for (let i = 0; i < chunk.length; i++) chunk[i] ^= 0xff;
  controller.enqueue(chunk);
} });
const endless = () => new ReadableStream({
  pull(controller) { pulledBytes += 65536; controller.enqueue(new Uint8Array(65536)); },
  cancel() { isCancelled = true; },
}, { highWaterMark: 0 });
export default { async fetch(request, env) {
  const url = new URL(request.url);
  const origin = url.searchParams.get("origin");
  switch (url.pathname) {
    case "/echo": return new Response(request.body, { headers: { "x-method": request.method } });
    case "/invert": return new Response(request.body.pipeThrough(invert()));
    case "/download": {
      let left = Number(url.searchParams.get("bytes"));
      return new Response(new ReadableStream({ pull(controller) {
        const size = Math.min(left, 65536);
        left -= size;
        if (size > 0) controller.enqueue(new Uint8Array(size).fill(7));
        if (left === 0) controller.close();
      } }));
    }
    case "/proxy": return fetch(origin);
    case "/proxy-request": return fetch(new Request(origin, request));
    case "/upload": return fetch(origin, { method: "PUT", body: request.body, duplex: "half" });
    case "/upload-inverted": return fetch(origin, { method: "PUT", body: request.body.pipeThrough(invert()), duplex: "half" });
    case "/endless":
      request.signal.addEventListener("abort", () => { isAborted = true; });
      return new Response(endless());
    case "/state": return Response.json({ pulledBytes, isAborted, isCancelled });
    case "/early": return new Response("not wanted", { status: 403 });
    case "/go-on": allowedTurns++; goOn(); return new Response(null, { status: 204 });
    case "/turns": {
      let turn = 0;
      return new Response(new ReadableStream({ async pull(controller) {
        if (turn++ > allowedTurns) await new Promise((resolve) => { goOn = resolve; });
        controller.enqueue(new TextEncoder().encode("data: " + turn + "\\n\\n"));
      } }, { highWaterMark: 0 }), { headers: { "content-type": "text/event-stream" } });
    }
    case "/events": {
      const endMs = Date.now() + Number(url.searchParams.get("seconds")) * 1000;
      let id = 0;
      return new Response(new ReadableStream({ async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        controller.enqueue(new TextEncoder().encode("id: " + ++id + "\\n\\n"));
        if (Date.now() >= endMs) controller.close();
      } }), { headers: { "content-type": "text/event-stream" } });
    }
    default: return new Response(await request.text());
  }
} }`;

const HOST = "bodies.localhost";
/** Roomy, as an answer may come only after a whole upload; `fresh.localhost` has to have its head within a second. */
const LIMITS = {
  request_body_mb: 4096,
  cpu_time_ms: 60_000,
  timeout_secs: 600,
  subrequest_sent_mb: 4096,
  subrequest_received_mb: 4096,
};
const nano = serveApps(
  [
    { hostname: HOST, source: APP, settings: { isolation: "app", limits: { ...LIMITS, workers: 1 } } },
    {
      hostname: "fresh.localhost",
      source: APP,
      settings: { isolation: "request", limits: { ...LIMITS, timeout_secs: 1 } },
    },
    { hostname: "small.localhost", source: APP, settings: { limits: { ...LIMITS, request_body_mb: 1 } } },
  ],
  { egress_allowed_ranges: ["127.0.0.0/8"] },
);

const place = (path: string, options: { host?: string; method?: string; headers?: Record<string, string> } = {}) => ({
  port: nano().port,
  host: HOST,
  path,
  ...options,
});

/** Runs it, and says by how much router, workers and egress process grew meanwhile. */
async function watchGrowth(what: string, run: () => Promise<void>): Promise<void> {
  const watches = ["services/router/", "worker.main", "egress.main"].map(
    (part) => [part, new ResidentWatch(nano().findProcesses(part))] as const,
  );
  const startMs = performance.now();
  await run();
  const seconds = (performance.now() - startMs) / 1000;
  const grown = watches.map(([part, watch]) => [part, watch.stop()] as const);
  if (process.env.NANO_E2E_BODY_MIB !== undefined) {
    const figures = grown.map(([part, bytes]) => `${part} +${Math.round(bytes / MIB)} MiB`).join(", ");
    process.stdout.write(`${what}: ${seconds.toFixed(1)} s, ${figures}\n`);
  }
  for (const [part, bytes] of grown) expect(bytes, `growth of ${part}`).toBeLessThan(GROWTH_LIMIT_BYTES);
}

describe("long bodies pass whole, in bounded memory", () => {
  test.each([
    ["/echo", "app"],
    ["/echo", "fresh"],
    ["/invert", "app"],
  ])("an upload that comes back: %s, %s", { timeout: LONG_TEST_MS }, async (path, kind) => {
    const body = new LongBody(BODY_BYTES, path === "/invert" ? (byte) => byte ^ 0xff : null);
    const host = kind === "app" ? HOST : "fresh.localhost";
    await watchGrowth(`upload through ${path} (${kind})`, async () => {
      const seen = await exchange(place(path, { host, method: "POST" }), body);
      expect(seen).toEqual({ status: 200, bytes: BODY_BYTES, sha256: body.sha256 });
    });
  });

  test("a download that the app makes", { timeout: LONG_TEST_MS }, async () => {
    await watchGrowth("download", async () => {
      const { status, bytes } = await exchange(place(`/download?bytes=${BODY_BYTES}`), null);
      expect([status, bytes]).toEqual([200, BODY_BYTES]);
    });
  });
});

describe("bodies of fetches", () => {
  let origin: Server;
  let originUrl = "";
  let serve: (req: IncomingMessage, res: ServerResponse) => void = () => undefined;

  beforeAll(async () => {
    origin = createServer((req, res) => serve(req, res));
    await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
    originUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}/`;
  });
  afterAll(() => {
    origin.closeAllConnections();
    origin.close();
  });

  const via = (path: string): string => `${path}?origin=${encodeURIComponent(originUrl)}`;

  test.each(["/proxy", "/proxy-request"])(
    "an answer that is passed on: %s",
    { timeout: LONG_TEST_MS },
    async (path) => {
      const body = new LongBody(FETCHED_BYTES);
      serve = (_req, res) => {
        res.writeHead(203, { "content-length": String(FETCHED_BYTES) });
        body.stream().pipe(res);
      };
      await watchGrowth(`answer through ${path}`, async () => {
        const seen = await exchange(place(via(path)), null);
        expect(seen).toEqual({ status: 203, bytes: FETCHED_BYTES, sha256: body.sha256 });
      });
    },
  );

  test.each(["/upload", "/upload-inverted"])(
    "an upload that is passed on: %s",
    { timeout: LONG_TEST_MS },
    async (path) => {
      const body = new LongBody(FETCHED_BYTES, path === "/upload" ? null : (byte) => byte ^ 0xff);
      let received: Promise<Seen> | null = null;
      serve = (req, res) => {
        received = readHash(req);
        received.then(
          ({ bytes }) => res.end(`took ${bytes}`),
          () => res.destroy(),
        );
      };
      await watchGrowth(`upload through ${path}`, async () => {
        const { req, answered } = openRequest(place(via(path), { method: "POST" }));
        body.stream().pipe(req);
        const [answer, text] = await textOf(await answered);
        expect([answer, text]).toEqual([200, `took ${FETCHED_BYTES}`]);
        expect((await received)?.sha256).toBe(body.sha256);
      });
    },
  );

  test("a client that goes away ends the fetch whose answer it was getting", async () => {
    const left = new Promise<void>((resolve) => {
      serve = (_req, res) => {
        res.once("close", resolve);
        pipeline(new LongBody(64 * MIB).stream(), res).catch(() => undefined);
      };
    });
    const { req, answered } = openRequest(place(via("/proxy")));
    await new Promise((resolve) => answered.then((answer) => answer.once("data", resolve)));
    req.destroy();
    await left;
  });

  test("an origin that breaks off cuts the answer, and never ends it cleanly", async () => {
    serve = (_req, res) => {
      res.writeHead(200, { "content-length": "1000" });
      res.write("some", () => res.destroy());
    };
    await expect(exchange(place(via("/proxy")), null)).rejects.toThrow(/aborted|ECONNRESET|socket hang up/);
  });

  test("an origin that answers before the upload is over is heard at once", async () => {
    serve = (_req, res) => {
      res.writeHead(413);
      res.end("too much");
    };
    const { req, answered } = openRequest(place(via("/upload"), { method: "POST" }));
    req.on("error", () => undefined);
    req.write(Buffer.alloc(MIB));
    expect(await textOf(await answered)).toEqual([413, "too much"]);
    req.destroy();
  });
});

describe("clients", () => {
  const state = async (): Promise<{ pulledBytes: number; isAborted: boolean; isCancelled: boolean }> =>
    JSON.parse((await nano().ask(HOST, "/state")).text);

  test("one that reads slowly slows the handler's stream, one that goes away cancels it and aborts its signal", async () => {
    const before = await state();
    const { req, answered } = openRequest(place("/endless"));
    const answer = await answered;
    answer.pause();
    // Nothing is pulled any more: two looks agree, with turns of both processes between them.
    let last = -1;
    await eventually(async () => {
      const { pulledBytes } = await state();
      const isStill = pulledBytes === last && pulledBytes > before.pulledBytes;
      last = pulledBytes;
      return isStill;
    });
    expect(last - before.pulledBytes).toBeLessThan(UNREAD_LIMIT_BYTES);
    let readBytes = 0;
    answer.on("data", (chunk: Buffer) => {
      readBytes += chunk.length;
      if (readBytes > 2 * UNREAD_LIMIT_BYTES) answer.pause();
    });
    answer.resume();
    await eventually(async () => (await state()).pulledBytes - before.pulledBytes > 2 * UNREAD_LIMIT_BYTES);
    expect(await state()).toMatchObject({ isAborted: false, isCancelled: false });
    answer.on("error", () => undefined);
    req.destroy();
    await eventually(async () => {
      const { isAborted, isCancelled } = await state();
      return isAborted && isCancelled;
    });
  });

  test("one that goes away while its upload comes back leaves the service as it was", async () => {
    const { req, answered } = openRequest(place("/echo", { host: "fresh.localhost", method: "POST" }));
    req.on("error", () => undefined);
    const source = new LongBody(64 * MIB).stream();
    source.pipe(req);
    await new Promise((resolve) => answered.then((answer) => answer.once("data", resolve)));
    req.destroy();
    source.destroy();
    expect((await nano().ask("fresh.localhost", "/", { method: "POST", body: "fine" })).text).toBe("fine");
  });
});

describe("an answer before the body was read", () => {
  test("comes while the client still sends, and the connection serves on", async () => {
    const uploadBytes = 2 * MIB;
    const socket = connect(nano().port, "127.0.0.1");
    let received = "";
    socket.on("data", (bytes) => (received += bytes.toString("latin1")));
    socket.write(`POST /early HTTP/1.1\r\nhost: ${HOST}\r\ncontent-length: ${uploadBytes}\r\n\r\nfirst bytes`);
    await eventually(() => received.endsWith("not wanted"));
    expect(received).toMatch(/^HTTP\/1\.1 403 /);
    expect(received).not.toMatch(/^connection: close/im);
    received = "";
    socket.write(Buffer.alloc(uploadBytes - "first bytes".length));
    socket.write(`GET /state HTTP/1.1\r\nhost: ${HOST}\r\n\r\n`);
    await eventually(() => /^HTTP\/1\.1 200 .*"pulledBytes"/s.test(received));
    socket.destroy();
  });

  test("an upload over the app's limit is refused while it comes back", async () => {
    const body = new LongBody(8 * MIB);
    const { req, answered } = openRequest(place("/echo", { host: "small.localhost", method: "POST" }));
    req.on("error", () => undefined);
    body.stream().pipe(req);
    await expect(answered.then(readHash)).rejects.toThrow(/aborted|ECONNRESET|socket hang up|EPIPE/);
    expect((await nano().ask("small.localhost", "/", { method: "POST", body: "fine" })).text).toBe("fine");
  });
});

describe("event streams and chunked answers", () => {
  test("each event leaves at once: the next is made only when the client has this one", async () => {
    const { req, answered } = openRequest(place("/turns"));
    const events = (await answered).iterator({ destroyOnReturn: false });
    for (let turn = 1; turn <= 5; turn++) {
      expect(String((await events.next()).value)).toBe(`data: ${turn}\n\n`);
      await nano().ask(HOST, "/go-on");
    }
    req.destroy();
  });

  test("an event stream lives as long as events flow, whatever its app's limit for a head", {
    timeout: 60_000 + EVENT_STREAM_SECONDS * 2000,
  }, async () => {
    const { answered } = openRequest(place(`/events?seconds=${EVENT_STREAM_SECONDS}`, { host: "fresh.localhost" }));
    const [status, text] = await textOf(await answered);
    expect(status).toBe(200);
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
    expect(ids).toEqual(ids.map((_, index) => index + 1));
    // A busy machine is late, and never early.
    expect(ids.length).toBeGreaterThan(EVENT_STREAM_SECONDS * 2);
  });

  test("pieces of a body without a length go both ways at once", async () => {
    const { req, answered } = openRequest(place("/echo", { method: "POST" }));
    req.write("one");
    const pieces = (await answered).iterator();
    expect(String((await pieces.next()).value)).toBe("one");
    for (const text of ["two", "three"]) {
      req.write(text);
      expect(String((await pieces.next()).value)).toBe(text);
    }
    req.end();
    expect((await pieces.next()).done).toBe(true);
  });

  test("HEAD has the head of a streamed answer and no body", async () => {
    const answer = await nano().ask(HOST, "/download?bytes=1000", { method: "HEAD" });
    expect([answer.status, answer.body.length]).toEqual([200, 0]);
  });

  test("trailers of an upload are passed over", async () => {
    const { req, answered } = openRequest(place("/echo", { method: "POST", headers: { trailer: "x-sum" } }));
    req.write("body");
    req.addTrailers({ "x-sum": "1" });
    req.end();
    const answer = await answered;
    expect(await textOf(answer)).toEqual([200, "body"]);
    expect(answer.trailers).toEqual({});
  });
});

async function textOf(message: IncomingMessage): Promise<[number, string]> {
  let text = "";
  for await (const chunk of message as AsyncIterable<Buffer>) text += chunk.toString();
  return [message.statusCode ?? 0, text];
}
