/**
 * What happens to a loaded NANO when a worker is killed: replaced within a second, no retryable request failed. Open loop, keep-alive clients,
 * a tenth of the requests uploads, some long streams of an app of their own, bodies checked.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import type { Answer } from "../support/http-answer.ts";
import { createMix, createMixApps, expectText } from "../support/load-mix.ts";
import { runLoad } from "../support/open-loop.ts";
import { serveApps } from "../support/serve-apps.ts";
import { isWholeRun } from "../support/whole-run.ts";

const REQUESTS_PER_SECOND = 150;
const DURATION_MS = isWholeRun ? 60_000 : 30_000;
const KILL_AT_MS = [1 / 6, 5 / 12, 2 / 3].map((share) => share * DURATION_MS);
/** One request in so many. */
const STREAM_EVERY = 500;
const REPLACED_WITHIN_MS = 1_000;

const nano = serveApps(createMixApps());

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
  const count = await nano().metric("router_links_count");
  expect(count).toBeGreaterThanOrEqual(2);
  const shot = createMix({ ask: (...request) => nano().ask(...request), streamEvery: STREAM_EVERY });
  const replacedMs: number[] = [];
  const killOne = async (atMs: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, atMs));
    const endsBefore = await nano().metric("router_link_ends_total");
    // The youngest is the spare: it serves nobody.
    const [victim] = nano()
      .findProcesses("worker.main")
      .sort((a, b) => a - b);
    if (victim === undefined) throw new Error("No worker runs");
    process.kill(victim, "SIGKILL");
    const killedMs = performance.now();
    // Replaced is when the router, having lost its link, has as many again.
    const isReplaced = async (): Promise<boolean> =>
      (await nano().metric("router_link_ends_total")) > endsBefore &&
      (await nano().metric("router_links_count")) === count;
    while (!(await isReplaced())) {
      if (performance.now() - killedMs > 10_000) throw new Error("The worker was not replaced");
    }
    replacedMs.push(performance.now() - killedMs);
  };
  const [report] = await Promise.all([
    runLoad({ requestsPerSecond: REQUESTS_PER_SECOND, durationMs: DURATION_MS, shot }),
    ...KILL_AT_MS.map(killOne),
  ]);
  process.stdout.write(
    `${report.requests} requests, ${report.failures.length} failed, ${report.lost.length} lost with their worker, ` +
      `p50 ${report.p50Ms.toFixed(1)} ms, p99 ${report.p99Ms.toFixed(1)} ms, workers replaced in ${replacedMs.map(Math.round).join(", ")} ms\n`,
  );
  expect(report.failures).toEqual([]);
  for (const ms of replacedMs) expect(ms).toBeLessThan(REPLACED_WITHIN_MS);
}, 120_000);
