/** The headers of an answer with a file of an app. */
import type { AssetEntry } from "@nano/sliver/asset-pack";
import type { AssetPart } from "./asset-conditions.ts";

/** Asked for again each time, which a 304 answers: the same URL may be another file in the next version. */
const CACHING = "public, max-age=0, must-revalidate";

/** Name, value, name, value … */
export function assetHeaders(entry: AssetEntry, part: AssetPart): string[] {
  const headers = ["etag", `"${entry.etag}"`, "cache-control", CACHING];
  // A 304 says again what caches keep; the type they have.
  if (part.status === 304) return headers;
  if (part.status === 416) headers.push("content-range", `bytes */${entry.length}`);
  if (part.status === 206) {
    headers.push("content-range", `bytes ${part.start}-${part.start + part.length - 1}/${entry.length}`);
  }
  if (part.status === 200 || part.status === 206) {
    // By its name alone: what a browser would guess from the bytes of an upload is another matter.
    headers.push("content-type", entry.contentType, "x-content-type-options", "nosniff", "accept-ranges", "bytes");
  }
  headers.push("content-length", String(part.length));
  return headers;
}
