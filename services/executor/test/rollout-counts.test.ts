import type { VersionId, WorkerId } from "@nano/protocol/brands";
import { expect, test } from "vitest";
import { RolloutCounts } from "../src/control/rollout-counts.ts";

const NEXT = "v00000000000000aa" as VersionId;
const OTHER = "v00000000000000bb" as VersionId;
const [ONE, TWO] = ["w1", "w2"] as [WorkerId, WorkerId];
const counted = (requestCount: number, errorCount: number, runningCount = 0) => ({
  requestCount,
  errorCount,
  runningCount,
});
const only = new Set([NEXT]);

test("counts of all workers are summed, those of versions in no rollout left out", () => {
  const counts = new RolloutCounts();
  expect(counts.report(ONE, { [NEXT]: counted(5, 1), [OTHER]: counted(9, 9) })).toBe(true);
  expect(counts.report(TWO, { [NEXT]: counted(2, 0) })).toBe(true);
  expect(counts.report(TWO, { [NEXT]: counted(2, 0) })).toBe(false);
  expect(counts.countsOf(only)).toEqual({ [NEXT]: { requestCount: 7, errorCount: 1 } });
  expect(counts.countsOf(new Set())).toEqual({});
});

test("with a worker its running requests are lost, and what it had counted stays", () => {
  const counts = new RolloutCounts();
  counts.report(ONE, { [NEXT]: counted(5, 1, 3) });
  counts.workerLost(ONE, NEXT);
  expect(counts.countsOf(only)).toEqual({ [NEXT]: { requestCount: 8, errorCount: 4 } });
  counts.report(TWO, { [NEXT]: counted(1, 0) });
  expect(counts.countsOf(only)).toEqual({ [NEXT]: { requestCount: 9, errorCount: 4 } });
});

test("a version that kills workers before they can report it is counted for each of them", () => {
  const counts = new RolloutCounts();
  for (let i = 0; i < 3; i++) counts.workerLost(`w${i}` as WorkerId, NEXT);
  expect(counts.countsOf(only)).toEqual({ [NEXT]: { requestCount: 3, errorCount: 3 } });
});
