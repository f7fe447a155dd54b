import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { trustedKeysOf } from "@nano/sliver/signing-key";
import { parseSliver, writeSliver } from "@nano/sliver/sliver-file";
import { UNPACKED_END_MARK, UNPACKED_HEADER_BYTES } from "@nano/sliver/unpacked-layout";
import { openUnpackedSliver } from "@nano/sliver/unpacked-sliver";
import { buildUnpackedSliver } from "@nano/sliver/write-unpacked-sliver";
import { expect, it } from "vitest";
import { goldenKey, goldenParts } from "./golden-parts.ts";
import { createSampleSliver } from "./sample-sliver.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const sample = createSampleSliver(500_000);
const entry = buildUnpackedSliver(parseSliver(sample.bytes, { trustedKeys: sample.trustedKeys }), Buffer.alloc(32, 7));

async function written(bytes: Buffer): Promise<string> {
  const path = join(await temporaryDirectory(), "entry");
  await writeFile(path, bytes);
  return path;
}

it("a truncated entry is refused, wherever it ends", async () => {
  for (const length of [0, 10, UNPACKED_HEADER_BYTES, 300, 5_000, entry.length - 9, entry.length - 1]) {
    const path = await written(entry.subarray(0, length));
    expect(() => openUnpackedSliver(path), `${length} bytes`).toThrow(/^Cache entry .* is damaged in its/);
  }
});

it("an entry with something behind it is refused", async () => {
  const path = await written(Buffer.concat([entry, Buffer.alloc(8)]));
  expect(() => openUnpackedSliver(path)).toThrow("is damaged in its length");
});

it("an entry with an altered header byte is refused", async () => {
  const path = await written(entry);
  for (let at = 0; at < UNPACKED_HEADER_BYTES; at++) {
    const bytes = Buffer.from(entry);
    bytes.writeUInt8((bytes[at] ?? 0) ^ 0xff, at);
    await writeFile(path, bytes);
    expect(() => openUnpackedSliver(path), `byte ${at}`).toThrow("is damaged in its header");
  }
});

it("an entry with a zeroed block anywhere in its snapshot is refused", async () => {
  const path = await written(entry);
  for (let at = 4_096; at + 4_096 < 500_000; at += 36_864) {
    const bytes = Buffer.from(entry);
    bytes.fill(0, at, at + 4_096);
    await writeFile(path, bytes);
    expect(() => openUnpackedSliver(path).readSnapshot(), `block at ${at}`).toThrow("is damaged in its snapshot");
  }
});

it("an entry that is not there is refused with its path", () => {
  expect(() => openUnpackedSliver("/nowhere/entry")).toThrow("Cache entry /nowhere/entry is damaged in its file");
});

it("what only the rungs below need is read when it is asked for", async () => {
  const path = await written(entry);
  const opened = openUnpackedSliver(path);
  expect((await readFile(path)).byteLength).toBe(entry.length);
  expect(opened.readScript()).toContain("__nano_app__");
});

it("an entry that was cut after it was opened is refused when its snapshot is read", async () => {
  const path = await written(entry);
  const opened = openUnpackedSliver(path);
  await writeFile(path, entry.subarray(0, entry.length - 1));
  expect(() => opened.readSnapshot()).toThrow(/^Cache entry .* is damaged in its/);
});

it("an entry with any byte altered in its manifest, bytecode, script, source map or modules is refused", async () => {
  const key = goldenKey();
  const file = parseSliver(writeSliver(goldenParts, key), { trustedKeys: trustedKeysOf(key) });
  const whole = buildUnpackedSliver(file, Buffer.alloc(32, 7));
  const path = await written(whole);
  const readAll = () => {
    const opened = openUnpackedSliver(path);
    opened.readBytecode();
    opened.readScript();
    opened.readSourceMap();
    opened.readWasm();
  };
  readAll();
  const snapshot = Buffer.from(goldenParts.sections.snapshot ?? "");
  const snapshotStart = whole.indexOf(snapshot);
  const snapshotEnd = snapshotStart + snapshot.byteLength;
  const manifestEnd = UNPACKED_HEADER_BYTES + whole.readUInt32LE(12);
  for (let at = UNPACKED_HEADER_BYTES; at < whole.length - UNPACKED_END_MARK.length; at += 3) {
    if (at >= manifestEnd && at < snapshotEnd) continue;
    const bytes = Buffer.from(whole);
    bytes.writeUInt8((bytes[at] ?? 0) ^ 0x01, at);
    await writeFile(path, bytes);
    expect(readAll, `byte ${at}`).toThrow(
      /^Cache entry .* is damaged in its (manifest|bytecode|script|sourceMap|wasm)/,
    );
  }
});
