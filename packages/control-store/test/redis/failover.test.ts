/** A replica takes over: under Sentinels, and in a Cluster. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, needRedisServer, RedisServer } from "@nano/test-kit/redis-server";
import type { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { buildJob, putApp } from "../records.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import {
  CELL,
  follow,
  IN_MEMORY,
  insist,
  openOperator,
  openQueue,
  openStore,
  startServer,
  until,
} from "./redis-harness.ts";

needRedisServer();

const NAME = "nano";

async function startSentinel(masterPort: number): Promise<RedisServer> {
  const directory = temporaryDirectory();
  const port = await freePort();
  const config = join(directory, "sentinel.conf");
  const lines = [
    `port ${port}`,
    `dir ${directory}`,
    `unixsocket ${join(directory, "redis.sock")}`,
    "bind 127.0.0.1",
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} 2`,
    `sentinel down-after-milliseconds ${NAME} 400`,
    `sentinel failover-timeout ${NAME} 2000`,
    "sentinel resolve-hostnames no",
  ];
  writeFileSync(config, lines.join("\n"));
  const sentinel = new RedisServer({ directory, port, isSentinel: true, args: [config] });
  onTestFinished(() => sentinel.stop());
  return sentinel.start();
}

test("when Sentinels promote a replica, what was acknowledged is there, and readers go on under a new epoch", async () => {
  const port = await freePort();
  const master = await startServer({ port });
  const replicaOf = ["--save", "", "--replicaof", "127.0.0.1", `${port}`];
  const replica = await startServer({ port: await freePort(), args: replicaOf });
  await replica.printed(/Finished with success/);
  const sentinels = await Promise.all([1, 2, 3].map(() => startSentinel(port)));
  for (const sentinel of sentinels) await sentinel.printed(/\+slave slave.*(\+sentinel sentinel.*){2}/s);

  const config = { urls: sentinels.map(({ url }) => url), sentinelName: NAME, ackReplicas: 1 };
  const following = follow(openStore(config));
  const writer = openStore(config);
  await insist(() => writer.commit([putApp("before")], { idempotencyKey: "before" }));
  const { epoch, seq } = await following.until((state) => state.records.has("app/before"));

  // A host that hangs: its connections stay, so that only the Sentinels know.
  master.freeze();
  await sentinels[0]?.printed(/\+switch-master/);
  const after = openStore({ ...config, ackReplicas: 0 });
  const position = await insist(() => after.commit([putApp("after")], { idempotencyKey: "after" }));
  expect(position).toEqual({ epoch: expect.not.stringMatching(epoch), seq: seq + 1 });
  const state = await following.until(({ records }) => records.has("app/after"));
  expect([...state.records.keys()]).toEqual(["app/before", "app/after"]);

  // The old master comes back as a replica, and counts as one.
  master.thaw();
  await master.printed(/Finished with success/);
  await insist(() => writer.commit([putApp("again")], { idempotencyKey: "again" }));
  await following.until(({ records }) => records.has("app/again"));
});

test("in a Cluster a cell is found on its node, and followed when its slot moves to the replica", async () => {
  const clusterArgs = async () => {
    const busPort = `${await freePort()}`;
    return [...IN_MEMORY, "--cluster-enabled", "yes", "--cluster-port", busPort, "--cluster-node-timeout", "1000"];
  };
  const [first, second, replica] = await Promise.all(
    [1, 2, 3].map(async () => startServer({ port: await freePort(), args: await clusterArgs() })),
  );
  if (first === undefined || second === undefined || replica === undefined) throw new Error("Three nodes were started");
  const [one, two, three] = [openOperator(first), openOperator(second), openOperator(replica)];
  const slot = Number(await one.call("CLUSTER", "KEYSLOT", `{nano:${CELL}}`));
  const busPortOf = ({ options: { args = [] } }: RedisServer): string => args[args.indexOf("--cluster-port") + 1] ?? "";
  // The cell's slot and all above it are the second node's; the client is told of the first alone.
  await one.call("CLUSTER", "ADDSLOTSRANGE", 0, slot - 1);
  await two.call("CLUSTER", "ADDSLOTSRANGE", slot, 16_383);
  for (const node of [second, replica]) {
    await one.call("CLUSTER", "MEET", "127.0.0.1", `${node.options.port}`, busPortOf(node));
  }
  await Promise.all([first, second].map((node) => node.printed(/Cluster state changed: ok/)));
  const masterId = String(await two.call("CLUSTER", "MYID"));
  const knows = async (node: Redis, text: string) => String(await node.call("CLUSTER", "NODES")).includes(text);
  await until(() => knows(three, masterId));
  await three.call("CLUSTER", "REPLICATE", masterId);
  await replica.printed(/Finished with success/);
  // Whoever votes in a failover must know whose replica it is.
  for (const node of [one, two]) await until(() => knows(node, `slave ${masterId}`));

  const config = { urls: [first.url], cluster: true };
  const store = openStore({ ...config, ackReplicas: 1 });
  const following = follow(store);
  await insist(() => store.commit([putApp("before")], { idempotencyKey: "before" }));
  const { epoch } = await following.until((state) => state.records.has("app/before"));

  await three.call("CLUSTER", "FAILOVER");
  await replica.printed(/Failover election won/);
  const position = await insist(() => store.commit([putApp("after")], { idempotencyKey: "after" }));
  expect(position.epoch).not.toBe(epoch);
  const state = await following.until(({ records }) => records.has("app/after"));
  expect([...state.records.keys()]).toEqual(["app/before", "app/after"]);

  const queue = openQueue(config);
  await insist(() => queue.enqueue(buildJob(1)));
});
