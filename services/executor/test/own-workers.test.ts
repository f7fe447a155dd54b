import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import type { OwnWorkerStats } from "../src/control/own-workers.ts";
import { isAlive, openOwnWorkers } from "./process-harness.ts";
import { nextVersionId } from "./sliver-fixture.ts";

const IDLE: OwnWorkerStats = { requests: 0, queued: 0, running: 0 };

test("a version has one worker, started once for all who ask, and no other version has it", async () => {
  const { workers, equipped } = await openOwnWorkers();
  const [one, two] = [nextVersionId(), nextVersionId()];
  const [first, again, other] = await Promise.all([one, one, two].map((version) => workers.workerFor(version)));
  expect(again).toBe(first);
  expect(other).not.toBe(first);
  expect(equipped).toEqual(expect.arrayContaining([one, two]));
  expect(workers.size).toBe(2);
});

test("where there are as many as may be, who asks is told so, until one that is not in use has left", async () => {
  const { workers, refused, ended } = await openOwnWorkers({ limitCount: 1 });
  const [one, two] = [nextVersionId(), nextVersionId()];
  const first = await workers.workerFor(one);
  await expect(workers.workerFor(two)).rejects.toMatchObject({
    code: "EXEC_OWN_WORKERS_FULL",
    wire: { retryable: true, reason: "quarantined" },
  });
  expect(refused).toEqual(["full"]);
  const isServed = async (): Promise<boolean> => {
    const found = await workers.workerFor(two).catch(() => null);
    return found !== null;
  };
  await eventually(isServed);
  expect(ended).toEqual([first]);
});

test("one that died is told of, and its version gets the next one when its pause is over", async () => {
  let pauseMs = 0;
  const { workers, deaths, refused } = await openOwnWorkers({ pauseMs: () => pauseMs });
  const versionId = nextVersionId();
  const worker = await workers.workerFor(versionId);
  pauseMs = 1_500;
  worker.kill();
  await worker.exited;
  await expect(workers.workerFor(versionId)).rejects.toMatchObject({
    code: "EXEC_QUARANTINED",
    wire: { retryable: false, fault: "tenant", details: { waitMs: 1_500 } },
  });
  expect([deaths, refused]).toEqual([[{ versionId, cause: "died" }], ["held_back"]]);
  expect(await workers.examine({ workerId: worker.id, peer: "router", streamIds: [1] })).toEqual({
    suspect: 0,
    entered: [],
  });
  pauseMs = 0;
  expect(await workers.workerFor(versionId)).not.toBe(worker);
});

test("one that has no requests for long ends, and so does one whose version is free again", async () => {
  const { workers, ended, deaths } = await openOwnWorkers({ idleMs: 50 });
  const [idle, freed] = [nextVersionId(), nextVersionId()];
  const first = await workers.workerFor(idle);
  let requests = 0;
  // In use it stays.
  const beganMs = performance.now();
  await eventually(() => {
    workers.report(first.id, { ...IDLE, requests: requests++ });
    return performance.now() - beganMs > 150;
  });
  expect(isAlive(first.pid ?? 0)).toBe(true);
  await eventually(() => {
    workers.report(first.id, { ...IDLE, requests });
    return ended.includes(first);
  });
  const second = await workers.workerFor(freed);
  workers.free(freed);
  await eventually(() => ended.includes(second));
  expect([workers.size, deaths]).toEqual([0, []]);
});

test("one that a router asked for after its version was free again ends soon", async () => {
  const { workers, ended } = await openOwnWorkers({ isQuarantined: () => false });
  const late = await workers.workerFor(nextVersionId());
  await eventually(() => {
    workers.report(late.id, IDLE);
    return ended.includes(late);
  });
});

test("at the end of the node all of them end, those that start included, and none is started any more", async () => {
  const { workers } = await openOwnWorkers();
  const worker = await workers.workerFor(nextVersionId());
  const starting = workers.workerFor(nextVersionId());
  const outcome = expect(starting).rejects.toMatchObject({ code: "EXEC_NODE_DRAINING" });
  await workers.close(AbortSignal.timeout(5_000), 1_000);
  await outcome;
  expect(isAlive(worker.pid ?? 0)).toBe(false);
  await expect(workers.workerFor(nextVersionId())).rejects.toMatchObject({ code: "EXEC_NODE_DRAINING" });
});
