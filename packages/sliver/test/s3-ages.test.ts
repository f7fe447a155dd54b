/** Marks and claims of `S3Store` (E1, E2), with each of its requests taking effect at any moment, in any order. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { ABANDONED_CLAIM_MS, ABANDONED_MARK_MS, CLAIM_LEASE_MS, S3Store } from "@nano/sliver/s3-store";
import { digestOf } from "@nano/sliver/sliver-store";
import fc from "fast-check";
import { expect, it } from "vitest";
import { MemoryBucket, type Pace } from "./memory-bucket.ts";
import { describeSliverStore } from "./store-contract.ts";

const PREFIX = "nano/";
const bytes = Buffer.from("an artifact");
const digest = digestOf(bytes);
const key = `${PREFIX}${digest}`;

describeSliverStore("a store on a bucket in memory", async (options) => {
  return new S3Store(new MemoryBucket(), PREFIX, { ...options, pause: () => nextTurn() });
});

/** A store whose clocks stand at `clock`, and move by its waits. */
function openStore(options: { readonly pace?: Pace; readonly onPause?: () => Promise<void> } = {}) {
  const clock = { nowMs: 1_000_000 };
  const bucket = new MemoryBucket(options.pace, () => clock.nowMs);
  const store = new S3Store(bucket, PREFIX, {
    nowMs: () => clock.nowMs,
    monotonicMs: () => clock.nowMs,
    async pause(ms) {
      clock.nowMs += ms;
      await options.onPause?.();
    },
  });
  return { clock, bucket, store };
}

it("no order of requests makes a removal for age take what is in use", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.constantFrom("put", "touch"), { minLength: 1, maxLength: 2 }),
      fc.integer({ min: 1, max: 2 }),
      async (scheduler, uses, removerCount) => {
        let isPaced = false;
        const pace: Pace = async (step) => {
          if (isPaced) await scheduler.schedule(Promise.resolve(), step);
        };
        const { clock, bucket, store } = openStore({ pace });
        await store.put(digest, bytes);
        // Nothing moves the clock but the pauses of who waits for a claim: those stay far below what ends a wait.
        clock.nowMs += 100_000;
        const beforeMs = clock.nowMs;
        isPaced = true;
        const used = uses.map((use) =>
          use === "put" ? store.put(digest, bytes).then(() => true) : store.touch(digest),
        );
        const removed = Array.from({ length: removerCount }, () => store.deleteOlder(digest, beforeMs));
        const answers = await scheduler.waitFor(Promise.all(used));
        await scheduler.waitFor(Promise.all(removed));
        expect(bucket.objects.has(key)).toBe(answers.includes(true));
        expect([...bucket.objects.keys()].filter((each) => each.includes(".ending-"))).toEqual([]);
      },
    ),
    { numRuns: 500 },
  );
});

it("a touch waits for a removal that is under way, and says what came of it", async () => {
  const { clock, bucket, store } = openStore({
    // The remover goes on only while the user waits.
    onPause: async () => {
      bucket.objects.delete(key);
      for (const each of bucket.objects.keys()) if (each.includes(".ending-")) bucket.objects.delete(each);
    },
  });
  await store.put(digest, bytes);
  clock.nowMs += 1;
  await bucket.write(`${key}.ending-0123456789ab`, new Uint8Array(0));
  expect(await store.touch(digest)).toBe(false);
  expect([...bucket.objects.keys()].filter((each) => each.includes(String(clock.nowMs)))).toEqual([]);
});

it("the claim of a remover that died holds a touch up for a while, and not for ever", async () => {
  const { clock, bucket, store } = openStore();
  await store.put(digest, bytes);
  await bucket.write(`${key}.ending-0123456789ab`, new Uint8Array(0));
  const startedMs = clock.nowMs;
  expect(await store.touch(digest)).toBe(true);
  expect(clock.nowMs - startedMs).toBeGreaterThan(ABANDONED_CLAIM_MS);
  expect(bucket.objects.has(`${key}.ending-0123456789ab`)).toBe(false);
});

it("a remover whose claim took too long withdraws", async () => {
  const { clock, bucket, store } = openStore({
    pace: async (step) => {
      if (step.startsWith("begin write") && step.includes(".ending-")) clock.nowMs += CLAIM_LEASE_MS + 1;
    },
  });
  await store.put(digest, bytes);
  expect(await store.deleteOlder(digest, clock.nowMs + 1)).toBe(false);
  expect(bucket.objects.has(key)).toBe(true);
  expect([...bucket.objects.keys()].filter((each) => each.includes(".ending-"))).toEqual([]);
});

it("a removal of which nobody knows whether it took place leaves its claim, so that users wait", async () => {
  let isLost = true;
  const { clock, bucket, store } = openStore({
    pace: async (step) => {
      if (isLost && step === `end remove ${key}`) throw new Error("connection lost");
    },
  });
  await store.put(digest, bytes);
  clock.nowMs += 1;
  await expect(store.deleteOlder(digest, clock.nowMs)).rejects.toThrow("connection lost");
  expect([...bucket.objects.keys()].some((each) => each.includes(".ending-"))).toBe(true);
  isLost = false;
  expect(await store.touch(digest)).toBe(false);
});

it("what writers that died left is swept once it is old, and no artifact or age with it", async () => {
  const { clock, bucket, store } = openStore();
  const other = digestOf(Buffer.from("never stored"));
  await bucket.write(`${PREFIX}${other}.used-000000000001000-0123456789ab`, new Uint8Array(0));
  await bucket.write(`${key}.ending-0123456789ab`, new Uint8Array(0));
  await bucket.write(`${key}.used-000000000001000-0123456789ab`, new Uint8Array(0));
  await bucket.write(`${PREFIX}notes.txt`, Buffer.from("mine"));
  await bucket.write(key, bytes);
  await bucket.write(`${key}.used-000000000002000-0123456789ab`, new Uint8Array(0));
  expect(await store.sweepTemporaries(clock.nowMs + ABANDONED_MARK_MS - 1)).toBe(0);
  expect(await store.sweepTemporaries(clock.nowMs + ABANDONED_MARK_MS)).toBe(3);
  expect([...bucket.objects.keys()].sort()).toEqual([
    key,
    `${key}.used-000000000002000-0123456789ab`,
    `${PREFIX}notes.txt`,
  ]);
});

it("an artifact that has no mark yet is as old as its object", async () => {
  const { clock, bucket, store } = openStore();
  await bucket.write(key, bytes);
  expect(await store.deleteOlder(digest, clock.nowMs)).toBe(false);
  expect(await store.deleteOlder(digest, clock.nowMs + 1)).toBe(true);
});

it("a put of what is there writes its mark and nothing else", async () => {
  const steps: string[] = [];
  const { store } = openStore({ pace: async (step) => void steps.push(step) });
  await store.put(digest, bytes);
  steps.length = 0;
  await store.put(digest, bytes);
  expect(steps.filter((step) => step.startsWith("begin write")).map((step) => step.includes(".used-"))).toEqual([true]);
});

it("an artifact that was damaged without a change of its length is refused, and replaced by the next put", async () => {
  const { bucket, store } = openStore();
  await store.put(digest, bytes);
  await bucket.write(key, Buffer.alloc(bytes.length, "x"));
  await expect(store.get(digest)).rejects.toMatchObject({ code: "SLIVER_DIGEST_MISMATCH" });
  await store.put(digest, bytes);
  expect(await store.get(digest)).toEqual(bytes);
});
