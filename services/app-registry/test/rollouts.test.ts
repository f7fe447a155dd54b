import type { AppName, EngineFingerprint, NodeId, VersionId } from "@nano/protocol/brands";
import type { NodeRecord, RolloutCount } from "@nano/protocol/records";
import { type AppAnswer, appAnswerSchema, registryPaths, wireErrorSchema } from "@nano/protocol/registry-api";
import { expect, test, vi } from "vitest";
import { HandBuilder } from "./hand-builder.ts";
import { openTestRegistry } from "./open-test-registry.ts";

const SHOP = "shop" as AppName;

type Method = "PUT" | "DELETE" | "POST";

/** A registry with an app of so many built versions, the first of which is active. */
async function openShop(versionCount: number, explicit: object = {}) {
  const opened = await openTestRegistry({ explicit });
  const { api, store } = opened;
  const versions: VersionId[] = [];
  for (let number = 0; number < versionCount; number++) {
    const assets = await api.uploadAssets(`${number}`);
    const { version } = await api.deployAs("shop", { manifest: {}, assets, activate: number === 0 });
    versions.push(version);
  }
  const ask = async (method: Method, path: string, body?: object): Promise<AppAnswer> => {
    const answer = await api.send(method, path, body === undefined ? {} : { body });
    if (answer.status !== 200) throw new Error(wireErrorSchema.parse(answer.body).code);
    return appAnswerSchema.parse(answer.body);
  };
  const count = (id: string, version: VersionId, counted: RolloutCount | null): Promise<void> => {
    const record: NodeRecord = {
      kind: "node",
      id: id as NodeId,
      engine: "0".repeat(32) as EngineFingerprint,
      supervisor: { address: "/nowhere", credential: "none" },
      workers: [],
      draining: false,
      ...(counted === null ? {} : { rollouts: { [version]: counted } }),
    };
    return store.renewLease(record, 60_000);
  };
  return {
    ...opened,
    versions: versions as [VersionId, VersionId, ...VersionId[]],
    count,
    rollOut: (version: VersionId, settings: object = {}) =>
      ask("PUT", registryPaths.rollout(SHOP), { version, ...settings }),
    end: () => ask("DELETE", registryPaths.rollout(SHOP)),
    promote: () => ask("POST", registryPaths.promote(SHOP)),
    rollBack: (version: VersionId | null = null) => ask("POST", registryPaths.rollback(SHOP), { version }),
    activate: (version: VersionId) => ask("POST", registryPaths.activate(SHOP), { version }),
    show: () => ask("PUT", registryPaths.app(SHOP)),
  };
}

test("a rollout begins, grows, and its version becomes the active one", async () => {
  const shop = await openShop(2);
  const [first, second] = shop.versions;
  const begun = await shop.rollOut(second, { percent: 5, stickyBy: { type: "cookie", name: "sid" } });
  expect(begun).toMatchObject({ activeVersion: first, rollout: { version: second, percent: 5 } });
  const grown = await shop.rollOut(second, { percent: 50 });
  expect(grown.rollout).toMatchObject({ percent: 50, startedAt: begun.rollout?.startedAt });
  expect(await shop.promote()).toMatchObject({ activeVersion: second, previousVersion: first, rollout: null });
  await expect(shop.promote()).rejects.toThrow("REGISTRY_NOT_FOUND");
});

test("what cannot be rolled out is told why", async () => {
  const shop = await openShop(3);
  const { api, queue, artifacts, versions } = shop;
  const [first, second, third = second] = versions;
  await expect(shop.rollOut(`v${"f".repeat(16)}` as VersionId)).rejects.toThrow("REGISTRY_NOT_FOUND");
  await expect(shop.rollOut(first)).rejects.toThrow("REGISTRY_ROLLOUT_OF_ACTIVE");
  await shop.rollOut(second);
  await expect(shop.rollOut(third)).rejects.toThrow("REGISTRY_ROLLOUT_RUNNING");
  await expect(shop.rollOut(third, { percent: 101 })).rejects.toThrow("REGISTRY_BAD_REQUEST");
  await shop.end();
  await expect(shop.end()).rejects.toThrow("REGISTRY_NOT_FOUND");

  const builder = new HandBuilder({ queue, artifacts });
  const { version } = await api.deploy("shop", "script", { activate: false });
  await expect(shop.rollOut(version)).rejects.toThrow("REGISTRY_STILL_BUILDING");
  await expect(shop.rollBack(version)).rejects.toThrow("REGISTRY_STILL_BUILDING");
  const failed = api.events("shop", version);
  await builder.fail(version);
  await failed;
  await expect(shop.rollOut(version)).rejects.toThrow("REGISTRY_NOT_BUILT");

  await api.deploy("empty", "script");
  const put = await api.send("PUT", registryPaths.rollout("empty" as AppName), { body: { version: second } });
  expect(put).toMatchObject({ status: 404, body: { code: "REGISTRY_NOT_FOUND" } });
});

test("a rollback leads out of a rollout, then back in time, and never to what was just left", async () => {
  const shop = await openShop(4);
  const [a, b, c, d] = shop.versions as [VersionId, VersionId, VersionId, VersionId];
  await shop.activate(b);
  expect(await shop.activate(c)).toMatchObject({ activeVersion: c, previousVersion: b });
  await shop.rollOut(d);
  expect(await shop.rollBack()).toMatchObject({ activeVersion: c, rollout: null });
  expect(await shop.rollBack()).toMatchObject({ activeVersion: b, previousVersion: a });
  expect(await shop.rollBack()).toMatchObject({ activeVersion: a, previousVersion: null });
  await expect(shop.rollBack()).rejects.toThrow("REGISTRY_NOTHING_BEFORE");
  expect(await shop.rollBack(d)).toMatchObject({ activeVersion: d });
});

test("an activation ends a rollout", async () => {
  const shop = await openShop(3);
  const [first, second, third = second] = shop.versions;
  await shop.rollOut(second);
  expect(await shop.activate(third)).toMatchObject({ activeVersion: third, rollout: null, previousVersion: first });
});

test("neither a rollout's version nor what a rollback leads to goes with the old versions", async () => {
  const shop = await openShop(3, { versions: { keptCount: 2 } });
  const { api, versions } = shop;
  const [, second, third = second] = versions;
  // The first is gone beyond the two that are kept, but for its serving.
  await shop.activate(third);
  await shop.rollOut(second);
  for (let number = 10; number < 14; number++) {
    await api.deployAs("shop", { manifest: {}, assets: await api.uploadAssets(`${number}`), activate: false });
  }
  expect((await api.version("shop", second)).state).toBe("built");
  const { previousVersion } = await shop.end();
  expect(previousVersion).toBe(versions[0]);
  expect(await shop.rollBack()).toMatchObject({ activeVersion: versions[0] });
});

test("a rollout that fails is halted by itself, by what was counted since it began", async () => {
  const shop = await openShop(2);
  const [first, second] = shop.versions;
  const haltAt = { errorRate: 0.1, requestCount: 100 };
  await shop.count("node-1", second, { requestCount: 500, errorCount: 500 });
  await shop.rollOut(second, { haltAt });
  await shop.count("node-2", second, { requestCount: 80, errorCount: 2 });
  await shop.count("node-1", second, { requestCount: 519, errorCount: 509 });
  expect((await shop.show()).rollout?.halted).toBeUndefined();
  await shop.count("node-1", second, { requestCount: 520, errorCount: 510 });
  await vi.waitFor(async () => {
    const { activeVersion, rollout } = await shop.show();
    expect(activeVersion).toBe(first);
    expect(rollout?.halted).toMatchObject({ requestCount: 100, errorCount: 12 });
  });
  await expect(shop.promote()).rejects.toThrow("REGISTRY_ROLLOUT_HALTED");

  const again = await shop.rollOut(second, { haltAt });
  expect(again.rollout?.halted).toBeUndefined();
  await shop.count("node-1", second, { requestCount: 640, errorCount: 513 });
  await shop.count("node-3", second, { requestCount: 1000, errorCount: 900 });
  await vi.waitFor(async () => expect((await shop.show()).rollout?.halted?.errorCount).toBe(903));
});

test("a halted rollout that is begun again goes on until it fails anew, though nodes tell of the old one late", async () => {
  const shop = await openShop(2);
  const [, second] = shop.versions;
  const haltAt = { errorRate: 0.1, requestCount: 50 };
  const since = (await shop.rollOut(second, { haltAt })).rollout?.startedAt ?? "";
  await shop.count("node-1", second, { requestCount: 66, errorCount: 66, since });
  await vi.waitFor(async () => expect((await shop.show()).rollout?.halted?.errorCount).toBe(66));
  await shop.count("node-1", second, null);

  const again = (await shop.rollOut(second, { haltAt })).rollout?.startedAt ?? "";
  await shop.count("node-1", second, { requestCount: 66, errorCount: 66, since });
  await shop.count("node-2", second, { requestCount: 40, errorCount: 1, since: again });
  await shop.count("node-1", second, { requestCount: 70, errorCount: 20, since: again });
  await vi.waitFor(async () => {
    expect((await shop.show()).rollout?.halted).toMatchObject({ requestCount: 110, errorCount: 21 });
  });
});
