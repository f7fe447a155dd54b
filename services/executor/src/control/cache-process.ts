/** The cache process of this executor: it may read the product's code, and write its own directory. */
import { mkdirSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { entryFile } from "@nano/service-kit/entry-file";
import type { CacheApiConfig } from "../cache/cache-config.ts";
import type { CacheCounts } from "../cache/cache-counters.ts";
import { LinkedProcess, type LinkedProcessOptions } from "./linked-process.ts";
import { linkedArguments } from "./worker-permissions.ts";

const CACHE_ENTRY = new URL("../cache/cache.main.ts", import.meta.url);

export type CacheProcess = LinkedProcess<CacheApiConfig, CacheCounts>;

export function createCacheProcess(
  options: Pick<LinkedProcessOptions<CacheApiConfig>, "socketPath" | "settings" | "logger" | "onReady">,
): CacheProcess {
  const { settings, socketPath } = options;
  mkdirSync(settings.directory, { recursive: true, mode: 0o700 });
  const directory = realpathSync(settings.directory);
  return new LinkedProcess({
    ...options,
    settings: { ...settings, directory },
    peer: "cache",
    entry: fileURLToPath(entryFile(CACHE_ENTRY)),
    env: {},
    descriptorCount: settings.operationsCount,
    execArgv: linkedArguments([directory, dirname(socketPath)]),
  });
}
