import type { StoreChange } from "@nano/protocol/records";
import { needRedisServer } from "@nano/test-kit/redis-server";
import { expect, test } from "vitest";
import { readSnapshot } from "../../src/redis-snapshot.ts";
import { appRecord, putApp } from "../records.ts";
import { openStore, startServer } from "./redis-harness.ts";

needRedisServer();

const KEY_COUNT = 3000;

test("a snapshot that is read while others commit is the state at its number", async () => {
  const server = await startServer();
  const [store, writer] = [openStore({ urls: [server.url] }), openStore({ urls: [server.url] })];
  const initial = Array.from({ length: KEY_COUNT }, (_, index) => putApp(`app-${index}`));
  const commits: StoreChange[][] = [initial];
  await writer.commit(initial);
  let isReading = true;
  const writing = (async () => {
    for (let count = 1; isReading; count++) {
      const at = (count * 7919) % KEY_COUNT;
      const changes = [putApp(`app-${at}`, count), { key: `app/app-${(at + 1) % KEY_COUNT}`, record: null }];
      await writer.commit(changes);
      commits.push(changes);
    }
  })();
  const snapshots = [];
  for (let count = 0; count < 5; count++) snapshots.push(await store.loadSnapshot());
  isReading = false;
  await writing;
  expect(snapshots.at(-1)?.seq).toBeGreaterThan(1);
  for (const { seq, records } of snapshots) {
    const expected = new Map<string, unknown>();
    for (const { key, record } of commits.slice(0, seq).flat()) {
      if (record === null) expected.delete(key);
      else expected.set(key, record);
    }
    expect(new Map(records.map((record) => [`app/${(record as { name: string }).name}`, record]))).toEqual(expected);
  }
});

test("a snapshot begins again where the feed does not reach over it, and is given up where it never does", async () => {
  let readCount = 0;
  const source = (reachingAt: number) => ({
    position: async () => ({ epoch: "e", seq: readCount }),
    readPage: async () => ["0", ["app/a", JSON.stringify(appRecord("a"))]] as const,
    readEvents: async () => (++readCount >= reachingAt ? [] : null),
  });
  expect(await readSnapshot(source(2))).toEqual({ epoch: "e", seq: 1, records: [appRecord("a")] });
  await expect(readSnapshot(source(Number.POSITIVE_INFINITY))).rejects.toMatchObject({ code: "STORE_LOST" });
});
