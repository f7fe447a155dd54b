/** Errors of the cache process. Their messages are what tenant code reads in its TypeError: they name the bound, never a file. */
import { defineErrors } from "@nano/protocol/errors";

const limit = { fault: "tenant", retryable: false, httpStatus: 502, reason: "cache_limit" } as const;
const platform = { fault: "platform", retryable: false, httpStatus: 502 } as const;

export const cacheErrors = defineErrors("CACHE", {
  TOO_BUSY: {
    ...limit,
    message: (d: { scope: "app" | "node"; limitCount: number }) =>
      `Too many cache operations at once: this ${d.scope} has all of its ${d.limitCount} running`,
  },
  ENTRY_TOO_LARGE: {
    ...limit,
    message: (d: { limitBytes: number }) => `Response is too large to be cached: more than ${d.limitBytes} bytes`,
  },
  FULL: {
    ...limit,
    message: (d: { scope: "app" | "node"; limitBytes: number }) =>
      `Cache is full of responses that are being written: this ${d.scope} may have ${d.limitBytes} bytes`,
  },
  URL_TOO_LONG: {
    ...limit,
    message: (d: { limitChars: number }) => `URL is too long to be cached: more than ${d.limitChars} characters`,
  },
  VARY_TOO_LONG: {
    ...limit,
    message: (d: { limitChars: number }) => `Vary is too long to be cached: more than ${d.limitChars} characters`,
  },
  LIST_TOO_LONG: {
    ...limit,
    message: (d: { limitBytes: number }) =>
      `Cache has too many entries to be listed at once: their requests take more than ${d.limitBytes} bytes`,
  },
  IDLE: {
    ...limit,
    message: (d: { limitMs: number }) => `Cache operation took too long: no byte moved for ${d.limitMs} ms`,
  },
  CANCELLED: { ...limit, message: () => "Cache operation was cancelled" },
  DAMAGED: { ...platform, reason: "cache_damaged", message: () => "Cached response is damaged: it was removed" },
  FAILED: {
    ...platform,
    reason: "cache_failed",
    message: (d: { cause: string }) => `Cache of this node failed: ${d.cause}`,
  },
  MALFORMED: {
    ...platform,
    reason: "protocol",
    message: (d: { what: string }) => `Cache request is malformed: ${d.what}`,
  },
});
