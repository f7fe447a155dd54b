/** Slivers of apps written in the tests, as the node's cache holds them. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineFingerprint } from "@nano/isolate/engine";
import { makeSnapshot } from "@nano/isolate/make-snapshot";
import type { AppName, ArtifactDigest, EngineFingerprint, VersionId } from "@nano/protocol/brands";
import type { SigningKey } from "@nano/sliver/signing-key";
import { createSigningKey, trustedKeysOf } from "@nano/sliver/signing-key";
import { parseSliver, writeSliver } from "@nano/sliver/sliver-file";
import { buildUnpackedSliver } from "@nano/sliver/write-unpacked-sliver";
import { onTestFinished } from "vitest";

const snapshots = new Map<string, { readonly bytes: Uint8Array; readonly attachSecret: string }>();

/** The script of an app whose `default` export has this `fetch(request, env, ctx)`; `init` runs at the top level. */
export function appScript(fetchBody: string, init = ""): string {
  return `__nano_app__(function () { ${init}\nreturn { default: { async fetch(request, env, ctx) { ${fetchBody} } } }; });`;
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "nano-x-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

let versionCount = 0;

export function nextVersionId(): VersionId {
  versionCount += 1;
  return `v${versionCount.toString(16).padStart(16, "0")}` as VersionId;
}

export interface SliverFixture {
  readonly script: string;
  readonly app?: string;
  readonly versionId?: VersionId;
  readonly key?: SigningKey;
  readonly bundle?: ArtifactDigest;
  /** Of the engine that made it. @default this one */
  readonly fingerprint?: EngineFingerprint;
  /** In the place of the snapshot's own secret: no context of it can be attached. */
  readonly attachSecret?: string;
  /** Heap that a context costs, as a builder measured it. */
  readonly contextBytes?: number;
  /** In the place of the snapshot. */
  readonly snapshot?: Uint8Array;
  /** In the place of the script, in the sliver alone. */
  readonly scriptSection?: string;
}

/** The signed file of a heap sliver. */
export function createSliver(fixture: SliverFixture): Buffer {
  const { script, app = "subject", versionId = nextVersionId(), key = createSigningKey() } = fixture;
  let made = snapshots.get(script);
  if (made === undefined) {
    const attachSecret = randomBytes(32).toString("hex");
    made = { bytes: makeSnapshot({ script, attachSecret, init: null, warmUp: null }), attachSecret };
    snapshots.set(script, made);
  }
  return writeSliver(
    {
      manifest: {
        warnings: [],
        app: app as AppName,
        versionId,
        fingerprint: fixture.fingerprint ?? engineFingerprint(),
        rung: "heap",
        skippedRungs: [],
        attachSecret: fixture.attachSecret ?? made.attachSecret,
        isolation: "request",
        initMs: 1,
        snapshotBytes: made.bytes.byteLength,
        ...(fixture.contextBytes === undefined ? {} : { contextBytes: fixture.contextBytes }),
        bundle: fixture.bundle ?? ("b".repeat(64) as ArtifactDigest),
      },
      sections: { snapshot: fixture.snapshot ?? made.bytes, script: Buffer.from(fixture.scriptSection ?? script) },
    },
    key,
  );
}

/** The unpacked entry of a sliver, as a worker reads it; answers its path. */
export function writeSliverEntry(fixture: SliverFixture, directory = temporaryDirectory()): string {
  const key = createSigningKey();
  const file = parseSliver(createSliver({ ...fixture, key }), { trustedKeys: trustedKeysOf(key) });
  const path = join(directory, `${nextVersionId()}.sliver`);
  writeFileSync(path, buildUnpackedSliver(file, randomBytes(32)));
  return path;
}
