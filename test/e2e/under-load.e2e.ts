/**
 * What happens to a loaded NANO when a worker is killed: replaced within a second, no retryable request failed. Open loop, keep-alive clients,
 * a tenth of the requests uploads, some long streams of an app of their own, bodies checked.
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, NanoProcess } from "../support/nano-process.ts";
import { type LoadShot, runLoad, sha256 } from "../support/open-loop.ts";
import { Fixture } from "./fixtures.ts";

const REQUESTS_PER_SECOND = 150;
const DURATION_MS = 60_000;
const KILL_AT_MS = [10_000, 25_000, 40_000];
/** One request in so many. */
const UPLOAD_EVERY = 10;
const STREAM_EVERY = 500;
const STREAM_MS = 10_500;
const REPLACED_WITHIN_MS = 1_000;

const NAMED = `export default { fetch(request) { return new Response("tag " + request.headers.get("x-request-tag")) } }`;
const WAITING = `export default { async fetch(request) {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return new Response("tag " + request.headers.get("x-request-tag"));
} }`;
const UPLOAD = `export default { async fetch(request) {
  const digest = await crypto.subtle.digest("SHA-256", await request.arrayBuffer());
  return new Response([...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
} }`;
const STREAM = `export default { fetch() {
  let left = 10;
  return new Response(new ReadableStream({ async pull(controller) {
    await new Promise((resolve) => setTimeout(resolve, ${STREAM_MS / 10}));
    controller.enqueue(new TextEncoder().encode("x"));
    if (--left === 0) controller.close();
  } }));
} }`;

const fixture = new Fixture([
  { hostname: "named.localhost", source: NAMED },
  { hostname: "waiting.localhost", source: WAITING },
  { hostname: "upload.localhost", source: UPLOAD },
  { hostname: "stream.localhost", source: STREAM },
]);
let nano: NanoProcess;

beforeAll(async () => {
  nano = await NanoProcess.start(fixture.args);
});
afterAll(async () => {
  await nano?.close();
  fixture.remove();
});

function expectText(answer: Answer, expected: string): string | null {
  if (answer.status === 200 && answer.text === expected) return null;
  return `${answer.status} ${answer.headers["x-nano-error"] ?? ""} ${answer.text.slice(0, 60)}`;
}

function shot(index: number): LoadShot {
  if (index % STREAM_EVERY === STREAM_EVERY - 1) {
    return {
      name: "stream",
      send: () => nano.ask("stream.localhost"),
      check: (answer) => expectText(answer, "x".repeat(10)),
    };
  }
  if (index % UPLOAD_EVERY === 0) {
    const body = randomBytes(1 + (index % 40_000));
    return {
      name: "upload",
      send: () => nano.ask("upload.localhost", "/", { method: "POST", body }),
      check: (answer) => expectText(answer, sha256(body)),
    };
  }
  const host = index % 3 === 0 ? "waiting.localhost" : "named.localhost";
  const tag = String(index);
  return {
    name: host,
    send: () => nano.ask(host, `/?n=${tag}`, { headers: { "x-request-tag": tag } }),
    check: (answer) => expectText(answer, `tag ${tag}`),
  };
}

test("the harness notices one dropped request", async () => {
  let count = 0;
  const server = createServer((req, res) => {
    count += 1;
    if (count === 50) req.socket.destroy();
    else res.end("ok");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const send = async (): Promise<Answer> => {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    const text = await response.text();
    return { status: response.status, headers: {}, rawHeaders: [], body: Buffer.from(text), text };
  };
  const check = (answer: Answer): string | null => expectText(answer, "ok");
  const report = await runLoad({
    requestsPerSecond: 100,
    durationMs: 1_000,
    shot: () => ({ name: "one", send, check }),
  });
  server.closeAllConnections();
  server.close();
  expect(report.failures).toHaveLength(1);
});

test("a worker killed under load is replaced within a second, and no retryable request fails", async () => {
  const count = await nano.metric("router_links_count");
  expect(count).toBeGreaterThanOrEqual(2);
  const replacedMs: number[] = [];
  const killOne = async (atMs: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, atMs));
    const endsBefore = await nano.metric("router_link_ends_total");
    // The youngest is the spare: it serves nobody.
    const [victim] = nano.findProcesses("worker.main.ts").sort((a, b) => a - b);
    if (victim === undefined) throw new Error("No worker runs");
    process.kill(victim, "SIGKILL");
    const killedMs = performance.now();
    // Replaced is when the router, having lost its link, has as many again.
    const isReplaced = async (): Promise<boolean> =>
      (await nano.metric("router_link_ends_total")) > endsBefore && (await nano.metric("router_links_count")) === count;
    while (!(await isReplaced())) {
      if (performance.now() - killedMs > 10_000) throw new Error("The worker was not replaced");
    }
    replacedMs.push(performance.now() - killedMs);
  };
  const [report] = await Promise.all([
    runLoad({ requestsPerSecond: REQUESTS_PER_SECOND, durationMs: DURATION_MS, shot }),
    ...KILL_AT_MS.map(killOne),
  ]);
  // A stream that has begun cannot be begun again: it is cut with its worker, and counted apart.
  const cutStreams = report.failures.filter(({ name }) => name === "stream");
  const failed = report.failures.filter(({ name }) => name !== "stream");
  process.stdout.write(
    `${report.requests} requests, ${failed.length} failed, ${report.lost.length} lost with their worker, ${cutStreams.length} streams cut, ` +
      `p50 ${report.p50Ms.toFixed(1)} ms, p99 ${report.p99Ms.toFixed(1)} ms, workers replaced in ${replacedMs.map(Math.round).join(", ")} ms\n`,
  );
  expect(failed).toEqual([]);
  for (const ms of replacedMs) expect(ms).toBeLessThan(REPLACED_WITHIN_MS);
}, 120_000);
