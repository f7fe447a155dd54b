/** What an app takes ahead of a request's body, beside what the parser takes of any. */
import type { NanoError } from "@nano/protocol/errors";
import { errors } from "../errors.ts";
import type { RequestHeaders } from "./request-headers.ts";
import type { AppTarget } from "./routing-state.ts";

/** Why the app does not get it; null: it does. @param target as the client sent it */
export function findExcess({ head }: AppTarget, headers: RequestHeaders, target: string): NanoError | null {
  if (target.length > head.urlBytes) return errors.URL_TOO_LONG({ limitBytes: head.urlBytes });
  if (headers.count > head.requestHeaderCount) {
    return errors.HEADERS_TOO_LARGE({ limit: `limits.request_header_count, ${head.requestHeaderCount}` });
  }
  if (headers.byteCount > head.requestHeaderBytes) {
    return errors.HEADERS_TOO_LARGE({ limit: `limits.request_header_kb, ${head.requestHeaderBytes} bytes` });
  }
  return null;
}
