/** An app that burns CPU in long entries beside a quiet one: it gets workers away from it, and the quiet one waits no more. */
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { type LoadReport, type LoadShot, runLoad } from "../support/open-loop.ts";
import { serveApps } from "../support/serve-apps.ts";

const BURNER = "burner.localhost";
/** So many that one of them is on the burner's worker. */
const QUIET_COUNT = 8;
const ASKS_PER_SECOND = 60;
/** With the cordon, to compare with the time before it. */
const AFTER_MS = 5_000;
/** For routers to hear of it. */
const HEARD_MS = 500;

const quietHosts = Array.from({ length: QUIET_COUNT }, (_, count) => `quiet-${count}.localhost`);
const nano = serveApps(
  [
    {
      hostname: BURNER,
      source: `export default { fetch() {
        let sum = 0;
        for (let i = 0; i < 2e7; i++) sum = (sum * 31 + i) | 0;
        return new Response("burnt" + (sum === 0.5));
      } }`,
      settings: { limits: { cpu_time_ms: 1_000 } },
    },
    ...quietHosts.map((hostname) => ({ hostname, source: `export default { fetch: () => new Response("quiet") }` })),
  ],
  { debug_headers: true },
);

async function workerOf(host: string): Promise<string> {
  return String((await nano().ask(host)).headers["x-nano-worker"]);
}

function askQuiet(host: string): LoadShot {
  return {
    name: host,
    send: () => nano().ask(host),
    check: ({ text }) => (text === "quiet" ? null : `answered ${text}`),
  };
}

/** Of requests that were meant to begin in that time. */
function latencyMs({ ends }: LoadReport, ratio: number, fromMs: number, toMs: number): number {
  const sorted = ends
    .filter(({ intendedMs }) => intendedMs >= fromMs && intendedMs < toMs)
    .map(({ intendedMs, endedMs }) => endedMs - intendedMs)
    .sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * ratio)] ?? Number.NaN;
}

test("a burner is moved away from a quiet app, which then waits for it no more", async () => {
  const burnersWorker = await workerOf(BURNER);
  let beside: string | undefined;
  for (const host of quietHosts) if ((await workerOf(host)) === burnersWorker) beside ??= host;
  if (beside === undefined) throw new Error("No quiet app is beside the burner");
  const quiet = beside;

  let isOver = false;
  const burnt = new Set<number>();
  // One after the other: what waits before a quiet request is one entry, whatever machine this is.
  const burn = async (): Promise<void> => {
    while (!isOver) burnt.add((await nano().ask(BURNER)).status);
  };
  const beganMs = performance.now();
  const loaded = runLoad({
    requestsPerSecond: ASKS_PER_SECOND,
    durationMs: 1_000,
    isOver: () => isOver,
    shot: () => askQuiet(quiet),
  });
  const burning = burn();
  const isCordoned = async (): Promise<boolean> => (await nano().metric("executor_cordoned_apps_count")) === 1;
  await eventually(isCordoned, { timeoutMs: 60_000 });
  const cordonedMs = performance.now() - beganMs;
  await new Promise((resolve) => setTimeout(resolve, AFTER_MS));
  const [burner, others] = [await workerOf(BURNER), await workerOf(quiet)];
  isOver = true;
  const report = await loaded;
  await burning;

  const endMs = cordonedMs + AFTER_MS;
  const describe = (fromMs: number, toMs: number): string =>
    [0.5, 0.9, 0.99].map((ratio) => `p${ratio * 100} ${Math.round(latencyMs(report, ratio, fromMs, toMs))}`).join(" ");
  process.stdout.write(
    `quiet app beside the burner: ${describe(0, cordonedMs)} ms; away from it: ${describe(cordonedMs + HEARD_MS, endMs)} ms\n`,
  );
  expect(burner).not.toBe(others);
  expect({ failures: report.failures, lost: report.lost }).toEqual({ failures: [], lost: [] });
  expect([...burnt]).toEqual([200]);
  expect(latencyMs(report, 0.99, cordonedMs + HEARD_MS, endMs)).toBeLessThan(latencyMs(report, 0.99, 0, cordonedMs));
  expect(latencyMs(report, 0.9, cordonedMs + HEARD_MS, endMs)).toBeLessThan(latencyMs(report, 0.9, 0, cordonedMs) / 2);
}, 120_000);
