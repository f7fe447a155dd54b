/** A sliver of a made-up app, signed by a key of its own. */
import { hash } from "node:crypto";
import type { TrustedKeys } from "@nano/sliver/signing-key";
import { createSigningKey, type SigningKey, trustedKeysOf } from "@nano/sliver/signing-key";
import { type SliverParts, writeSliver } from "@nano/sliver/sliver-file";
import { type SliverManifest, sliverManifestSchema } from "@nano/sliver/sliver-manifest";

export const sampleManifest: SliverManifest = sliverManifestSchema.parse({
  app: "hello.localhost",
  versionId: "v0123456789abcdef",
  fingerprint: "00112233445566778899aabbccddeeff",
  rung: "heap",
  skippedRungs: [],
  attachSecret: "ab".repeat(32),
  isolation: "request",
  initMs: 1.5,
  snapshotBytes: 100_000,
  warnings: [],
  bundle: hash("sha256", "bundle"),
});

/** Bytes that compress somewhat, like a heap does. */
export function sampleBytes(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = i % 3 === 0 ? state >>> 24 : i & 15;
  }
  return bytes;
}

export interface SampleSliver {
  readonly bytes: Buffer;
  readonly parts: SliverParts;
  readonly key: SigningKey;
  readonly trustedKeys: TrustedKeys;
}

export function createSampleSliver(snapshotBytes = 100_000, key = createSigningKey()): SampleSliver {
  const parts: SliverParts = {
    manifest: { ...sampleManifest, snapshotBytes },
    sections: {
      snapshot: sampleBytes(snapshotBytes),
      script: Buffer.from("__nano_app__(function(){return{}});// größer"),
      sourceMap: Buffer.from('{"version":3,"sources":[],"names":[],"mappings":""}'),
    },
  };
  return { bytes: writeSliver(parts, key), parts, key, trustedKeys: trustedKeysOf(key) };
}
