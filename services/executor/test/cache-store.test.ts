/** What is kept on disk: bounds, order of leaving, damage, and what a process that is killed leaves behind. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type CacheApiConfig, defaultCacheApiConfig } from "../src/cache/cache-config.ts";
import { CacheStore } from "../src/cache/cache-store.ts";
import { BLOCK_BYTES, type EntryMeta } from "../src/cache/entry-file.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const WRITER = new URL("cache-writer.ts", import.meta.url);

interface Kept {
  readonly app?: string;
  readonly cache?: string | null;
  readonly body?: Buffer;
  readonly headers?: string;
  readonly limitBytes?: number;
  readonly expiresAtMs?: number | null;
}

function tempDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "nano-cache-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function metaOf(url: string, { app = "app", cache = null, headers = "", expiresAtMs = null }: Kept): EntryMeta {
  const response = { status: 200, statusText: "", headers, url: "", isRedirected: false, hasBody: true };
  return { app, cache, url, requestHeaders: "", response, storedAtMs: 1, expiresAtMs };
}

async function openStore(limits: Partial<CacheApiConfig> = {}, directory = tempDirectory()) {
  const clock = { nowMs: 1 };
  const config = { ...defaultCacheApiConfig(directory), ...limits };
  const store = await CacheStore.open({ config, now: () => clock.nowMs });
  const put = async (url: string, kept: Kept = {}): Promise<void> => {
    const writing = await store.write(metaOf(url, kept), kept.limitBytes);
    try {
      await writing.write(kept.body ?? Buffer.from(url));
      await writing.finish();
    } catch (thrown) {
      await writing.abandon();
      throw thrown;
    }
  };
  const find = (url: string, { app = "app", cache = null }: Kept = {}) =>
    store.find(app, cache, { url, headers: "", ignoreSearch: false, ignoreVary: false });
  const read = async (url: string, kept: Kept = {}): Promise<string | null> => {
    const [entry] = find(url, kept);
    const reader = entry === undefined ? null : await store.read(entry);
    if (reader === null) return null;
    const blocks: Buffer[] = [];
    for (let at = 0; at * BLOCK_BYTES < reader.bodyBytes; at += 1) blocks.push(await reader.readBlock(at));
    await reader.close();
    return Buffer.concat(blocks).toString();
  };
  return { store, directory, clock, put, find, read };
}

/** Files of complete entries. */
function filesOf(directory: string): string[] {
  const shards = readdirSync(join(directory, "entries"));
  return shards.flatMap((shard) =>
    readdirSync(join(directory, "entries", shard)).map((name) => join(directory, "entries", shard, name)),
  );
}

test("an app's bytes are bounded: the least recently used leaves first, and another app's stays", async () => {
  const { store, directory, put, read } = await openStore({ bytesPerApp: MIB });
  const body = Buffer.alloc(200 * KIB, "x");
  await put("https://other/", { app: "other", body });
  for (const name of ["a", "b", "c", "d"]) await put(`https://a/${name}`, { body });
  expect(await read("https://a/a")).toBe(body.toString());
  await put("https://a/e", { body });
  await put("https://a/f", { body });
  expect(await read("https://a/a")).not.toBeNull();
  expect(await read("https://a/b")).toBeNull();
  expect(await read("https://other/", { app: "other" })).not.toBeNull();
  await store.settle();
  const bytes = filesOf(directory).reduce((sum, file) => sum + statSync(file).size, 0);
  expect(bytes).toBeLessThanOrEqual(MIB + 210 * KIB);
  expect(store.evictedCount).toBe(2);
});

test("the node's bytes and entries are bounded over all apps", async () => {
  const { store, put, read } = await openStore({ bytes: MIB, entriesCount: 4, entriesPerAppCount: 3 });
  for (const app of ["one", "two", "three"]) {
    for (const name of ["a", "b"]) await put(`https://a/${name}`, { app });
  }
  expect(store.entryCount).toBe(4);
  expect(await read("https://a/a", { app: "one" })).toBeNull();
  expect(await read("https://a/b", { app: "three" })).toBe("https://a/b");
  for (const name of ["c", "d", "e"]) await put(`https://a/${name}`, { app: "three" });
  expect(store.entryCount).toBe(4);
  expect(await read("https://a/b", { app: "three" })).toBeNull();
  await put("https://a/large", { app: "two", body: Buffer.alloc(900 * KIB) });
  expect(store.bytes).toBeLessThanOrEqual(MIB);
});

test("an app may keep less than the node gives each: its own leave first, and what does not fit is refused by its bound", async () => {
  const { store, put, read } = await openStore({ bytesPerApp: MIB });
  const body = Buffer.alloc(100 * KIB, "x");
  await put("https://other/", { app: "other", body });
  const limitBytes = 300 * KIB;
  for (const name of ["a", "b", "c"]) await put(`https://a/${name}`, { body, limitBytes });
  expect(await read("https://a/a")).toBeNull();
  expect(await read("https://a/c")).toBe(body.toString());
  const large = put("https://a/large", { body: Buffer.alloc(400 * KIB), limitBytes });
  await expect(large).rejects.toThrow(String(limitBytes));
  await put("https://a/large", { body: Buffer.alloc(400 * KIB) });
  expect(await read("https://other/", { app: "other" })).not.toBeNull();
  expect(store.entryCount).toBe(2);
});

test("what is being written counts, and where only that could leave it is refused and leaves nothing", async () => {
  const { store, directory, put, read } = await openStore({ bytesPerApp: MIB });
  await put("https://a/kept");
  const first = await store.write(metaOf("https://a/1", {}));
  await first.write(Buffer.alloc(700 * KIB));
  const second = await store.write(metaOf("https://a/2", {}));
  await expect(second.write(Buffer.alloc(400 * KIB))).rejects.toMatchObject({ code: "CACHE_FULL" });
  await second.abandon();
  expect(await read("https://a/kept")).toBeNull();
  await first.finish();
  expect(readdirSync(join(directory, "writing"))).toEqual([]);
  expect(store.entryCount).toBe(1);
});

test("a body over the bound of one is refused before it is written", async () => {
  const { store, directory, put } = await openStore({ entryBytes: 100 * KIB });
  await put("https://a/", { body: Buffer.alloc(100 * KIB) });
  const refused = put("https://a/", { body: Buffer.alloc(100 * KIB + 1) });
  await expect(refused).rejects.toMatchObject({ code: "CACHE_ENTRY_TOO_LARGE" });
  expect(store.entryCount).toBe(1);
  expect(readdirSync(join(directory, "writing"))).toEqual([]);
});

test("entries are there for the next process, the last used still last, and what has expired is not", async () => {
  const { directory, put, read, clock } = await openStore();
  for (const name of ["a", "b", "c"]) await put(`https://a/${name}`);
  await put("https://a/short", { expiresAtMs: 50_000 });
  clock.nowMs = 200_000_000_000_000;
  expect(await read("https://a/a")).toBe("https://a/a");
  expect(await read("https://a/short")).toBeNull();
  const next = await openStore({ entriesCount: 3 }, directory);
  expect(next.store.entryCount).toBe(3);
  await next.put("https://a/d");
  expect(await next.read("https://a/a")).toBe("https://a/a");
  expect(await next.read("https://a/d")).toBe("https://a/d");
});

test("no text of an app gets into a path", async () => {
  const { directory, put, read } = await openStore();
  const given = { app: "../../evil", cache: "../../../etc" };
  await put("https://a/../../x", given);
  expect(await read("https://a/../../x", given)).toBe("https://a/../../x");
  expect(filesOf(directory)).toEqual([expect.stringMatching(/\/entries\/[0-9a-f]{2}\/[0-9a-f]{32}$/)]);
});

test.each([
  ["cut off", (file: string) => truncateSync(file, statSync(file).size - 1)],
  ["empty", (file: string) => truncateSync(file, 0)],
  ["changed in its beginning", (file: string) => flip(file, 60)],
  ["made longer", (file: string) => writeFileSync(file, "more", { flag: "a" })],
  ["gone", (file: string) => rmSync(file)],
])("a file that is %s is a miss, and is removed, now and at start", async (_, damage) => {
  const now = await openStore();
  await now.put("https://a/");
  damage(filesOf(now.directory)[0] as string);
  expect(await now.read("https://a/")).toBeNull();
  expect(now.store.damagedCount).toBe(1);
  await now.store.settle();
  expect(filesOf(now.directory)).toEqual([]);
  const later = await openStore();
  await later.put("https://a/");
  damage(filesOf(later.directory)[0] as string);
  const next = await openStore({}, later.directory);
  expect(next.store.entryCount).toBe(0);
  expect(filesOf(later.directory)).toEqual([]);
});

test("a block of the body that changed is not handed out", async () => {
  const { directory, put, read } = await openStore();
  await put("https://a/", { body: Buffer.alloc(3 * BLOCK_BYTES, "x") });
  const [file = ""] = filesOf(directory);
  flip(file, statSync(file).size - 100);
  await expect(read("https://a/")).rejects.toMatchObject({ code: "CACHE_DAMAGED" });
});

test("a file of another's name in the directory is removed, and stops nothing", async () => {
  const { directory, put } = await openStore();
  await put("https://a/");
  writeFileSync(join(directory, "entries", "00", "a file of somebody"), "x");
  const next = await openStore({}, directory);
  expect(next.store.entryCount).toBe(1);
});

test("a process that is killed while it writes leaves what was complete, and nothing else", async () => {
  const directory = tempDirectory();
  const child = fork(WRITER, [directory]);
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  await once(child, "message");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(readdirSync(join(directory, "writing"))).toHaveLength(1);
  const { store, read } = await openStore({}, directory);
  expect(await read("https://a/complete")).toBe("whole");
  expect(await read("https://a/cut")).toBeNull();
  expect(store.entryCount).toBe(1);
  expect(readdirSync(join(directory, "writing"))).toEqual([]);
});

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(file, bytes);
}
