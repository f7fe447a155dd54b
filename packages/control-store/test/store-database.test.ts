import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { openEmbedded } from "../src/open-embedded.ts";
import { appRecord, putApp } from "./records.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

function storePath(): string {
  return join(temporaryDirectory(), "below", "store.sqlite");
}

test("a store that is opened again has its records, its epoch and its place in the feed", async () => {
  const path = storePath();
  const first = openEmbedded(path);
  await first.store.commit([putApp("shop")], { idempotencyKey: "k" });
  const { position } = first.store;
  await first.close();
  const second = openEmbedded(path);
  expect(await second.store.loadSnapshot()).toEqual({ ...position, records: [appRecord("shop")] });
  expect(await second.store.commit([putApp("shop", 1)], { idempotencyKey: "k" })).toEqual(position);
  await second.close();
});

test("a store that was restored from a backup begins a new epoch", async () => {
  const path = storePath();
  const first = openEmbedded(path);
  await first.close();
  const restored = openEmbedded(path, { startNewEpoch: true });
  expect(restored.store.position.epoch).not.toBe(first.store.position.epoch);
  await restored.close();
});

test("a second process is kept out of a store in use", async () => {
  const path = storePath();
  const first = openEmbedded(path);
  expect(() => openEmbedded(path)).toThrow(expect.objectContaining({ code: "STORE_IN_USE" }));
  await first.close();
  await openEmbedded(path).close();
});

test("a file that is no store, or of a newer schema, is refused with what to do", () => {
  const directory = temporaryDirectory();
  const text = join(directory, "text");
  writeFileSync(text, "not a database, but long enough to be taken for one".repeat(100));
  expect(() => openEmbedded(text)).toThrow(expect.objectContaining({ code: "STORE_UNREADABLE" }));
  const newer = join(directory, "newer");
  const sql = new DatabaseSync(newer);
  sql.exec("PRAGMA user_version = 99");
  sql.close();
  expect(() => openEmbedded(newer)).toThrow(expect.objectContaining({ code: "STORE_SCHEMA_NEWER" }));
});

test("a file of the schema before this one is opened with what it holds", async () => {
  const path = storePath();
  const pair = openEmbedded(path);
  const first = await pair.store.commit([putApp("shop")], { idempotencyKey: "k" });
  await pair.close();
  const sql = new DatabaseSync(path);
  sql.exec("ALTER TABLE idempotency DROP COLUMN receipt; DROP TABLE audit; PRAGMA user_version = 1");
  sql.close();
  const upgraded = openEmbedded(path);
  expect((await upgraded.store.loadSnapshot()).records).toEqual([appRecord("shop")]);
  expect(await upgraded.store.commit([], { idempotencyKey: "k" })).toEqual(first);
  expect(await upgraded.store.findReceipt("k")).toBeNull();
  expect(await upgraded.store.readAudit(1)).toEqual([]);
  await upgraded.close();
});

test("idempotency keys are kept up to a number", async () => {
  const pair = openEmbedded(storePath(), { storeLimits: { idempotencyKeyCount: 2 } });
  const first = await pair.store.commit([putApp("a")], { idempotencyKey: "1" });
  await pair.store.commit([putApp("b")], { idempotencyKey: "2" });
  await pair.store.commit([putApp("c")], { idempotencyKey: "3" });
  expect((await pair.store.commit([putApp("a", 1)], { idempotencyKey: "1" })).seq).toBeGreaterThan(first.seq);
  await pair.close();
});

test("the feed is kept up to a number of bytes, but never without its newest event", async () => {
  const pair = openEmbedded(storePath(), { storeLimits: { feedBytes: 1 } });
  const before = await pair.store.commit([putApp("a")]);
  await pair.store.commit([putApp("b")]);
  const stop = new AbortController();
  for await (const event of pair.store.watchFeed(before, stop.signal)) {
    expect(event.changes).toEqual([putApp("b")]);
    break;
  }
  await pair.close();
  const again = openEmbedded(join(temporaryDirectory(), "other.sqlite"));
  expect(again.store.position.seq).toBe(0);
  await again.close();
});
