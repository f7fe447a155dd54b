import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NodeCache } from "@nano/sliver/node-cache";
import { importPublicKey, keyIdOf, type TrustedKeys } from "@nano/sliver/signing-key";
import { parseSliver, readSection, writeSliver } from "@nano/sliver/sliver-file";
import { sectionKinds } from "@nano/sliver/sliver-layout";
import { digestOf } from "@nano/sliver/sliver-store";
import { openUnpackedSliver } from "@nano/sliver/unpacked-sliver";
import { checkUnpackedSliver } from "@nano/sliver/write-unpacked-sliver";
import { expect, it } from "vitest";
import { GOLDEN_SEAL_KEY, goldenKey, goldenModules, goldenParts } from "./golden-parts.ts";
import { sampleManifest } from "./sample-sliver.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

function golden(name: string): string {
  return fileURLToPath(new URL(`golden/${name}`, import.meta.url));
}

async function goldenKeys(format: number): Promise<TrustedKeys> {
  const key = importPublicKey(await readFile(golden(`format-${format}.pem`), "utf8"));
  return new Map([[keyIdOf(key), key]]);
}

it("a sliver of format 1 is read as one of today: what it does not know is absent or empty", async () => {
  const file = parseSliver(await readFile(golden("format-1.sliver")), { trustedKeys: await goldenKeys(1) });
  expect(file.format).toBe(1);
  expect(file.manifest).toEqual(sampleManifest);
  expect(file.manifest).toMatchObject({ warnings: [] });
  expect(file.sections.map(({ kind }) => kind)).toEqual(["snapshot", "script"]);
  expect(readSection(file, "script").toString()).toBe("__nano_app__(function(){return{}});");
  expect(readSection(file, "snapshot")).toEqual(Buffer.alloc(1_000, "heap"));
});

it("a sliver of format 2 is read with every kind of section and every field", async () => {
  const file = parseSliver(await readFile(golden("format-2.sliver")), { trustedKeys: await goldenKeys(2) });
  expect(file.format).toBe(2);
  expect(file.manifest).toEqual(goldenParts.manifest);
  expect(file.sections.map(({ kind }) => kind)).toEqual(sectionKinds);
  for (const kind of sectionKinds) expect(readSection(file, kind)).toEqual(goldenParts.sections[kind]);
});

it("the same parts give the same bytes", async () => {
  const sliver = writeSliver(goldenParts, goldenKey());
  expect(writeSliver(goldenParts, goldenKey())).toEqual(sliver);
  // Another zstd may pack the sections otherwise; up to the manifest's end nothing but the lengths depends on it.
  const kept = await readFile(golden("format-2.sliver"));
  expect(sliver.subarray(24, 40 + sliver.readUInt32LE(12))).toEqual(kept.subarray(24, 40 + kept.readUInt32LE(12)));
});

it("an unpacked sliver of format 2 is read with every kind of section", async () => {
  const opened = openUnpackedSliver(golden("unpacked-2.bin"));
  expect(opened.manifest).toEqual(goldenParts.manifest);
  expect(Buffer.from(opened.readSnapshot() as ArrayBuffer)).toEqual(goldenParts.sections.snapshot);
  expect(Buffer.from(opened.readBytecode() as ArrayBuffer)).toEqual(goldenParts.sections.bytecode);
  expect(opened.readScript()).toBe(Buffer.from(goldenParts.sections.script ?? "").toString());
  expect(opened.readSourceMap()).toBe(Buffer.from(goldenParts.sections.sourceMap ?? "").toString());
  expect(opened.readWasm()).toEqual(goldenModules);
  expect(checkUnpackedSliver(await readFile(golden("unpacked-2.bin")), GOLDEN_SEAL_KEY)?.manifest).toEqual(
    goldenParts.manifest,
  );
});

it("an entry of an older format in a node's cache is fetched again, in today's", async () => {
  const directory = await temporaryDirectory();
  const sliver = await readFile(golden("format-1.sliver"));
  const digest = digestOf(sliver);
  const entries = join(directory, "entries");
  await mkdir(entries);
  const path = join(entries, `${digest}.sliver`);
  await copyFile(golden("unpacked-1.bin"), path);
  expect(() => openUnpackedSliver(path)).toThrow("damaged in its header: found format 1, expected format 2");
  let getCount = 0;
  const store = {
    async get() {
      getCount += 1;
      return sliver;
    },
  };
  const trustedKeys = await goldenKeys(1);
  const cache = await NodeCache.open({ directory, store, trustedKeys: () => trustedKeys });
  expect((await cache.admit(digest)).path).toBe(path);
  expect(getCount).toBe(1);
  expect(openUnpackedSliver(path).manifest).toEqual(sampleManifest);
  expect(openUnpackedSliver(path).readWasm()).toEqual([]);
});
