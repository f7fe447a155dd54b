import type { Link } from "@nano/link/link";
import type { AppName, NodeId, WorkerId } from "@nano/protocol/brands";
import { expect, test } from "vitest";
import { pickWorker, WorkerSet, type WorkerSlot } from "../src/request/pick-worker.ts";

function slot(id: string, options: { nodeId?: string; streamCount?: number; isOpen?: boolean } = {}): WorkerSlot {
  const { nodeId = "node-1", streamCount = 0, isOpen = true } = options;
  // All that picking reads of a link.
  const link = { isOpen, streamCount } as Link;
  return { id: id as WorkerId, nodeId: nodeId as NodeId, link, askPostmortem: () => Promise.resolve(null) };
}

const idle = { tried: null, loadedCount: 10 };
const apps = Array.from({ length: 1000 }, (_, index) => `app-${index}` as AppName);

function firstChoices(set: WorkerSet): string[] {
  return apps.map((app) => set.candidatesOf(app, 0)[0]?.id ?? "");
}

test("apps spread over workers, and stay where they are when a worker comes or goes", () => {
  const slots = Array.from({ length: 8 }, (_, index) => slot(`worker-${index}`));
  const before = firstChoices(new WorkerSet(slots));
  const counts = slots.map(({ id }) => before.filter((choice) => choice === id).length);
  for (const count of counts) expect(count).toBeGreaterThan(70);
  const without = firstChoices(new WorkerSet(slots.slice(1)));
  apps.forEach((_, index) => {
    if (before[index] !== "worker-0") expect(without[index]).toBe(before[index]);
  });
  const withOneMore = firstChoices(new WorkerSet([...slots, slot("worker-8")]));
  const moved = before.filter((choice, index) => choice !== withOneMore[index]);
  expect(moved.length).toBeLessThan(1000 / 9 + 60);
});

test("the limit of workers holds for each node on its own", () => {
  const slots = ["node-1", "node-2"].flatMap((nodeId) =>
    ["a", "b", "c"].map((name) => slot(`${nodeId}-${name}`, { nodeId })),
  );
  const candidates = new WorkerSet(slots).candidatesOf("app" as AppName, 2);
  expect(candidates).toHaveLength(4);
  expect(candidates.filter(({ nodeId }) => nodeId === "node-1")).toHaveLength(2);
});

test("a loaded worker passes the request to the next choice, and where all are loaded the least loaded takes it", () => {
  expect(pickWorker([slot("warm", { streamCount: 9 }), slot("next")], idle)?.id).toBe("warm");
  expect(pickWorker([slot("warm", { streamCount: 10 }), slot("next")], idle)?.id).toBe("next");
  expect(pickWorker([slot("warm", { streamCount: 12 }), slot("next", { streamCount: 11 })], idle)?.id).toBe("next");
});

test("a worker without an open link, or that was tried, is not picked", () => {
  const tried = slot("tried");
  const closed = slot("closed", { isOpen: false });
  const unlinked = { ...slot("unlinked"), link: null };
  expect(pickWorker([closed, unlinked, tried], { ...idle, tried: [tried] })).toBeNull();
  expect(pickWorker([closed, unlinked, tried, slot("left")], { ...idle, tried: [tried] })?.id).toBe("left");
});
