/** What an app takes ahead of a request's body, beside what the parser takes of any. */

import { MAX_REQUEST_HEADER_BYTES } from "@nano/protocol/app-limits";
import type { NanoError } from "@nano/protocol/errors";
import { errors } from "../errors.ts";
import type { AppTarget } from "./routing-state.ts";

/** Why the app does not get it; null: it does. @param target and `rawHeaders` (name, value, name …) as the client sent them */
export function findExcess({ head }: AppTarget, target: string, rawHeaders: readonly string[]): NanoError | null {
  const { urlBytes, requestHeaderCount, requestHeaderBytes } = head;
  if (target.length > urlBytes) return errors.URL_TOO_LONG({ limitBytes: urlBytes });
  if (rawHeaders.length > 2 * requestHeaderCount) {
    return errors.HEADERS_TOO_LARGE({ limit: `limits.request_header_count, ${requestHeaderCount}` });
  }
  // The parser reads no more than the largest limit: for an app without one of its own there is nothing to count.
  if (requestHeaderBytes < MAX_REQUEST_HEADER_BYTES && countBytes(rawHeaders) > requestHeaderBytes) {
    return errors.HEADERS_TOO_LARGE({ limit: `limits.request_header_kb, ${requestHeaderBytes} bytes` });
  }
  return null;
}

function countBytes(texts: readonly string[]): number {
  let count = 0;
  for (const text of texts) count += text.length;
  return count;
}
