/** Records of many apps as a registry writes them: each with one built version and two routes. */
import type { AppName, ArtifactDigest, EngineFingerprint, VersionId } from "@nano/protocol/brands";
import { resolveManifest } from "@nano/protocol/manifest";
import {
  type AppRecord,
  type BuildRecord,
  type RouteRecord,
  recordKey,
  type StoreChange,
  type StoreRecord,
  type VersionRecord,
} from "@nano/protocol/records";

export const ROUTES_PER_APP = 2;
export const ENGINE = "e".repeat(32) as EngineFingerprint;
const MANIFEST = resolveManifest({});

export function appNameOf(index: number): AppName {
  return `app-${index}` as AppName;
}

/** The host of its route that takes all paths; the other one has a path. */
export function hostOf(index: number): string {
  return `${appNameOf(index)}.bench.localhost`;
}

/** @param deploy counts the versions of the app */
export function versionOf(index: number, deploy = 0): VersionId {
  return `v${(index * 0x1_0000 + deploy).toString(16).padStart(16, "0")}` as VersionId;
}

/** No two alike, as digests are not: they compress badly, and nothing can share them. */
function digestOf(index: number, salt: number): ArtifactDigest {
  let digest = "";
  for (let word = 0; word < 8; word++) {
    digest += (Math.imul(index + 1, 0x9e37_79b1 + 2 * (salt * 8 + word)) >>> 0).toString(16).padStart(8, "0");
  }
  return digest as ArtifactDigest;
}

export function appRecord(index: number, deploy = 0): AppRecord {
  return { kind: "app", name: appNameOf(index), activeVersion: versionOf(index, deploy) };
}

/** What a deploy writes before anybody gets it: a version and its finished build. */
export function versionRecords(index: number, deploy = 0): [VersionRecord, BuildRecord] {
  const id = versionOf(index, deploy);
  return [
    {
      kind: "version",
      id,
      app: appNameOf(index),
      manifest: MANIFEST,
      bundle: digestOf(index, deploy * 2),
      assets: null,
      createdAt: "2026-11-22T00:00:00.000Z",
    },
    { kind: "build", version: id, state: "built", error: null, slivers: { [ENGINE]: digestOf(index, deploy * 2 + 1) } },
  ];
}

export function routeRecord(host: string, path: string, index: number): RouteRecord {
  return { kind: "route", host, path, app: appNameOf(index) };
}

export function recordsOf(index: number): StoreRecord[] {
  const routes = [
    routeRecord(hostOf(index), "/", index),
    routeRecord("shared.bench.localhost", `/${appNameOf(index)}`, index),
  ];
  return [appRecord(index), ...versionRecords(index), ...routes];
}

export function toChanges(records: readonly StoreRecord[]): StoreChange[] {
  return records.map((record) => ({ key: recordKey(record), record }));
}
