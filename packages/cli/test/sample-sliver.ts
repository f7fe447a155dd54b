import { writeFile } from "node:fs/promises";
import { createSigningKey, type SigningKey } from "@nano/sliver/signing-key";
import { writeSliver } from "@nano/sliver/sliver-file";

type Parts = Parameters<typeof writeSliver>[0];

/** A sliver of one `hello`, signed by a key that nobody trusts. Answers its path. */
export async function writeSampleSliver(file: string, told: Partial<Parts["manifest"]> = {}): Promise<string> {
  await writeFile(file, createSampleSliver(createSigningKey(), told));
  return file;
}

export function createSampleSliver(key: SigningKey, told: Partial<Parts["manifest"]> = {}): Buffer {
  const hex = (length: number) => "0123456789abcdef".repeat(8).slice(0, length);
  const manifest = {
    warnings: [],
    app: "hello",
    versionId: `v${hex(16)}`,
    fingerprint: hex(32),
    rung: "heap",
    skippedRungs: [],
    attachSecret: "5ec2e7".padEnd(64, "0"),
    isolation: "request",
    initMs: 12.3,
    snapshotBytes: 4,
    bundle: hex(64),
    ...told,
  } as unknown as Parts["manifest"];
  const sections = { snapshot: Buffer.from("heap"), script: Buffer.from("code") };
  return writeSliver({ manifest, sections }, key);
}
