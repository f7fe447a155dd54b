/** The contract of the build queue, over a Redis server. */
import { onTestFinished } from "vitest";
import { BullBuildQueue } from "../../src/bull-build-queue.ts";
import { type Adapter, describeBuildQueue } from "../contract.ts";
import { freshCell, useSharedServer } from "./redis-harness.ts";

const server = useSharedServer();

async function openRedis(): Promise<Adapter> {
  const config = freshCell(server);
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
