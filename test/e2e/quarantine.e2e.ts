/** What ends workers again and again: its neighbours are left alone, it waits, and a new version of it is served at once. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { eventually } from "@nano/test-kit/eventually";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Fixture } from "../support/fixtures.ts";
import type { Answer } from "../support/http-answer.ts";
import { NanoProcess } from "../support/nano-process.ts";
import { type LoadReport, runLoad } from "../support/open-loop.ts";

const NANOCTL = fileURLToPath(new URL("../../packages/cli/bin/nanoctl", import.meta.url));
const START_TIMEOUT_MS = 120_000;
const KILLER = `export default { fetch(request) {
  if (new URL(request.url).pathname !== "/kill") return new Response("alive");
  return new Response(String(Math.max.apply(null, new Array(1e8).fill(1))));
} }`;
const MENDED = `export default { fetch: () => new Response("mended") }`;
const neighbours = ["near", "far"];
const fixture = new Fixture(
  [
    { hostname: "killer.localhost", source: KILLER, settings: { limits: { memory_mb: 32 } } },
    ...neighbours.map((name) => ({
      hostname: `${name}.localhost`,
      source: `export default { fetch: () => new Response("${name}") }`,
    })),
  ],
  {},
);
let nano: NanoProcess;

beforeAll(async () => {
  nano = await NanoProcess.start(fixture.args);
}, START_TIMEOUT_MS);
afterAll(async () => {
  await nano?.close();
  fixture.remove();
});

const kill = (): Promise<Answer> => nano.ask("killer.localhost", "/kill");
const run = promisify(execFile);

async function nanoctl(...args: string[]): Promise<string> {
  const { stdout } = await run(NANOCTL, [...args, "--data-dir", join(nano.directory, "data")]);
  return stdout;
}

const reasonOf = ({ headers }: Answer): unknown => headers["x-nano-error"];

function loadNeighbours(isOver: () => boolean): Promise<LoadReport> {
  return runLoad({
    requestsPerSecond: 40,
    durationMs: 500,
    isOver,
    shot: (index) => {
      const name = neighbours[index % neighbours.length] as string;
      return {
        name,
        send: () => nano.ask(`${name}.localhost`),
        check: ({ text }) => (text === name ? null : `answered ${text}`),
      };
    },
  });
}

test("a version that ends workers is served apart, then answered 503 in a back-off, while its neighbours notice nothing", async () => {
  let isOver = false;
  const load = loadNeighbours(() => isOver);
  const ends: unknown[] = [];
  let last: Answer;
  do {
    last = await kill();
    ends.push(reasonOf(last));
    // Those that it shares are two; from then on it has its own, once that has started.
    if (ends.length === 2) await eventually(async () => (await nano.ask("killer.localhost")).text === "alive");
  } while (reasonOf(last) !== "quarantined");
  expect(ends.slice(0, 3)).toEqual(["worker_lost", "worker_lost", "worker_lost"]);
  expect(last.status).toBe(503);
  expect(Number(last.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  const lostCount = await nano.metric("executor_workers_lost_total");
  await eventually(async () => (await nano.ask("killer.localhost")).text === "alive");
  expect(await nano.metric("executor_workers_lost_total")).toBe(lostCount);
  expect(await nano.metric("executor_quarantined_versions_count")).toBe(1);
  isOver = true;
  const { failures, lost } = await load;
  expect({ failures, lost }).toEqual({ failures: [], lost: [] });
  const blamed = [...nano.output.matchAll(/version ended a worker app=(\S+)/g)].map(([, app]) => app);
  expect(blamed).toEqual(["killer", "killer"]);
}, 60_000);

test("nanoctl shows it, and lifts it: what was held back is served by workers that all share", async () => {
  await eventually(async () => reasonOf(await kill()) === "quarantined");
  expect(await nanoctl("quarantine")).toMatch(/killer +v[0-9a-f]{16} +served apart/);
  expect(await nanoctl("quarantine", "lift", "killer")).toContain("is forgiven");
  await eventually(async () => (await nano.ask("killer.localhost")).text === "alive");
  await eventually(async () => (await nano.metric("executor_quarantined_versions_count")) === 0);
  await eventually(async () => (await nano.metric("executor_own_workers_count")) === 0);
  expect(await nanoctl("quarantine")).toContain("Nothing is in quarantine");
}, 60_000);

test("a new version of what is held back is served at once, by workers that all share", async () => {
  await eventually(async () => reasonOf(await kill()) === "quarantined", { timeoutMs: 40_000 });
  fixture.edit("killer.localhost", MENDED);
  await eventually(async () => (await nano.ask("killer.localhost")).text === "mended", { timeoutMs: 20_000 });
  expect(await nano.metric("executor_quarantined_versions_count")).toBe(1);
}, 90_000);
