import type { AppName, ArtifactDigest, EngineFingerprint, NodeId, VersionId, WorkerId } from "@nano/protocol/brands";
import { resolveManifest } from "@nano/protocol/manifest";
import type { AppRecord, BuildJob, BuildRecord, NodeRecord, StoreChange } from "@nano/protocol/records";
import type { AuditEntry } from "@nano/protocol/registry-api";

export const ENGINE = "e".repeat(32) as EngineFingerprint;
export const DIGEST = "d".repeat(64) as ArtifactDigest;

export function versionOf(number: number): VersionId {
  return `v${number.toString(16).padStart(16, "0")}` as VersionId;
}

export function appRecord(name: string, version: number | null = null): AppRecord {
  return { kind: "app", name: name as AppName, activeVersion: version === null ? null : versionOf(version) };
}

export function putApp(name: string, version: number | null = null): StoreChange {
  return { key: `app/${name}`, record: appRecord(name, version) };
}

export function routeTo(app: string): StoreChange {
  const record = { kind: "route", host: `${app}.example.com`, path: "/", app: app as AppName } as const;
  return { key: `route/${record.host}${record.path}`, record };
}

export function auditEntry(action: string): AuditEntry {
  const details = { version: versionOf(1) };
  return { at: "2026-11-22T00:00:00.000Z", tokenId: null, actor: "ann", action, subject: "app/shop", details };
}

export function buildRecord(version: number): BuildRecord {
  return { kind: "build", version: versionOf(version), state: "queued", error: null, slivers: {} };
}

export function nodeRecord(name: string, workerCount = 0): NodeRecord {
  return {
    kind: "node",
    id: name as NodeId,
    engine: ENGINE,
    supervisor: { address: `/run/${name}.sock`, credential: "c" },
    workers: Array.from({ length: workerCount }, (_, index) => ({
      id: `${name}-${index}` as WorkerId,
      address: `/run/${name}-${index}.sock`,
      credential: "c",
    })),
    draining: false,
  };
}

export function buildJob(version: number): BuildJob {
  return { version: versionOf(version), app: "shop" as AppName, manifest: resolveManifest({}), bundle: DIGEST };
}
