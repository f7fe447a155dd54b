/** What becomes of a build whose queue does not answer. */
import type { BuildQueue } from "@nano/control-store/build-queue";
import { errors as storeErrors } from "@nano/control-store/errors";
import type { BuildJob } from "@nano/protocol/records";
import { createSilentLogger } from "@nano/service-kit/logger";
import { expect, test } from "vitest";
import { BuildWatcher } from "../src/control/build-watcher.ts";

const LOST = storeErrors.LOST({ what: "enqueue", why: "cut" });
const JOB = { version: "v0000000000000001" } as BuildJob;

/** A watcher of a queue that is lost so many times before it takes a job. */
function watcherOf({ lostCount, repeatEnqueueMs = 10_000 }: { lostCount: number; repeatEnqueueMs?: number }) {
  const asked: BuildJob[] = [];
  const queue: Pick<BuildQueue, "enqueue" | "followBuild"> = {
    async enqueue(job) {
      asked.push(job);
      if (asked.length <= lostCount) throw LOST;
    },
    async *followBuild() {
      yield { type: "failed", error: LOST.wire };
    },
  };
  const ledger = { markBuilding: async () => {}, settle: async () => {} };
  const { signal } = new AbortController();
  const options = { queue: queue as BuildQueue, ledger, logger: createSilentLogger(), signal, repeatEnqueueMs };
  return { watcher: new BuildWatcher(options), asked };
}

test("a build is asked for again where the connection to the queue was lost", async () => {
  const { watcher, asked } = watcherOf({ lostCount: 2 });
  await watcher.runToEnd(JOB);
  expect(asked).toEqual([JOB, JOB, JOB]);
});

test("a queue that stays away is given up", async () => {
  const { watcher } = watcherOf({ lostCount: Number.POSITIVE_INFINITY, repeatEnqueueMs: 0 });
  await expect(watcher.start(JOB)).rejects.toMatchObject({ code: "STORE_LOST" });
});
