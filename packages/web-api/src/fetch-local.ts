/** What `fetch` answers without a server: `data:` and `blob:` URLs. https://fetch.spec.whatwg.org/#scheme-fetch */
import { bodyOfData } from "./body.ts";
import { HeaderList } from "./header-list.ts";
import { bytesOfBlob, typeOfBlob } from "./leaf/blob.ts";
import { parseDataUrl } from "./leaf/data-url.ts";
import { findObjectUrl } from "./leaf/object-urls.ts";
import {
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeSlice,
  StringPrototypeCharCodeAt,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
  StringPrototypeToLowerCase,
  TypeErrorCtor,
} from "./primordials.ts";
import type { RequestSlots } from "./request-slots.ts";
import { type Response, responseOver } from "./response.ts";

interface Content {
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderList;
  readonly bytes: ArrayBuffer;
}

/** @throws TypeError for all other schemes, and for what is not there */
export function fetchLocal(slots: RequestSlots): Response {
  const hash = StringPrototypeIndexOf(slots.url, "#");
  const url = hash < 0 ? slots.url : StringPrototypeSlice(slots.url, 0, hash);
  const { status, statusText, headers, bytes } = contentOf(url, slots);
  return responseOver({
    type: "basic",
    url,
    redirected: false,
    status,
    statusText,
    headers,
    areHeadersImmutable: true,
    body: slots.method === "HEAD" ? null : bodyOfData(bytes),
    webSocket: null,
  });
}

function contentOf(url: string, slots: RequestSlots): Content {
  const scheme = StringPrototypeSlice(url, 0, StringPrototypeIndexOf(url, ":"));
  if (scheme === "data") return contentOfData(url);
  if (scheme === "blob") return contentOfBlob(url, slots);
  throw new TypeErrorCtor(`fetch: scheme ${scheme} cannot be fetched from, http, https, data and blob can`);
}

function contentOfData(url: string): Content {
  const data = parseDataUrl(url);
  if (data === null) throw new TypeErrorCtor("fetch: the data: URL is malformed");
  const headers = new HeaderList();
  headers.append("content-type", data.type);
  return { status: 200, statusText: "OK", headers, bytes: data.bytes };
}

function contentOfBlob(url: string, slots: RequestSlots): Content {
  const blob = findObjectUrl(url);
  if (slots.method !== "GET" || blob === undefined) {
    throw new TypeErrorCtor("fetch: the blob: URL was revoked or is none, or the method is not GET");
  }
  const whole = bytesOfBlob(blob);
  const size = ArrayBufferPrototypeGetByteLength(whole);
  const headers = new HeaderList();
  const range = slots.headers.get("range");
  if (range === null) {
    headers.append("content-length", `${size}`);
    headers.append("content-type", typeOfBlob(blob));
    return { status: 200, statusText: "OK", headers, bytes: whole };
  }
  const found = parseRange(range, size);
  if (found === null) throw new TypeErrorCtor("fetch: the range cannot be had of the blob: URL");
  const [first, last] = found;
  headers.append("content-length", `${last - first + 1}`);
  headers.append("content-type", typeOfBlob(blob));
  headers.append("content-range", `bytes ${first}-${last}/${size}`);
  const bytes = ArrayBufferPrototypeSlice(whole, first, last + 1);
  return { status: 206, statusText: "Partial Content", headers, bytes };
}

/** First and last byte of `bytes=<first>-<last>`, either of which may be left out; null: there are none such. */
function parseRange(text: string, size: number): readonly [number, number] | null {
  const equals = StringPrototypeIndexOf(text, "=");
  const dash = StringPrototypeIndexOf(text, "-", equals);
  if (equals < 0 || dash < 0) return null;
  if (trimBlanks(StringPrototypeToLowerCase(StringPrototypeSlice(text, 0, equals))) !== "bytes") return null;
  const first = digits(trimBlanks(StringPrototypeSlice(text, equals + 1, dash)));
  const last = digits(trimBlanks(StringPrototypeSlice(text, dash + 1)));
  if (first === undefined || last === undefined) return null;
  if (first === null) {
    if (last === null || last === 0 || size === 0) return null;
    return [last > size ? 0 : size - last, size - 1];
  }
  if (first >= size || (last !== null && last < first)) return null;
  return [first, last === null || last >= size ? size - 1 : last];
}

/** Null: there are none. Undefined: something else. */
function digits(text: string): number | null | undefined {
  if (text === "") return null;
  for (let i = 0; i < text.length; i++) {
    const unit = StringPrototypeCharCodeAt(text, i);
    if (unit < 0x30 || unit > 0x39) return undefined;
  }
  return +text;
}

function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(StringPrototypeCharCodeAt(text, start))) start++;
  while (end > start && isBlank(StringPrototypeCharCodeAt(text, end - 1))) end--;
  return StringPrototypeSlice(text, start, end);
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x09;
}
