import { existsSync, readdirSync, rmSync, truncateSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { engineFingerprint } from "@nano/isolate/engine";
import type { AppName, ArtifactDigest, EngineFingerprint, NodeId, VersionId, WorkerId } from "@nano/protocol/brands";
import { resolveManifest } from "@nano/protocol/manifest";
import { firstWorker, hashWorkers } from "@nano/protocol/placement";
import { type BuildRecord, recordKey, type StoreRecord, type VersionRecord } from "@nano/protocol/records";
import { DirectoryStore } from "@nano/sliver/directory-store";
import { NodeCache } from "@nano/sliver/node-cache";
import { createSigningKey, trustKey } from "@nano/sliver/signing-key";
import { digestOf } from "@nano/sliver/sliver-store";
import { openUnpackedSliver } from "@nano/sliver/unpacked-sliver";
import { eventually } from "@nano/test-kit/eventually";
import { expect, onTestFinished, test, vi } from "vitest";
import { TrustedKeyDirectory } from "../src/control/trusted-keys.ts";
import { VersionSupply } from "../src/control/version-supply.ts";
import type { WorkerProcess } from "../src/control/worker-process.ts";
import { errors } from "../src/errors.ts";
import { SliverSources } from "../src/request/sliver-sources.ts";
import type { Assignment, FallReport, ToWorker } from "../src/worker-messages.ts";
import { silentLogger } from "./process-harness.ts";
import { appScript, createSliver, nextVersionId, type SliverFixture, temporaryDirectory } from "./sliver-fixture.ts";

const SCRIPT = appScript("return new Response('hello');");
const BUNDLE = "b".repeat(64) as ArtifactDigest;
const RETIRE_MS = 10_000;

class FakeWorker {
  readonly id: string;
  readonly directory: string;
  readonly sent: ToWorker[] = [];

  constructor(id: string, directory: string) {
    this.id = id;
    this.directory = directory;
  }
  send(message: ToWorker): void {
    this.sent.push(message);
  }
  get process(): WorkerProcess {
    return this as unknown as WorkerProcess;
  }
  assignment(versionId: VersionId): Assignment | undefined {
    return this.sent
      .flatMap((message) => (message.type === "assign" ? [message.assignment] : []))
      .findLast((assignment) => assignment.versionId === versionId);
  }
  refusal(versionId: VersionId): string | undefined {
    return this.sent.flatMap((m) => (m.type === "refuse" && m.versionId === versionId ? [m.error.code] : [])).at(-1);
  }
  countOf(type: ToWorker["type"]): number {
    return this.sent.filter((message) => message.type === type).length;
  }
}

async function openSupply(workerCount = 1, settings: { aheadCount?: number } = {}) {
  const root = temporaryDirectory();
  const key = createSigningKey();
  await trustKey(join(root, "keys"), key);
  const keys = new TrustedKeyDirectory(join(root, "keys"));
  const store = new DirectoryStore(join(root, "store"));
  /** Digests whose way from the store is slow, until they are let go. */
  const slow = new Map<ArtifactDigest, Promise<void>>();
  const fetched: ArtifactDigest[] = [];
  const slowStore = {
    get: async (digest: ArtifactDigest) => {
      fetched.push(digest);
      await slow.get(digest);
      return await store.get(digest);
    },
  };
  const trustedKeys = () => keys.current;
  const cache = await NodeCache.open({ directory: join(root, "cache"), store: slowStore, trustedKeys });
  const workers: FakeWorker[] = [];
  for (let i = 0; i < workerCount; i++) {
    const directory = join(root, "workers", `w${i}`);
    await mkdir(directory, { recursive: true });
    workers.push(new FakeWorker(`w${i}`, directory));
  }
  const decided: string[] = [];
  let changeCount = 0;
  const supply = new VersionSupply({
    nodeId: "node-1" as NodeId,
    aheadCount: settings.aheadCount ?? 100,
    onAhead: (outcome) => decided.push(outcome),
    engine: engineFingerprint(),
    cache,
    keys,
    logger: silentLogger,
    workers: () => workers.map(({ process }) => process),
    onBadSlivers: () => {
      changeCount += 1;
    },
  });
  const records = new Map<string, StoreRecord>();
  const put = (...changed: StoreRecord[]): void => {
    for (const record of changed) records.set(recordKey(record), record);
    supply.update(new Map(records));
  };
  const [first] = workers;
  if (first === undefined) throw new Error("no worker");
  /** Stores a sliver, and answers the records of its version, built. */
  const build = async (fixture: Partial<SliverFixture> = {}, engine = engineFingerprint()) => {
    const id = nextVersionId();
    const sliver = createSliver({
      script: SCRIPT,
      key,
      versionId: id,
      bundle: BUNDLE,
      fingerprint: engine,
      ...fixture,
    });
    const digest = digestOf(sliver);
    await store.put(digest, sliver);
    const version: VersionRecord = {
      kind: "version",
      id,
      app: "subject" as AppName,
      manifest: resolveManifest({}),
      bundle: BUNDLE,
      assets: null,
      createdAt: "2026-11-22T00:00:00.000Z",
    };
    const built: BuildRecord = {
      kind: "build",
      version: id,
      state: "built",
      error: null,
      slivers: { [engine]: digest },
    };
    return { id, version, built, digest };
  };
  /** The build record of a version that was built again: another sliver, of a script that says which. */
  const rebuild = async (id: VersionId, count: number): Promise<BuildRecord> => {
    const again = await build({ versionId: id, script: appScript(`return new Response("build ${count}");`) });
    return { ...again.built, version: id };
  };
  const digestAt = (path: string | null | undefined): string | undefined => path?.split("/").at(-1)?.split(".")[0];
  const activate = (id: VersionId | null): void => put({ kind: "app", name: "subject" as AppName, activeVersion: id });
  return {
    supply,
    put,
    build,
    rebuild,
    activate,
    digestAt,
    slow,
    fetchCount: (digest: ArtifactDigest) => fetched.filter((each) => each === digest).length,
    changes: () => changeCount,
    decided,
    worker: first,
    workers,
    root,
    key,
  };
}

function useFakeTimeouts(more: readonly "performance"[] = []): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", ...more] });
  onTestFinished(() => void vi.useRealTimers());
}

/** Long enough for an unlink that is under way. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

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

const fallOf = (
  versionId: VersionId,
  sliverPath: string,
  reason: FallReport["reason"] = "restore_failed",
): FallReport => ({
  versionId,
  sliverPath,
  from: "heap",
  to: "source",
  reason,
  why: "a test says so",
});

test("a version that gets another sliver is given again to those that hold it, and the old link goes when they say so", async () => {
  const { supply, put, build, rebuild, activate, worker } = await openSupply();
  const first = await build();
  const next = await rebuild(first.id, 2);
  put(first.version, first.built);
  activate(first.id);
  await eventually(() => worker.countOf("assign") === 1);
  const oldPath = worker.assignment(first.id)?.sliverPath ?? "";
  put(next);
  await eventually(() => worker.countOf("assign") === 2);
  const newPath = worker.assignment(first.id)?.sliverPath ?? "";
  expect([newPath !== oldPath, existsSync(oldPath), existsSync(newPath)]).toEqual([true, true, true]);
  supply.adopted(worker.process, first.id, newPath);
  await eventually(() => !existsSync(oldPath));
  expect(existsSync(newPath)).toBe(true);
  expect(supply.sliverPath(first.id)).toBe(newPath);
  put(next);
  await turns(20);
  expect(worker.countOf("assign"), "the same record again is no news").toBe(2);
});

test("a worker that keeps the old sliver keeps its link, and the new one goes", async () => {
  const { supply, put, build, rebuild, activate, worker } = await openSupply();
  const first = await build();
  put(first.version, first.built);
  activate(first.id);
  await eventually(() => worker.countOf("assign") === 1);
  const oldPath = worker.assignment(first.id)?.sliverPath ?? "";
  put(await rebuild(first.id, 2));
  await eventually(() => worker.countOf("assign") === 2);
  const newPath = worker.assignment(first.id)?.sliverPath ?? "";
  supply.adopted(worker.process, first.id, oldPath);
  await eventually(() => !existsSync(newPath));
  expect(existsSync(oldPath)).toBe(true);
});

test("of records that change while links are made, the last one is given, and given last", async () => {
  const { put, build, rebuild, activate, worker, digestAt, slow, fetchCount } = await openSupply();
  const first = await build();
  const records = [await rebuild(first.id, 2), await rebuild(first.id, 3), await rebuild(first.id, 4)];
  put(first.version, first.built);
  activate(first.id);
  const [early, middle, last] = records.map((record) => ({ record, digest: record.slivers[engineFingerprint()] }));
  if (early === undefined || middle?.digest === undefined || last === undefined) throw new Error("no records");
  put(early.record);
  await eventually(() => worker.countOf("assign") === 1);
  const given = (): string | undefined => digestAt(worker.assignment(first.id)?.sliverPath);
  expect(given()).toBe(early.digest);
  const { promise, resolve: letGo } = Promise.withResolvers<void>();
  const middleDigest = middle.digest;
  slow.set(middleDigest, promise);
  put(middle.record);
  await eventually(() => fetchCount(middleDigest) > 0);
  put(last.record);
  await eventually(() => worker.countOf("assign") === 2);
  expect(given()).toBe(last.digest);
  letGo();
  await eventually(() => worker.countOf("assign") === 3);
  expect(given()).toBe(last.digest);
  await eventually(() => !readdirSync(worker.directory).some((name) => name.startsWith(middleDigest)));
});

test("a sliver that could not be restored is named once, until the version has another", async () => {
  const { supply, put, build, rebuild, activate, worker, changes } = await openSupply();
  const { id, version, built, digest } = await build();
  put(version, built);
  activate(id);
  await eventually(() => worker.countOf("assign") === 1);
  const path = worker.assignment(id)?.sliverPath ?? "";
  for (let i = 0; i < 3; i++) supply.fell(worker.process, fallOf(id, path));
  expect([supply.badSlivers, changes()]).toEqual([{ [id]: digest }, 1]);
  put(await rebuild(id, 2));
  expect([supply.badSlivers, changes()]).toEqual([{}, 2]);
  supply.fell(worker.process, fallOf(id, path));
  expect(supply.badSlivers, "the old one is of no interest").toEqual({});
});

test("a sliver that is damaged on this node is fetched again for its worker, once, and named after that", async () => {
  const { supply, put, build, activate, worker, workers, fetchCount } = await openSupply(2);
  const { id, version, built, digest } = await build();
  put(version, built);
  activate(id);
  await eventually(() => workers.some((each) => each.countOf("assign") === 1));
  for (const each of workers) if (each.countOf("assign") === 0) await supply.give(each.process, id);
  const path = worker.assignment(id)?.sliverPath ?? "";
  truncateSync(path, 100);
  supply.fell(worker.process, fallOf(id, path, "damaged"));
  await eventually(() => worker.countOf("assign") === 2);
  expect(worker.assignment(id)).toMatchObject({ sliverPath: path, isFetchedAgain: true });
  expect(openUnpackedSliver(path).manifest.versionId).toBe(id);
  expect([fetchCount(digest), supply.badSlivers]).toEqual([2, {}]);
  const [, second] = workers;
  if (second === undefined) throw new Error("no second worker");
  const error = errors.SLIVER_REFUSED({ versionId: id, why: "damaged" }).wire;
  supply.unreadable(second.process, id, { path: second.assignment(id)?.sliverPath ?? "", error });
  await eventually(() => second.countOf("assign") === 2);
  expect([fetchCount(digest), supply.badSlivers], "what the first one had fetched is there").toEqual([2, {}]);
  supply.fell(worker.process, fallOf(id, path, "damaged"));
  supply.unreadable(second.process, id, { path: second.assignment(id)?.sliverPath ?? "", error });
  expect([supply.badSlivers, second.refusal(id)]).toEqual([{ [id]: digest }, "EXEC_SLIVER_REFUSED"]);
});

test("a sliver that another engine made, or that fits no memory limit, is not named", async () => {
  const { supply, put, build, activate, worker } = await openSupply();
  const { id, version, built } = await build({}, "0".repeat(32) as EngineFingerprint);
  put(version, built);
  activate(id);
  await eventually(() => worker.countOf("assign") === 1);
  supply.fell(worker.process, fallOf(id, worker.assignment(id)?.sliverPath ?? "", "fingerprint"));
  const own = await build();
  put(own.version, own.built);
  activate(own.id);
  await eventually(() => worker.assignment(own.id) !== undefined);
  supply.fell(worker.process, fallOf(own.id, worker.assignment(own.id)?.sliverPath ?? "", "memory_limit"));
  expect(supply.badSlivers).toEqual({});
});

test("what two workers died restoring is given out as source alone, until the version has another sliver", async () => {
  const { supply, put, build, rebuild, activate, worker } = await openSupply();
  const { id, version, built, digest } = await build();
  put(version, built);
  activate(id);
  await eventually(() => worker.countOf("assign") === 1);
  supply.diedRestoring(worker.process, id);
  await turns(20);
  expect([worker.countOf("assign"), supply.badSlivers]).toEqual([1, {}]);
  supply.diedRestoring(worker.process, id);
  await eventually(() => worker.assignment(id)?.isSourceOnly === true);
  expect(supply.badSlivers).toEqual({ [id]: digest });
  put(await rebuild(id, 2));
  await eventually(() => worker.assignment(id)?.isSourceOnly === undefined);
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
