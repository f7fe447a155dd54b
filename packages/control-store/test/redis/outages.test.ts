/** What a Redis server may do to a control store: restart, forget, cut, load, lose its replicas. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, needRedisServer } from "@nano/test-kit/redis-server";
import { describe, expect, test } from "vitest";
import { appRecord, nodeRecord, putApp } from "../records.ts";
import { APPEND_ONLY, CELL, follow, insist, openOperator, openStore, startServer, until } from "./redis-harness.ts";

needRedisServer();

const KEYS = `{nano:${CELL}}:v1:`;

describe("a server that returns", () => {
  test("from a crash has all that was committed, under a new epoch, and its followers go on", async () => {
    const server = await startServer({ args: APPEND_ONLY });
    const [store, writer] = [openStore({ urls: [server.url] }), openStore({ urls: [server.url] })];
    const following = follow(store);
    const before = await writer.commit([putApp("a")], { idempotencyKey: "a" });
    await following.until((state) => state.records.has("app/a"));
    await server.stop();
    await following.untilStale();
    expect(following.staleCodes).toEqual(["STORE_LOST"]);
    await expect(writer.commit([putApp("b")])).rejects.toMatchObject({ code: "STORE_LOST" });
    expect(following.state.records.get("app/a"), "the last good state stands").toEqual(appRecord("a"));
    await server.start();
    const after = await insist(() => writer.commit([putApp("b")], { idempotencyKey: "b" }));
    expect(after).toEqual({ epoch: expect.not.stringMatching(before.epoch), seq: before.seq + 1 });
    const state = await following.until(({ records }) => records.has("app/b"));
    expect(state.epoch).toBe(after.epoch);
    expect(await writer.commit([putApp("a", 9)], { idempotencyKey: "a" }), "its keys are kept").toMatchObject({
      seq: before.seq,
    });
  });

  test("from an older backup has another epoch, and its followers take back what it has not", async () => {
    const server = await startServer();
    const { directory } = server.options;
    const store = openStore({ urls: [server.url] });
    const following = follow(store);
    const old = await store.commit([putApp("a", 1)]);
    await openOperator(server).save();
    copyFileSync(join(directory, "dump.rdb"), join(directory, "backup.rdb"));
    await store.commit([putApp("a", 2), putApp("b")]);
    await following.until((state) => state.records.has("app/b"));
    await server.stop();
    copyFileSync(join(directory, "backup.rdb"), join(directory, "dump.rdb"));
    await server.start();
    // As far as before, and of other contents: the number alone would hide the fork.
    const forked = await insist(() => store.commit([putApp("c")], { idempotencyKey: "c" }));
    expect(forked).toEqual({ epoch: expect.not.stringMatching(old.epoch), seq: old.seq + 1 });
    const state = await following.until(({ records }) => records.has("app/c"));
    expect([...state.records]).toEqual([
      ["app/a", appRecord("a", 1)],
      ["app/c", appRecord("c")],
    ]);
  });

  test("gives each node time to renew its lease, then ends it", async () => {
    const server = await startServer({ args: APPEND_ONLY });
    const store = openStore({ urls: [server.url] }, { restartLeaseMs: 300 });
    await store.renewLease(nodeRecord("n1"), 1);
    await server.stop();
    await server.start();
    const { records } = await insist(() => store.loadSnapshot());
    expect(records).toEqual([nodeRecord("n1")]);
    const following = follow(store);
    await following.until((state) => state.seq === 2);
    expect(following.state.records.size).toBe(0);
  });

  test("is not there while it loads its data, and is when it has", async () => {
    const server = await startServer();
    const store = openStore({ urls: [server.url] });
    await store.commit([putApp("a")]);
    const operator = openOperator(server);
    await operator.eval("for i = 1, 3500 do redis.call('SET', 'k' .. i, 'v') end", 0);
    await operator.save();
    await server.stop();
    const slow = [
      ...(server.options.args ?? []),
      "--key-load-delay",
      "1000",
      "--loading-process-events-interval-bytes",
      "1024",
    ];
    Object.assign(server.options, { args: slow });
    const following = follow(store);
    await following.untilStale();
    await server.start(/Loading RDB/);
    await expect(store.loadSnapshot()).rejects.toMatchObject({ code: "STORE_LOST" });
    const state = await following.until(({ records }) => records.has("app/a"));
    expect(state.records.get("app/a")).toEqual(appRecord("a"));
  });
});

describe("connections", () => {
  test("that are cut are made again, and no change is missed", async () => {
    const server = await startServer();
    const [store, writer] = [openStore({ urls: [server.url] }), openStore({ urls: [server.url] })];
    const following = follow(store);
    const operator = openOperator(server);
    const names = Array.from({ length: 20 }, (_, index) => `app-${index}`);
    for (const name of names) {
      await insist(() => writer.commit([putApp(name)], { idempotencyKey: name }));
      await operator.call("CLIENT", "KILL", "TYPE", name.endsWith("5") ? "pubsub" : "normal", "SKIPME", "yes");
    }
    const state = await following.until(({ records }) => records.has("app/app-19"));
    expect([...state.records.keys()].sort()).toEqual(names.map((name) => `app/${name}`).sort());
    expect(state.seq, "none was applied twice").toBe(names.length);
  });

  test("that do not hear of a change find it at their next look", async () => {
    const server = await startServer();
    const [store, writer] = [openStore({ urls: [server.url] }), openStore({ urls: [server.url] })];
    const following = follow(store);
    await writer.commit([putApp("a")]);
    await following.until((state) => state.records.has("app/a"));
    const operator = openOperator(server);
    // As a commit does it, but for the word to those who listen.
    await operator.eval(
      `redis.call('HSET', KEYS[1], 'app/b', ARGV[1]) redis.call('HINCRBY', KEYS[2], 'seq', 1)
       redis.call('XADD', KEYS[3], '2-0', 'changes', ARGV[2])`,
      3,
      `${KEYS}records`,
      `${KEYS}meta`,
      `${KEYS}feed`,
      JSON.stringify(appRecord("b")),
      JSON.stringify([putApp("b")]),
    );
    await following.until((state) => state.records.has("app/b"));
    expect(following.staleCodes).toEqual([]);
  });

  test("that may neither publish nor hear still write and read", async () => {
    const server = await startServer();
    await openOperator(server).acl("SETUSER", "default", "resetchannels");
    const store = openStore({ urls: [server.url] });
    const following = follow(store);
    await insist(() => store.commit([putApp("a")], { idempotencyKey: "a" }));
    await store.commit([putApp("b")]);
    const state = await following.until(({ records }) => records.has("app/b"));
    expect([state.seq, following.staleCodes]).toEqual([2, []]);
  });

  test("end with the store, and none is made after", async () => {
    const server = await startServer();
    const store = openStore({ urls: [server.url] });
    const position = await store.commit([putApp("a")]);
    await store.close();
    const watching = store.watchFeed(position, new AbortController().signal)[Symbol.asyncIterator]();
    await expect(watching.next()).rejects.toMatchObject({ code: "STORE_LOST" });
    const operator = openOperator(server);
    await until(
      async () =>
        String(await operator.client("LIST"))
          .trim()
          .split("\n").length === 1,
    );
  });

  test("to a server that hangs are given up", async () => {
    const server = await startServer();
    const store = openStore({ urls: [server.url] });
    await store.commit([putApp("a")]);
    server.freeze();
    await expect(store.loadSnapshot()).rejects.toMatchObject({ code: "STORE_LOST" });
    server.thaw();
    expect((await insist(() => store.loadSnapshot())).records).toEqual([appRecord("a")]);
  });
});

describe("a commit that waits for replicas", () => {
  test("says that it was written and not acknowledged, and is acknowledged when it is repeated", async () => {
    const port = await freePort();
    const server = await startServer({ port });
    const replicaArgs = ["--save", "", "--replicaof", "127.0.0.1", `${port}`];
    const replica = await startServer({ args: replicaArgs });
    await replica.printed(/Finished with success/);
    const store = openStore({ urls: [server.url], ackReplicas: 1, ackTimeoutMs: 200 });
    const first = await insist(() => store.commit([putApp("a")], { idempotencyKey: "a" }));
    replica.freeze();
    const commit = () => store.commit([putApp("b")], { idempotencyKey: "b" });
    await expect(commit()).rejects.toMatchObject({
      code: "STORE_NOT_ACKNOWLEDGED",
      wire: { details: { ackCount: 0, wantedCount: 1 } },
    });
    // On a connection that has written nothing, too: there WAIT has nothing to wait for by itself.
    const other = openStore({ urls: [server.url], ackReplicas: 1, ackTimeoutMs: 200 });
    const repeated = other.commit([putApp("b")], { idempotencyKey: "b" });
    await expect(repeated, "as long as the replica is away").rejects.toMatchObject({ code: "STORE_NOT_ACKNOWLEDGED" });
    expect((await store.loadSnapshot()).records).toEqual([appRecord("a"), appRecord("b")]);
    replica.thaw();
    expect(await insist(commit)).toEqual({ epoch: first.epoch, seq: first.seq + 1 });
    expect((await store.loadSnapshot()).seq, "it was written once").toBe(first.seq + 1);
  });
});

describe("records that somebody damaged", () => {
  test("are skipped under their keys, and their last good ones serve on", async () => {
    const server = await startServer();
    const store = openStore({ urls: [server.url] });
    const following = follow(store);
    await store.commit([putApp("a", 1), putApp("b", 1)]);
    await following.until((state) => state.records.has("app/b"));
    const operator = openOperator(server);
    await operator.hset(`${KEYS}records`, "app/a", "{ not JSON", "app/b", JSON.stringify({ kind: "app", name: "b" }));
    // A new epoch has all of them read again.
    await operator.hdel(`${KEYS}meta`, "replid");
    await store.commit([putApp("c")]);
    const state = await following.until(({ records }) => records.has("app/c"));
    expect([...following.skippedKeys].sort()).toEqual(["app/a", "app/b"]);
    expect([...state.records.values()]).toEqual([appRecord("a", 1), appRecord("b", 1), appRecord("c")]);
  });

  test("of the feed are read from the snapshot", async () => {
    const server = await startServer();
    const store = openStore({ urls: [server.url] });
    const following = follow(store);
    await store.commit([putApp("a")]);
    await following.until((state) => state.records.has("app/a"));
    const operator = openOperator(server);
    await operator.eval(
      `redis.call('HSET', KEYS[1], 'seq', 2) redis.call('XADD', KEYS[2], '2-0', 'changes', 'not JSON')`,
      2,
      `${KEYS}meta`,
      `${KEYS}feed`,
    );
    await store.commit([putApp("b")]);
    const state = await following.until(({ records }) => records.has("app/b"));
    expect(state.seq).toBe(3);
    expect(following.staleCodes).toEqual([]);
  });
});
