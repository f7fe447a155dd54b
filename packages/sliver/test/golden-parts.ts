/** What the golden files of format 2 hold. Never changed: what is read from them must stay the same for ever. */
import { createPrivateKey } from "node:crypto";
import { type SigningKey, signingKeyFrom } from "@nano/sliver/signing-key";
import type { SliverParts } from "@nano/sliver/sliver-file";
import { sliverManifestSchema } from "@nano/sliver/sliver-manifest";
import { encodeWasmPack } from "@nano/sliver/wasm-pack";
import { sampleBytes } from "./sample-sliver.ts";

/** DER of an Ed25519 private key, up to its 32 bytes. */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

/** Signs golden files and nothing else: everybody can read it here. */
export function goldenKey(): SigningKey {
  const der = Buffer.concat([PKCS8_HEAD, Buffer.alloc(32, "golden")]);
  return signingKeyFrom(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
}

/** Of the golden unpacked entries. */
export const GOLDEN_SEAL_KEY = Buffer.alloc(32, 7);

/** The smallest module, and the same with a custom section. */
export const goldenModules: readonly Uint8Array<ArrayBuffer>[] = [
  Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
  Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, 2, 1, 0x78]),
];

export const goldenParts: SliverParts = {
  manifest: sliverManifestSchema.parse({
    app: "golden.localhost",
    versionId: "v00112233445566aa",
    fingerprint: "0123456789abcdef0123456789abcdef",
    rung: "bytecode",
    skippedRungs: [{ rung: "heap", reason: "Its top level holds a live Intl.Segmenter, which no heap snapshot keeps" }],
    attachSecret: "cd".repeat(32),
    isolation: "app",
    initMs: 12.25,
    snapshotBytes: 2_000,
    restoreMs: 0.75,
    contextMs: 0.5,
    contextBytes: 300_000,
    warnings: ["Math.random() at init (src/id.ts:3): every restore shares what it drew"],
    bundle: "ef".repeat(32),
  }),
  sections: {
    snapshot: sampleBytes(2_000, 1),
    bytecode: sampleBytes(1_000, 2),
    script: Buffer.from("__nano_app__(function(env,takeWasm){return{}});// größer"),
    sourceMap: Buffer.from('{"version":3,"sources":["src/id.ts"],"names":[],"mappings":"AAAA"}'),
    wasm: encodeWasmPack(goldenModules),
  },
};
