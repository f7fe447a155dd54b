/** What becomes of a change when the store does not say whether it took it. */
import { join } from "node:path";
import type { CommitOptions, ControlStore } from "@nano/control-store/control-store";
import { errors as storeErrors } from "@nano/control-store/errors";
import { openEmbedded } from "@nano/control-store/open-embedded";
import type { AppName } from "@nano/protocol/brands";
import type { AppRecord, FeedPosition, StoreChange } from "@nano/protocol/records";
import { createSilentLogger } from "@nano/service-kit/logger";
import { expect, onTestFinished, test } from "vitest";
import { REGISTRY_ITSELF } from "../src/catalog/author.ts";
import { Catalog } from "../src/catalog/catalog.ts";
import { temporaryDirectory } from "./open-test-registry.ts";

type Commit = (changes: readonly StoreChange[], options?: CommitOptions) => Promise<FeedPosition>;

const LOST = storeErrors.LOST({ what: "commit", why: "cut" });
const NOT_ACKNOWLEDGED = storeErrors.NOT_ACKNOWLEDGED({ seq: 1, ackCount: 0, wantedCount: 1, timeoutMs: 1 });

/** A store whose commits go the way that a test says; `commit` is the one that it really has. */
async function openWith(wrap: (commit: Commit) => Commit) {
  const { store, close } = openEmbedded(join(temporaryDirectory(), "store.sqlite"));
  const wrapped: ControlStore = {
    loadSnapshot: () => store.loadSnapshot(),
    watchFeed: (after, signal) => store.watchFeed(after, signal),
    commit: wrap((changes, options) => store.commit(changes, options)),
    findReceipt: (key) => store.findReceipt(key),
    readAudit: (limitCount) => store.readAudit(limitCount),
    renewLease: (record, ttlMs) => store.renewLease(record, ttlMs),
    endLease: (node) => store.endLease(node),
    close,
  };
  const closing = new AbortController();
  const releases = { prepare: async () => {}, take: () => {} };
  const catalog = new Catalog(wrapped, { logger: createSilentLogger(), releases, repeatCommitMs: 300 });
  const following = catalog.runFollow(closing.signal);
  onTestFinished(async () => {
    closing.abort();
    await following;
    await close();
  });
  await catalog.waitFor(() => true, closing.signal, 5000);
  let count = 0;
  /** Adds one more to those that it has served before. */
  const serve = (author = REGISTRY_ITSELF) =>
    catalog.transact((tx) => {
      const version = `v${String(++count).padStart(16, "0")}` as never;
      const app = tx.app("shop" as AppName) as AppRecord | null;
      tx.put({ kind: "app", name: "shop" as AppName, activeVersion: version, previous: app?.previous ?? [] });
      return version;
    }, author);
  return { catalog, store, serve, countOf: () => count };
}

test.each([
  ["lost after it was written", LOST],
  ["not acknowledged by replicas", NOT_ACKNOWLEDGED],
])("a commit whose answer was %s is repeated under its key, and made once", async (_, error) => {
  const keys: (string | undefined)[] = [];
  const { serve, store, countOf } = await openWith((commit) => async (changes, options) => {
    const position = await commit(changes, options);
    keys.push(options?.idempotencyKey);
    if (keys.length < 3) throw error;
    return position;
  });
  await serve();
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(1);
  expect(countOf(), "decided on once").toBe(1);
  expect(store.position.seq).toBe(1);
});

test("one that is never answered is told as unknown, and the same request finds out", async () => {
  let isAway = true;
  const { serve, store } = await openWith((commit) => async (changes, options) => {
    const position = await commit(changes, options);
    if (isAway) throw LOST;
    return position;
  });
  const author = { tokenId: null, name: "ann", once: { key: "socket:k", requestDigest: "d" } };
  await expect(serve(author)).rejects.toMatchObject({ code: "REGISTRY_OUTCOME_UNKNOWN" });
  isAway = false;
  expect(await serve(author)).toBe(`v${"1".padStart(16, "0")}`);
  expect(store.position.seq).toBe(1);
});

test("a commit that was lost before it was written, and meets another's change, is decided on anew", async () => {
  let attemptCount = 0;
  const { serve, store, countOf } = await openWith((commit) => async (changes, options) => {
    attemptCount += 1;
    if (attemptCount > 1) return commit(changes, options);
    const name = "shop" as AppName;
    await commit([{ key: "app/shop", record: { kind: "app", name, activeVersion: null } }]);
    throw LOST;
  });
  await serve();
  expect(countOf()).toBe(2);
  expect(store.position.seq).toBe(2);
});
