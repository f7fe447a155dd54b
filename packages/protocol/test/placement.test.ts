import { expect, test } from "vitest";
import type { AppName, NodeId, WorkerId } from "../src/brands.ts";
import { firstWorker, hashWorkers, type PlacedWorker, rankWorkers, topWorkers } from "../src/placement.ts";

function workersOf(nodeCount: number, perNode: number): PlacedWorker[] {
  return Array.from({ length: nodeCount * perNode }, (_, index) => ({
    id: `w${index}` as WorkerId,
    nodeId: `node-${Math.floor(index / perNode)}` as NodeId,
  }));
}

const apps = Array.from({ length: 500 }, (_, index) => `app-${index}` as AppName);

test("placement is the same in every release", () => {
  const hashed = hashWorkers(workersOf(2, 2));
  const order = (app: string): string[] => rankWorkers(hashed, app as AppName, 0).map(({ id }) => id);
  expect([order("hello"), order("shop"), order("a.b-c")]).toMatchInlineSnapshot(`
    [
      [
        "w2",
        "w0",
        "w1",
        "w3",
      ],
      [
        "w1",
        "w2",
        "w3",
        "w0",
      ],
      [
        "w0",
        "w1",
        "w2",
        "w3",
      ],
    ]
  `);
});

test("placement does not depend on the order in which workers are known", () => {
  const workers = workersOf(3, 2);
  const [one, other] = [hashWorkers(workers), hashWorkers(workers.toReversed())];
  for (const app of apps) expect(rankWorkers(one, app, 0)).toEqual(rankWorkers(other, app, 0));
});

test("the first worker is the first of the ranking, and there is none where nobody serves", () => {
  const hashed = hashWorkers(workersOf(4, 3));
  for (const app of apps) expect(firstWorker(hashed, app)).toBe(rankWorkers(hashed, app, 0)[0]);
  expect(firstWorker([], "app" as AppName)).toBeNull();
});

test("the limit of workers holds for each node on its own", () => {
  const ranked = rankWorkers(hashWorkers(workersOf(2, 3)), "app" as AppName, 2);
  expect(ranked.map(({ nodeId }) => nodeId).sort()).toEqual(["node-0", "node-0", "node-1", "node-1"]);
});

test("the first few are those of the whole ranking, in its order", () => {
  const hashed = hashWorkers(
    Array.from({ length: 40 }, (_, index) => ({ id: `w-${index}` as WorkerId, nodeId: "n" as NodeId })),
  );
  for (let index = 0; index < 100; index += 1) {
    const app = `app-${index}` as AppName;
    const ranked = rankWorkers(hashed, app, 0);
    for (const count of [0, 1, 8, 40, 100]) expect(topWorkers(hashed, app, count)).toEqual(ranked.slice(0, count));
  }
});
