import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@nano/test-kit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { appRecords, FakeStore, nodeRecord } from "./fake-store.ts";
import { startTestRouter } from "./router-harness.ts";

function temporaryPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "nano-outage-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "routes");
}

const age = "router_routes_age_seconds";

test("a router goes on with what it knows while the store is away, and says for how long", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  await t.useWorkers(await t.node.startWorker());
  expect(await t.metric(age)).toBe(0);
  t.store.lose();
  await eventually(async () => (await t.metric(age)) > 0);
  expect((await t.fetch("/")).status).toBe(200);
  expect(t.router.readiness()).toEqual({ isReady: true });
  t.store.put(...appRecords("late", ["late.example"]));
  t.store.comeBack();
  await eventually(async () => (await t.metric(age)) === 0);
  expect((await t.fetch("/", { host: "late.example" })).status).toBe(200);
});

test("without a store and without kept routes a router is not ready, and its routes are infinitely old", async () => {
  const store = new FakeStore();
  store.lose();
  const t = await startTestRouter([], { routes: { snapshotPath: temporaryPath() } }, { store });
  expect(t.router.readiness()).toMatchObject({ isReady: false });
  expect(await t.metric(age)).toBe(Number.POSITIVE_INFINITY);
  // Whether the host is known nobody can say.
  expect(await t.fetch("/")).toMatchObject({ status: 503, headers: { "x-nano-error": "no_routes" } });
});

test("a router that is asked as soon as it takes connections knows its routes", async () => {
  const store = new FakeStore();
  store.put(...appRecords("hello", ["app.example"]));
  store.stall();
  const starting = startTestRouter([], {}, { store });
  setTimeout(() => store.comeBack(), 200);
  const t = await starting;
  expect((await t.fetch("/")).headers["x-nano-error"]).not.toMatch(/unknown_host|no_routes/);
});

test.each(["refuses", "does not answer"])(
  "a router whose store %s starts with the routes that it kept",
  async (how) => {
    const snapshotPath = temporaryPath();
    const first = await startTestRouter(appRecords("hello", ["app.example"]), { routes: { snapshotPath } });
    const worker = await first.node.startWorker();
    await first.useWorkers(worker);
    first.store.put(...appRecords("second", ["second.example"]));
    await eventually(() => first.router.feedPosition()?.seq === 3);
    await first.router.close();
    const keptAt = new Date(Date.now() - 3_600_000);
    utimesSync(snapshotPath, keptAt, keptAt);

    const store = new FakeStore();
    if (how === "refuses") store.lose();
    else store.stall();
    const t = await startTestRouter([], { routes: { snapshotPath } }, { store });
    await t.router.whenLoaded();
    expect(t.router.readiness()).toEqual({ isReady: true });
    expect(t.router.feedPosition()).toEqual({ epoch: "fake", seq: 3 });
    expect((await t.fetch("/", { host: "second.example" })).status).toBe(200);
    expect(await t.metric(age)).toBeGreaterThanOrEqual(3600);
    expect(await t.metric(age)).toBeLessThan(3700);

    // What the store no longer has goes, though no change of the feed ever says so.
    store.put(nodeRecord([worker]));
    store.comeBack();
    await eventually(async () => (await t.metric(age)) === 0);
    expect((await t.fetch("/", { host: "second.example" })).status).toBe(404);
  },
);

test("kept routes are not used while the store answers", async () => {
  const snapshotPath = temporaryPath();
  const first = await startTestRouter(appRecords("old", ["old.example"]), { routes: { snapshotPath } });
  await first.router.close();
  const t = await startTestRouter(appRecords("new", ["new.example"]), { routes: { snapshotPath } });
  expect((await t.fetch("/", { host: "old.example" })).headers["x-nano-error"]).toBe("unknown_host");
  await eventually(() => readFileSync(snapshotPath, "utf8").includes("new.example"));
});

test("kept routes that are damaged are as good as none, and are replaced when the store is back", async () => {
  const snapshotPath = temporaryPath();
  writeFileSync(snapshotPath, '{"format":1}\nnonsense\n{"sha256":"0"}\n');
  const store = new FakeStore();
  store.lose();
  const t = await startTestRouter([], { routes: { snapshotPath } }, { store });
  expect(t.router.readiness()).toMatchObject({ isReady: false });
  store.put(...appRecords("hello", ["app.example"]));
  store.comeBack();
  await t.router.whenLoaded();
  await eventually(() => readFileSync(snapshotPath, "utf8").includes("app.example"));
});

test("a place where nothing can be kept does not stop a router", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]), {
    routes: { snapshotPath: "/dev/null/routes" },
  });
  await eventually(async () => (await t.metric("router_routes_snapshots_total", { outcome: "failed" })) > 0);
  await t.useWorkers(await t.node.startWorker());
  expect((await t.fetch("/")).status).toBe(200);
});
