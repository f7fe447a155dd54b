/** How long a response may be kept by a shared cache: RFC 9111, and what Workers' Cache API makes of cookies. */
import type { HeaderBlock } from "@nano/protocol/messages";
import { headerOf, withHeaders } from "./header-fields.ts";

const DIRECTIVE = /([!#$%&'*+.^_`|~0-9a-z-]+)(?:=(?:"([^"]*)"|([^\s,]*)))?/gi;
const MS_PER_SECOND = 1_000;
/** What is kept for longer is kept until it has to leave. */
const MAX_LIFETIME_SECONDS = 10 * 365 * 86_400;

export interface Freshness {
  /** Null: until it has to leave. */
  readonly expiresAtMs: number | null;
  /** What is kept of the response's headers. */
  readonly headers: HeaderBlock;
}

/** Null: it is not to be kept. */
export function freshnessOf(headers: HeaderBlock, nowMs: number): Freshness | null {
  const directives = directivesOf(headerOf(headers, "cache-control") ?? "");
  const privateFields = directives.get("private");
  const isCookiePrivate = (privateFields ?? "")
    .toLowerCase()
    .split(/\s*,\s*/)
    .includes("set-cookie");
  if (directives.has("no-store") || directives.has("no-cache") || (privateFields !== undefined && !isCookiePrivate)) {
    return null;
  }
  const hasCookie = headerOf(headers, "set-cookie") !== null;
  if (hasCookie && !isCookiePrivate) return null;
  const kept = hasCookie ? withHeaders(headers, { "set-cookie": null }) : headers;
  const ageSeconds = secondsOf(headerOf(headers, "age") ?? undefined) ?? 0;
  const lifetimeSeconds = secondsOf(directives.get("s-maxage")) ?? secondsOf(directives.get("max-age"));
  if (lifetimeSeconds !== undefined) {
    if (lifetimeSeconds <= ageSeconds) return null;
    const expiresAtMs = nowMs + (lifetimeSeconds - ageSeconds) * MS_PER_SECOND;
    return { headers: kept, expiresAtMs: lifetimeSeconds > MAX_LIFETIME_SECONDS ? null : expiresAtMs };
  }
  const expires = headerOf(headers, "expires");
  if (expires === null) return { headers: kept, expiresAtMs: null };
  // What is no date is one in the past.
  const expiresAtMs = Date.parse(expires);
  return expiresAtMs > nowMs ? { headers: kept, expiresAtMs } : null;
}

function directivesOf(value: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = "", quoted, plain] of value.matchAll(DIRECTIVE)) {
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, quoted ?? plain ?? "");
  }
  return found;
}

function secondsOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
