/** The small plain answer of the platform: what went wrong in one word, and under which request id to look it up. */
import { type ServerResponse, STATUS_CODES } from "node:http";
import type { WireError } from "@nano/protocol/errors";

const RETRY_AFTER_SECS = 1;
const MAX_RETRY_AFTER_SECS = 3_600;
/** What the router forwards. */
export const ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
/** What a worker answers where there is no script: another method is the only 405 that it knows. */
const ASSET_METHODS = "GET, HEAD";
const REASON = /^[a-z0-9_]{1,64}$/;

/**
 * Nothing of `error` but its status and reason reaches the client. A worker's nonsense becomes 502 `internal`.
 *
 * @param options `isClosing`: the connection cannot be used again; `allow`: what a 405 says can be asked instead
 */
export function sendErrorResponse(
  res: ServerResponse,
  error: WireError,
  options: { requestId: string; isClosing?: boolean; allow?: string },
): void {
  const { httpStatus } = error;
  const status = Number.isInteger(httpStatus) && httpStatus >= 400 && httpStatus <= 599 ? httpStatus : 502;
  const reason = REASON.test(error.reason) ? error.reason : "internal";
  const body = `${status} ${STATUS_CODES[status] ?? "Error"}\n${options.requestId}\n`;
  const headers = [
    "content-type",
    "text/plain; charset=utf-8",
    "content-length",
    String(body.length),
    "cache-control",
    "no-store",
    "x-nano-error",
    reason,
    "x-nano-request-id",
    options.requestId,
  ];
  if (status === 503) headers.push("retry-after", String(retryAfterSecs(error)));
  if (status === 405) headers.push("allow", options.allow ?? ASSET_METHODS);
  if (status === 426) headers.push("upgrade", "websocket", "sec-websocket-version", "13");
  const connection = options.isClosing === true ? ["close"] : [];
  if (status === 426) connection.push("upgrade");
  if (connection.length > 0) headers.push("connection", connection.join(", "));
  // Named, since a head that could not be sent may have left its own text behind.
  res.writeHead(status, STATUS_CODES[status] ?? "Error", headers);
  res.end(body);
}

/** Some say for how long it will be so. */
function retryAfterSecs({ details }: WireError): number {
  const { waitMs } = details;
  if (typeof waitMs !== "number" || !Number.isFinite(waitMs)) return RETRY_AFTER_SECS;
  return Math.min(Math.max(Math.ceil(waitMs / 1000), RETRY_AFTER_SECS), MAX_RETRY_AFTER_SECS);
}
