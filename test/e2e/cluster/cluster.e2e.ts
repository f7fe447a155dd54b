/**
 * What clients see of a cluster under load while parts of it end, go away and come back: no retryable request fails. Rate and length of
 * the steps are in `step.ts`.
 */
import { join } from "node:path";
import { expect, onTestFailed, test } from "vitest";
import { extractCheckout, hasRevision } from "../../support/checkout.ts";
import { configChanged } from "./scenarios/config-changes.ts";
import {
  allRestarted,
  builderKilledMidBuild,
  registryKilledMidDeploy,
  routerKilled,
  storageAway,
} from "./scenarios/control-plane.ts";
import { executorAdded, executorDrained, executorKilled, executorPartitioned } from "./scenarios/executors.ts";
import { restartedBetweenBuilds } from "./scenarios/previous-build.ts";
import { redisConnectionsLost, redisKilled, redisRestored } from "./scenarios/redis.ts";
import { rolledOut } from "./scenarios/rollouts.ts";
import { openStepTests, STEP_TIMEOUT_MS } from "./step-tests.ts";

/** The build that this one takes over from. */
const PREVIOUS = process.env.NANO_E2E_PREVIOUS || "HEAD~1";

const { cluster, testStep } = openStepTests();

test("a deploy by nanoctl is built, and answers at every router", { timeout: STEP_TIMEOUT_MS }, async () => {
  const { deploys, routers } = cluster();
  onTestFailed(() => void process.stderr.write(cluster().describe()));
  const beganMs = performance.now();
  await deploys.say("first", "the first answer");
  const deployedMs = performance.now();
  expect(await deploys.findMissing(routers)).toEqual([]);
  const [deployMs, answerMs] = [deployedMs - beganMs, performance.now() - deployedMs].map(Math.round);
  process.stdout.write(`nanoctl deploy took ${deployMs} ms, the first answer of every router another ${answerMs} ms\n`);
});

testStep("without anything happening, nothing is lost", () => ({ name: "nothing", disturb: async () => undefined }));
testStep("an executor that is killed fails no retryable request", executorKilled);
testStep("one that is cut off neither, and takes up what was deployed meanwhile", executorPartitioned);
testStep("one that is added takes its share", executorAdded);
testStep("one that is told to end finishes what it has", executorDrained);
testStep("a router that is killed fails what it had in hand alone", routerKilled);
testStep("a deploy outlives the registry", registryKilledMidDeploy);
testStep("a build outlives its builder", builderKilledMidBuild);
testStep("without Redis what is known is served, and what was acknowledged is kept", redisKilled);
testStep("connections to Redis may be lost at any time", redisConnectionsLost);
testStep("a backup of Redis brings back what was acknowledged before it", redisRestored);
testStep("without the storage what runs is served", storageAway);
testStep("a version is rolled out to a share, halts by itself when it fails, and is rolled back", rolledOut);
testStep("a change of settings, isolation or routes fails no request", configChanged);
testStep("every service may be restarted, and nothing is lost", allRestarted);

if (hasRevision(PREVIOUS)) {
  testStep("each service may be of the previous build while others are of this one", (opened) => {
    const previous = join(opened.directory, "previous");
    extractCheckout(PREVIOUS, previous);
    return restartedBetweenBuilds(opened, previous);
  });
} else {
  test("each service may be of the previous build while others are of this one", (context) => {
    context.skip(`not run: no ${PREVIOUS} in this checkout`);
  });
}
