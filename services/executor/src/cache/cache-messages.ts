/** What supervisor and cache process say to each other by IPC. */
import type { LinkedCommand, LinkedReport } from "../control/linked-process.ts";
import type { CacheApiConfig } from "./cache-config.ts";
import type { CacheCounts } from "./cache-counters.ts";

export type CacheProcessCommand = LinkedCommand<CacheApiConfig>;
export type CacheProcessReport = LinkedReport<CacheCounts>;
