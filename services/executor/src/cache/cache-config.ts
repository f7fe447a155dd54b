/** Settings of the cache process. The executor's own configuration holds them as its group `cacheApi`. */
import type { ConfigOf, ConfigShape } from "@nano/service-kit/config";
import { durationMs, integer, optional, sizeBytes, text } from "@nano/service-kit/config-field";

const MIB = 1024 * 1024;

export const cacheApiShape = {
  directory: optional(
    text({ doc: "where responses that apps cache are kept; unset: in the directory of the node's cache" }),
  ),
  bytes: sizeBytes({
    doc: "what they take on disk; the least recently used leave",
    min: 16 * MIB,
    max: Number.MAX_SAFE_INTEGER,
    default: 1024 * MIB,
  }),
  bytesPerApp: sizeBytes({
    doc: "the same for one app of the node",
    min: MIB,
    max: Number.MAX_SAFE_INTEGER,
    default: 128 * MIB,
  }),
  entriesCount: integer({
    doc: "responses of all apps; the least recently used leave",
    min: 1,
    max: 1_000_000,
    default: 50_000,
  }),
  entriesPerAppCount: integer({ doc: "the same for one app of the node", min: 1, max: 1_000_000, default: 5_000 }),
  entryBytes: sizeBytes({
    doc: "body of one response; a larger one is not kept",
    min: 1024,
    max: Number.MAX_SAFE_INTEGER,
    default: 32 * MIB,
  }),
  operationsPerAppCount: integer({
    doc: "operations of one app of the node at once; further ones wait",
    min: 1,
    max: 4_096,
    default: 32,
  }),
  operationsCount: integer({ doc: "the same for all apps of the node", min: 1, max: 4_096, default: 256 }),
  queuedPerAppCount: integer({
    doc: "operations of one app that wait; further ones fail",
    min: 0,
    max: 65_536,
    default: 128,
  }),
  queueTimeoutMs: durationMs({ doc: "longest wait of an operation", min: 1, max: 600_000, default: 10_000 }),
  idleTimeoutMs: durationMs({
    doc: "no byte of a body moved, whichever side is slow: the operation is given up",
    min: 1,
    max: 3_600_000,
    default: 30_000,
  }),
} satisfies ConfigShape;

/** As configured; also what crosses to the cache process, with its directory. */
export type CacheApiSettings = ConfigOf<typeof cacheApiShape>;

/** As the cache process reads it. */
export interface CacheApiConfig extends Omit<CacheApiSettings, "directory"> {
  readonly directory: string;
}

/** The settings where nothing is configured. */
export function defaultCacheApiConfig(directory: string): CacheApiConfig {
  const entries = Object.entries(cacheApiShape).map(([name, field]) => [name, field.fallback]);
  return Object.freeze({ ...Object.fromEntries(entries), directory }) as CacheApiConfig;
}
