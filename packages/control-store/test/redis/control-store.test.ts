/** The contract of the control store, over a Redis server. */
import { onTestFinished } from "vitest";
import { RedisControlStore } from "../../src/redis-control-store.ts";
import { type Adapter, describeControlStore } from "../contract.ts";
import { freshCell, useSharedServer } from "./redis-harness.ts";

const FEED_EVENT_COUNT = 5;
const AUDIT_ENTRY_COUNT = 3;
const server = useSharedServer();

async function openRedis(): Promise<Adapter> {
  const config = freshCell(server);
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
