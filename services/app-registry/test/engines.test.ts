import type { ArtifactDigest, EngineFingerprint, NodeId, VersionId } from "@nano/protocol/brands";
import type { NodeRecord } from "@nano/protocol/records";
import { expect, test } from "vitest";
import { addSliver, MAX_ENGINES_PER_VERSION } from "../src/catalog/engines.ts";
import type { ApiClient } from "./api-client.ts";
import { ENGINE, HandBuilder, sliverOf } from "./hand-builder.ts";
import { digestOf, openTestRegistry } from "./open-test-registry.ts";

const NEWER = "f".repeat(32) as EngineFingerprint;
const NEXT_CONTENT = "the next sliver";
const NEXT_SLIVER = digestOf(NEXT_CONTENT);
const LEASE_MS = 60_000;
/** Long enough for a job that should not be there to show up. */
const QUIET_MS = 100;

function nodeOf(
  engine: EngineFingerprint,
  options: { id?: string; draining?: boolean; badSlivers?: Record<VersionId, ArtifactDigest> } = {},
): NodeRecord {
  return {
    kind: "node",
    id: (options.id ?? "node-1") as NodeId,
    engine,
    supervisor: { address: "/run/supervisor.sock", credential: "c" },
    workers: [],
    draining: options.draining ?? false,
    badSlivers: options.badSlivers ?? {},
  };
}

/** A registry with these apps built by `ENGINE` and active, and no executor yet. */
async function openWithApps(...apps: string[]) {
  const opened = await openTestRegistry();
  const builder = new HandBuilder(opened);
  const versions = new Map<string, VersionId>();
  for (const app of apps) versions.set(app, await deployAndBuild(opened.api, builder, app, "bundle"));
  const versionOf = (app: string): VersionId => versions.get(app) as VersionId;
  return { ...opened, builder, versionOf };
}

async function deployAndBuild(api: ApiClient, builder: HandBuilder, app: string, bundle: string): Promise<VersionId> {
  const { version } = await api.deploy(app, bundle);
  const events = api.events(app, version);
  await builder.finish(version);
  await events;
  return version;
}

function nextJob(builder: HandBuilder): Promise<VersionId | null> {
  return builder.takeNext(QUIET_MS);
}

test("without an executor, what is built is built, whatever engine built it", async () => {
  const { api, builder } = await openWithApps("shop");
  expect(await api.deploy("shop", "bundle")).toMatchObject({ state: "built" });
  expect(await nextJob(builder)).toBeNull();
});

test("a deploy of what an executor's engine has no sliver of builds it again while it serves", async () => {
  const { api, store, builder, versionOf } = await openWithApps("shop");
  const version = versionOf("shop");
  await store.renewLease(nodeOf(ENGINE), LEASE_MS);
  expect(await api.deploy("shop", "bundle"), "for this engine it is there").toMatchObject({ state: "built" });
  await store.renewLease(nodeOf(NEWER), LEASE_MS);
  await builder.takeUntil(version);
  expect(await api.deploy("shop", "bundle")).toMatchObject({ version, state: "queued", isActive: true });
  expect(await api.version("shop", version)).toMatchObject({ state: "built", isActive: true });
  const events = api.events("shop", version);
  await builder.finish(version, NEWER);
  expect((await events).at(-1)).toMatchObject({ type: "built", fingerprint: NEWER });
  expect(await api.deploy("shop", "bundle")).toMatchObject({
    state: "built",
    isActive: true,
    slivers: { [ENGINE]: sliverOf(version), [NEWER]: sliverOf(version, NEWER) },
  });
});

test("a deploy builds again what does not serve, too", async () => {
  const { api, store, builder, versionOf } = await openWithApps("shop");
  const old = versionOf("shop");
  const current = await deployAndBuild(api, builder, "shop", "bundle 2");
  await store.renewLease(nodeOf(NEWER), LEASE_MS);
  expect(await builder.takeNext()).toBe(current);
  await builder.finish(current, NEWER);
  expect(await nextJob(builder), "what nobody is served is left alone").toBeNull();
  expect(await api.deploy("shop", "bundle", { activate: false })).toMatchObject({ version: old, state: "queued" });
  await builder.finish(old, NEWER);
});

test("a rebuild that fails takes nothing away, and is tried again by a deploy only", async () => {
  const { api, store, builder, versionOf } = await openWithApps("shop");
  const version = versionOf("shop");
  await store.renewLease(nodeOf(NEWER), LEASE_MS);
  await builder.fail(version);
  const built = { state: "built", error: null, isActive: true, slivers: { [ENGINE]: sliverOf(version) } };
  expect((await api.events("shop", version)).at(-1)).toMatchObject({ type: "failed" });
  expect(await api.version("shop", version)).toMatchObject(built);
  await store.renewLease(nodeOf(NEWER, { id: "node-2" }), LEASE_MS);
  expect(await nextJob(builder), "the engine is not new any more").toBeNull();
  expect(await api.deploy("shop", "bundle")).toMatchObject({ state: "queued" });
  const events = api.events("shop", version);
  await builder.fail(version);
  await events;
  expect(await api.version("shop", version)).toMatchObject(built);
});

test("an engine that went away and came back is a new one", async () => {
  const { api, store, builder, versionOf } = await openWithApps("shop");
  await store.renewLease(nodeOf(NEWER), LEASE_MS);
  await builder.fail(versionOf("shop"));
  await api.events("shop", versionOf("shop"));
  await store.endLease("node-1" as NodeId);
  await store.renewLease(nodeOf(NEWER), LEASE_MS);
  await builder.takeUntil(versionOf("shop"));
  const events = api.events("shop", versionOf("shop"));
  await builder.finish(versionOf("shop"), NEWER);
  await events;
  expect((await api.version("shop", versionOf("shop"))).slivers).toHaveProperty(NEWER);
});

test("executors of a new engine have what serves built again, one after another", async () => {
  const { api, store, builder, versionOf } = await openWithApps("one", "two", "three");
  await deployAndBuild(api, builder, "three", "bundle 2");
  await store.renewLease(nodeOf(ENGINE), LEASE_MS);
  await store.renewLease(nodeOf(NEWER, { id: "node-2" }), LEASE_MS);
  const rebuilt: VersionId[] = [];
  for (let count = 0; count < 3; count++) {
    const version = (await builder.takeNext()) as VersionId;
    expect(await nextJob(builder), "one at a time").toBeNull();
    rebuilt.push(version);
    await builder.finish(version, NEWER);
  }
  expect(rebuilt).toEqual(expect.arrayContaining([versionOf("one"), versionOf("two")]));
  expect(rebuilt).not.toContain(versionOf("three"));
  expect(await nextJob(builder)).toBeNull();
});

test("an executor that leaves asks for nothing", async () => {
  const { store, builder } = await openWithApps("shop");
  await store.renewLease(nodeOf(NEWER, { draining: true }), LEASE_MS);
  expect(await nextJob(builder)).toBeNull();
});

test("builders of the old engine do not build the same again and again", async () => {
  const { store, builder, versionOf } = await openWithApps("shop");
  await store.renewLease(nodeOf(NEWER), LEASE_MS);
  await builder.finish(versionOf("shop"), ENGINE);
  expect(await nextJob(builder)).toBeNull();
});

test("a sliver that an executor cannot restore is built again, once, and the new one takes its place", async () => {
  const { api, store, builder, versionOf } = await openWithApps("shop");
  const version = versionOf("shop");
  await store.renewLease(nodeOf(ENGINE, { badSlivers: { [version]: sliverOf(version) } }), LEASE_MS);
  const events = api.events("shop", version);
  await builder.finish(version, ENGINE, NEXT_CONTENT);
  await events;
  expect(await api.version("shop", version)).toMatchObject({
    state: "built",
    isActive: true,
    slivers: { [ENGINE]: NEXT_SLIVER },
  });
  await store.renewLease(nodeOf(ENGINE), LEASE_MS);
  expect(await nextJob(builder)).toBeNull();
});

test("of a version whose every sliver is bad, one is built, however many executors say so", async () => {
  const { api, store, builder, versionOf } = await openWithApps("shop");
  const version = versionOf("shop");
  const complain = (sliver: ArtifactDigest, id: string) =>
    store.renewLease(nodeOf(ENGINE, { id, badSlivers: { [version]: sliver } }), LEASE_MS);
  await complain(sliverOf(version), "node-1");
  await complain(sliverOf(version), "node-2");
  const events = api.events("shop", version);
  await builder.finish(version, ENGINE, NEXT_CONTENT);
  await events;
  await complain(NEXT_SLIVER, "node-1");
  await complain(NEXT_SLIVER, "node-2");
  expect(await nextJob(builder)).toBeNull();
  expect(await api.deploy("shop", "bundle"), "its author may ask again").toMatchObject({ state: "queued" });
  await builder.finish(version);
});

test("a rebuild that gives the same bytes is not tried again", async () => {
  const { api, store, builder, versionOf } = await openWithApps("shop");
  const version = versionOf("shop");
  await store.renewLease(nodeOf(ENGINE, { badSlivers: { [version]: sliverOf(version) } }), LEASE_MS);
  const events = api.events("shop", version);
  await builder.finish(version);
  await events;
  await store.renewLease(nodeOf(ENGINE, { id: "node-2", badSlivers: { [version]: sliverOf(version) } }), LEASE_MS);
  expect(await nextJob(builder)).toBeNull();
});

test("what an executor says of a sliver that was replaced, or of what does not serve, asks for nothing", async () => {
  const { store, builder, versionOf } = await openWithApps("shop");
  const gone = "v0000000000000000" as VersionId;
  const badSlivers = { [versionOf("shop")]: NEXT_SLIVER, [gone]: NEXT_SLIVER };
  await store.renewLease(nodeOf(ENGINE, { badSlivers }), LEASE_MS);
  expect(await nextJob(builder)).toBeNull();
});

test("of more engines than are kept, those of executors stay", () => {
  const engineOf = (n: number) => n.toString(16).padStart(32, "0") as EngineFingerprint;
  const sliver = "d".repeat(64) as ArtifactDigest;
  let slivers: Readonly<Record<EngineFingerprint, ArtifactDigest>> = {};
  const announced = new Set([engineOf(1), engineOf(2)]);
  for (let n = 1; n <= MAX_ENGINES_PER_VERSION + 3; n++) {
    slivers = addSliver(slivers, { fingerprint: engineOf(n), sliver }, announced);
    expect(slivers[engineOf(n)]).toBe(sliver);
  }
  expect(Object.keys(slivers)).toHaveLength(MAX_ENGINES_PER_VERSION);
  for (const engine of announced) expect(slivers[engine]).toBe(sliver);
});
