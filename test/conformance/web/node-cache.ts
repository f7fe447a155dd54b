/** The cache of a node, as its process serves it, for cases that ask it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultCacheApiConfig } from "@nano/executor/cache/cache-config";
import { CacheServer } from "@nano/executor/cache/cache-server";
import { createCacheClient } from "@nano/executor/request/cache-client";
import type { GuestHost } from "@nano/isolate/isolate";
import { dialLink } from "@nano/link/dial-link";

const WORKER = "conformance";

export interface NodeCache {
  readonly openFetch: GuestHost["openFetch"];
  close(): Promise<void>;
}

export async function openNodeCache(): Promise<NodeCache> {
  const directory = mkdtempSync(join(tmpdir(), "nano-cache-"));
  const config = defaultCacheApiConfig(join(directory, "responses"));
  const server = await CacheServer.open({ config, report: () => undefined });
  const address = join(directory, "cache.sock");
  await server.links.listen(address);
  server.links.admit(WORKER, WORKER);
  const dialed = await dialLink({ address, credential: WORKER, peer: WORKER });
  if (dialed.type !== "open") throw new Error("The cache does not answer");
  const client = createCacheClient();
  client.use(dialed.link);
  return {
    openFetch: (head, listener) => client.open(head, listener),
    close: async () => {
      dialed.link.close();
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
