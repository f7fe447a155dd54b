/** Slivers of apps written in the tests, as the node's cache holds them. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineFingerprint } from "@nano/isolate/engine";
import { makeBareSnapshot, makeBytecode, makeSnapshot } from "@nano/isolate/make-snapshot";
import type { AppName, ArtifactDigest, EngineFingerprint, VersionId } from "@nano/protocol/brands";
import type { SigningKey } from "@nano/sliver/signing-key";
import { createSigningKey, trustedKeysOf } from "@nano/sliver/signing-key";
import { parseSliver, writeSliver } from "@nano/sliver/sliver-file";
import { buildUnpackedSliver } from "@nano/sliver/write-unpacked-sliver";
import { onTestFinished } from "vitest";

interface MadeSnapshot {
  readonly bytes: Uint8Array;
  readonly attachSecret: string;
  /** On the bytecode rung, of which the snapshot is the web-api's alone. */
  readonly bytecode?: Uint8Array;
}

const snapshots = new Map<string, MadeSnapshot>();

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
  /** @default "heap" */
  readonly rung?: "heap" | "bytecode";
  /** Heap that a context costs, as a builder measured it. */
  readonly contextBytes?: number;
  /** In the place of the snapshot. */
  readonly snapshot?: Uint8Array;
  /** In the place of the script, in the sliver alone. */
  readonly scriptSection?: string;
}

function make(script: string, rung: "heap" | "bytecode"): MadeSnapshot {
  const attachSecret = randomBytes(32).toString("hex");
  if (rung === "heap") return { bytes: makeSnapshot({ script, attachSecret, init: null, warmUp: null }), attachSecret };
  const bytes = makeBareSnapshot(attachSecret);
  return { bytes, attachSecret, bytecode: makeBytecode(script, bytes) };
}

/** The signed file of a sliver. */
export function createSliver(fixture: SliverFixture): Buffer {
  const { script, app = "subject", versionId = nextVersionId(), key = createSigningKey() } = fixture;
  const { rung = "heap" } = fixture;
  let made = snapshots.get(`${rung} ${script}`);
  if (made === undefined) {
    made = make(script, rung);
    snapshots.set(`${rung} ${script}`, made);
  }
  return writeSliver(
    {
      manifest: {
        warnings: [],
        app: app as AppName,
        versionId,
        fingerprint: fixture.fingerprint ?? engineFingerprint(),
        rung,
        skippedRungs: [],
        attachSecret: fixture.attachSecret ?? made.attachSecret,
        isolation: "request",
        initMs: 1,
        snapshotBytes: made.bytes.byteLength,
        ...(fixture.contextBytes === undefined ? {} : { contextBytes: fixture.contextBytes }),
        bundle: fixture.bundle ?? ("b".repeat(64) as ArtifactDigest),
      },
      sections: {
        snapshot: fixture.snapshot ?? made.bytes,
        script: Buffer.from(fixture.scriptSection ?? script),
        ...(made.bytecode === undefined ? {} : { bytecode: made.bytecode }),
      },
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
