import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { AppName, WorkerId } from "@nano/protocol/brands";
import { eventually } from "@nano/test-kit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { CoreWaits, type WatchedEntry } from "../src/control/core-waits.ts";
import { HANG_GRACE_MS, HangWatch } from "../src/control/hang-watch.ts";
import { FlightRecorder } from "../src/flight-recorder.ts";
import { silentLogger } from "./process-harness.ts";
import { temporaryDirectory } from "./sliver-fixture.ts";

const LIMIT_MS = 30;

/** A worker as the watch sees one, whose entry has begun, and what the watch did. */
function watchOne({ thread = 0, ownMs }: { readonly thread?: number; ownMs(entry: WatchedEntry): number }) {
  const path = join(temporaryDirectory(), "recorder");
  const recorderFd = openSync(path, "w+");
  unlinkSync(path);
  const recorder = new FlightRecorder(recorderFd, { thread, taskId: 7_000 + thread });
  const begunMs = performance.now();
  recorder.begin("subject" as AppName, null, LIMIT_MS);
  const seen = { turnCount: 0, killedMs: 0, asked: [] as WatchedEntry[] };
  const worker = {
    id: "w1" as WorkerId,
    pid: process.pid,
    isGone: false,
    recorderFd,
    kill: () => {
      seen.killedMs = performance.now() - begunMs;
    },
  };
  const watch = new HangWatch({
    logger: silentLogger,
    workers: () => [worker],
    waits: {
      ownMs: (entry) => {
        seen.asked.push(entry);
        return ownMs(entry);
      },
      turn: () => {
        seen.turnCount += 1;
      },
    },
  });
  onTestFinished(() => watch.close());
  return { watch, worker, recorder, seen };
}

test("a worker is killed when an entry has run for its limit and the grace", async () => {
  const { seen, watch, worker } = watchOne({ ownMs: ({ runMs }) => runMs });
  await eventually(() => seen.killedMs > 0);
  expect(seen.killedMs).toBeGreaterThanOrEqual(LIMIT_MS + HANG_GRACE_MS);
  expect(watch.causeOf(worker.id)).toBe("hung");
});

test("an entry that waits for a core does not hang, on whichever thread", async () => {
  let isWaiting = true;
  const { seen } = watchOne({ thread: 7, ownMs: ({ runMs }) => (isWaiting ? 0 : runMs) });
  await eventually(() => seen.turnCount > 12);
  expect(seen.killedMs).toBe(0);
  expect(seen.asked[0]).toMatchObject({ pid: process.pid, taskId: 7_007 });
  isWaiting = false;
  await eventually(() => seen.killedMs > 0);
});

test("what the kernel counts as waiting is told from what a process uses", async () => {
  // Two on one core: each waits for about as long as the other runs.
  const rivals = [1, 2].map(() =>
    spawn("taskset", ["-c", "0", process.execPath, "-e", "process.stdout.write('on'); for (;;) {}"], {
      stdio: ["ignore", "pipe", "ignore"],
    }),
  );
  onTestFinished(async () => {
    const gone = rivals.map((each) => once(each, "exit"));
    for (const each of rivals) each.kill("SIGKILL");
    await Promise.all(gone);
  });
  await Promise.all(rivals.map((each) => once(each.stdout as NodeJS.ReadableStream, "data")));
  const waits = new CoreWaits();
  const [pid = 0] = rivals.map((each) => each.pid ?? 0);
  // It began long before it was seen: how much of that was its own nobody knows.
  const startedMs = performance.now() - 10_000;
  const own = (beganMs: number): number => {
    const ms = waits.ownMs({ pid, taskId: pid, beganMs, runMs: performance.now() - startedMs });
    waits.turn();
    return ms;
  };
  const firstSeenMs = performance.now();
  expect(own(1)).toBe(0);
  await eventually(() => own(1) > 50);
  expect(performance.now() - firstSeenMs - own(1)).toBeGreaterThan(20);
  // Another entry: from now on.
  expect(own(2)).toBe(0);
});
