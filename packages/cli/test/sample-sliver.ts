import { writeFile } from "node:fs/promises";
import { createSigningKey } from "@nano/sliver/signing-key";
import { writeSliver } from "@nano/sliver/sliver-file";

/** A sliver of one `hello`, signed by a key that nobody trusts. Answers its path. */
export async function writeSampleSliver(file: string): Promise<string> {
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
  } as unknown as Parameters<typeof writeSliver>[0]["manifest"];
  const sections = { snapshot: Buffer.from("heap"), script: Buffer.from("code") };
  await writeFile(file, writeSliver({ manifest, sections }, createSigningKey()));
  return file;
}
