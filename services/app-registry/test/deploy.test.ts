import type { AppName, ArtifactDigest } from "@nano/protocol/brands";
import { resolveManifest } from "@nano/protocol/manifest";
import { type DeployRequest, registryPaths } from "@nano/protocol/registry-api";
import { expect, test, vi } from "vitest";
import { versionIdOf } from "../src/catalog/version-id.ts";
import { ENGINE, HandBuilder, sliverOf } from "./hand-builder.ts";
import { digestOf, listDigests, openTestRegistry } from "./open-test-registry.ts";

type TestApi = Awaited<ReturnType<typeof openTestRegistry>>["api"];

/** A version that is built and serves. */
async function deployBuilt(api: TestApi, builder: HandBuilder, { app, content, ...options }: BuiltApp) {
  const deployed = await api.deploy(app, content, options);
  const built = api.events(app, deployed.version);
  await builder.finish(deployed.version);
  await built;
  return deployed;
}

interface BuiltApp {
  readonly app: string;
  readonly content: string;
  readonly assets?: ArtifactDigest;
}

test("a version serves once it is built; its events tell how that went", async () => {
  const { api, queue, artifacts } = await openTestRegistry();
  const builder = new HandBuilder({ queue, artifacts });
  const deployed = await api.deploy("shop", "bundle 1");
  expect(deployed).toMatchObject({ state: "queued", isActive: false, isPending: true });
  const events = api.events("shop", deployed.version);
  await builder.report(deployed.version, "init");
  await builder.finish(deployed.version);
  const sliver = sliverOf(deployed.version);
  expect(await events).toEqual([
    { type: "progress", step: "init", elapsedMs: 1 },
    { type: "built", fingerprint: ENGINE, sliver, rung: "heap", elapsedMs: 5 },
  ]);
  expect(await api.version("shop", deployed.version)).toMatchObject({
    state: "built",
    isActive: true,
    isPending: false,
    slivers: { [ENGINE]: sliver },
  });
});

test("the same content is the same version, answered at once when it is built", async () => {
  const { api, queue, artifacts } = await openTestRegistry();
  const builder = new HandBuilder({ queue, artifacts });
  const first = await api.deploy("shop", "bundle 1");
  expect((await api.deploy("shop", "bundle 1")).version).toBe(first.version);
  const events = api.events("shop", first.version);
  await builder.finish(first.version);
  await events;
  const again = await api.deploy("shop", "bundle 1", { manifest: { limits: { memory_mb: 128 } } });
  expect(again, "a default that is written out changes nothing").toMatchObject({
    version: first.version,
    state: "built",
  });
  expect((await api.deploy("shop", "bundle 1", { manifest: { isolation: "app" } })).version).not.toBe(first.version);
  expect((await api.deploy("other", "bundle 1")).version).not.toBe(first.version);
});

test("an app that is made again under its name is another: no version of the one before is one of it", async () => {
  const { api, store } = await openTestRegistry();
  const identityOf = async () => {
    const { records } = await store.loadSnapshot();
    return records.find((record) => record.kind === "app")?.identity;
  };
  const first = await api.deploy("shop", "bundle 1");
  const identity = await identityOf();
  expect(identity).toMatch(/^[0-9a-f]{32}$/);
  await api.deploy("shop", "bundle 2");
  expect(await identityOf(), "it keeps it for as long as it is there").toBe(identity);
  await api.send("DELETE", registryPaths.app("shop" as AppName));
  expect((await api.deploy("shop", "bundle 1")).version).not.toBe(first.version);
  expect(await identityOf()).toMatch(/^[0-9a-f]{32}$/);
  expect(await identityOf()).not.toBe(identity);
});

test("an app that an earlier build made has no identity, gets none, and its versions are named as they were", async () => {
  const { api, store } = await openTestRegistry();
  const name = "shop" as AppName;
  await store.commit([{ key: "app/shop", record: { kind: "app", name, activeVersion: null } }]);
  const request = { bundle: digestOf("bundle 1"), assets: null, sliver: null, fingerprint: null, activate: true };
  const manifest = resolveManifest({});
  const named = versionIdOf({ name }, manifest, { ...request, manifest: {} as DeployRequest["manifest"] });
  expect((await api.deploy("shop", "bundle 1")).version).toBe(named);
  const { records } = await store.loadSnapshot();
  expect(records.find((record) => record.kind === "app")).not.toHaveProperty("identity");
});

test("assets alone are built at once, and so is a sliver that was made elsewhere", async () => {
  const { api } = await openTestRegistry();
  const assets = await api.uploadAssets("asset pack");
  const sliver = (await api.upload("a sliver")).digest;
  const plain = await api.deployAs("site", { manifest: {}, assets, activate: true });
  expect(plain).toMatchObject({ state: "built", isActive: true, assets, bundle: null, slivers: {} });
  const made = await api.deployAs("site", { manifest: {}, sliver, fingerprint: ENGINE, activate: true });
  expect(made).toMatchObject({ state: "built", isActive: true, slivers: { [ENGINE]: sliver } });
});

test("a build that fails leaves what served before, and may be tried again", async () => {
  const { api, queue, artifacts } = await openTestRegistry();
  const builder = new HandBuilder({ queue, artifacts });
  const good = await deployBuilt(api, builder, { app: "shop", content: "good" });
  const bad = await api.deploy("shop", "bad");
  const failed = api.events("shop", bad.version);
  await builder.fail(bad.version);
  expect((await failed).at(-1)).toMatchObject({ type: "failed", error: { code: "BUILD_INIT_THREW" } });
  const answer = await api.version("shop", bad.version);
  expect(answer).toMatchObject({ state: "failed", isActive: false, isPending: false });
  expect(answer.error).toMatchObject({ code: "BUILD_INIT_THREW", details: { file: "index.ts", line: 3 } });
  expect(await api.activeVersion("shop")).toBe(good.version);
  const activated = await api.send("POST", registryPaths.activate("shop" as AppName), {
    body: { version: bad.version },
  });
  expect(activated).toMatchObject({ status: 409, body: { code: "REGISTRY_NOT_BUILT" } });

  expect(await api.deploy("shop", "bad")).toMatchObject({ version: bad.version, state: "queued", error: null });
  const fixed = api.events("shop", bad.version);
  await builder.finish(bad.version);
  await fixed;
  expect(await api.activeVersion("shop")).toBe(bad.version);
});

test("a build that fails by its author's fault leaves nothing in the artifact store", async () => {
  const { api, queue, artifacts } = await openTestRegistry();
  const builder = new HandBuilder({ queue, artifacts });
  const assets = await api.uploadAssets("shared");
  await deployBuilt(api, builder, { app: "shop", content: "good", assets });
  const before = await listDigests(artifacts);
  expect(before).toHaveLength(3);
  const bad = await api.deploy("shop", "bad", { assets });
  expect(await listDigests(artifacts)).toHaveLength(4);
  const failed = api.events("shop", bad.version);
  await builder.fail(bad.version);
  await failed;
  await vi.waitFor(async () => expect(await listDigests(artifacts)).toEqual(before));
  const withoutUpload = api.deployAs("shop", { manifest: {}, bundle: digestOf("bad"), assets, activate: true });
  await expect(withoutUpload, "a client that does not upload again is told to").rejects.toThrow(
    "REGISTRY_UNKNOWN_ARTIFACT",
  );
  expect(await api.deploy("shop", "bad", { assets })).toMatchObject({ version: bad.version, state: "queued" });
});

test("a sliver that is not in the store is not recorded: what served before serves on", async () => {
  const { api, queue, artifacts } = await openTestRegistry();
  const builder = new HandBuilder({ queue, artifacts });
  const good = await deployBuilt(api, builder, { app: "shop", content: "good" });
  const next = await api.deploy("shop", "next");
  const ended = api.events("shop", next.version);
  await new HandBuilder({ queue, artifacts: { put: async () => {} } }).finish(next.version);
  await ended;
  const answer = await api.version("shop", next.version);
  expect(answer).toMatchObject({ state: "failed", error: { code: "REGISTRY_SLIVER_MISSING" }, slivers: {} });
  expect(await api.activeVersion("shop")).toBe(good.version);
});

test("the deploy that was asked for last wins, though an earlier one is built later", async () => {
  const { api, queue, artifacts } = await openTestRegistry();
  const builder = new HandBuilder({ queue, artifacts });
  const first = await api.deploy("shop", "first");
  const second = await api.deploy("shop", "second");
  const [firstEvents, secondEvents] = [api.events("shop", first.version), api.events("shop", second.version)];
  await builder.finish(second.version);
  await secondEvents;
  expect(await api.activeVersion("shop")).toBe(second.version);
  await builder.finish(first.version);
  await firstEvents;
  expect(await api.version("shop", first.version)).toMatchObject({ state: "built", isActive: false });
  expect(await api.activeVersion("shop")).toBe(second.version);
});

test("going back to an older version outranks a deploy that is still being built", async () => {
  const { api, queue, artifacts } = await openTestRegistry();
  const builder = new HandBuilder({ queue, artifacts });
  const old = await api.deploy("shop", "old");
  const oldEvents = api.events("shop", old.version);
  await builder.finish(old.version);
  await oldEvents;
  const late = await api.deploy("shop", "late");
  await api.send("POST", registryPaths.activate("shop" as AppName), { body: { version: old.version } });
  const lateEvents = api.events("shop", late.version);
  await builder.finish(late.version);
  await lateEvents;
  expect(await api.activeVersion("shop")).toBe(old.version);
});

test("a deploy without activation waits to be activated", async () => {
  const { api, queue, artifacts } = await openTestRegistry();
  const builder = new HandBuilder({ queue, artifacts });
  const { version } = await api.deploy("shop", "x", { activate: false });
  const events = api.events("shop", version);
  await builder.finish(version);
  await events;
  expect(await api.activeVersion("shop")).toBeNull();
  await api.send("POST", registryPaths.activate("shop" as AppName), { body: { version } });
  expect(await api.activeVersion("shop")).toBe(version);
});

test("old versions go beyond the number kept, but never one that serves or is to serve", async () => {
  const { api, store } = await openTestRegistry({ explicit: { versions: { keptCount: 3 } } });
  const serving = await api.deployAs("site", { manifest: {}, assets: await api.uploadAssets("0"), activate: true });
  const building = await api.deploy("site", "bundle");
  for (let number = 1; number <= 6; number++) {
    const assets = await api.uploadAssets(`${number}`);
    await api.deployAs("site", { manifest: {}, assets, activate: false });
  }
  const { records } = await store.loadSnapshot();
  const ids = records.flatMap((record) => (record.kind === "version" ? [record.id] : []));
  const builds = records.flatMap((record) => (record.kind === "build" ? [record.version] : []));
  expect(ids).toHaveLength(5);
  expect(ids).toEqual(expect.arrayContaining([serving.version, building.version]));
  expect(builds.sort()).toEqual(ids.sort());
});

test("an app goes with its versions, builds and routes, and a build that ends later is nobody's", async () => {
  const { api, queue, store, artifacts } = await openTestRegistry();
  const builder = new HandBuilder({ queue, artifacts });
  const { version } = await api.deploy("shop", "x");
  await api.putRoutes({ routes: [{ host: "shop.test", app: "shop" as AppName }] });
  const events = api.events("shop", version);
  expect((await api.send("DELETE", registryPaths.app("shop" as AppName))).status).toBe(204);
  await builder.finish(version);
  await events;
  expect((await store.loadSnapshot()).records).toEqual([]);
  expect((await api.send("DELETE", registryPaths.app("shop" as AppName))).status).toBe(404);
});
