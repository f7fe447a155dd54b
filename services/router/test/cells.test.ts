import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { appRecords, FakeStore, nodeRecord } from "./fake-store.ts";
import { startTestRouter } from "./router-harness.ts";

/** Two cells, each with a worker; names of apps, nodes and workers are the same in both. */
async function startCells() {
  const second = new FakeStore();
  second.put(...appRecords("hello", ["both.example", "second.example"]));
  const t = await startTestRouter(
    appRecords("hello", ["both.example", "first.example"]),
    {},
    { furtherCells: { second } },
  );
  const workers = [
    await t.node.startWorker((r) => r.respond("from the first")),
    await t.node.startWorker((r) => r.respond("from the second")),
  ] as const;
  const named = workers.map(({ address, credential }) => ({ id: "worker", address, credential }));
  t.store.put(nodeRecord(named.slice(0, 1)));
  second.put(nodeRecord(named.slice(1)));
  await eventually(async () => (await t.metric("router_links_count")) === 2);
  const answer = async (host: string): Promise<string> => (await t.fetch("/", { host })).text;
  return { ...t, second, answer };
}

test("each cell's apps run on its own workers, though their names are the same", async () => {
  const t = await startCells();
  expect(await t.answer("first.example")).toBe("from the first");
  expect(await t.answer("second.example")).toBe("from the second");
});

test("of two cells' routes for one host the first cell's is taken, and the second's when that goes", async () => {
  const t = await startCells();
  expect(await t.answer("both.example")).toBe("from the first");
  expect(await t.metric("router_route_conflicts_count")).toBe(1);
  t.store.remove("route/both.example/");
  await eventually(async () => (await t.metric("router_route_conflicts_count")) === 0);
  expect(await t.answer("both.example")).toBe("from the second");
  t.store.put(...appRecords("hello", ["both.example"]));
  await eventually(async () => (await t.metric("router_route_conflicts_count")) === 1);
  expect(await t.answer("both.example")).toBe("from the first");
});

test("a cell whose store is away is stale on its own", async () => {
  const t = await startCells();
  t.second.lose();
  await eventually(async () => (await t.metric("router_routes_age_seconds", { cell: "second" })) > 0);
  expect(await t.metric("router_routes_age_seconds", { cell: "default" })).toBe(0);
  expect(await t.answer("second.example")).toBe("from the second");
});
