/**
 * What clients see of a cluster under load while parts of it end, go away and come back: no retryable request fails. Rate and length of
 * the steps are in `step.ts`; what they showed is printed as a table.
 */
import { needRedisServer } from "@nano/test-kit/redis-server";
import { afterAll, beforeAll, expect, onTestFailed, test } from "vitest";
import { mixApps } from "../../support/load-mix.ts";
import { Cluster } from "./cluster.ts";
import { RegistryApi } from "./registry-api.ts";
import { runStep, type StepOptions, type StepRow } from "./step.ts";
import { describeFailures, renderSteps } from "./step-table.ts";

needRedisServer();

const STEP_TIMEOUT_MS = 300_000;
const OPEN_TIMEOUT_MS = 180_000;

let cluster: Cluster;
let api: RegistryApi;
const rows: StepRow[] = [];

beforeAll(async () => {
  cluster = await Cluster.open();
  api = new RegistryApi(cluster.registryUrl);
}, OPEN_TIMEOUT_MS);

afterAll(async () => {
  await cluster?.close();
  process.stdout.write(`${renderSteps(rows)}\n${rows.map(describeFailures).join("\n")}\n`);
}, OPEN_TIMEOUT_MS);

async function step(options: StepOptions): Promise<StepRow> {
  onTestFailed(() => void process.stderr.write(cluster.describe()));
  const row = await runStep(cluster, options);
  rows.push(row);
  expect(describeFailures({ ...row, other: [] })).toBe("");
  await cluster.settled();
  return row;
}

test(
  "a deploy is built, and answers at every router",
  async () => {
    onTestFailed(() => void process.stderr.write(cluster.describe()));
    for (const app of mixApps) await api.deploy(app);
    for (let i = 0; i < cluster.routers.length; i++) {
      const answer = await cluster.balancer.ask("named.localhost", "/", { headers: { "x-request-tag": "1" } });
      expect(answer.text).toBe("tag 1");
    }
  },
  STEP_TIMEOUT_MS,
);

test(
  "nothing happens, and nothing is seen",
  async () => {
    const row = await step({ name: "nothing", disturb: async () => undefined });
    expect(row.other).toEqual([]);
  },
  STEP_TIMEOUT_MS,
);

test(
  "an executor that is killed fails no retryable request",
  async () => {
    const [executor] = cluster.executors;
    if (executor === undefined) throw new Error("No executor runs");
    await step({
      name: "executor killed",
      async disturb({ recovered }) {
        executor.kill();
        await executor.exited;
        await executor.start(cluster.root);
        await cluster.settled();
        recovered();
      },
    });
  },
  STEP_TIMEOUT_MS,
);
