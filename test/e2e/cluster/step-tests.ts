/** A test file's cluster: opened before its tests, asked for by each, closed after them; what the steps showed is printed as a table. */
import { hasRedisServer, needRedisServer } from "@nano/test-kit/redis-server";
import { afterAll, beforeAll, expect, onTestFailed, test } from "vitest";
import { createMixApps } from "../../support/load-mix.ts";
import { describeFailures, renderSteps, type StepColumn } from "../../support/step-table.ts";
import { Cluster, type ClusterOptions } from "./cluster.ts";
import { type ClusterStepRow, runStep, STEP_STREAM_MS, type StepOptions } from "./step.ts";

export const STEP_TIMEOUT_MS = 600_000;
const OPEN_TIMEOUT_MS = 180_000;

/**
 * An entry's limit is wall time: while services start beside it on the same two cores, an app that computes for 2 ms was told that it
 * had used its 50. What is measured here is the cluster.
 */
const MIX_MANIFEST = { limits: { cpu_time_ms: 2_000 } };

const ERRORS_LOGGED: StepColumn<ClusterStepRow> = {
  title: "errors logged",
  of: ({ errorLines }) => errorLines.length,
};

function describeRow(row: ClusterStepRow): string {
  return describeFailures(
    row,
    row.errorLines.map(({ service, msg }) => `logged by ${service}: ${msg}`),
  );
}

export interface StepTests {
  /** To be asked for inside of tests. */
  cluster(): Cluster;
  /** A test of one step. Whatever it was, every deploy that was acknowledged is there after it, at every router. */
  testStep(sentence: string, describe: (cluster: Cluster) => StepOptions): void;
}

export function openStepTests(options: ClusterOptions = {}): StepTests {
  needRedisServer();
  let opened: Cluster | null = null;
  const rows: ClusterStepRow[] = [];
  const cluster = (): Cluster => {
    if (opened === null) throw new Error("The cluster was not opened");
    return opened;
  };

  beforeAll(async () => {
    if (!hasRedisServer) return;
    opened = await Cluster.open(options);
    for (const { hostname, source } of createMixApps({ streamMs: STEP_STREAM_MS })) {
      const [name = ""] = hostname.split(".");
      await opened.deploys.deploy({ name, source, manifest: MIX_MANIFEST });
    }
  }, OPEN_TIMEOUT_MS);
  afterAll(async () => {
    await opened?.close();
    if (rows.length === 0) return;
    const failures = rows.map(describeRow).filter((text) => text !== "");
    process.stdout.write(`\n${[renderSteps(rows, [ERRORS_LOGGED]), ...failures].join("\n\n")}\n`);
  }, OPEN_TIMEOUT_MS);

  return {
    cluster,
    testStep(sentence, describe) {
      test(sentence, { timeout: STEP_TIMEOUT_MS }, async () => {
        onTestFailed(() => void process.stderr.write(cluster().describe()));
        const row = await runStep(cluster(), describe(cluster()));
        rows.push(row);
        expect(describeRow({ ...row, other: [] })).toBe("");
        await cluster().settled();
        expect(await cluster().deploys.findMissing(cluster().routers)).toEqual([]);
      });
    },
  };
}
