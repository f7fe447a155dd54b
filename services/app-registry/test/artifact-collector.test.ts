/** What becomes of artifacts: which stay, which go, and when. */
import { rename } from "node:fs/promises";
import { join } from "node:path";
import type { AppName, ArtifactDigest, VersionId } from "@nano/protocol/brands";
import type { StoreRecord } from "@nano/protocol/records";
import { ABANDONED_TEMPORARY_MS } from "@nano/sliver/directory-store";
import { expect, test } from "vitest";
import { referencedArtifacts } from "../src/catalog/artifact-references.ts";
import { REGISTRY_ITSELF } from "../src/catalog/author.ts";
import { ENGINE, sliverOf } from "./hand-builder.ts";
import { GRACE_MS, openCatalog } from "./open-catalog.ts";
import { assetPackOf, digestOf, listDigests } from "./open-test-registry.ts";

test("a round removes what no record names, once it is older than the grace", async () => {
  const { artifacts, clock, collector, upload, deploy, finish, metrics } = await openCatalog();
  const bundle = await upload("bundle");
  const assets = await upload(assetPackOf("a"));
  const kept = [bundle, assets, await finish(await deploy("shop", { bundle, assets }))];
  const waiting = await upload("another bundle");
  await deploy("shop", { bundle: waiting });
  const unused = await upload("nobody's");
  clock.nowMs += GRACE_MS - 10;
  await collector.collect();
  expect(await artifacts.has(unused), "its deploy may still come").toBe(true);
  clock.nowMs += 1_000_000_000;
  await collector.collect();
  expect(await listDigests(artifacts)).toEqual([...kept, waiting].sort());
  const shown = await metrics.registry.metrics();
  expect(shown).toContain('registry_artifacts_collected_total{why="unreferenced"} 1');
  expect(shown).toContain("registry_artifacts_count 4");
  expect(shown).toMatch(/registry_artifacts_bytes [1-9]/);
});

test("versions to which an app may go back keep all that they need", async () => {
  const { artifacts, clock, collector, upload, deploy, deploys, finish } = await openCatalog();
  const versions: VersionId[] = [];
  for (let number = 1; number <= 5; number++) {
    versions.push(await deploy("shop", { bundle: await upload(`bundle ${number}`) }));
    await finish(versions.at(-1) as VersionId);
  }
  clock.nowMs += 10 * GRACE_MS;
  await collector.collect();
  expect(await listDigests(artifacts)).toHaveLength(10);
  await deploys.activate("shop" as AppName, { version: versions[0] as VersionId }, REGISTRY_ITSELF);
  await collector.collect();
  expect(await listDigests(artifacts)).toHaveLength(10);
});

test("content that was uploaded long ago and is uploaded again stays until its deploy", async () => {
  const { artifacts, clock, collector, upload, deploy } = await openCatalog();
  await deploy("other", { bundle: await upload("so that there is a record") });
  const bundle = await upload("bundle");
  clock.nowMs += 10 * GRACE_MS;
  await upload("bundle");
  clock.nowMs += GRACE_MS - 10;
  await collector.collect();
  await deploy("shop", { bundle });
  clock.nowMs += 10 * GRACE_MS;
  await collector.collect();
  expect(await artifacts.has(bundle)).toBe(true);
});

test("a deploy that names what a round is about to remove keeps it", async () => {
  const { artifacts, clock, collector, upload, deploy } = await openCatalog();
  await deploy("other", { bundle: await upload("so that there is a record") });
  const bundle = await upload("bundle");
  clock.nowMs += 10 * GRACE_MS;
  artifacts.beforeDelete = async () => void (await deploy("shop", { bundle }));
  await collector.collect();
  expect(await artifacts.has(bundle)).toBe(true);
});

test("a deploy of what a round has just removed is told to upload it", async () => {
  const { clock, collector, upload, deploy } = await openCatalog();
  await deploy("other", { bundle: await upload("so that there is a record") });
  const bundle = await upload("bundle");
  clock.nowMs += 10 * GRACE_MS;
  await collector.collect();
  await expect(deploy("shop", { bundle })).rejects.toMatchObject({ code: "REGISTRY_UNKNOWN_ARTIFACT" });
  await deploy("shop", { bundle: await upload("bundle") });
});

test("the outcome of a build that comes late keeps its sliver, or fails where that has gone", async () => {
  const { artifacts, clock, collector, upload, deploy, publish, recordBuilt, build } = await openCatalog();
  const [late, tooLate] = [
    await deploy("a", { bundle: await upload("1") }),
    await deploy("b", { bundle: await upload("2") }),
  ];
  const sliver = await publish("sliver 1");
  clock.nowMs += 10 * GRACE_MS;
  await recordBuilt(late, sliver);
  await collector.collect();
  expect(await artifacts.has(sliver)).toBe(true);

  const gone = await publish("sliver 2");
  clock.nowMs += 10 * GRACE_MS;
  await collector.collect();
  expect(await artifacts.has(gone)).toBe(false);
  await recordBuilt(tooLate, gone);
  expect(build(late)).toMatchObject({ state: "built", slivers: { [ENGINE]: sliver } });
  expect(build(tooLate)).toMatchObject({ state: "failed", slivers: {}, error: { code: "REGISTRY_SLIVER_MISSING" } });
});

test("a failed build's own artifacts go at once, those that another version has stay", async () => {
  const { artifacts, collector, upload, deploy, finish, fail } = await openCatalog();
  const [assets, bundle] = [await upload(assetPackOf("shared")), await upload("good")];
  const kept = [assets, bundle, await finish(await deploy("shop", { bundle, assets }))].sort();
  await fail(await deploy("shop", { bundle: await upload("bad"), assets }));
  await fail(await deploy("shop", { bundle, assets, manifest: { isolation: "app" } }));
  await collector.idle();
  expect(await listDigests(artifacts)).toEqual(kept);
});

test("of two versions of the same broken bundle, the second to fail takes it along", async () => {
  const { artifacts, collector, upload, deploy, fail } = await openCatalog();
  const bundle = await upload("bad");
  const versions = [await deploy("one", { bundle }), await deploy("two", { bundle })];
  await fail(versions[0] as VersionId);
  await collector.idle();
  expect(await artifacts.has(bundle)).toBe(true);
  await fail(versions[1] as VersionId);
  await collector.idle();
  expect(await artifacts.has(bundle)).toBe(false);
});

test("a build that failed by a fault of ours keeps its artifacts for the grace", async () => {
  const { artifacts, clock, collector, upload, deploy, fail } = await openCatalog();
  const bundle = await upload("unlucky");
  await fail(await deploy("shop", { bundle }), "platform");
  await collector.idle();
  await collector.collect();
  expect(await artifacts.has(bundle)).toBe(true);
  clock.nowMs += 2 * GRACE_MS;
  await collector.collect();
  expect(await listDigests(artifacts)).toEqual([]);
});

test("an upload whose deploy is to come is not taken by a failure of the same content", async () => {
  const { artifacts, clock, collector, upload, deploy, fail } = await openCatalog();
  const version = await deploy("one", { bundle: await upload("bad") });
  const bundle = await upload("bad");
  clock.nowMs += 10;
  await fail(version);
  await collector.idle();
  expect(await artifacts.has(bundle)).toBe(true);
  await fail(await deploy("two", { bundle }));
  await collector.idle();
  expect(await artifacts.has(bundle)).toBe(false);
});

test("an upload that comes while a failure of the same content removes it is there afterwards", async () => {
  const { artifacts, collector, upload, deploy, fail } = await openCatalog();
  const version = await deploy("shop", { bundle: await upload("bad") });
  artifacts.beforeDelete = async () => void (await upload("bad"));
  await fail(version);
  await collector.idle();
  expect(await deploy("shop", { bundle: digestOf("bad") })).toBe(version);
  expect(await artifacts.has(digestOf("bad"))).toBe(true);
});

test("a pruned version takes its artifacts along at once, one that served until then keeps them for the grace", async () => {
  const { artifacts, clock, collector, upload, deploy, finish } = await openCatalog({ keptCount: 1 });
  const old = await finish(await deploy("shop", { bundle: await upload("1") }));
  // Deployed and never served: the next deploy prunes it.
  await finish(await deploy("shop", { bundle: await upload("2"), activate: false }));
  clock.nowMs += 10 * GRACE_MS;
  const current = await finish(await deploy("shop", { bundle: await upload("3") }));
  await collector.idle();
  const served = [digestOf("1"), old, digestOf("3"), current].sort();
  await collector.collect();
  expect(await listDigests(artifacts), "an executor may be a little behind").toEqual(served);
  clock.nowMs += 2 * GRACE_MS;
  await collector.collect();
  expect(await listDigests(artifacts)).toEqual([digestOf("3"), current].sort());
});

test("a sliver that was replaced stays for the grace", async () => {
  const { artifacts, clock, collector, upload, deploy, finish } = await openCatalog();
  const version = await deploy("shop", { bundle: await upload("1") });
  const before = await finish(version, "sliver");
  clock.nowMs += 10 * GRACE_MS;
  const after = await finish(version, "the same, built again");
  await collector.idle();
  await collector.collect();
  expect(await artifacts.has(before)).toBe(true);
  clock.nowMs += 2 * GRACE_MS;
  await collector.collect();
  expect([await artifacts.has(before), await artifacts.has(after)]).toEqual([false, true]);
});

test("however often an app is deployed, its artifacts stay bounded", async () => {
  const { artifacts, collector, upload, deploy, finish, fail } = await openCatalog({ keptCount: 3 });
  for (let number = 1; number <= 20; number++) {
    const version = await deploy("shop", { bundle: await upload(`bundle ${number}`) });
    if (number % 3 === 0) await fail(version);
    else await finish(version);
    await collector.idle();
    // The version that fails or is built, and the three that are kept.
    expect((await listDigests(artifacts)).length).toBeLessThanOrEqual(8);
  }
});

test("an app that is deleted takes its artifacts along, those in use until then after the grace", async () => {
  const { artifacts, clock, collector, deploys, upload, deploy, finish } = await openCatalog();
  await finish(await deploy("shop", { bundle: await upload("0") }));
  const serving = await finish(await deploy("shop", { bundle: await upload("1") }));
  await deploy("shop", { bundle: await upload("2") });
  const other = await upload("3");
  await deploy("other", { bundle: other });
  clock.nowMs += 10 * GRACE_MS;
  await deploys.deleteApp("shop" as AppName, REGISTRY_ITSELF);
  await collector.idle();
  await collector.collect();
  expect(await listDigests(artifacts)).toEqual([digestOf("1"), serving, digestOf("2"), other].sort());
  clock.nowMs += 2 * GRACE_MS;
  await collector.collect();
  expect(await listDigests(artifacts)).toEqual([other]);
});

test("a collector that dies between its steps leaves nothing broken, and the next one ends the work", async () => {
  const { artifacts, clock, collector, directory, upload, deploy, finish } = await openCatalog();
  const bundle = await upload("bundle");
  const kept = [bundle, await finish(await deploy("shop", { bundle }))].sort();
  const unused = await Promise.all(Array.from({ length: 10 }, (_, number) => upload(`unused ${number}`)));
  clock.nowMs += 10 * GRACE_MS;
  let removedCount = 0;
  artifacts.beforeDelete = async (digest) => {
    removedCount += 1;
    if (removedCount < 5) return;
    // As far as it came with this one: out of reach, not deleted.
    const path = join(directory, "artifacts", digest.slice(0, 2), digest);
    await rename(path, `${path}.1.1.tmp`);
    throw new Error("killed");
  };
  await collector.collect();
  const left = await listDigests(artifacts);
  expect(left).toEqual(expect.arrayContaining(kept));
  expect(left).toHaveLength(kept.length + unused.length - 5);
  artifacts.beforeDelete = async () => {};
  clock.nowMs += ABANDONED_TEMPORARY_MS;
  await collector.collect();
  expect(await listDigests(artifacts)).toEqual(kept);
  expect(await artifacts.sweepTemporaries(clock.nowMs), "the round has swept").toBe(0);
});

test("a store without any record loses nothing: its records may be elsewhere", async () => {
  const { artifacts, clock, collector, upload } = await openCatalog();
  const bundle = await upload("bundle");
  clock.nowMs += 10 * GRACE_MS;
  await collector.collect();
  expect(await artifacts.has(bundle)).toBe(true);
});

test("whatever looks like a digest in a record of a later NANO is referred to", () => {
  const digest = digestOf("x");
  const later = { kind: "later", parts: [{ thing: digest }] } as unknown as StoreRecord;
  expect([...referencedArtifacts([later])]).toEqual([digest]);
});

test("a version is referred to by its build and its own record, unless it failed", () => {
  const [bundle, assets] = [digestOf("bundle"), digestOf("assets")];
  const id = "v0000000000000001" as VersionId;
  const sliver = sliverOf(id);
  const version = { kind: "version", id, app: "shop", manifest: {}, bundle, assets, createdAt: "" };
  const build = { kind: "build", version: id, error: null, slivers: { [ENGINE]: sliver } };
  const referenced = (records: object[]): ArtifactDigest[] => [...referencedArtifacts(records as StoreRecord[])].sort();
  for (const state of ["queued", "building", "built"]) {
    expect(referenced([{ ...build, state }, version])).toEqual([bundle, assets, sliver].sort());
  }
  expect(referenced([version, { ...build, state: "failed" }])).toEqual([]);
  expect(referenced([version])).toEqual([bundle, assets].sort());
});

test("where other registries share the store nothing goes at once, and what nobody names goes in a round", async () => {
  const { artifacts, clock, collector, upload, deploy, fail } = await openCatalog({ removesAtOnce: false });
  await deploy("other", { assets: await upload(assetPackOf("so that there is a record")) });
  const bundle = await upload("broken");
  await fail(await deploy("shop", { bundle }));
  await collector.idle();
  expect(await listDigests(artifacts)).toContain(bundle);
  clock.nowMs += 2 * GRACE_MS;
  await collector.collect();
  expect(await listDigests(artifacts)).not.toContain(bundle);
});
