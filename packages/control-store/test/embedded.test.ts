import { join } from "node:path";
import { onTestFinished } from "vitest";
import { EmbeddedBuildQueue } from "../src/embedded-build-queue.ts";
import { EmbeddedControlStore } from "../src/embedded-control-store.ts";
import { openEmbedded } from "../src/open-embedded.ts";
import { serveStore } from "../src/serve-store.ts";
import { type Adapter, describeBuildQueue, describeControlStore } from "./contract.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const FEED_EVENT_COUNT = 5;
const AUDIT_ENTRY_COUNT = 3;

async function openInProcess(): Promise<Adapter> {
  const path = join(temporaryDirectory(), "store.sqlite");
  const pair = openEmbedded(path, {
    storeLimits: { feedEventCount: FEED_EVENT_COUNT, auditEntryCount: AUDIT_ENTRY_COUNT },
  });
  onTestFinished(() => pair.close());
  return {
    stores: [pair.store, pair.store],
    queues: [pair.queue, pair.queue],
    feedEventCount: FEED_EVENT_COUNT,
    auditEntryCount: AUDIT_ENTRY_COUNT,
  };
}

async function openOverSocket(): Promise<Adapter> {
  const directory = temporaryDirectory();
  const pair = openEmbedded(join(directory, "store.sqlite"), {
    storeLimits: { feedEventCount: FEED_EVENT_COUNT, auditEntryCount: AUDIT_ENTRY_COUNT },
  });
  const server = await serveStore(pair.store, pair.queue, { socketPath: join(directory, "store.sock") });
  const stores = [0, 1].map(() => new EmbeddedControlStore(server.socketPath));
  const queues = [0, 1].map(() => new EmbeddedBuildQueue(server.socketPath));
  onTestFinished(async () => {
    await Promise.all([...stores, ...queues].map((client) => client.close()));
    await server.close();
    await pair.close();
  });
  return {
    stores: stores as unknown as Adapter["stores"],
    queues: queues as unknown as Adapter["queues"],
    feedEventCount: FEED_EVENT_COUNT,
    auditEntryCount: AUDIT_ENTRY_COUNT,
  };
}

describeControlStore("the store in the registry's process", openInProcess);
describeBuildQueue("the queue in the registry's process", openInProcess);
describeControlStore("the store over the socket", openOverSocket);
describeBuildQueue("the queue over the socket", openOverSocket);
