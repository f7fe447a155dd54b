/** What every adapter of the two ports does: run by each adapter's own test. */

import type { BuildEvent, FeedEvent, FeedPosition } from "@nano/protocol/records";
import { describe, expect, onTestFinished, test } from "vitest";
import type { BuildOutcome, BuildQueue } from "../src/build-queue.ts";
import type { ControlStore } from "../src/control-store.ts";
import { MAX_RECEIPT_BYTES } from "../src/store-changes.ts";
import { appRecord, auditEntry, buildJob, DIGEST, ENGINE, nodeRecord, putApp, routeTo, versionOf } from "./records.ts";

export interface Adapter {
  /** Two clients of one empty store, as two processes have them. */
  readonly stores: readonly [ControlStore, ControlStore];
  readonly queues: readonly [BuildQueue, BuildQueue];
  /** How many events the store keeps for readers that resume; small, so that a test can go past it. */
  readonly feedEventCount: number;
  /** How many audit entries it keeps; small, too. */
  readonly auditEntryCount: number;
}

const BUILT: BuildOutcome = { type: "built", fingerprint: ENGINE, sliver: DIGEST, rung: "heap", elapsedMs: 5 };

function abortAtEnd(): AbortController {
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  return controller;
}

async function takeEvents(store: ControlStore, after: FeedPosition, count: number): Promise<FeedEvent[]> {
  const stop = abortAtEnd();
  const events: FeedEvent[] = [];
  for await (const event of store.watchFeed(after, stop.signal)) {
    events.push(event);
    if (events.length === count) break;
  }
  stop.abort();
  return events;
}

async function collectBuild(queue: BuildQueue, version: number): Promise<BuildEvent[]> {
  const events: BuildEvent[] = [];
  for await (const event of queue.followBuild(versionOf(version), abortAtEnd().signal)) events.push(event);
  return events;
}

export function describeControlStore(name: string, open: () => Promise<Adapter>): void {
  describe(`${name} as a control store`, () => {
    test("a committed record is in the snapshot of every client", async () => {
      const { stores } = await open();
      const position = await stores[0].commit([putApp("shop", 1)]);
      expect(await stores[1].loadSnapshot()).toEqual({ ...position, records: [appRecord("shop", 1)] });
    });

    test("a commit is one event, numbered one above the last", async () => {
      const { stores } = await open();
      const start = await stores[0].loadSnapshot();
      await stores[0].commit([putApp("a"), putApp("b")]);
      await stores[1].commit([{ key: "app/a", record: null }]);
      expect(await takeEvents(stores[1], start, 2)).toEqual([
        { epoch: start.epoch, seq: start.seq + 1, changes: [putApp("a"), putApp("b")] },
        { epoch: start.epoch, seq: start.seq + 2, changes: [{ key: "app/a", record: null }] },
      ]);
    });

    test("a watcher gets what is committed while it waits", async () => {
      const { stores } = await open();
      const start = await stores[0].loadSnapshot();
      const events = takeEvents(stores[0], start, 1);
      await stores[1].commit([putApp("late")]);
      expect((await events)[0]?.changes).toEqual([putApp("late")]);
    });

    test("a reader resumes from where it stood", async () => {
      const { stores } = await open();
      await stores[0].commit([putApp("a")]);
      const middle = await stores[0].commit([putApp("b")]);
      const last = await stores[0].commit([putApp("c")]);
      expect(await takeEvents(stores[1], middle, 1)).toEqual([{ ...last, changes: [putApp("c")] }]);
    });

    test("a reader that is too far behind, ahead, or of another epoch is told that there is a gap", async () => {
      const { stores, feedEventCount } = await open();
      const start = await stores[0].loadSnapshot();
      let last: FeedPosition = start;
      for (let count = 0; count <= feedEventCount; count++) last = await stores[0].commit([putApp(`app-${count}`)]);
      const gap = expect.objectContaining({ code: "STORE_FEED_GAP" });
      await expect(takeEvents(stores[1], start, 1)).rejects.toEqual(gap);
      await expect(takeEvents(stores[1], { ...last, seq: last.seq + 1 }, 1)).rejects.toEqual(gap);
      await expect(takeEvents(stores[1], { ...last, epoch: "another" }, 1)).rejects.toEqual(gap);
    });

    test("a commit whose precondition does not hold changes nothing", async () => {
      const { stores } = await open();
      await stores[0].commit([putApp("shop", 1)]);
      const before = await stores[0].loadSnapshot();
      const conflict = expect.objectContaining({ code: "STORE_CONFLICT" });
      const stale = [{ key: "app/shop", record: appRecord("shop", 2) }];
      const absent = [{ key: "app/shop", record: null }];
      await expect(stores[1].commit([putApp("x"), putApp("shop", 3)], { expect: stale })).rejects.toEqual(conflict);
      await expect(stores[1].commit([putApp("shop", 3)], { expect: absent })).rejects.toEqual(conflict);
      expect(await stores[0].loadSnapshot()).toEqual(before);
    });

    test("of two commits that expect the same record one wins", async () => {
      const { stores } = await open();
      await stores[0].commit([putApp("shop", 1)]);
      const expected = [{ key: "app/shop", record: appRecord("shop", 1) }];
      const results = await Promise.allSettled([
        stores[0].commit([putApp("shop", 2)], { expect: expected }),
        stores[1].commit([putApp("shop", 3)], { expect: expected }),
      ]);
      expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
    });

    test("a repeated idempotency key answers as the first time and changes nothing", async () => {
      const { stores } = await open();
      const first = await stores[0].commit([putApp("shop", 1)], { idempotencyKey: "deploy-1" });
      await stores[0].commit([putApp("shop", 2)]);
      expect(await stores[1].commit([putApp("shop", 1)], { idempotencyKey: "deploy-1" })).toEqual(first);
      expect((await stores[1].loadSnapshot()).records).toEqual([appRecord("shop", 2)]);
    });

    test("a repeat finds the receipt of the first, also where that changed nothing", async () => {
      const { stores } = await open();
      await stores[0].commit([putApp("shop", 1)], { idempotencyKey: "k1", receipt: "made 1" });
      const position = await stores[0].commit([], { idempotencyKey: "k2", receipt: "nothing to do" });
      await stores[1].commit([putApp("shop", 2)]);
      expect(await stores[1].commit([putApp("shop", 3)], { idempotencyKey: "k2", receipt: "other" })).toEqual(position);
      expect(await stores[1].findReceipt("k1")).toBe("made 1");
      expect(await stores[1].findReceipt("k2")).toBe("nothing to do");
      expect(await stores[1].findReceipt("k3")).toBeNull();
      expect((await stores[1].loadSnapshot()).records).toEqual([appRecord("shop", 2)]);
    });

    test("a commit that expects a kind unchanged is refused after one that touched it", async () => {
      const { stores } = await open();
      const since = await stores[0].commit([putApp("shop", 1)]);
      await stores[1].commit([routeTo("shop")]);
      const conflict = expect.objectContaining({ code: "STORE_CONFLICT" });
      const listed = (...kinds: ("app" | "route")[]) => ({ unchanged: { kinds, since } });
      await expect(stores[0].commit([putApp("other")], listed("app", "route"))).rejects.toEqual(conflict);
      const elsewhere = { unchanged: { kinds: ["app"] as const, since: { ...since, epoch: "another" } } };
      await expect(stores[0].commit([putApp("other")], elsewhere)).rejects.toEqual(conflict);
      await stores[0].commit([putApp("other")], listed("app"));
    });

    test("the audit log has what was committed, newest first, and nothing of what was refused or repeated", async () => {
      const { stores } = await open();
      const audit = (action: string) => ({ audit: [auditEntry(action)] });
      await stores[0].commit([putApp("shop", 1)], { ...audit("first"), idempotencyKey: "k" });
      await stores[1].commit([putApp("shop", 2)], audit("second"));
      await stores[0].commit([putApp("shop", 3)], { ...audit("repeated"), idempotencyKey: "k" });
      const stale = [{ key: "app/shop", record: null }];
      await expect(stores[0].commit([putApp("shop")], { ...audit("refused"), expect: stale })).rejects.toThrow();
      expect(await stores[1].readAudit(10)).toEqual([auditEntry("second"), auditEntry("first")]);
      expect(await stores[0].readAudit(1)).toEqual([auditEntry("second")]);
    });

    test("the audit log is kept up to a number of entries", async () => {
      const { stores, auditEntryCount } = await open();
      for (let number = 0; number <= auditEntryCount; number++) {
        await stores[0].commit([putApp(`app-${number}`)], { audit: [auditEntry(`make ${number}`)] });
      }
      const kept = await stores[1].readAudit(auditEntryCount + 1);
      expect(kept).toHaveLength(auditEntryCount);
      expect(kept.at(-1)?.action).toBe("make 1");
    });

    test("an audit entry or a receipt that is too long is refused with its commit", async () => {
      const { stores } = await open();
      const tooLarge = expect.objectContaining({ code: "STORE_COMMIT_TOO_LARGE" });
      const long = "x".repeat(MAX_RECEIPT_BYTES + 1);
      await expect(stores[0].commit([putApp("shop")], { idempotencyKey: "k", receipt: long })).rejects.toEqual(
        tooLarge,
      );
      await expect(stores[0].commit([putApp("shop")], { audit: [auditEntry(long)] })).rejects.toEqual(tooLarge);
      expect((await stores[0].loadSnapshot()).records).toEqual([]);
    });

    test("a record that is malformed, or not under its own key, is refused whole", async () => {
      const { stores } = await open();
      const malformed = { key: "app/UPPER", record: { ...appRecord("shop"), name: "UPPER" } } as never;
      await expect(stores[0].commit([putApp("good"), malformed])).rejects.toThrow();
      await expect(stores[0].commit([{ key: "app/a", record: appRecord("b") }])).rejects.toThrow();
      expect((await stores[0].loadSnapshot()).records).toEqual([]);
    });

    test("a node is there while its lease is renewed, and its end is an event", async () => {
      const { stores } = await open();
      const start = await stores[0].loadSnapshot();
      await stores[0].renewLease(nodeRecord("n1"), 60_000);
      await stores[0].renewLease(nodeRecord("n1"), 60_000);
      await stores[0].renewLease(nodeRecord("n1", 2), 40);
      const events = await takeEvents(stores[1], start, 3);
      expect(events.map((event) => event.changes)).toEqual([
        [{ key: "node/n1", record: nodeRecord("n1") }],
        [{ key: "node/n1", record: nodeRecord("n1", 2) }],
        [{ key: "node/n1", record: null }],
      ]);
      expect((await stores[1].loadSnapshot()).records).toEqual([]);
    });

    test("a lease that is ended is gone at once", async () => {
      const { stores } = await open();
      await stores[0].renewLease(nodeRecord("n1"), 60_000);
      await stores[1].endLease(nodeRecord("n1").id);
      expect((await stores[0].loadSnapshot()).records).toEqual([]);
    });
  });
}

export function describeBuildQueue(name: string, open: () => Promise<Adapter>): void {
  describe(`${name} as a build queue`, () => {
    test("a job's follower sees what its builder reports, and the outcome last", async () => {
      const { queues } = await open();
      await queues[0].enqueue(buildJob(1));
      const events = collectBuild(queues[0], 1);
      const stop = abortAtEnd();
      const taking = queues[1].takeJobs(async (job, report) => {
        expect(job).toEqual(buildJob(1));
        report({ type: "progress", step: "init", elapsedMs: 1 });
        report({ type: "log", level: "info", text: "hello" });
        return BUILT;
      }, stop.signal);
      expect(await events).toEqual([
        { type: "progress", step: "init", elapsedMs: 1 },
        { type: "log", level: "info", text: "hello" },
        BUILT,
      ]);
      stop.abort();
      await taking;
      expect(await collectBuild(queues[1], 1), "a late follower sees it from the beginning").toHaveLength(3);
    });

    test("a version that is queued is not queued twice; one that has ended is built again", async () => {
      const { queues } = await open();
      await queues[0].enqueue(buildJob(1));
      await queues[1].enqueue(buildJob(1));
      const taken: string[] = [];
      const stop = abortAtEnd();
      const taking = queues[0].takeJobs(async (job) => {
        taken.push(job.version);
        return BUILT;
      }, stop.signal);
      await collectBuild(queues[1], 1);
      await queues[0].enqueue(buildJob(2));
      await collectBuild(queues[1], 2);
      expect(taken).toEqual([versionOf(1), versionOf(2)]);
      await queues[0].enqueue(buildJob(1));
      expect(await collectBuild(queues[1], 1)).toEqual([BUILT]);
      stop.abort();
      await taking;
    });

    test("a job that says when it was asked for is built once; asked for anew it is built again", async () => {
      const { queues } = await open();
      const taken: (string | undefined)[] = [];
      const stop = abortAtEnd();
      const taking = queues[0].takeJobs(async (job) => {
        taken.push(job.queuedAt);
        return BUILT;
      }, stop.signal);
      for (const queuedAt of ["first", "first", "second", "second"]) {
        await queues[1].enqueue({ ...buildJob(1), queuedAt });
        expect(await collectBuild(queues[1], 1)).toEqual([BUILT]);
      }
      expect(taken).toEqual(["first", "second"]);
      stop.abort();
      await taking;
    });

    test("what a build throws ends it as failed", async () => {
      const { queues } = await open();
      await queues[0].enqueue(buildJob(1));
      const stop = abortAtEnd();
      const taking = queues[1].takeJobs(() => Promise.reject(new Error("no heap")), stop.signal);
      const events = await collectBuild(queues[0], 1);
      expect(events).toEqual([{ type: "failed", error: expect.objectContaining({ message: "no heap" }) }]);
      stop.abort();
      await taking;
    });

    test("each job is taken by one of several builders", async () => {
      const { queues } = await open();
      const stop = abortAtEnd();
      const taken: string[] = [];
      const take = (queue: BuildQueue) =>
        queue.takeJobs(async (job) => {
          taken.push(job.version);
          return BUILT;
        }, stop.signal);
      const taking = [take(queues[0]), take(queues[1])];
      const numbers = [1, 2, 3, 4, 5, 6];
      for (const number of numbers) await queues[0].enqueue(buildJob(number));
      await Promise.all(numbers.map((number) => collectBuild(queues[1], number)));
      expect(taken.sort()).toEqual(numbers.map(versionOf));
      stop.abort();
      await Promise.all(taking);
    });

    test("a builder that is told to leave gives its job back", async () => {
      const { queues } = await open();
      await queues[0].enqueue(buildJob(1));
      const leaving = abortAtEnd();
      await queues[0].takeJobs(async () => {
        leaving.abort();
        throw new Error("interrupted");
      }, leaving.signal);
      const stop = abortAtEnd();
      const taking = queues[1].takeJobs(async () => BUILT, stop.signal);
      expect(await collectBuild(queues[0], 1)).toEqual([BUILT]);
      stop.abort();
      await taking;
    });

    test("a follower of a version that nobody queued is told nothing", async () => {
      const { queues } = await open();
      expect(await collectBuild(queues[0], 9)).toEqual([]);
    });
  });
}
