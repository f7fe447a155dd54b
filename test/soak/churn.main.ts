/**
 * The process of a churn, with the flags of a worker: takes its job from the file of the first argument, prints lines, the last of them
 * `CHURN_END`, and exits 1 for a wrong answer.
 */
import { readFileSync } from "node:fs";
import { assertNoNodeSnapshot } from "@nano/isolate/engine";
import { CHURN_END, type ChurnJob, type ChurnState, runChurn } from "./churn.ts";

const MIB = 1024 * 1024;
const MAX_SLOPE_RATIO = 0.01;
/** From less time, the slope is of the beginning. */
const MIN_SLOPE_MS = 600_000;

assertNoNodeSnapshot();
const { slivers, ...options } = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as ChurnJob;
const result = await runChurn(slivers, { ...options, onProgress: (state) => print(describe(state)) });
print(describe(result));
for (const line of result.wrong) print(`wrong: ${line}`);
print(
  `${result.restoreCount} restores, ${result.answerCount} answers, ${result.wrongCount} wrong, Node ${process.version}`,
);
printSlope(result.slopeRatioPerTenMinutes, result.elapsedMs);
print(CHURN_END);
process.exitCode = result.wrongCount === 0 && result.wrong.length === 0 ? 0 : 1;

function printSlope(slopeRatio: number, elapsedMs: number): void {
  if (!Number.isFinite(slopeRatio)) return;
  print(`resident memory over the last half: ${(slopeRatio * 100).toFixed(2)} % per 10 minutes`);
  if (elapsedMs < MIN_SLOPE_MS) print("(too short a run to judge the slope by)");
  else if (slopeRatio > MAX_SLOPE_RATIO) {
    print(
      "Above 1 %: see whether it is glibc that keeps what was freed (again with MALLOC_ARENA_MAX=2, or MALLOC_TRIM_THRESHOLD_=131072), or the own heap that grows",
    );
  }
}

function describe(state: ChurnState): string {
  const mb = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MB`;
  const { elapsedMs, restoreCount, aliveCount, residentBytes, blobBytes, ownHeapBytes } = state;
  return (
    `${(elapsedMs / 1000).toFixed(0)} s: ${restoreCount} of ${options.restoreCount} restores, ${aliveCount} alive, ` +
    `resident ${mb(residentBytes)}, snapshots ${mb(blobBytes)}, own heap ${mb(ownHeapBytes)}`
  );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
