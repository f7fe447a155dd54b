/** What of a kept response the conditions and the range of a request ask for (RFC 9110, 13 and 14). */
import type { HeaderBlock } from "@nano/protocol/messages";
import { type AssetPart, decideRange } from "../request/asset-conditions.ts";
import { headerOf } from "./header-fields.ts";

/** The part of its body that is sent; null: all of it, as it is. */
export type CachedPart = AssetPart | null;

const NOT_MODIFIED: AssetPart = { status: 304, start: 0, length: 0 };
const ENTITY_TAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

export interface KeptBody {
  readonly status: number;
  readonly headers: HeaderBlock;
  readonly bodyBytes: number;
}

/** @param request its headers */
export function decideCachedPart(request: HeaderBlock, { status, headers, bodyBytes }: KeptBody): CachedPart {
  if (request === "" || status !== 200) return null;
  const etag = headerOf(headers, "etag");
  const modified = headerOf(headers, "last-modified");
  const ifNoneMatch = headerOf(request, "if-none-match");
  if (ifNoneMatch !== null) {
    if (isNamed(ifNoneMatch, etag)) return NOT_MODIFIED;
  } else if (isUnmodifiedSince(headerOf(request, "if-modified-since"), modified)) return NOT_MODIFIED;
  const range = headerOf(request, "range");
  if (range === null) return null;
  const ifRange = headerOf(request, "if-range");
  const isWeak = ifRange?.startsWith("W/") === true;
  if (ifRange !== null && (isWeak || (ifRange !== etag && ifRange !== modified))) return null;
  const part = decideRange(range, { status: 200, start: 0, length: bodyBytes });
  return part.status === 200 ? null : part;
}

function isNamed(list: string, etag: string | null): boolean {
  if (etag === null) return false;
  if (list.trim() === "*") return true;
  const tag = etag.replace(/^W\//, "");
  for (const [, named] of list.matchAll(ENTITY_TAG)) if (named === tag) return true;
  return false;
}

function isUnmodifiedSince(since: string | null, modified: string | null): boolean {
  if (since === null || modified === null) return false;
  return Date.parse(modified) <= Date.parse(since);
}
