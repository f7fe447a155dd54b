import { chmod, mkdir, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ArtifactDigest } from "@nano/protocol/brands";
import { AssetPack, packAssets } from "@nano/sliver/asset-pack";
import { NodeCache, type NodeCacheOptions } from "@nano/sliver/node-cache";
import { createSigningKey, type TrustedKeys, trustedKeysOf } from "@nano/sliver/signing-key";
import { digestOf } from "@nano/sliver/sliver-store";
import { openUnpackedSliver } from "@nano/sliver/unpacked-sliver";
import { describe, expect, it } from "vitest";
import { createSampleSliver } from "./sample-sliver.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** A store that counts what is asked of it. */
class FakeStore {
  readonly artifacts = new Map<string, Buffer>();
  getCount = 0;

  add(bytes: Buffer): ArtifactDigest {
    this.artifacts.set(digestOf(bytes), bytes);
    return digestOf(bytes);
  }

  async get(digest: ArtifactDigest): Promise<Buffer | null> {
    this.getCount += 1;
    return this.artifacts.get(digest) ?? null;
  }
}

const sample = createSampleSliver(50_000);

async function openCache(options: Partial<NodeCacheOptions> & { store: FakeStore }) {
  const directory = options.directory ?? join(await temporaryDirectory(), "cache");
  const workerDirectory = join(directory, "..", "worker");
  await mkdir(workerDirectory, { recursive: true });
  const trustedKeys = options.trustedKeys ?? ((): TrustedKeys => sample.trustedKeys);
  const cache = await NodeCache.open({ ...options, directory, trustedKeys });
  return { cache, directory, workerDirectory };
}

describe("the cache of a node", () => {
  it("fetches a sliver once, however many ask, and readies it for workers", async () => {
    const store = new FakeStore();
    const digest = store.add(sample.bytes);
    const { cache, workerDirectory } = await openCache({ store });
    const admitted = await Promise.all(Array.from({ length: 20 }, () => cache.admit(digest)));
    expect(store.getCount).toBe(1);
    expect(new Set(admitted.map(({ path }) => path)).size).toBe(1);
    expect(admitted[0]?.manifest).toEqual(sample.parts.manifest);

    const opened = openUnpackedSliver(await cache.linkFor(workerDirectory, digest));
    expect(opened.manifest).toEqual(sample.parts.manifest);
    expect(Buffer.from(opened.readSnapshot() as ArrayBuffer)).toEqual(sample.parts.sections.snapshot);
    expect(opened.readScript()).toBe(Buffer.from(sample.parts.sections.script ?? "").toString());
    expect(opened.readSourceMap()).toBe(Buffer.from(sample.parts.sections.sourceMap ?? "").toString());
    expect(opened.readBytecode()).toBeNull();
  });

  it("hands over a snapshot that is a buffer of its own", async () => {
    const store = new FakeStore();
    const { cache, workerDirectory } = await openCache({ store });
    const snapshot = openUnpackedSliver(await cache.linkFor(workerDirectory, store.add(sample.bytes))).readSnapshot();
    expect(snapshot?.byteLength).toBe(50_000);
    expect(structuredClone(snapshot, { transfer: [snapshot as ArrayBuffer] })?.byteLength).toBe(50_000);
    expect(snapshot?.detached).toBe(true);
  });

  it("lets nothing in that is not verified", async () => {
    const store = new FakeStore();
    const { cache, directory } = await openCache({ store });
    const tampered = Buffer.from(sample.bytes);
    tampered.writeUInt8((tampered.at(-1) ?? 0) ^ 1, tampered.length - 1);
    await expect(cache.admit(store.add(tampered))).rejects.toMatchObject({ code: "SLIVER_DIGEST_MISMATCH" });
    const stranger = createSampleSliver(1_000, createSigningKey());
    await expect(cache.admit(store.add(stranger.bytes))).rejects.toMatchObject({ code: "SLIVER_UNTRUSTED_KEY" });
    const lied = digestOf(Buffer.from("asked for"));
    store.artifacts.set(lied, sample.bytes);
    await expect(cache.admit(lied)).rejects.toMatchObject({ code: "SLIVER_DIGEST_MISMATCH" });
    const absent = digestOf(Buffer.from("absent"));
    await expect(cache.admit(absent)).rejects.toMatchObject({ code: "SLIVER_NOT_FOUND" });
    expect(await readdir(join(directory, "entries"))).toEqual([]);
  });

  it("tries again after a failure", async () => {
    const store = new FakeStore();
    const { cache } = await openCache({ store });
    const digest = digestOf(sample.bytes);
    await expect(cache.admit(digest)).rejects.toMatchObject({ code: "SLIVER_NOT_FOUND" });
    store.add(sample.bytes);
    expect((await cache.admit(digest)).digest).toBe(digest);
  });

  it("stays within its bytes: the least recently used leaves, a worker's link stays readable", async () => {
    const store = new FakeStore();
    const digests = [20_000, 20_001, 20_002].map((size) => store.add(createSampleSliver(size, sample.key).bytes));
    const [first, second, third] = digests as [ArtifactDigest, ArtifactDigest, ArtifactDigest];
    const { cache, directory, workerDirectory } = await openCache({ store, limitBytes: 50_000 });
    await cache.admit(first);
    const link = await cache.linkFor(workerDirectory, second);
    await cache.admit(first);
    await cache.admit(third);
    expect((await readdir(join(directory, "entries"))).sort()).toEqual([`${first}.sliver`, `${third}.sliver`].sort());
    expect(cache.usedBytes).toBeLessThanOrEqual(50_000);
    expect(openUnpackedSliver(link).manifest.snapshotBytes).toBe(20_001);
  });

  it("refuses an entry that is larger than the cache", async () => {
    const store = new FakeStore();
    const { cache } = await openCache({ store, limitBytes: 10_000 });
    await expect(cache.admit(store.add(sample.bytes))).rejects.toMatchObject({ code: "SLIVER_TOO_LARGE" });
    expect(cache.usedBytes).toBe(0);
  });

  it("links idempotently and anew where the entry came back", async () => {
    const store = new FakeStore();
    const digest = store.add(sample.bytes);
    const { cache, workerDirectory, directory } = await openCache({ store });
    const link = await cache.linkFor(workerDirectory, digest);
    expect(await cache.linkFor(workerDirectory, digest)).toBe(link);
    expect((await stat(link)).ino).toBe((await stat(join(directory, "entries", `${digest}.sliver`))).ino);
    await cache.unlinkFrom(workerDirectory, digest);
    await cache.unlinkFrom(workerDirectory, digest);
    expect(await readdir(workerDirectory)).toEqual([]);
  });

  it("fetches an entry again for the first worker that finds it damaged, and links it anew for each", async () => {
    const store = new FakeStore();
    const digest = store.add(sample.bytes);
    const { cache, workerDirectory, directory } = await openCache({ store });
    const second = join(directory, "..", "second");
    await mkdir(second);
    const links = [await cache.linkFor(workerDirectory, digest), await cache.linkFor(second, digest)];
    await chmod(links[0] ?? "", 0o600);
    await truncate(links[0] ?? "", 1_000);
    expect(() => openUnpackedSliver(links[1] ?? "")).toThrow(/damaged in its length/);
    expect([await cache.linkAgain(workerDirectory, digest), await cache.linkAgain(second, digest)]).toEqual(links);
    for (const link of links) expect(openUnpackedSliver(link).manifest).toEqual(sample.parts.manifest);
    expect(store.getCount).toBe(2);
  });

  it("leaves a worker what it has where the store has it no more", async () => {
    const store = new FakeStore();
    const digest = store.add(sample.bytes);
    const { cache, workerDirectory } = await openCache({ store });
    const link = await cache.linkFor(workerDirectory, digest);
    store.artifacts.clear();
    await expect(cache.linkAgain(workerDirectory, digest)).rejects.toMatchObject({ code: "SLIVER_NOT_FOUND" });
    expect(openUnpackedSliver(link).manifest).toEqual(sample.parts.manifest);
  });

  it("keeps asset packs beside slivers", async () => {
    const store = new FakeStore();
    const { cache, workerDirectory } = await openCache({ store });
    const site = await temporaryDirectory();
    await writeFile(join(site, "a.txt"), "hello");
    const digest = store.add(await packAssets(site));
    const pack = AssetPack.open(await cache.linkFor(workerDirectory, digest, "assets"));
    const entry = pack.lookup("/a.txt");
    expect(entry && pack.read(entry).toString()).toBe("hello");
    pack.close();
    await cache.admitAssets(digest);
    expect(store.getCount).toBe(1);
  });
});

describe("after a restart", () => {
  async function restarted(damage: (entryPath: string, directory: string) => Promise<void>, trustedKeys?: TrustedKeys) {
    const store = new FakeStore();
    const digest = store.add(sample.bytes);
    const { cache, directory } = await openCache({ store });
    const { path } = await cache.admit(digest);
    await chmod(path, 0o600);
    await damage(path, directory);
    const second = await openCache({ store, directory, trustedKeys: () => trustedKeys ?? sample.trustedKeys });
    return { store, digest, ...second };
  }

  it("an entry is used again without the store", async () => {
    const { cache, digest, store } = await restarted(async () => undefined);
    expect((await cache.admit(digest)).manifest).toEqual(sample.parts.manifest);
    expect(store.getCount).toBe(1);
  });

  it.each([
    ["truncated", (path: string) => truncate(path, 1_000)],
    ["altered by a byte", (path: string) => alter(path, 30_000)],
    ["altered in its manifest", (path: string) => alter(path, 200)],
    ["replaced by another file", (path: string) => writeFile(path, "something else")],
    [
      "left under another seal key",
      (_: string, directory: string) => writeFile(join(directory, "seal.key"), Buffer.alloc(32)),
    ],
    ["left with a damaged seal key", (_: string, directory: string) => truncate(join(directory, "seal.key"), 3)],
  ])("an entry that was %s is fetched anew", async (_, damage) => {
    const { cache, digest, store } = await restarted(damage);
    const { path } = await cache.admit(digest);
    expect(store.getCount).toBe(2);
    expect(Buffer.from(openUnpackedSliver(path).readSnapshot() as ArrayBuffer)).toEqual(sample.parts.sections.snapshot);
  });

  it("an entry whose key is no longer trusted is refused", async () => {
    const { cache, digest } = await restarted(async () => undefined, trustedKeysOf(createSigningKey()));
    await expect(cache.admit(digest)).rejects.toMatchObject({ code: "SLIVER_UNTRUSTED_KEY" });
  });

  it("half-written files are gone and foreign ones are left alone", async () => {
    const { directory } = await restarted(async (path, cacheDirectory) => {
      await writeFile(`${path}.1.2.tmp`, "half");
      await writeFile(join(cacheDirectory, "entries", "notes.txt"), "mine");
      await mkdir(join(cacheDirectory, "entries", `${"0".repeat(64)}.sliver`));
    });
    const names = await readdir(join(directory, "entries"));
    expect(names).toContain("notes.txt");
    expect(names.filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

async function alter(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);
  await writeFile(path, bytes);
}
