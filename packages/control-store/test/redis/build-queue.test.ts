/** The contract of the build queue, over a Redis server. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasRedisServer, needRedisServer, RedisServer } from "@nano/test-kit/redis-server";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { BullBuildQueue } from "../../src/bull-build-queue.ts";
import { resolveRedisConfig } from "../../src/redis-config.ts";
import { type Adapter, describeBuildQueue } from "../contract.ts";

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
  const queues = [0, 1].map(() => new BullBuildQueue(config));
  onTestFinished(async () => {
    await Promise.all(queues.map((queue) => queue.close()));
  });
  return {
    stores: [] as unknown as Adapter["stores"],
    queues: queues as unknown as Adapter["queues"],
    feedEventCount: 0,
    auditEntryCount: 0,
  };
}

describeBuildQueue("the queue over Redis", openRedis);
