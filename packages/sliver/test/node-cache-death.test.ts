/** Real processes, because what is claimed is about their deaths and about several at once. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { VersionId } from "@nano/protocol/brands";
import { DirectoryStore } from "@nano/sliver/directory-store";
import { NodeCache } from "@nano/sliver/node-cache";
import { trustedKeysOf, trustKey } from "@nano/sliver/signing-key";
import { writeSliver } from "@nano/sliver/sliver-file";
import { digestOf } from "@nano/sliver/sliver-store";
import { openUnpackedSliver } from "@nano/sliver/unpacked-sliver";
import { expect, it, onTestFinished } from "vitest";
import { goldenKey, goldenParts } from "./golden-parts.ts";
import { sampleBytes } from "./sample-sliver.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const CHILD = fileURLToPath(new URL("cache-child.ts", import.meta.url));
const SNAPSHOT_BYTES = 400_000;

const key = goldenKey();

async function openPlaces() {
  const root = await temporaryDirectory();
  const places = { store: join(root, "store"), cache: join(root, "cache"), trusted: join(root, "trusted") };
  await trustKey(places.trusted, key);
  const store = new DirectoryStore(places.store);
  const slivers = Array.from({ length: 4 }, (_, i) => {
    const manifest = { ...goldenParts.manifest, versionId: `v${String(i).padStart(16, "0")}` as VersionId };
    const snapshot = sampleBytes(SNAPSHOT_BYTES, i + 1);
    return { snapshot, bytes: writeSliver({ manifest, sections: { ...goldenParts.sections, snapshot } }, key) };
  });
  for (const { bytes } of slivers) await store.put(digestOf(bytes), bytes);
  const digests = slivers.map(({ bytes }) => digestOf(bytes));
  const start = (): ChildProcess => {
    const args = [CHILD, "admit", places.store, places.cache, places.trusted, ...digests];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    return child;
  };
  return { places, store, slivers, digests, start };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

it("a supervisor that is killed while it writes leaves nothing that the next one would not notice", async () => {
  const { places, store, slivers, digests, start } = await openPlaces();
  const child = start();
  let toldCount = 0;
  for await (const _ of createInterface({ input: child.stdout ?? process.stdin })) {
    toldCount += 1;
    if (toldCount === digests.length + 2) break;
  }
  await kill(child);
  // As a kill within a write leaves it, wherever the one above fell.
  await writeFile(
    join(places.cache, "entries", `${digests[3]}.sliver.1.2.tmp`),
    slivers[3]?.bytes.subarray(0, 500) ?? "",
  );
  const cache = await NodeCache.open({ directory: places.cache, store, trustedKeys: () => trustedKeysOf(key) });
  for (const [i, digest] of digests.entries()) {
    const opened = openUnpackedSliver((await cache.admit(digest)).path);
    expect(Buffer.from(opened.readSnapshot() as ArrayBuffer).equals(slivers[i]?.snapshot ?? Buffer.alloc(0))).toBe(
      true,
    );
  }
  expect((await readdir(join(places.cache, "entries"))).sort()).toEqual(digests.map((d) => `${d}.sliver`).sort());
});

it("a name in the cache is a whole entry at every moment, while another process writes there", async () => {
  const { places, digests, start } = await openPlaces();
  const child = start();
  const seen = new Set<string>();
  for await (const _ of createInterface({ input: child.stdout ?? process.stdin })) {
    for (const name of (await readdir(join(places.cache, "entries"))).filter((each) => each.endsWith(".sliver"))) {
      try {
        const opened = openUnpackedSliver(join(places.cache, "entries", name));
        expect(opened.readSnapshot()?.byteLength).toBe(SNAPSHOT_BYTES);
        seen.add(name);
      } catch (error) {
        // It may be taken away between the look and the read; half there it never is.
        expect((error as Error).message).toContain("ENOENT");
      }
    }
    if (seen.size === digests.length) break;
  }
  await kill(child);
});

it("of processes that make a signing key at once, all have the same one", async () => {
  const path = join(await temporaryDirectory(), "keys", "sliver.pem");
  const run = promisify(execFile);
  const ids = await Promise.all(Array.from({ length: 3 }, () => run(process.execPath, [CHILD, "key", path])));
  expect(new Set(ids.map(({ stdout }) => stdout)).size).toBe(1);
  expect(ids[0]?.stdout).toMatch(/^[0-9a-f]{16}$/);
});
