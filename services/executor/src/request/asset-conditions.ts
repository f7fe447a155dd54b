/**
 * What the conditions and the range of a request make of a file (RFC 9110, 13 and 14). Pure: headers come in, the answer's shape comes out.
 *
 * There is no time of modification: a pack is the same bytes wherever it was made, and only its ETags tell versions of a file apart. So
 * conditions on dates are not met by anything, and are passed over.
 */
import type { AssetEntry } from "@nano/sliver/asset-pack";

/** The part of the file that is sent: none of it where `length` is 0. */
export interface AssetPart {
  readonly status: 200 | 206 | 304 | 412 | 416;
  readonly start: number;
  readonly length: number;
}

interface Conditions {
  /** Null: the request has none. */
  ifMatch: string | null;
  ifNoneMatch: string | null;
  ifRange: string | null;
  range: string | null;
}

const ENTITY_TAG = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/g;
const BYTE_RANGE = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/i;

/** @param headers name, value, name, value …, as the router sent them */
export function decideAssetPart(method: string, headers: readonly string[], entry: AssetEntry): AssetPart {
  const { ifMatch, ifNoneMatch, ifRange, range } = readConditions(headers);
  if (ifMatch !== null && !isNamed(ifMatch, entry, { isWeakEnough: false })) return withoutBody(412);
  if (ifNoneMatch !== null && isNamed(ifNoneMatch, entry, { isWeakEnough: true })) return withoutBody(304);
  const whole: AssetPart = { status: 200, start: 0, length: entry.length };
  if (range === null || method !== "GET") return whole;
  if (ifRange !== null && ifRange.trim() !== `"${entry.etag}"`) return whole;
  return decideRange(range, whole);
}

function readConditions(headers: readonly string[]): Conditions {
  const found: Conditions = { ifMatch: null, ifNoneMatch: null, ifRange: null, range: null };
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const value = headers[index + 1] as string;
    switch (headers[index]?.toLowerCase()) {
      case "if-match":
        found.ifMatch = join(found.ifMatch, value);
        break;
      case "if-none-match":
        found.ifNoneMatch = join(found.ifNoneMatch, value);
        break;
      case "if-range":
        found.ifRange = join(found.ifRange, value);
        break;
      case "range":
        found.range = join(found.range, value);
        break;
      default:
    }
  }
  return found;
}

function join(before: string | null, value: string): string {
  return before === null ? value : `${before}, ${value}`;
}

/** Whether a list of entity tags, or `*`, names this file. */
function isNamed(list: string, entry: AssetEntry, { isWeakEnough }: { isWeakEnough: boolean }): boolean {
  if (list.trim() === "*") return true;
  for (const [, weak, tag] of list.matchAll(ENTITY_TAG)) {
    if (tag === entry.etag && (isWeakEnough || weak === undefined)) return true;
  }
  return false;
}

function withoutBody(status: 304 | 412 | 416): AssetPart {
  return { status, start: 0, length: 0 };
}

/** Several ranges at once, and what does not parse, get the whole file: RFC 9110, 14.2, leaves that free. */
export function decideRange(range: string, whole: AssetPart): AssetPart {
  const match = BYTE_RANGE.exec(range.trim());
  if (match === null) return whole;
  const [, first, last, suffix] = match;
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), whole.length);
    if (Number(suffix) === 0) return withoutBody(416);
    return whole.length === 0 ? whole : { status: 206, start: whole.length - length, length };
  }
  const start = Number(first);
  const end = last === "" || last === undefined ? whole.length : Math.min(Number(last) + 1, whole.length);
  if (last !== "" && Number(last) < start) return whole;
  return start >= whole.length ? withoutBody(416) : { status: 206, start, length: end - start };
}
