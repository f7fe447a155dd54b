import type { Link } from "@nano/link/link";
import type { AppName, NodeId, WorkerId } from "@nano/protocol/brands";
import type { NodeCordon, NodeRecord } from "@nano/protocol/records";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { CordonedWorkers, cordonsOf, isSameCordons } from "../src/request/cordoned-workers.ts";
import type { WorkerSlot } from "../src/request/pick-worker.ts";
import { appRecords, nodeRecord } from "./fake-store.ts";
import { startTestRouter } from "./router-harness.ts";

const HEAVY = "heavy" as AppName;
const quietApps = Array.from({ length: 50 }, (_, count) => `quiet-${count}` as AppName);

interface TestLink {
  isOpen: boolean;
  streamCount: number;
}

function slot(id: string, nodeId = "node-1"): WorkerSlot & { readonly own: TestLink } {
  const own: TestLink = { isOpen: true, streamCount: 0 };
  return {
    id: id as WorkerId,
    nodeId: nodeId as NodeId,
    own,
    supervisor: { address: "/nowhere", credential: "" },
    capacity: 10,
    foreignCount: 0,
    // All that picking reads of a link.
    link: own as Link,
    askPostmortem: () => Promise.resolve(null),
  };
}

function node(id: string, workers: readonly string[], cordon?: NodeCordon): NodeRecord {
  const endpoints = workers.map((worker) => ({ id: worker, address: "", credential: "" }));
  return { ...nodeRecord(endpoints, { id }), ...(cordon && { cordon }) };
}

function cordonOf(workers: readonly string[], apps: readonly AppName[] = [HEAVY]): NodeCordon {
  return { workers: workers as readonly WorkerId[], apps };
}

function open() {
  const slots = [slot("a"), slot("b"), slot("c", "node-2"), slot("d", "node-2")] as const;
  const cordons = cordonsOf([node("node-1", ["a", "b"], cordonOf(["a"])), node("node-2", ["c", "d"])]);
  if (cordons === null) throw new Error("no cordon");
  return { slots, workers: new CordonedWorkers(slots, cordons) };
}

test("apps with long entries get the cordon, and nobody else does, also where it is loaded", () => {
  const { slots, workers } = open();
  const [cordoned] = slots;
  for (const app of quietApps) expect(workers.pick(app, 0, null)?.id).not.toBe("a");
  cordoned.own.streamCount = 1_000;
  for (const limit of [0, 1]) expect(workers.pick(HEAVY, limit, null)?.id).toBe("a");
  for (const { own } of slots.slice(1)) own.streamCount = 2_000;
  for (const app of quietApps) expect(workers.pick(app, 1, null)?.id).not.toBe("a");
});

test("others take the cordon where no other worker can be reached, or all have refused", () => {
  const { slots, workers } = open();
  const [cordoned, ...others] = slots;
  expect(workers.pick(quietApps[0] as AppName, 0, others)).toBe(cordoned);
  for (const { own } of others) own.isOpen = false;
  expect(workers.pick(quietApps[0] as AppName, 0, null)).toBe(cordoned);
});

test("an app that the cordon refused goes nowhere else; one whose cordon cannot be reached does", () => {
  const { slots, workers } = open();
  const [cordoned] = slots;
  expect(workers.pick(HEAVY, 0, [cordoned])).toBeNull();
  cordoned.own.isOpen = false;
  expect(workers.pick(HEAVY, 0, null)).not.toBeNull();
});

test("cordons of nodes add up, and one that drains has none", () => {
  const both = cordonsOf([node("n1", ["a"], cordonOf(["a"])), node("n2", ["c"], cordonOf(["c"]))]);
  expect([...(both?.workers ?? [])]).toEqual(["a", "c"]);
  expect(cordonsOf([{ ...node("n1", ["a"], cordonOf(["a"])), draining: true }])).toBeNull();
  const again = cordonsOf([node("n2", ["c"], cordonOf(["c"])), node("n1", ["a"], cordonOf(["a"]))]);
  expect([isSameCordons(both, again), isSameCordons(both, null), isSameCordons(null, null)]).toEqual([
    true,
    false,
    true,
  ]);
});

test("a router follows a cordon as a node's record names it, and forgets it when it does not", async () => {
  const t = await startTestRouter(appRecords("heavy", ["app.example"]));
  const first = await t.node.startWorker();
  const second = await t.node.startWorker();
  await t.useWorkers(first, second);
  const home = (await t.fetch("/")).text === `hello from ${first.id}` ? first : second;
  const other = home === first ? second : first;
  const record = nodeRecord([first, second], { supervisor: t.node.supervisor });
  t.store.put({ ...record, cordon: cordonOf([other.id]) });
  await eventually(async () => (await t.fetch("/")).text === `hello from ${other.id}`);
  t.store.put(record);
  await eventually(async () => (await t.fetch("/")).text === `hello from ${home.id}`);
});
