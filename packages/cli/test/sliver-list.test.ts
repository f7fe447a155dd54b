import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AppName, VersionId } from "@nano/protocol/brands";
import { NodeCache } from "@nano/sliver/node-cache";
import { createSigningKey, trustedKeysOf } from "@nano/sliver/signing-key";
import { digestOf } from "@nano/sliver/sliver-store";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { listSlivers } from "../src/sliver/list-slivers.ts";
import { createSampleSliver } from "./sample-sliver.ts";
import { openShownTerminal } from "./shown-terminal.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 22);

let dataDirectory = "";

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), "nano-list-"));
  onTestFinished(() => rm(dataDirectory, { recursive: true, force: true }));
});

/** A node's cache with two apps, as a supervisor leaves it. */
async function fillCache(): Promise<void> {
  const key = createSigningKey();
  const slivers = [
    createSampleSliver(key, { app: "shop" as AppName, rung: "source", snapshotBytes: 0 }),
    createSampleSliver(key, { app: "hello" as AppName, snapshotBytes: 2_048 }),
    createSampleSliver(key, { app: "hello" as AppName, versionId: "vffffffffffffffff" as VersionId }),
  ];
  let usedAtMs = NOW_MS - 4 * DAY_MS;
  const cache = await NodeCache.open({
    directory: join(dataDirectory, "cache"),
    store: { get: async (digest) => slivers.find((sliver) => digestOf(sliver) === digest) ?? null },
    trustedKeys: () => trustedKeysOf(key),
    nowMs: () => {
      usedAtMs += DAY_MS;
      return usedAtMs;
    },
  });
  for (const sliver of slivers) await cache.admit(digestOf(sliver));
}

async function list(options: { asJson?: boolean; dataDirectory?: string | null } = {}): Promise<string> {
  const { terminal, shown } = openShownTerminal();
  await listSlivers({ dataDirectory, asJson: false, terminal, nowMs: NOW_MS, ...options });
  return shown();
}

test("the list tells app, version, rung, sizes and last use, app by app", async () => {
  await fillCache();
  const [head, ...rows] = (await list()).trimEnd().split("\n");
  expect(head?.split(/ {2,}/)).toEqual(["app", "version", "starts from", "size", "snapshot", "last used"]);
  expect(rows.map((row) => row.split(/ {2,}/))).toEqual([
    ["hello", "vffffffffffffffff", "heap", expect.stringMatching(/bytes|KiB/), "4 bytes", "1 day ago"],
    ["hello", "v0123456789abcdef", "heap", expect.any(String), "2.0 KiB", "2 days ago"],
    ["shop", "v0123456789abcdef", "source", expect.any(String), "none", "3 days ago"],
    [expect.stringMatching(/^3 slivers, .* in \//)],
  ]);
});

test("the same as JSON, without a secret", async () => {
  await fillCache();
  const text = await list({ asJson: true });
  expect(JSON.parse(text)).toMatchObject({
    directory: dataDirectory,
    slivers: [
      { app: "hello" },
      { app: "hello", lastUsedAt: "2026-11-20T00:00:00.000Z" },
      { app: "shop", rung: "source" },
    ],
    assets: [],
    unusable: [],
  });
  expect(text).not.toContain("5ec2e7");
});

test("what is in the cache and cannot be used is told with its reason", async () => {
  await mkdir(join(dataDirectory, "cache/entries"), { recursive: true });
  await writeFile(join(dataDirectory, "cache/entries", `${"a".repeat(64)}.sliver`), "half an entry");
  expect(await list()).toMatch(/^a{64} is not used: .* found 13 bytes, .*\nNo slivers in /);
});

test("a node that holds nothing says so, and nothing is written", async () => {
  expect(await list()).toBe(`No slivers in ${dataDirectory}\n`);
  expect(await readdir(dataDirectory)).toEqual([]);
});

test("a data directory that is named and not there is an error", async () => {
  const absent = join(dataDirectory, "absent");
  await expect(list({ dataDirectory: absent })).rejects.toMatchObject({ code: "CTL_FILE_UNREADABLE" });
});
