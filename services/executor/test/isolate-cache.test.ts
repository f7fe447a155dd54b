import { expect, test } from "vitest";
import { type CachedIsolate, IsolateCache } from "../src/request/isolate-cache.ts";

class Entry implements CachedIsolate {
  isIdle = true;
  bytes: number;
  measuredCount = 0;
  evictedCount = 0;

  constructor(bytes = 10) {
    this.bytes = bytes;
  }
  measureBytes(): number {
    this.measuredCount += 1;
    return this.bytes;
  }
  evict(): void {
    this.evictedCount += 1;
  }
}

function cacheOf(budget: { isolateCount?: number; isolateBytes?: number }, entries: readonly Entry[]): IsolateCache {
  const cache = new IsolateCache({ isolateCount: 100, isolateBytes: 1_000_000, ...budget });
  for (const entry of entries) cache.add(entry);
  return cache;
}

const evicted = (entries: readonly Entry[]): number[] => entries.map(({ evictedCount }) => evictedCount);

test("over the count the least recently used leaves first, a touch makes it the last", () => {
  const entries = [new Entry(), new Entry(), new Entry()];
  const cache = cacheOf({ isolateCount: 3 }, entries);
  cache.touch(entries[0] as Entry);
  cache.add(new Entry());
  expect(evicted(entries)).toEqual([0, 1, 0]);
  expect(cache).toMatchObject({ isolateCount: 3, bytes: 30, evictedCount: 1 });
});

test("over the bytes as many leave as it takes", () => {
  const entries = [new Entry(40), new Entry(40), new Entry(10)];
  const cache = cacheOf({ isolateBytes: 100 }, entries);
  cache.add(new Entry(60));
  expect(evicted(entries)).toEqual([1, 1, 0]);
  expect(cache.bytes).toBe(70);
});

test("a busy isolate stays, and the newest one too, even where that is over the budget", () => {
  const busy = new Entry(80);
  busy.isIdle = false;
  const cache = cacheOf({ isolateBytes: 100 }, [busy]);
  const newest = new Entry(50);
  cache.add(newest);
  expect(evicted([busy, newest])).toEqual([0, 0]);
  expect(cache.bytes).toBe(130);
  busy.isIdle = true;
  cache.sweep();
  expect(evicted([busy, newest])).toEqual([1, 0]);
});

test("an isolate that is added again counts once", () => {
  const entry = new Entry(10);
  const cache = cacheOf({}, [entry]);
  entry.bytes = 25;
  cache.add(entry);
  expect([cache.isolateCount, cache.bytes]).toEqual([1, 25]);
  cache.remove(entry);
  cache.remove(entry);
  expect([cache.isolateCount, cache.bytes]).toEqual([0, 0]);
});

test("a sweep measures what was used, and what is busy until it rests", () => {
  const [used, idle, busy] = [new Entry(), new Entry(), new Entry()];
  const cache = cacheOf({}, [used, idle, busy]);
  cache.sweep();
  const before = [used, idle, busy].map(({ measuredCount }) => measuredCount);
  cache.touch(used);
  cache.touch(busy);
  busy.isIdle = false;
  busy.bytes = 50;
  cache.sweep();
  busy.bytes = 500;
  cache.sweep();
  expect(cache.bytes).toBe(520);
  busy.isIdle = true;
  cache.sweep();
  cache.sweep();
  expect([used, idle, busy].map(({ measuredCount }, i) => measuredCount - (before[i] as number))).toEqual([1, 0, 3]);
});

test("a sweep makes room for what has grown", () => {
  const [old, grown] = [new Entry(10), new Entry(10)];
  const cache = cacheOf({ isolateBytes: 100 }, [old, grown]);
  cache.touch(grown);
  grown.bytes = 95;
  cache.sweep();
  expect(evicted([old, grown])).toEqual([1, 0]);
});
