/** What clients of the embedded store see when its process is killed and comes back. */
import { once } from "node:events";
import type { BuildEvent } from "@nano/protocol/records";
import { expect, onTestFinished, test } from "vitest";
import type { BuildOutcome } from "../src/build-queue.ts";
import { EmbeddedBuildQueue } from "../src/embedded-build-queue.ts";
import { EmbeddedControlStore } from "../src/embedded-control-store.ts";
import { followStore, type StoreState } from "../src/follow-store.ts";
import { buildJob, DIGEST, ENGINE, nodeRecord, putApp, versionOf } from "./records.ts";
import { startStoreProcess } from "./store-process.ts";

const ENOUGH_COMMITS = 20;
const BUILT: BuildOutcome = { type: "built", fingerprint: ENGINE, sliver: DIGEST, rung: "heap", elapsedMs: 5 };

function abortAtEnd(): AbortController {
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  return controller;
}

test("a kill between commits loses nothing that was acknowledged, and readers resume in the same epoch", async () => {
  const registry = await startStoreProcess();
  const store = new EmbeddedControlStore(registry.socketPath);
  const start = await store.loadSnapshot();
  const acknowledged: string[] = [];
  const isEnough = Promise.withResolvers<void>();
  const committing = (async () => {
    for (let number = 0; ; number++) {
      await store.commit([putApp(`app-${number}`)]);
      acknowledged.push(`app-${number}`);
      if (acknowledged.length === ENOUGH_COMMITS) isEnough.resolve();
    }
  })();
  const lost = expect(committing).rejects.toMatchObject({ code: "STORE_LOST" });
  await Promise.race([isEnough.promise, lost]);
  await registry.kill();
  await lost;

  await registry.start();
  const after = await store.loadSnapshot();
  const names = new Set(after.records.map((record) => (record.kind === "app" ? record.name : "")));
  expect(acknowledged.filter((name) => !names.has(name as never))).toEqual([]);
  expect(after.epoch).toBe(start.epoch);
  expect(after.seq - start.seq).toBe(names.size);
  let seq = start.seq;
  for await (const event of store.watchFeed(start, abortAtEnd().signal)) {
    seq += 1;
    expect(event.seq).toBe(seq);
    if (seq === after.seq) break;
  }
});

test("a follower serves the last good state while the store is away, says so once, and catches up", async () => {
  const registry = await startStoreProcess();
  const store = new EmbeddedControlStore(registry.socketPath);
  await store.commit([putApp("before")]);
  const stop = abortAtEnd();
  const states = new EventTarget();
  let state: StoreState | null = null;
  const stale: string[] = [];
  const observer = {
    backoff: { firstMs: 5, maxMs: 50 },
    onState: (next: StoreState) => {
      state = next;
      states.dispatchEvent(new Event("state"));
    },
    onStale: (error: { code: string }) => {
      stale.push(error.code);
      states.dispatchEvent(new Event("stale"));
    },
  };
  const next = (name: string) => once(states, name);
  const first = next("state");
  const following = followStore(store, observer, stop.signal);
  await first;
  const held = state;

  const away = next("stale");
  await registry.kill();
  await away;
  expect(state).toBe(held);
  expect([...(held as unknown as StoreState).records.keys()]).toEqual(["app/before"]);

  const back = next("state");
  await registry.start();
  await back;
  const changed = next("state");
  await store.commit([putApp("after")]);
  await changed;
  expect([...(state as unknown as StoreState).records.keys()].sort()).toEqual(["app/after", "app/before"]);
  expect(stale).toEqual(["STORE_LOST"]);
  stop.abort();
  await following;
});

test("a node is kept over a restart if it renews its lease, and goes if it does not", async () => {
  const registry = await startStoreProcess();
  const store = new EmbeddedControlStore(registry.socketPath);
  await store.renewLease(nodeRecord("stays"), 60_000);
  await store.renewLease(nodeRecord("goes"), 60_000);
  await registry.kill();
  await registry.start();
  const snapshot = await store.loadSnapshot();
  expect(snapshot.records).toHaveLength(2);
  await store.renewLease(nodeRecord("stays"), 60_000);
  for await (const event of store.watchFeed(snapshot, abortAtEnd().signal)) {
    expect(event.changes).toEqual([{ key: "node/goes", record: null }]);
    break;
  }
});

test("a builder and a follower outlive the registry: the build goes on and its outcome arrives", async () => {
  const registry = await startStoreProcess();
  const queue = new EmbeddedBuildQueue(registry.socketPath);
  await queue.enqueue(buildJob(1));
  const stop = abortAtEnd();
  const restarted = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  let runCount = 0;
  const taking = queue.takeJobs(async (_job, report) => {
    runCount += 1;
    report({ type: "progress", step: "before", elapsedMs: 1 });
    await restarted.promise;
    report({ type: "progress", step: "after", elapsedMs: 2 });
    return BUILT;
  }, stop.signal);
  const events: BuildEvent[] = [];
  const followed = (async () => {
    for await (const event of queue.followBuild(versionOf(1), stop.signal)) {
      events.push(event);
      begun.resolve();
    }
  })();
  await begun.promise;
  await registry.kill();
  await registry.start();
  restarted.resolve();
  await followed;
  expect(events.map((event) => (event.type === "progress" ? event.step : event.type))).toEqual([
    "before",
    "after",
    "built",
  ]);
  expect(runCount).toBe(1);
  stop.abort();
  await taking;
});

test("jobs that are queued are there after a restart", async () => {
  const registry = await startStoreProcess();
  const queue = new EmbeddedBuildQueue(registry.socketPath);
  await queue.enqueue(buildJob(1));
  await registry.kill();
  await registry.start();
  const stop = abortAtEnd();
  await queue.takeJobs(async (job) => {
    expect(job).toEqual(buildJob(1));
    stop.abort();
    return BUILT;
  }, stop.signal);
});
