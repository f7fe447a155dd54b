/** What becomes of a build when its builder, its queue or its followers' connection is lost. */
import type { BuildEvent } from "@nano/protocol/records";
import { needRedisServer } from "@nano/test-kit/redis-server";
import { Queue } from "bullmq";
import { expect, onTestFinished, test } from "vitest";
import { MAX_EVENTS_PER_BUILD } from "../../src/build-events.ts";
import type { BuildOutcome } from "../../src/build-queue.ts";
import { MAX_ATTEMPTS, MAX_EVENT_BYTES_PER_BUILD } from "../../src/build-records.ts";
import type { BullBuildQueue } from "../../src/bull-build-queue.ts";
import { BULL_QUEUE, type BullBuilder } from "../../src/bull-builder.ts";
import { errors } from "../../src/errors.ts";
import type { JobClaim } from "../../src/job-ledger.ts";
import { buildJob, DIGEST, ENGINE, versionOf } from "../records.ts";
import { APPEND_ONLY, CELL, insist, openOperator, openQueue, startServer } from "./redis-harness.ts";

needRedisServer();

const BUILT: BuildOutcome = { type: "built", fingerprint: ENGINE, sliver: DIGEST, rung: "heap", elapsedMs: 5 };
const NEVER = new AbortController().signal;
const log = (text: string): BuildEvent => ({ type: "log", level: "info", text });

function openBuilder(queue: BullBuildQueue): BullBuilder {
  const builder = queue.openBuilder();
  onTestFinished(() => builder.close());
  return builder;
}

/** Takes until there is a job. */
async function take(builder: BullBuilder): Promise<JobClaim> {
  for (;;) {
    const taken = await insist(() => builder.takeJob(NEVER));
    if (taken !== null) return { version: taken.job.version, token: taken.token };
  }
}

async function collect(events: AsyncIterable<BuildEvent>): Promise<BuildEvent[]> {
  const collected: BuildEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

test("a job whose builder says nothing is given to another; the first one's word counts no more", async () => {
  const server = await startServer();
  const queue = openQueue({ urls: [server.url] }, { claimMs: 500 });
  await queue.enqueue(buildJob(1));
  const [first, second] = [openBuilder(queue), openBuilder(queue)];
  const lost = await take(first);
  const kept = await take(second);
  expect(kept.version).toBe(lost.version);
  await expect(first.finishJob(lost, BUILT)).rejects.toMatchObject({ code: "STORE_JOB_LOST" });
  await expect(first.reportJob(lost, [])).rejects.toMatchObject({ code: "STORE_JOB_LOST" });
  await second.finishJob(kept, BUILT);
  await expect(second.finishJob(kept, BUILT)).rejects.toMatchObject({ code: "STORE_JOB_LOST" });
  expect(await collect(queue.followBuild(versionOf(1), NEVER))).toEqual([BUILT]);
});

test("a job whose builders are lost again and again ends as failed, once", async () => {
  const server = await startServer();
  const queue = openQueue({ urls: [server.url] }, { claimMs: 60 });
  await queue.enqueue(buildJob(1));
  const events = collect(queue.followBuild(versionOf(1), NEVER));
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) await take(openBuilder(queue));
  const stop = new AbortController();
  const taking = queue.takeJobs(() => Promise.reject(new Error("It was run once more")), stop.signal);
  expect(await events).toEqual([{ type: "failed", error: expect.objectContaining({ code: "STORE_BUILDER_LOST" }) }]);
  stop.abort();
  await taking;
});

test("a builder that has nothing to say keeps its job", async () => {
  const server = await startServer();
  const queue = openQueue({ urls: [server.url] }, { claimMs: 1_000 });
  await queue.enqueue(buildJob(1));
  const stop = new AbortController();
  let runCount = 0;
  const run = async () => {
    runCount += 1;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    return BUILT;
  };
  const taking = [queue.takeJobs(run, stop.signal), queue.takeJobs(run, stop.signal)];
  expect(await collect(queue.followBuild(versionOf(1), NEVER))).toEqual([BUILT]);
  expect(runCount).toBe(1);
  stop.abort();
  await Promise.all(taking);
});

test("a build that fails for a passing reason is tried again, one that fails for good is kept as a dead letter", async () => {
  const server = await startServer();
  const queue = openQueue({ urls: [server.url] }, { retryPauseMs: 1 });
  const passing: BuildOutcome = { type: "failed", error: errors.LOST({ what: "storage", why: "away" }).wire };
  await queue.enqueue(buildJob(1));
  const stop = new AbortController();
  let runCount = 0;
  const taking = queue.takeJobs(async () => {
    runCount += 1;
    return passing;
  }, stop.signal);
  const events = await collect(queue.followBuild(versionOf(1), NEVER));
  expect(events.map(({ type }) => type)).toEqual(["log", "log", "failed"]);
  expect(runCount).toBe(MAX_ATTEMPTS);
  stop.abort();
  await taking;
  const bull = new Queue(BULL_QUEUE, {
    connection: openOperator(server) as never,
    prefix: `{nano:${CELL}}:v1:bull`,
  });
  onTestFinished(() => bull.close());
  const failed = await bull.getFailed();
  expect(failed.map(({ data, failedReason }) => [data, failedReason])).toEqual([
    [{ version: versionOf(1) }, passing.type === "failed" ? passing.error.message : ""],
  ]);
});

test("followers and builders go on where they were when the server returns", async () => {
  const server = await startServer({ args: APPEND_ONLY });
  const queue = openQueue({ urls: [server.url] });
  await queue.enqueue(buildJob(1));
  const seen: BuildEvent[] = [];
  const first = Promise.withResolvers<void>();
  const following = (async () => {
    for await (const event of queue.followBuild(versionOf(1), NEVER)) {
      seen.push(event);
      first.resolve();
    }
  })();
  const stop = new AbortController();
  const returned = Promise.withResolvers<void>();
  const taking = queue.takeJobs(async (_job, report) => {
    report(log("before"));
    await returned.promise;
    report(log("after"));
    return BUILT;
  }, stop.signal);
  await first.promise;
  await server.stop();
  await server.start();
  returned.resolve();
  await following;
  expect(seen).toEqual([log("before"), log("after"), BUILT]);
  stop.abort();
  await taking;
});

test("an open build whose job BullMQ has lost gets it again from its follower", async () => {
  const server = await startServer();
  const queue = openQueue({ urls: [server.url] });
  await queue.enqueue(buildJob(1));
  const operator = openOperator(server);
  await operator.del(`{nano:${CELL}}:v1:bull:${BULL_QUEUE}:wait`, `{nano:${CELL}}:v1:bull:${BULL_QUEUE}:marker`);
  for (const key of await operator.keys(`*:bull:${BULL_QUEUE}:v*`)) await operator.del(key);
  const stop = new AbortController();
  const taking = queue.takeJobs(async () => BUILT, stop.signal);
  expect(await collect(queue.followBuild(versionOf(1), NEVER))).toEqual([BUILT]);
  stop.abort();
  await taking;
});

test("events, builds that wait and builds that have ended are bounded", async () => {
  const server = await startServer();
  const queue = openQueue({ urls: [server.url] }, { openBuildCount: 2, endedBuildCount: 1 });
  await queue.enqueue(buildJob(1));
  await queue.enqueue(buildJob(2));
  await expect(queue.enqueue(buildJob(3))).rejects.toMatchObject({ code: "STORE_QUEUE_FULL" });
  const builder = openBuilder(queue);
  const claim = await take(builder);
  await builder.reportJob(
    claim,
    Array.from({ length: MAX_EVENTS_PER_BUILD + 5 }, (_, index) => log(`${index}`)),
  );
  await builder.finishJob(claim, BUILT);
  const kept = await collect(queue.followBuild(claim.version, NEVER));
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([MAX_EVENTS_PER_BUILD, log("6"), BUILT]);
  const other = await take(builder);
  const text = "x".repeat(8000);
  await builder.reportJob(
    other,
    Array.from({ length: 500 }, () => log(text)),
  );
  await builder.finishJob(other, BUILT);
  const bytes = JSON.stringify(await collect(queue.followBuild(other.version, NEVER))).length;
  expect(bytes).toBeLessThan(MAX_EVENT_BYTES_PER_BUILD * 1.1);
  expect(await collect(queue.followBuild(claim.version, NEVER)), "it ended before the last one").toEqual([]);
});
