import type { VersionId, WorkerId } from "@nano/protocol/brands";
import { expect, test } from "vitest";
import { RolloutCounts } from "../src/control/rollout-counts.ts";

const NEXT = "v00000000000000aa" as VersionId;
const OTHER = "v00000000000000bb" as VersionId;
const [ONE, TWO] = ["w1", "w2"] as [WorkerId, WorkerId];
const SINCE = "2026-11-22T00:00:00.000Z";
const LATER = "2026-11-22T01:00:00.000Z";
const counted = (requestCount: number, errorCount: number, runningCount = 0) => ({
  since: SINCE,
  requestCount,
  errorCount,
  runningCount,
});
const total = (requestCount: number, errorCount: number) => ({ [NEXT]: { since: SINCE, requestCount, errorCount } });
const only = new Map([[NEXT, SINCE]]);

test("counts of all workers are summed, those of versions in no rollout left out", () => {
  const counts = new RolloutCounts(() => only);
  expect(counts.report(ONE, { [NEXT]: counted(5, 1), [OTHER]: counted(9, 9) })).toBe(true);
  expect(counts.report(TWO, { [NEXT]: counted(2, 0) })).toBe(true);
  expect(counts.report(TWO, { [NEXT]: counted(2, 0) })).toBe(false);
  expect(counts.counts).toEqual(total(7, 1));
});

test("with a worker its running requests are lost, and what it had counted stays", () => {
  const counts = new RolloutCounts(() => only);
  counts.report(ONE, { [NEXT]: counted(5, 1, 3) });
  counts.workerLost(ONE, NEXT);
  expect(counts.counts).toEqual(total(8, 4));
  counts.report(TWO, { [NEXT]: counted(1, 0) });
  expect(counts.counts).toEqual(total(9, 4));
});

test("a version that kills workers before they can report it is counted for each of them", () => {
  const counts = new RolloutCounts(() => only);
  for (let i = 0; i < 3; i++) counts.workerLost(`w${i}` as WorkerId, NEXT);
  expect(counts.counts).toEqual(total(3, 3));
});

test("a rollout that is begun again counts from nothing, whatever workers had counted and still tell", () => {
  let rollouts = only;
  const counts = new RolloutCounts(() => rollouts);
  counts.report(ONE, { [NEXT]: counted(60, 60) });
  counts.report(TWO, { [NEXT]: counted(6, 6) });
  counts.workerLost(TWO, null);
  expect(counts.counts).toEqual(total(66, 66));
  rollouts = new Map();
  expect(counts.counts).toEqual({});
  rollouts = new Map([[NEXT, LATER]]);
  expect(counts.counts).toEqual({});
  counts.report(ONE, { [NEXT]: counted(61, 61, 1) });
  counts.workerLost(ONE, null);
  expect(counts.counts).toEqual({});
  expect(counts.report(TWO, { [NEXT]: { ...counted(2, 1), since: LATER } })).toBe(true);
  counts.workerLost("w3" as WorkerId, NEXT);
  expect(counts.counts).toEqual({ [NEXT]: { since: LATER, requestCount: 3, errorCount: 2 } });
});
