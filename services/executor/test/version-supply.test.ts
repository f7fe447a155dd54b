/** Which versions workers are given, when, what is refused, and what is let go of. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { engineFingerprint } from "@nano/isolate/engine";
import type {
  AppIdentity,
  AppName,
  ArtifactDigest,
  EngineFingerprint,
  NodeId,
  VersionId,
  WorkerId,
} from "@nano/protocol/brands";
import { firstWorker, hashWorkers } from "@nano/protocol/placement";
import type { StoreRecord } from "@nano/protocol/records";
import { createSigningKey } from "@nano/sliver/signing-key";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test, vi } from "vitest";
import { SliverSources } from "../src/request/sliver-sources.ts";
import { appScript, nextVersionId } from "./sliver-fixture.ts";
import { openSupply, RETIRE_MS, SCRIPT, turns, useFakeTimeouts } from "./supply-fixture.ts";

test("an active version is given to the worker that routers will ask first, with a link in its own directory, to others on demand", async () => {
  const { supply, put, build, activate, workers } = await openSupply(4);
  const { id, version, built } = await build();
  put(version, built);
  activate(id);
  const placed = workers.map((worker) => ({ id: worker.id as WorkerId, nodeId: "node-1" as NodeId }));
  const firstId = firstWorker(hashWorkers(placed), "subject" as AppName)?.id;
  await eventually(() => workers.some((worker) => worker.assignment(id) !== undefined));
  expect(workers.filter((worker) => worker.countOf("assign") > 0).map((worker) => worker.id)).toEqual([firstId]);
  for (const worker of workers) {
    if (worker.id !== firstId) await supply.give(worker.process, id);
    const assignment = worker.assignment(id);
    expect(assignment).toMatchObject({ app: "subject", assetsPath: null, manifest: version.manifest });
    expect(assignment?.sliverPath?.startsWith(`${worker.directory}/`)).toBe(true);
    expect(existsSync(assignment?.sliverPath ?? "")).toBe(true);
  }
});

test("a version is given with its app's identity, and not at all once another app has the name", async () => {
  const { supply, put, build, worker, slow } = await openSupply();
  const name = "subject" as AppName;
  const identity = "a".repeat(32) as AppIdentity;
  const [version, late] = [await build(), await build()];
  put(version.version, version.built, { kind: "app", name, activeVersion: null });
  await supply.give(worker.process, version.id);
  expect(worker.assignment(version.id)).not.toHaveProperty("identity");
  const held = Promise.withResolvers<void>();
  slow.set(late.digest, held.promise);
  put({ kind: "app", name, identity, activeVersion: null });
  await supply.give(worker.process, version.id);
  expect(worker.assignment(version.id)).toMatchObject({ app: name, identity });
  put(late.version, late.built);
  const given = supply.give(worker.process, late.id);
  // Deleted and made again while its sliver is under way.
  put({ kind: "app", name, identity: "b".repeat(32) as AppIdentity, activeVersion: null });
  held.resolve();
  await given;
  expect(worker.assignment(late.id)).toBeUndefined();
  expect(worker.refusal(late.id)).toBe("EXEC_VERSION_UNKNOWN");
});

test("a new version is given to all workers that have an older one of its app", async () => {
  const { supply, put, build, activate, workers } = await openSupply(3);
  const [old, next] = [await build(), await build()];
  put(old.version, old.built, next.version, next.built);
  activate(old.id);
  await Promise.all(workers.slice(0, 2).map((worker) => supply.give(worker.process, old.id)));
  await eventually(() => workers.some((worker) => worker.assignment(old.id) !== undefined));
  const holders = workers.filter((worker) => worker.assignment(old.id) !== undefined);
  activate(next.id);
  await eventually(() => holders.every((worker) => worker.assignment(next.id) !== undefined));
});

test("where another node's worker comes first, an app is given to none of this node's", async () => {
  const { put, build, activate, worker } = await openSupply();
  const { id, version, built } = await build();
  const own = { id: worker.id as WorkerId, nodeId: "node-1" as NodeId };
  const ids = Array.from({ length: 100 }, (_, index) => `other-${index}` as WorkerId);
  const other = (workerIds: readonly WorkerId[], draining: boolean): StoreRecord => ({
    kind: "node",
    id: "node-2" as NodeId,
    engine: engineFingerprint(),
    supervisor: { address: "10.0.0.2:7000", credential: "c" },
    workers: workerIds.map((workerId) => ({ id: workerId, address: "10.0.0.2:7000", credential: "c" })),
    draining,
  });
  const better = ids.filter((each) => {
    const placed = hashWorkers([own, { id: each, nodeId: "node-2" as NodeId }]);
    return firstWorker(placed, "subject" as AppName)?.id === each;
  });
  expect(better.length).toBeGreaterThan(0);
  put(version, built, other(better, false));
  activate(id);
  await turns(3);
  expect(worker.sent).toEqual([]);
  activate(null);
  put(other(better, true));
  activate(id);
  await eventually(() => worker.assignment(id) !== undefined);
});

test("a worker that starts gets ahead what routers will ask it for first, up to the limit", async () => {
  const { supply, put, build, workers, decided } = await openSupply(1, { aheadCount: 2 });
  const [worker] = workers;
  if (worker === undefined) throw new Error("no worker");
  const taken = workers.splice(0);
  const apps = ["a", "b", "c", "d"] as AppName[];
  for (const name of apps) {
    const { id, version, built } = await build();
    put({ ...version, app: name }, built, { kind: "app", name, activeVersion: id });
  }
  workers.push(...taken);
  await supply.welcome(worker.process);
  expect(worker.countOf("assign") + worker.countOf("refuse")).toBe(2);
  expect(decided).toEqual(["given", "given", "over_limit", "over_limit"]);
});

test("changes that are no business of the supply are taken without a look at all apps", async () => {
  const { supply, put, build, activate, worker } = await openSupply();
  const { id, version, built } = await build();
  put(version, built);
  activate(id);
  await eventually(() => worker.countOf("assign") === 1);
  supply.update(new Map(), [{ key: "route/x/", record: null }]);
  await supply.give(worker.process, id);
  expect(worker.sent.map(({ type }) => type)).toEqual(["assign", "refuse"]);
});

test("a version in a rollout is given out whatever its share, and counted; one that was halted is let go", async () => {
  const { supply, put, build, activate, worker } = await openSupply();
  const [active, next] = [await build(), await build()];
  put(active.version, active.built, next.version, next.built);
  activate(active.id);
  await eventually(() => worker.assignment(active.id) !== undefined);
  expect(worker.assignment(active.id)?.countedSince).toBeUndefined();
  const rollout = {
    version: next.id,
    percent: 0,
    stickyBy: { type: "client" },
    haltAt: { errorRate: 0.5, requestCount: 10 },
    startedAt: "2026-11-22T00:00:00.000Z",
  } as const;
  const app = { kind: "app", name: "subject" as AppName, activeVersion: active.id } as const;
  put({ ...app, rollout });
  await eventually(() => worker.assignment(next.id)?.countedSince !== undefined);
  expect([...supply.rollouts.keys()]).toEqual([next.id]);
  useFakeTimeouts();
  put({ ...app, rollout: { ...rollout, halted: { at: rollout.startedAt, requestCount: 10, errorCount: 9 } } });
  expect([...supply.rollouts]).toEqual([]);
  vi.advanceTimersByTime(RETIRE_MS);
  expect(worker.sent.at(-1)).toEqual({ type: "retire", versionId: next.id });
});

test("a version that nobody knows is refused after a wait, one that the feed brings meanwhile is given", async () => {
  const { supply, put, build, worker } = await openSupply();
  const late = await build();
  useFakeTimeouts(["performance"]);
  const unknown = nextVersionId();
  const refused = supply.give(worker.process, unknown);
  const given = supply.give(worker.process, late.id);
  await vi.advanceTimersByTimeAsync(1_500);
  put(late.version, late.built);
  await given;
  expect(worker.assignment(late.id)).toBeDefined();
  await vi.advanceTimersByTimeAsync(600);
  await refused;
  expect(worker.refusal(unknown)).toBe("EXEC_VERSION_UNKNOWN");
});

test("a version whose build has not ended here yet is waited for: the router's feed was ahead", async () => {
  const { supply, put, build, worker } = await openSupply();
  const { id, version, built } = await build();
  put(version, { ...built, state: "building", slivers: {} });
  const given = supply.give(worker.process, id);
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(worker.sent).toEqual([]);
  put(built);
  await given;
  expect(worker.assignment(id)).toBeDefined();
});

test("a failed build is refused at once", async () => {
  const { supply, put, build, worker } = await openSupply();
  const { id, version, built } = await build();
  put(version, { ...built, state: "failed", slivers: {} });
  await supply.give(worker.process, id);
  expect(worker.refusal(id)).toBe("EXEC_VERSION_NOT_BUILT");
});

test.each([
  ["signed by a key that nobody trusts", { key: createSigningKey() }, "EXEC_SLIVER_REFUSED"],
  ["made for another version", { versionId: "v00000000000000aa" as VersionId }, "EXEC_SLIVER_REFUSED"],
  ["made of another bundle", { bundle: "c".repeat(64) as ArtifactDigest }, "EXEC_SLIVER_REFUSED"],
  ["made for another app", { app: "another" as AppName }, "EXEC_SLIVER_REFUSED"],
])("a sliver %s is refused, and is in no worker's reach", async (_, fixture, code) => {
  const { supply, put, build, worker } = await openSupply();
  const { id, version, built } = await build(fixture);
  put(version, built);
  await supply.give(worker.process, id);
  expect(worker.refusal(id)).toBe(code);
  expect(worker.countOf("assign")).toBe(0);
  expect(readdirSync(worker.directory)).toEqual([]);
});

test("a sliver that is not in the store is refused", async () => {
  const { supply, put, build, worker } = await openSupply();
  const { id, version, built } = await build();
  put(version, { ...built, slivers: { [engineFingerprint()]: "d".repeat(64) as ArtifactDigest } });
  await supply.give(worker.process, id);
  expect(worker.refusal(id)).toBe("EXEC_MATERIAL_AWAY");
});

test("with a sliver of another engine alone the app starts from its source", async () => {
  const { supply, put, build, worker } = await openSupply();
  const other = "0".repeat(32) as EngineFingerprint;
  const { id, version, built } = await build({}, other);
  put(version, built);
  await supply.give(worker.process, id);
  const path = worker.assignment(id)?.sliverPath ?? "";
  expect(new SliverSources(engineFingerprint()).open(path).read()).toMatchObject({ rung: "source", script: SCRIPT });
  expect(new SliverSources(other).open(path).read().rung).toBe("heap");
});

test("a version that is replaced is let go of after a while, and its links with it", async () => {
  const { supply, put, build, activate, worker } = await openSupply();
  const [old, next] = [await build(), await build({ script: appScript("return new Response('next');") })];
  put(old.version, old.built, next.version, next.built);
  activate(old.id);
  await eventually(() => worker.countOf("assign") === 1);
  const path = worker.assignment(old.id)?.sliverPath ?? "";
  expect(supply.sliverPath(old.id)).toBe(path);
  useFakeTimeouts();
  activate(next.id);
  vi.advanceTimersByTime(RETIRE_MS - 1);
  expect(worker.countOf("retire")).toBe(0);
  vi.advanceTimersByTime(1);
  expect(worker.sent.at(-1)).toEqual({ type: "retire", versionId: old.id });
  expect(existsSync(path)).toBe(true);
  supply.released(worker.process, old.id);
  await eventually(() => !existsSync(path));
  expect(supply.sliverPath(old.id)).toBeUndefined();
  await eventually(() => worker.assignment(next.id) !== undefined);
  expect(existsSync(worker.assignment(next.id)?.sliverPath ?? "")).toBe(true);
});

test("a version that came back before it was let go of stays", async () => {
  const { put, build, activate, worker } = await openSupply();
  const [old, next] = [await build(), await build()];
  put(old.version, old.built, next.version, next.built);
  useFakeTimeouts();
  activate(old.id);
  activate(next.id);
  activate(old.id);
  vi.advanceTimersByTime(RETIRE_MS);
  await eventually(() => worker.assignment(old.id) !== undefined);
  expect(worker.sent).not.toContainEqual({ type: "retire", versionId: old.id });
});

test("a version that is given again while it is let go of keeps its links", async () => {
  const { supply, put, build, activate, worker } = await openSupply();
  const { id, version, built } = await build();
  put(version, built);
  activate(id);
  await eventually(() => worker.countOf("assign") === 1);
  const path = worker.assignment(id)?.sliverPath ?? "";
  useFakeTimeouts();
  for (const order of ["released first", "given first", "released last"]) {
    activate(null);
    vi.advanceTimersByTime(RETIRE_MS);
    const assignedCount = worker.countOf("assign");
    if (order === "released first") supply.released(worker.process, id);
    activate(id);
    if (order === "given first") supply.released(worker.process, id);
    await eventually(() => worker.countOf("assign") > assignedCount);
    if (order === "released last") supply.released(worker.process, id);
    await turns(20);
    expect([order, existsSync(path)]).toEqual([order, true]);
    expect(supply.sliverPath(id)).toBe(path);
  }
});

test("a link that another version shares stays until both are let go of", async () => {
  const { supply, put, build, activate, worker } = await openSupply();
  const first = await build();
  const id = nextVersionId();
  put(first.version, first.built, { ...first.version, id, bundle: null }, { ...first.built, version: id });
  await supply.give(worker.process, first.id);
  await supply.give(worker.process, id);
  expect(readdirSync(worker.directory)).toHaveLength(1);
  useFakeTimeouts();
  activate(first.id);
  await eventually(() => worker.countOf("assign") === 3);
  activate(null);
  vi.advanceTimersByTime(RETIRE_MS);
  supply.released(worker.process, first.id);
  await new Promise((resolve) => setImmediate(resolve));
  expect(readdirSync(worker.directory)).toHaveLength(1);
});

test("a version that a router asks for though it is not active is let go of again", async () => {
  const { supply, put, build, worker } = await openSupply();
  const { id, version, built } = await build();
  put(version, built);
  useFakeTimeouts();
  await supply.give(worker.process, id);
  expect(worker.assignment(id)).toBeDefined();
  vi.advanceTimersByTime(RETIRE_MS);
  expect(worker.sent.at(-1)).toEqual({ type: "retire", versionId: id });
});

test("while the artifact store is away what is on the node is given, and for the rest routers are told to try another", async () => {
  const { supply, put, build, worker, root } = await openSupply();
  const [cached, missing] = [await build(), await build()];
  put(cached.version, cached.built, missing.version, missing.built);
  await supply.give(worker.process, cached.id);
  rmSync(join(root, "store"), { recursive: true });
  await supply.give(worker.process, cached.id);
  await supply.give(worker.process, missing.id);
  expect(worker.sent.map(({ type }) => type)).toEqual(["assign", "assign", "refuse"]);
  expect(worker.sent.at(-1)).toMatchObject({ error: { code: "EXEC_MATERIAL_AWAY", retryable: true } });
});

test("a worker whose directory was deleted gets one again, also while the artifact store is away", async () => {
  const { supply, put, build, worker, root } = await openSupply();
  const { id, version, built } = await build();
  put(version, built);
  await supply.give(worker.process, id);
  rmSync(join(root, "workers"), { recursive: true });
  rmSync(join(root, "store"), { recursive: true });
  await supply.give(worker.process, id);
  expect(worker.refusal(id)).toBeUndefined();
  expect(readdirSync(worker.directory)).toHaveLength(1);
});
