/** Which sliver of a version workers are given: the one that was built again, fetched again, or its source alone. */
import { existsSync, readdirSync, truncateSync } from "node:fs";
import { engineFingerprint } from "@nano/isolate/engine";
import type { EngineFingerprint, VersionId } from "@nano/protocol/brands";
import { openUnpackedSliver } from "@nano/sliver/unpacked-sliver";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { errors } from "../src/errors.ts";
import type { FallReport } from "../src/worker-messages.ts";
import { openSupply, turns } from "./supply-fixture.ts";

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
