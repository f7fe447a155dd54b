/** What an app asks of its node's cache: the Cache API, as it crosses from the guest to the cache process. */
import type { HeaderBlock } from "./messages.ts";

/** Longest name of a cache, in UTF-16 units. */
export const MAX_CACHE_NAME_CHARS = 256;
/** Longest URL of what is kept. */
export const MAX_CACHED_URL_CHARS = 8 * 1024;
const MAX_COMMAND_CHARS = 256 * 1024;
/** As it may be sent to a client, too. */
const STATUS_TEXT = /^[\t\x20-\x7e\x80-\xff]{0,256}$/;
/** As a parser serialises it; no longer than one that may be fetched. With it, the head of the cache's answer fits into a frame. */
const RESPONSE_URL = /^[\x21-\x7e]{0,65536}$/;

const OPERATIONS = ["match", "put", "delete", "list", "open", "has", "drop", "names"] as const;

export type CacheOperationName = (typeof OPERATIONS)[number];

/** A response as it is kept; its body comes as the body of the call. */
export interface CachedResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderBlock;
  /** Of the response; empty: it came from no server. */
  readonly url: string;
  readonly isRedirected: boolean;
  readonly hasBody: boolean;
}

export interface CacheCommand {
  readonly operation: CacheOperationName;
  /** Null: `caches.default`. */
  readonly cache: string | null;
  readonly ignoreSearch: boolean;
  readonly ignoreVary: boolean;
  /** Of `match`: the one that `list` named so. Null: by URL. */
  readonly entry: string | null;
  /** Of `list`: all of the cache, whatever the URL. */
  readonly isAll: boolean;
  /** Of `put` alone. */
  readonly response: CachedResponse | null;
}

/** Undefined: it is none. @param text JSON of a guest: hostile */
export function parseCacheCommand(text: unknown): CacheCommand | undefined {
  if (typeof text !== "string" || text.length > MAX_COMMAND_CHARS) return undefined;
  try {
    return readCacheCommand(JSON.parse(text));
  } catch {
    // No JSON.
    return undefined;
  }
}

/** Undefined: it is none. @param value of whatever came */
export function readCacheCommand(value: unknown): CacheCommand | undefined {
  const found = recordOf(value);
  if (found === undefined) return undefined;
  const operation = OPERATIONS.find((name) => name === found.operation);
  const { cache = null, entry = null } = found;
  if (operation === undefined || !isTextOrNull(cache, MAX_CACHE_NAME_CHARS) || !isTextOrNull(entry, 64)) {
    return undefined;
  }
  const response = operation === "put" ? readResponse(found.response) : null;
  if (response === undefined) return undefined;
  return {
    operation,
    cache,
    ignoreSearch: found.ignoreSearch === true,
    ignoreVary: found.ignoreVary === true,
    entry,
    isAll: found.isAll === true,
    response,
  };
}

function readResponse(value: unknown): CachedResponse | undefined {
  const found = recordOf(value);
  if (found === undefined) return undefined;
  const { status, statusText, headers, url } = found;
  if (typeof status !== "number" || !Number.isInteger(status) || status < 200 || status > 599) return undefined;
  if (typeof statusText !== "string" || typeof headers !== "string" || typeof url !== "string") return undefined;
  if (!STATUS_TEXT.test(statusText) || !RESPONSE_URL.test(url)) return undefined;
  return {
    status,
    statusText,
    headers,
    url,
    isRedirected: found.isRedirected === true,
    hasBody: found.hasBody === true,
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}

function isTextOrNull(value: unknown, limitChars: number): value is string | null {
  return value === null || (typeof value === "string" && value.length <= limitChars);
}
