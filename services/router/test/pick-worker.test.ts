import type { Link } from "@nano/link/link";
import type { AppName, NodeId, WorkerId } from "@nano/protocol/brands";
import { expect, test } from "vitest";
import { WorkerSet, type WorkerSlot } from "../src/request/pick-worker.ts";

type TestSlot = WorkerSlot & { streamCount: number; foreignCount: number };

function slot(
  id: string,
  options: { nodeId?: string; streamCount?: number; foreignCount?: number; capacity?: number; isOpen?: boolean } = {},
): TestSlot {
  const { nodeId = "node-1", streamCount = 0, foreignCount = 0, capacity = 10, isOpen = true } = options;
  const made: TestSlot = {
    id: id as WorkerId,
    nodeId: nodeId as NodeId,
    streamCount,
    foreignCount,
    supervisor: { address: "/nowhere", credential: "" },
    capacity,
    // All that picking reads of a link.
    link: {
      isOpen,
      get streamCount() {
        return made.streamCount;
      },
    } as Link,
    askPostmortem: () => Promise.resolve(null),
  };
  return made;
}

/** So many executors of two workers each. */
function cluster(nodeCount: number, capacity = 10): TestSlot[] {
  return Array.from({ length: nodeCount * 2 }, (_, index) =>
    slot(`worker-${index}`, { nodeId: `node-${Math.floor(index / 2)}`, capacity }),
  );
}

const apps = Array.from({ length: 10_000 }, (_, index) => `app-${index}` as AppName);
const APP = "app" as AppName;

function firstChoices(set: WorkerSet): string[] {
  return apps.map((app) => set.pick(app, 0, null)?.id ?? "");
}

/** In the order of the ranking: each worker that takes a request is full then. */
function fillOneByOne(set: WorkerSet, count: number): TestSlot[] {
  return Array.from({ length: count }, () => {
    const picked = set.pick(APP, 0, null) as TestSlot;
    picked.streamCount = picked.capacity;
    return picked;
  });
}

test("10,000 apps spread evenly over the workers of 50 executors", () => {
  const slots = cluster(50);
  const choices = firstChoices(new WorkerSet(slots));
  const counts = new Map(slots.map(({ id }) => [id as string, 0]));
  for (const id of choices) counts.set(id, (counts.get(id) ?? 0) + 1);
  const mean = apps.length / slots.length;
  expect(Math.min(...counts.values())).toBeGreaterThan(mean * 0.6);
  expect(Math.max(...counts.values())).toBeLessThan(mean * 1.45);
});

test("an executor that comes takes its share of apps, one that goes leaves only its own to others", () => {
  const nodeCount = 20;
  const slots = cluster(nodeCount + 1);
  const without = firstChoices(new WorkerSet(slots.slice(0, -2)));
  const withAll = firstChoices(new WorkerSet(slots));
  const newIds = new Set<string>(slots.slice(-2).map(({ id }) => id));
  const moved = apps.filter((_, index) => without[index] !== withAll[index]);
  expect(moved.length).toBeGreaterThan((apps.length / (nodeCount + 1)) * 0.8);
  expect(moved.length).toBeLessThan((apps.length / (nodeCount + 1)) * 1.2);
  apps.forEach((_, index) => {
    if (without[index] !== withAll[index]) expect(newIds).toContain(withAll[index]);
  });
});

test("an app stays with its first worker while that has room, and spreads further as its load grows", () => {
  const slots = cluster(15);
  const set = new WorkerSet(slots);
  const first = set.pick(APP, 0, null) as TestSlot;
  first.streamCount = 9;
  expect(set.pick(APP, 0, null)).toBe(first);
  const used = fillOneByOne(set, slots.length);
  expect(used[0]).toBe(first);
  expect(new Set(used).size).toBe(slots.length);
  expect(set.usedBy(APP, 0)).toHaveLength(slots.length);
  first.streamCount = 3;
  expect(set.pick(APP, 0, null)).toBe(first);
});

test("where all are loaded, the one with the least for what it can take gets it", () => {
  const [big, small] = [
    slot("big", { capacity: 100, streamCount: 110 }),
    slot("small", { capacity: 10, streamCount: 12 }),
  ];
  expect(new WorkerSet([big, small]).pick(APP, 0, null)?.id).toBe("big");
});

test("what other routers send to a worker fills it as well", () => {
  const slots = cluster(3);
  const set = new WorkerSet(slots);
  const first = set.pick(APP, 0, null) as TestSlot;
  first.foreignCount = 7;
  first.streamCount = 2;
  expect(set.pick(APP, 0, null)).toBe(first);
  first.streamCount = 3;
  expect(set.pick(APP, 0, null)).not.toBe(first);
});

test("the limit of workers holds for each node on its own", () => {
  const slots = ["node-1", "node-2"].flatMap((nodeId) =>
    ["a", "b", "c"].map((name) => slot(`${nodeId}-${name}`, { nodeId })),
  );
  const set = new WorkerSet(slots);
  const picked: WorkerSlot[] = [];
  for (let next = set.pick(APP, 2, picked); next !== null; next = set.pick(APP, 2, picked)) picked.push(next);
  expect(picked).toHaveLength(4);
  expect(picked.filter(({ nodeId }) => nodeId === "node-1")).toHaveLength(2);
});

test("a worker without an open link, or that was tried, is not picked", () => {
  const tried = slot("tried");
  const closed = slot("closed", { isOpen: false });
  const unlinked = { ...slot("unlinked"), link: null };
  expect(new WorkerSet([closed, unlinked, tried]).pick(APP, 0, [tried])).toBeNull();
  expect(new WorkerSet([closed, unlinked, tried, slot("left")]).pick(APP, 0, [tried])?.id).toBe("left");
});

test("apps that nobody asks for are forgotten, those that are asked for stay", () => {
  const set = new WorkerSet(cluster(4));
  for (const app of apps) set.pick(app, 0, null);
  expect(set.rankingCount).toBe(apps.length);
  for (let round = 0; round < 3; round += 1) {
    set.forgetIdle();
    set.pick(APP, 0, null);
  }
  expect(set.rankingCount).toBe(1);
  expect(set.usedBy(APP, 0)).toHaveLength(1);
});
