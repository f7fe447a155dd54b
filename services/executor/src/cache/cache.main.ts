/** The cache process: keeps what apps put into their caches, in its own directory. */
import { serveLinked } from "../linked/serve-linked.ts";
import type { CacheApiConfig } from "./cache-config.ts";
import type { CacheCounts } from "./cache-counters.ts";
import { CacheServer } from "./cache-server.ts";

serveLinked<CacheApiConfig, CacheCounts>("cache", (config, report) => CacheServer.open({ config, report }));
