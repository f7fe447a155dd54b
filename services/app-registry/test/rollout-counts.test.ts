import type { NodeRecord, Rollout, RolloutCount } from "@nano/protocol/records";
import { expect, test } from "vitest";
import { isFailing, MAX_COUNTED_NODES, RolloutSum } from "../src/catalog/rollout-counts.ts";

const version = "v0000000000000001" as Rollout["version"];

function rollout(countedBefore: Record<string, RolloutCount> = {}): Rollout {
  return {
    version,
    percent: 10,
    stickyBy: { type: "client" },
    haltAt: { errorRate: 0.1, requestCount: 10 },
    startedAt: "2026-11-22T00:00:00.000Z",
    countedBefore: countedBefore as never,
  };
}

function node(id: string, requestCount?: number, errorCount = 0, since?: string): NodeRecord {
  const count = { requestCount, errorCount, ...(since !== undefined && { since }) };
  const rollouts = requestCount === undefined ? {} : { rollouts: { [version]: count } };
  return { id, ...rollouts } as unknown as NodeRecord;
}

test("what nodes had counted before is left out, and a count that begins anew adds to what was", () => {
  const sum = new RolloutSum(rollout({ a: { requestCount: 100, errorCount: 50 } }));
  sum.add([node("a", 103, 51), node("b", 7)], version);
  expect(sum.count).toEqual({ requestCount: 10, errorCount: 1 });
  sum.add([node("a", 2, 2), node("b", 7)], version);
  expect(sum.count).toEqual({ requestCount: 12, errorCount: 3 });
  sum.add([node("a"), node("b", 8)], version);
  sum.add([node("a", 2, 1), node("b", 8)], version);
  expect(sum.count).toEqual({ requestCount: 15, errorCount: 4 });
});

test("of a node that says which rollout it counted, another rollout's counts are nothing and this one's are whole", () => {
  const { startedAt } = rollout();
  const sum = new RolloutSum(rollout({ a: { requestCount: 60, errorCount: 60 } }));
  sum.add([node("a", 66, 66, "2026-11-21T00:00:00.000Z")], version);
  expect(sum.count).toEqual({ requestCount: 0, errorCount: 0 });
  sum.add([node("a", 70, 2, startedAt)], version);
  sum.add([node("a", 71, 3, startedAt)], version);
  expect(sum.count).toEqual({ requestCount: 71, errorCount: 3 });
});

test("a node that goes and comes back is counted once", () => {
  const sum = new RolloutSum(rollout());
  sum.add([node("a", 10, 1)], version);
  sum.add([], version);
  sum.add([node("a", 12, 1)], version);
  expect(sum.count).toEqual({ requestCount: 12, errorCount: 1 });
});

test("of very many nodes the sum stays whole", () => {
  const sum = new RolloutSum(rollout());
  for (let index = 0; index < MAX_COUNTED_NODES + 500; index++) sum.add([node(`n${index}`, 2, 1)], version);
  expect(sum.count).toEqual({ requestCount: 2 * (MAX_COUNTED_NODES + 500), errorCount: MAX_COUNTED_NODES + 500 });
});

test("a rollout fails above its rate, and not before there are enough requests", () => {
  const haltAt = { errorRate: 0.1, requestCount: 10 };
  expect(isFailing({ requestCount: 9, errorCount: 9 }, haltAt)).toBe(false);
  expect(isFailing({ requestCount: 10, errorCount: 1 }, haltAt)).toBe(false);
  expect(isFailing({ requestCount: 10, errorCount: 2 }, haltAt)).toBe(true);
});
