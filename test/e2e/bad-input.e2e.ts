/** What callers get for bad input and for apps that misbehave, over HTTP, from a whole NANO. */
import { connect } from "node:net";
import { expect, test } from "vitest";
import type { Answer } from "../support/http-answer.ts";
import { serveApps } from "../support/serve-apps.ts";

const SOURCES: Readonly<Record<string, { source: string; limits?: Record<string, number> }>> = {
  ok: { source: `export default { fetch: () => new Response("ok") }` },
  throws: { source: `export default { fetch() { throw new Error("a secret detail") } }` },
  rejects: { source: `export default { async fetch() { await 0; throw new Error("a secret detail") } }` },
  "no-response": { source: `export default { fetch: () => 42 }` },
  loops: { source: `export default { fetch() { for (;;); } }`, limits: { cpu_time_ms: 40 } },
  "loops-later": {
    source: `export default { async fetch() { await new Promise((r) => setTimeout(r, 5)); for (;;); } }`,
    limits: { cpu_time_ms: 40 },
  },
  waits: { source: `export default { fetch: () => new Promise(() => {}) }`, limits: { timeout_secs: 0.3 } },
  hoards: {
    source: `export default { fetch() { const all = []; for (;;) all.push({ at: all.length }); } }`,
    limits: { memory_mb: 32, cpu_time_ms: 5000 },
  },
  // V8 runs out of memory where it cannot say so: the thread sleeps for ever, and the supervisor ends the process.
  hangs: {
    source: `export default { fetch() { const all = []; for (;;) all.push(new Array(1000).fill(all.length)); } }`,
    limits: { memory_mb: 32, cpu_time_ms: 1000 },
  },
  echoes: {
    source: `export default { fetch: async (r) => new Response(await r.arrayBuffer()) }`,
    limits: { request_body_mb: 1, url_length: 1_000, request_header_count: 20, request_header_kb: 2 },
  },
  queues: {
    source: `export default { fetch: (r) => r.url.endsWith("/headers")
      ? new Response("", { headers: { x: "y".repeat(1100) } }) : new Promise((done) => setTimeout(() => done(new Response("late")), 1500)) }`,
    limits: { queue_wait_secs: 0.1, concurrent_requests: 1, response_header_kb: 1 },
  },
  full: {
    source: `export default { fetch: () => new Promise((r) => setTimeout(() => r(new Response("late")), 1500)) }`,
    limits: { queue_depth: 1, concurrent_requests: 1 },
  },
};

const apps = Object.entries(SOURCES).map(([name, { source, limits }]) => ({
  hostname: `${name}.localhost`,
  source,
  settings: limits === undefined ? {} : { limits },
}));
const nano = serveApps(apps);

function expectError(answer: Answer, status: number, reason: string): void {
  expect([answer.status, answer.headers["x-nano-error"]]).toEqual([status, reason]);
  expect(answer.headers["x-nano-request-id"]).toMatch(/\S/);
  expect(answer.text).not.toContain("secret detail");
}

/** Sends bytes as they are and answers all that came back until the end of the connection. */
function sendRaw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: nano().port, host: "127.0.0.1" }, () => socket.end(bytes));
    let received = "";
    socket.setEncoding("latin1").on("data", (text: string) => {
      received += text;
    });
    socket.on("end", () => resolve(received));
    socket.on("error", reject);
  });
}

test("an unknown host gets 404", async () => {
  expectError(await nano().ask("nobody.localhost"), 404, "unknown_host");
});

test("a handler that throws gets 500, and its author a log line with the author's position", async () => {
  const from = nano().output.length;
  expectError(await nano().ask("throws.localhost"), 500, "handler_threw");
  await nano().waitForOutput(/throws \|[^\n]*a secret detail[^\n]*\n[^\n]*index\.js:1:/, from);
});

test("a handler that rejects gets 500", async () => {
  expectError(await nano().ask("rejects.localhost"), 500, "handler_threw");
});

test("a handler that answers with something else than a Response gets 500", async () => {
  expectError(await nano().ask("no-response.localhost"), 500, "handler_threw");
});

test("a response with too large headers gets 500, by that name", async () => {
  expectError(await nano().ask("queues.localhost", "/headers"), 500, "response_headers_too_large");
});

test("a request that no worker gives a turn in time gets 503 queue_wait with retry-after", async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => nano().ask("queues.localhost", "/")));
  const refused = answers.filter(({ status }) => status !== 200);
  expect(refused.length).toBeGreaterThan(0);
  expect(answers.length).toBeGreaterThan(refused.length);
  for (const answer of refused) {
    expectError(answer, 503, "queue_wait");
    expect(answer.headers["retry-after"]).toBe("1");
  }
});

test("a handler that loops gets 503 cpu_limit, and the next request is served by a new isolate", async () => {
  expectError(await nano().ask("loops.localhost"), 503, "cpu_limit");
  const from = nano().output.length;
  const answer = await nano().ask("loops.localhost");
  expectError(answer, 503, "cpu_limit");
  // Its author is told which limit it was, and by the id that the client was given.
  await nano().waitForOutput(
    new RegExp(`loops \\| cpu_limit: .*at most 40.*${answer.headers["x-nano-request-id"]}`),
    from,
  );
});

test("a loop in a continuation is ended as one in the handler is", async () => {
  expectError(await nano().ask("loops-later.localhost"), 503, "cpu_limit");
});

test("a handler that never answers gets 504 wall_limit", async () => {
  expectError(await nano().ask("waits.localhost"), 504, "wall_limit");
});

test("a handler that takes more memory than it may gets 503 memory_limit", async () => {
  expectError(await nano().ask("hoards.localhost"), 503, "memory_limit");
});

test("a handler that hangs its worker gets 502 worker_lost, and others are served meanwhile and after", async () => {
  const hanging = nano().ask("hangs.localhost");
  let isOver = false;
  const other = (async () => {
    while (!isOver) expect((await nano().ask("ok.localhost")).text).toBe("ok");
  })();
  const answer = await hanging;
  isOver = true;
  await other;
  expect([answer.status, answer.headers["x-nano-error"]]).toEqual([502, "worker_lost"]);
});

test("a URL over the app's limit gets 414, headers over it 431, and another app takes both", async () => {
  const long = `/${"x".repeat(1_000)}`;
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`x-${index}`, "y"]));
  const large = { "x-large": "x".repeat(2_048) };
  expectError(await nano().ask("echoes.localhost", long), 414, "url_too_long");
  expectError(await nano().ask("echoes.localhost", "/", { headers: many }), 431, "headers_too_large");
  expectError(await nano().ask("echoes.localhost", "/", { headers: large }), 431, "headers_too_large");
  expect((await nano().ask("ok.localhost", long, { headers: { ...many, ...large } })).text).toBe("ok");
});

test("a body over the limit gets 413, announced or not", async () => {
  const body = Buffer.alloc(1024 * 1024 + 1);
  expectError(await nano().ask("echoes.localhost", "/", { method: "POST", body }), 413, "body_too_large");
  const chunked = { "transfer-encoding": "chunked" };
  expectError(
    await nano().ask("echoes.localhost", "/", { method: "POST", body, headers: chunked }),
    413,
    "body_too_large",
  );
});

test("requests over the queue get 503 queue_full with retry-after, the others are answered", async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => nano().ask("full.localhost")));
  const refused = answers.filter(({ status }) => status === 503);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThan(answers.length);
  for (const answer of refused) {
    expectError(answer, 503, "queue_full");
    expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
  }
  for (const answer of answers) if (answer.status === 200) expect(answer.text).toBe("late");
});

test("a malformed request gets 400 and the connection ends", async () => {
  expect(await sendRaw("GET / HTTP/1.1\r\nhost: ok.localhost\r\nbad header\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  expect(await sendRaw("GET / HTTP/1.1\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  expect(await sendRaw("GET / HTTP/1.1\r\nhost: ok.localhost\r\nhost: other.localhost\r\n\r\n")).toMatch(
    /^HTTP\/1\.1 400 /,
  );
  expect(await sendRaw("NONSENSE\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
});

test("after all of that, others are served as before", async () => {
  expect((await nano().ask("ok.localhost")).text).toBe("ok");
});
