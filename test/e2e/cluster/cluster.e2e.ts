/**
 * What clients see of a cluster under load while parts of it end, go away and come back: no retryable request fails. Rate and length of
 * the steps are in `step.ts`; what they showed is printed as a table.
 */
import { needRedisServer } from "@nano/test-kit/redis-server";
import { afterAll, beforeAll, expect, onTestFailed, test } from "vitest";
import { mixApps } from "../../support/load-mix.ts";
import { Cluster } from "./cluster.ts";
import {
  allRestarted,
  builderKilledMidBuild,
  registryKilledMidDeploy,
  routerKilled,
  storageAway,
} from "./scenarios/control-plane.ts";
import { executorAdded, executorDrained, executorKilled, executorPartitioned } from "./scenarios/executors.ts";
import { redisConnectionsLost, redisKilled, redisRestored } from "./scenarios/redis.ts";
import { runStep, type StepOptions, type StepRow } from "./step.ts";
import { describeFailures, renderSteps } from "./step-table.ts";

needRedisServer();

const STEP_TIMEOUT_MS = 300_000;
const OPEN_TIMEOUT_MS = 180_000;

let cluster: Cluster;
const rows: StepRow[] = [];

beforeAll(async () => {
  cluster = await Cluster.open();
}, OPEN_TIMEOUT_MS);

afterAll(async () => {
  await cluster?.close();
  process.stdout.write(`\n${renderSteps(rows)}\n\n${rows.map(describeFailures).filter(Boolean).join("\n")}\n`);
}, OPEN_TIMEOUT_MS);

/** A test of one step. Whatever it was, every deploy that was acknowledged is there after it, at every router. */
function testStep(sentence: string, describe: () => StepOptions): void {
  test(sentence, { timeout: STEP_TIMEOUT_MS }, async () => {
    onTestFailed(() => void process.stderr.write(cluster.describe()));
    const row = await runStep(cluster, describe());
    rows.push(row);
    expect(describeFailures({ ...row, other: [] })).toBe("");
    await cluster.settled();
    expect(await cluster.deploys.findMissing(cluster.routers)).toEqual([]);
  });
}

test("a deploy by nanoctl is built, and answers at every router", { timeout: STEP_TIMEOUT_MS }, async () => {
  onTestFailed(() => void process.stderr.write(cluster.describe()));
  for (const { hostname, source } of mixApps) {
    const [name = ""] = hostname.split(".");
    await cluster.deploys.deploy({ name, source });
  }
  const beganMs = performance.now();
  await cluster.deploys.say("first", "the first answer");
  const deployedMs = performance.now();
  expect(await cluster.deploys.findMissing(cluster.routers)).toEqual([]);
  const [deployMs, answerMs] = [deployedMs - beganMs, performance.now() - deployedMs].map(Math.round);
  process.stdout.write(`nanoctl deploy took ${deployMs} ms, the first answer of every router another ${answerMs} ms\n`);
});

testStep("without anything happening, nothing is lost", () => ({ name: "nothing", disturb: async () => undefined }));
testStep("an executor that is killed fails no retryable request", () => executorKilled(cluster));
testStep("one that is cut off neither, and takes up what was deployed meanwhile", () => executorPartitioned(cluster));
testStep("one that is added takes its share", () => executorAdded(cluster));
testStep("one that is told to end finishes what it has", () => executorDrained(cluster));
testStep("a router that is killed fails what it had in hand alone", () => routerKilled(cluster));
testStep("a deploy outlives the registry", () => registryKilledMidDeploy(cluster));
testStep("a build outlives its builder", () => builderKilledMidBuild(cluster));
testStep("without Redis what is known is served, and what was acknowledged is kept", () => redisKilled(cluster));
testStep("connections to Redis may be lost at any time", () => redisConnectionsLost(cluster));
testStep("a backup of Redis brings back what was acknowledged before it", () => redisRestored(cluster));
testStep("without the storage what runs is served", () => storageAway(cluster));
testStep("every service may be restarted, and nothing is lost", () => allRestarted(cluster));
