import type { AppName, EngineFingerprint, NodeId, VersionId } from "@nano/protocol/brands";
import type { AppRecord, NodeRecord, QuarantinedVersion } from "@nano/protocol/records";
import { auditAnswerSchema, quarantineAnswerSchema, registryPaths } from "@nano/protocol/registry-api";
import { expect, test, vi } from "vitest";
import { openTestRegistry } from "./open-test-registry.ts";

const SHOP = "shop" as AppName;
const OLD = `v${"0".repeat(16)}` as VersionId;

async function openShop() {
  const opened = await openTestRegistry();
  const { api, store } = opened;
  const assets = await api.uploadAssets("x");
  const { version } = await api.deployAs("shop", { manifest: {}, assets, activate: true });
  const name = (id: string, quarantined: Record<VersionId, QuarantinedVersion>): Promise<void> => {
    const record: NodeRecord = {
      kind: "node",
      id: id as NodeId,
      engine: "0".repeat(32) as EngineFingerprint,
      supervisor: { address: "/nowhere", credential: "none" },
      workers: [],
      draining: false,
      quarantined,
    };
    return store.renewLease(record, 60_000);
  };
  const app = async (): Promise<AppRecord> =>
    (await store.loadSnapshot()).records.find(({ kind }) => kind === "app") as AppRecord;
  return { ...opened, version, name, app };
}

test("what nodes name is shown once, with who knows of it, when it was last, and whether clients get it", async () => {
  const { api, version, name } = await openShop();
  const earlier = "2026-11-23T06:00:00.000Z";
  const later = "2026-11-23T06:10:00.000Z";
  await name("n2", { [version]: { app: SHOP, at: earlier } });
  await name("n1", { [version]: { app: SHOP, at: later }, [OLD]: { app: SHOP, at: earlier } });
  await vi.waitFor(async () => {
    const { body } = await api.send("GET", registryPaths.quarantine);
    expect(quarantineAnswerSchema.parse(body).versions).toEqual([
      { app: SHOP, version: OLD, isServed: false, at: earlier, nodes: ["n1"] },
      { app: SHOP, version, isServed: true, at: later, nodes: ["n1", "n2"] },
    ]);
  });
});

test("a lift is in the app's record and in the audit log, and stays through what changes the app", async () => {
  const { api, app, version } = await openShop();
  const answer = await api.send("POST", registryPaths.liftQuarantine(SHOP));
  expect(answer).toMatchObject({ status: 200, body: { name: SHOP, activeVersion: version } });
  const { quarantineLiftedAt = "" } = await app();
  expect(Date.now() - Date.parse(quarantineLiftedAt)).toBeLessThan(60_000);
  const { body } = await api.send("GET", registryPaths.audit);
  expect(auditAnswerSchema.parse(body).entries[0]).toMatchObject({ action: "quarantine.lift", subject: "app/shop" });
  const assets = await api.uploadAssets("y");
  await api.deployAs("shop", { manifest: {}, assets, activate: true });
  expect(await app()).toMatchObject({ quarantineLiftedAt });
});

test("an app that there is not cannot be forgiven", async () => {
  const { api } = await openShop();
  const answer = await api.send("POST", registryPaths.liftQuarantine("nobody" as AppName));
  expect(answer).toMatchObject({ status: 404, body: { code: "REGISTRY_NOT_FOUND" } });
});
