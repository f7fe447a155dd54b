import type { AppName, VersionId } from "@nano/protocol/brands";
import type { AppRecord, Rollout, StoreRecord } from "@nano/protocol/records";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { appRecords, routeRecord } from "./fake-store.ts";
import type { FakeRequest } from "./fake-worker.ts";
import { startTestRouter } from "./router-harness.ts";

const LONG_MS = 5_000;

/** An app that a worker has served; `next` makes another version of it the active one. */
async function startServing(prepareMs: number) {
  const records = appRecords("hello", ["app.example"]);
  const t = await startTestRouter(records, { routes: { prepareMs } });
  const worker = await t.node.startWorker((request) => request.respond(request.head.versionId));
  await t.useWorkers(worker);
  const served = async (): Promise<string> => (await t.fetch("/")).text;
  const first = await served();
  const asked: FakeRequest[] = [];
  const next = (changes: Partial<AppRecord> = {}): string => {
    const [app, version] = appRecords("hello", []) as [AppRecord, StoreRecord];
    t.store.put(version, { ...app, ...changes });
    return (version as { id: string }).id;
  };
  const isVisible = (): boolean => t.router.feedPosition()?.seq === t.store.seq;
  const outcomes = (outcome: string) => t.metric("router_standby_preparations_total", { outcome });
  return { ...t, worker, first, asked, next, served, isVisible, outcomes };
}

function ready(request: FakeRequest): void {
  request.respondHead(204, [], true);
}

test("requests go on to the old version until the worker has the new one, and none fails", async () => {
  const t = await startServing(LONG_MS);
  t.worker.onPrepare = (request) => t.asked.push(request);
  const before = t.router.feedPosition();
  const version = t.next();
  await eventually(() => t.asked.length === 1);
  expect(t.worker.prepared).toEqual([version]);
  expect(new Set(await Promise.all(Array.from({ length: 20 }, t.served)))).toEqual(new Set([t.first]));
  expect(t.router.feedPosition()).toEqual(before);
  t.asked.forEach(ready);
  await eventually(t.isVisible);
  expect(await t.served()).toBe(version);
  expect(await t.outcomes("ready")).toBe(1);
});

test("the first place in the feed that shows a version is one at which requests see it", async () => {
  const t = await startServing(LONG_MS);
  t.worker.onPrepare = (request) => t.asked.push(request);
  for (let round = 0; round < 3; round += 1) {
    const version = t.next();
    await eventually(() => t.asked.length === round + 1);
    expect(t.isVisible()).toBe(false);
    ready(t.asked[round] as FakeRequest);
    await eventually(t.isVisible);
    expect(await t.served()).toBe(version);
  }
});

test("a worker that is slow is waited for no longer than the bound", async () => {
  const t = await startServing(30);
  t.worker.onPrepare = (request) => t.asked.push(request);
  const version = t.next();
  await eventually(t.isVisible);
  expect(await t.served()).toBe(version);
  expect(await t.outcomes("late")).toBe(1);
  await t.asked[0]?.whenReset();
});

test("a worker that does not know how is not waited for, nor one that dies", async () => {
  const t = await startServing(LONG_MS);
  t.worker.onPrepare = (request) => request.refuse({ retryable: false, reason: "version_unknown" });
  const second = t.next();
  await eventually(t.isVisible);
  expect(await t.served()).toBe(second);
  t.worker.onPrepare = () => t.worker.die();
  t.next();
  await eventually(t.isVisible);
  expect(await t.outcomes("failed")).toBe(2);
});

test("other apps, routes and workers are not held back meanwhile", async () => {
  const t = await startServing(LONG_MS);
  t.worker.onPrepare = (request) => t.asked.push(request);
  t.next();
  await eventually(() => t.asked.length === 1);
  t.store.put(...appRecords("other", ["other.example"]), routeRecord("second.example", "hello" as AppName));
  await eventually(async () => (await t.metric("router_routes_count")) === 3);
  expect((await t.fetch("/", { host: "other.example" })).status).toBe(200);
  expect((await t.fetch("/", { host: "second.example" })).text).toBe(t.first);
  const fresh = await t.node.startWorker();
  await t.useWorkers(t.worker, fresh);
  expect(t.isVisible()).toBe(false);
  t.asked.forEach(ready);
  await eventually(t.isVisible);
});

test("a change that comes before the one before it was ready takes its place", async () => {
  const t = await startServing(LONG_MS);
  t.worker.onPrepare = (request) => t.asked.push(request);
  t.next();
  await eventually(() => t.asked.length === 1);
  const third = t.next();
  await eventually(() => t.asked.length === 2);
  ready(t.asked[1] as FakeRequest);
  await eventually(t.isVisible);
  expect(await t.served()).toBe(third);
  expect([await t.outcomes("superseded"), await t.outcomes("ready")]).toEqual([1, 1]);

  // Back to what is served: there is nothing to wait for.
  const record: AppRecord = { kind: "app", name: "hello" as AppName, activeVersion: third as VersionId };
  t.next();
  await eventually(() => t.asked.length === 3);
  t.store.put(record);
  await eventually(t.isVisible);
  expect(await t.served()).toBe(third);
});

test("a rollout's version is ready before its first client, and moves at once when it is promoted or ended", async () => {
  const t = await startServing(LONG_MS);
  t.worker.onPrepare = (request) => t.asked.push(request);
  const [, version] = appRecords("hello", []) as [AppRecord, StoreRecord & { id: VersionId }];
  const rollout: Rollout = {
    version: version.id,
    percent: 100,
    stickyBy: { type: "client" },
    haltAt: { errorRate: 0.1, requestCount: 10 },
    startedAt: "2026-11-22T00:00:00.000Z",
  };
  const app: AppRecord = { kind: "app", name: "hello" as AppName, activeVersion: t.first as VersionId };
  t.store.put(version, { ...app, rollout });
  await eventually(() => t.asked.length === 1);
  expect(await t.served()).toBe(t.first);
  t.asked.forEach(ready);
  await eventually(t.isVisible);
  expect(await t.served()).toBe(version.id);
  t.store.put({ ...app, activeVersion: version.id });
  await eventually(t.isVisible);
  expect(await t.served()).toBe(version.id);
  expect(t.asked).toHaveLength(1);
});

test("an app that nobody has asked for moves at once", async () => {
  const t = await startServing(LONG_MS);
  t.worker.onPrepare = (request) => t.asked.push(request);
  t.store.put(...appRecords("other", ["other.example"]));
  await eventually(t.isVisible);
  t.store.put(...appRecords("other", []));
  await eventually(t.isVisible);
  expect(t.asked).toEqual([]);
});

test("no client can ask a worker to hold a version ready", async () => {
  const t = await startServing(LONG_MS);
  const answer = await t.raw("nano:prepare / HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n\r\n");
  expect(answer).toMatch(/^HTTP\/1.1 400 /);
  expect(t.worker.prepared).toEqual([]);
});
