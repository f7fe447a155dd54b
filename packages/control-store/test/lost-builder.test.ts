import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { BuildEvent } from "@nano/protocol/records";
import { expect, onTestFinished, test } from "vitest";
import { MAX_EVENTS_PER_BUILD, MAX_LOG_CHARS } from "../src/build-events.ts";
import type { BuildOutcome } from "../src/build-queue.ts";
import { MAX_ATTEMPTS } from "../src/embedded-queue.ts";
import type { TakenJob } from "../src/job-ledger.ts";
import { type OpenEmbeddedOptions, openEmbedded } from "../src/open-embedded.ts";
import { identityOf } from "../src/process-identity.ts";
import { buildJob, DIGEST, ENGINE, versionOf } from "./records.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const BUILT: BuildOutcome = { type: "built", fingerprint: ENGINE, sliver: DIGEST, rung: "heap", elapsedMs: 5 };
const NEVER = new AbortController().signal;

function openQueue(limits: OpenEmbeddedOptions["queueLimits"] = {}) {
  const pair = openEmbedded(join(temporaryDirectory(), "store.sqlite"), { queueLimits: limits });
  onTestFinished(() => pair.close());
  return pair.queue;
}

function claimOf(taken: TakenJob | null) {
  if (taken === null) throw new Error("no job was taken");
  return { version: taken.job.version, token: taken.token };
}

async function collect(events: AsyncIterable<BuildEvent>): Promise<BuildEvent[]> {
  const collected: BuildEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

test("a job whose builder says nothing is given to another; the first one's word counts no more", async () => {
  const queue = openQueue({ claimMs: 400 });
  await queue.enqueue(buildJob(1));
  const lost = claimOf(await queue.takeJob(NEVER));
  const second = claimOf(await queue.takeJob(NEVER));
  expect(second.version).toBe(lost.version);
  await expect(queue.finishJob(lost, BUILT)).rejects.toMatchObject({ code: "STORE_JOB_LOST" });
  await expect(queue.reportJob(lost, [])).rejects.toMatchObject({ code: "STORE_JOB_LOST" });
  await queue.finishJob(second, BUILT);
  await expect(queue.finishJob(second, BUILT)).rejects.toMatchObject({ code: "STORE_JOB_LOST" });
  expect(await collect(queue.followBuild(versionOf(1), NEVER))).toEqual([BUILT]);
});

/** A process, and how it is known; gone at the end of the test at the latest. */
async function startHolder() {
  const child = spawn(process.execPath, ["-e", "process.stdout.write('up'); setInterval(() => {}, 1e6)"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  return { identity: identityOf(child.pid ?? 0), kill };
}

test("a job whose builder is killed is given to another at once, and not when its claim runs out", async () => {
  const queue = openQueue({ claimMs: 600_000 });
  const holder = await startHolder();
  await queue.enqueue(buildJob(1));
  const lost = claimOf(await queue.takeJob(NEVER, holder.identity));
  await queue.reportJob(lost, []);
  const next = queue.takeJob(NEVER);
  await holder.kill();
  expect(claimOf(await next).version).toBe(lost.version);
  await expect(queue.finishJob(lost, BUILT)).rejects.toMatchObject({ code: "STORE_JOB_LOST" });
});

test("a job whose builder was killed with the registry is there when that is back, one whose builder lives is not", async () => {
  const path = join(temporaryDirectory(), "store.sqlite");
  const first = openEmbedded(path, { queueLimits: { claimMs: 600_000 } });
  const holder = await startHolder();
  for (const number of [1, 2, 3]) await first.queue.enqueue(buildJob(number));
  claimOf(await first.queue.takeJob(NEVER, holder.identity));
  const kept = claimOf(await first.queue.takeJob(NEVER));
  const foreign = claimOf(await first.queue.takeJob(NEVER, "1:1:1"));
  await holder.kill();
  await first.close();
  const second = openEmbedded(path, { queueLimits: { claimMs: 600_000 } });
  onTestFinished(() => second.close());
  expect(claimOf(await second.queue.takeJob(NEVER)).version).toBe(versionOf(1));
  for (const claim of [kept, foreign]) await second.queue.reportJob(claim, []);
});

test("a job whose builders are lost again and again ends as failed, once", async () => {
  const queue = openQueue({ claimMs: 10 });
  await queue.enqueue(buildJob(1));
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) claimOf(await queue.takeJob(NEVER));
  const events = await collect(queue.followBuild(versionOf(1), NEVER));
  expect(events).toEqual([{ type: "failed", error: expect.objectContaining({ code: "STORE_BUILDER_LOST" }) }]);
});

test("a builder that has nothing to say keeps its job", async () => {
  const queue = openQueue({ claimMs: 1_000 });
  await queue.enqueue(buildJob(1));
  const stop = new AbortController();
  let runCount = 0;
  const claimsEnd = Promise.withResolvers<void>();
  const taking = queue.takeJobs(async () => {
    runCount += 1;
    setTimeout(() => claimsEnd.resolve(), 1_500);
    await claimsEnd.promise;
    return BUILT;
  }, stop.signal);
  expect(await collect(queue.followBuild(versionOf(1), NEVER))).toEqual([BUILT]);
  expect(runCount).toBe(1);
  stop.abort();
  await taking;
});

test("the last bounded many events of a build are kept, with texts cut", async () => {
  const queue = openQueue();
  await queue.enqueue(buildJob(1));
  const claim = claimOf(await queue.takeJob(NEVER));
  const events = Array.from({ length: MAX_EVENTS_PER_BUILD + 5 }, (_, index): BuildEvent => {
    return { type: "log", level: "info", text: `${index} ${"x".repeat(MAX_LOG_CHARS)}` };
  });
  await queue.reportJob(claim, events);
  await queue.finishJob(claim, BUILT);
  const kept = await collect(queue.followBuild(versionOf(1), NEVER));
  expect(kept).toHaveLength(MAX_EVENTS_PER_BUILD);
  expect(kept.at(-1)).toEqual(BUILT);
  expect(kept[0]).toMatchObject({ text: expect.stringMatching(/^6 x+…$/) });
});

test("a full queue refuses further builds, and builds that ended long ago are forgotten", async () => {
  const queue = openQueue({ queuedBuildCount: 2, endedBuildCount: 1 });
  await queue.enqueue(buildJob(1));
  await queue.enqueue(buildJob(2));
  await expect(queue.enqueue(buildJob(3))).rejects.toMatchObject({ code: "STORE_QUEUE_FULL" });
  await queue.finishJob(claimOf(await queue.takeJob(NEVER)), BUILT);
  await queue.finishJob(claimOf(await queue.takeJob(NEVER)), BUILT);
  expect(await collect(queue.followBuild(versionOf(1), NEVER))).toEqual([]);
  expect(await collect(queue.followBuild(versionOf(2), NEVER))).toEqual([BUILT]);
});
