/** The contract of the control store, over a Redis server. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasRedisServer, needRedisServer, RedisServer } from "@nano/test-kit/redis-server";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { resolveRedisConfig } from "../../src/redis-config.ts";
import { RedisControlStore } from "../../src/redis-control-store.ts";
import { type Adapter, describeControlStore } from "../contract.ts";

const FEED_EVENT_COUNT = 5;
const AUDIT_ENTRY_COUNT = 3;
const directory = mkdtempSync(join(tmpdir(), "nano-"));
const server = new RedisServer({ directory, args: ["--save", "", "--appendonly", "no"] });

needRedisServer();
beforeAll(async () => {
  if (hasRedisServer) await server.start();
});
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function openRedis(): Promise<Adapter> {
  const config = resolveRedisConfig({ urls: [server.url], cell: `t${randomBytes(6).toString("hex")}` });
  const stores = [0, 1].map(
    () => new RedisControlStore(config, { feedEventCount: FEED_EVENT_COUNT, auditEntryCount: AUDIT_ENTRY_COUNT }),
  );
  onTestFinished(async () => {
    await Promise.all(stores.map((store) => store.close()));
  });
  return {
    stores: stores as unknown as Adapter["stores"],
    queues: [] as unknown as Adapter["queues"],
    feedEventCount: FEED_EVENT_COUNT,
    auditEntryCount: AUDIT_ENTRY_COUNT,
  };
}

describeControlStore("the store over Redis", openRedis);
