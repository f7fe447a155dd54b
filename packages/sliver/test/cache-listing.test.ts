import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ArtifactDigest, VersionId } from "@nano/protocol/brands";
import { packAssets } from "@nano/sliver/asset-pack";
import { listCacheEntries } from "@nano/sliver/cache-listing";
import { NodeCache } from "@nano/sliver/node-cache";
import { trustedKeysOf } from "@nano/sliver/signing-key";
import { writeSliver } from "@nano/sliver/sliver-file";
import { digestOf } from "@nano/sliver/sliver-store";
import { describe, expect, it } from "vitest";
import { goldenKey, goldenParts } from "./golden-parts.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const key = goldenKey();
const START_MS = Date.UTC(2026, 10, 22);

function sliverOf(number: number): Buffer {
  const versionId = `v${number.toString(16).padStart(16, "0")}` as VersionId;
  return writeSliver({ ...goldenParts, manifest: { ...goldenParts.manifest, versionId } }, key);
}

/** A cache whose clock goes on by a second at each look. */
async function openClockedCache(limitBytes?: number) {
  const directory = await temporaryDirectory();
  const artifacts = new Map<ArtifactDigest, Buffer>();
  let nowMs = START_MS;
  const open = () =>
    NodeCache.open({
      directory,
      store: { get: async (digest) => artifacts.get(digest) ?? null },
      trustedKeys: () => trustedKeysOf(key),
      nowMs: () => {
        nowMs += 1_000;
        return nowMs;
      },
      ...(limitBytes === undefined ? {} : { limitBytes }),
    });
  const add = (bytes: Buffer): ArtifactDigest => {
    artifacts.set(digestOf(bytes), bytes);
    return digestOf(bytes);
  };
  return { directory, open, add, cache: await open() };
}

describe("a list of what a node holds", () => {
  it("tells app, version, rung, sizes and last use of each, last used first", async () => {
    const { cache, directory, add } = await openClockedCache();
    const [first, second] = [add(sliverOf(1)), add(sliverOf(2))];
    await cache.admit(first);
    const { entryBytes } = await cache.admit(second);
    await cache.admit(first);
    const listed = await cache.list();
    expect(listed).toEqual([
      expect.objectContaining({ digest: first, lastUsedAt: new Date(START_MS + 3_000) }),
      {
        type: "sliver",
        digest: second,
        app: "golden.localhost",
        versionId: "v0000000000000002",
        rung: "bytecode",
        fingerprint: goldenParts.manifest.fingerprint,
        entryBytes,
        snapshotBytes: 2_000,
        lastUsedAt: new Date(START_MS + 2_000),
      },
    ]);
    expect(await listCacheEntries(directory)).toEqual(listed);
  });

  it("tells asset packs apart, and what would be fetched again with its reason", async () => {
    const { cache, directory, add } = await openClockedCache();
    const site = await temporaryDirectory();
    await cache.admitAssets(add(await packAssets(site)));
    const entries = join(directory, "entries");
    await writeFile(join(entries, `${"0".repeat(64)}.sliver`), "half of an entry");
    const old = new URL("golden/unpacked-1.bin", import.meta.url);
    await writeFile(join(entries, `${"1".repeat(64)}.sliver`), await readFile(old));
    await writeFile(join(entries, "notes.txt"), "not ours");
    await mkdir(join(entries, `${"2".repeat(64)}.sliver`));
    const listed = (await cache.list()).map((entry) => [entry.type, entry.type === "unusable" ? entry.reason : ""]);
    expect(listed.sort()).toEqual([
      ["assets", ""],
      ["unusable", expect.stringContaining("damaged in its header: found 16 bytes, expected at least 192")],
      ["unusable", expect.stringContaining("damaged in its header: found format 1, expected format 2")],
    ]);
  });

  it("leaves the cache as it is, down to the times of its files", async () => {
    const { cache, directory, add } = await openClockedCache();
    const { path } = await cache.admit(add(sliverOf(1)));
    const times = async () => {
      const [entry, entries, all] = await Promise.all(
        [path, join(directory, "entries"), directory].map((p) => stat(p)),
      );
      return [entry?.mtimeMs, entries?.mtimeMs, all?.mtimeMs, (await readdir(directory, { recursive: true })).sort()];
    };
    const before = await times();
    expect(await listCacheEntries(directory)).toHaveLength(1);
    expect(await times()).toEqual(before);
  });

  it("is empty where there is no cache", async () => {
    const directory = await temporaryDirectory();
    expect(await listCacheEntries(join(directory, "none"))).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
  });
});

it("a restart does not forget which entry was used last", async () => {
  const { directory, add, cache, open } = await openClockedCache(10_000);
  const [first, second, third] = [add(sliverOf(1)), add(sliverOf(2)), add(sliverOf(3))];
  await cache.admit(first);
  await cache.admit(second);
  await cache.admit(first);
  const again = await open();
  await again.admit(third);
  const names = await readdir(join(directory, "entries"));
  expect(names.sort()).toEqual([`${first}.sliver`, `${third}.sliver`].sort());
});

it("an entry that another has taken away is fetched again when it is linked", async () => {
  const { directory, add, cache } = await openClockedCache();
  const digest = add(sliverOf(1));
  const { path } = await cache.admit(digest);
  await rm(path);
  const link = await cache.linkFor(directory, digest);
  expect((await stat(link)).ino).toBe((await stat(path)).ino);
});
