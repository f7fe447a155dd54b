import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ABANDONED_TEMPORARY_MS, DirectoryStore } from "@nano/sliver/directory-store";
import { digestOf } from "@nano/sliver/sliver-store";
import { expect, it } from "vitest";
import { describeSliverStore } from "./store-contract.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

describeSliverStore(
  "a directory store",
  async (options) => new DirectoryStore(join(await temporaryDirectory(), "artifacts"), options),
);

const bytes = Buffer.from("an artifact");
const digest = digestOf(bytes);

it("an artifact that was damaged on disk is refused, and replaced by the next put", async () => {
  const root = await temporaryDirectory();
  const store = new DirectoryStore(root);
  await store.put(digest, bytes);
  const path = join(root, digest.slice(0, 2), digest);
  await writeFile(path, (await readFile(path)).subarray(0, 4));
  await expect(store.get(digest)).rejects.toMatchObject({ code: "SLIVER_DIGEST_MISMATCH" });
  await store.put(digest, bytes);
  expect(await store.get(digest)).toEqual(bytes);
});

it("one that was damaged without a change of its length is replaced by the next put, too", async () => {
  const root = await temporaryDirectory();
  const store = new DirectoryStore(root);
  await store.put(digest, bytes);
  await writeFile(join(root, digest.slice(0, 2), digest), Buffer.alloc(bytes.length, "x"));
  await store.put(digest, bytes);
  expect(await store.get(digest)).toEqual(bytes);
});

it("a put of what is there writes nothing", async () => {
  const root = await temporaryDirectory();
  const store = new DirectoryStore(root);
  await store.put(digest, bytes);
  const path = join(root, digest.slice(0, 2), digest);
  const before = await stat(path);
  await store.put(digest, bytes);
  expect((await stat(path)).ino).toBe(before.ino);
});

it("files of others in the directory are neither listed nor touched", async () => {
  const root = await temporaryDirectory();
  const store = new DirectoryStore(root);
  await store.put(digest, bytes);
  await writeFile(join(root, "notes.txt"), "mine");
  await mkdir(join(root, "zz"));
  await writeFile(join(root, "zz", digest), "in the wrong shard");
  await writeFile(join(root, digest.slice(0, 2), "foreign"), "mine too");
  const listed: string[] = [];
  for await (const artifact of store.list()) listed.push(artifact.digest);
  expect(listed).toEqual([digest]);
  expect(await readdir(join(root, digest.slice(0, 2)))).toContain("foreign");
});

it("what a dead writer left is swept once it is old, a living one's is not", async () => {
  const root = await temporaryDirectory();
  const store = new DirectoryStore(root);
  await store.put(digest, bytes);
  const shard = join(root, digest.slice(0, 2));
  await writeFile(join(shard, "old.tmp"), "half");
  await writeFile(join(shard, "young.tmp"), "half");
  const nowMs = (await stat(join(shard, "young.tmp"))).mtimeMs;
  const oldSeconds = (nowMs - ABANDONED_TEMPORARY_MS - 1_000) / 1_000;
  await utimes(join(shard, "old.tmp"), oldSeconds, oldSeconds);
  expect(await store.sweepTemporaries(nowMs)).toBe(1);
  expect((await readdir(shard)).sort()).toEqual([digest, "young.tmp"].sort());
});
