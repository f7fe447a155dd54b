/** Codes and reasons with which WebSockets end (RFC 6455, 7.4). Pure. */
import type { WireError } from "@nano/protocol/errors";

const REASON = /^[a-z0-9_]{1,64}$/;

/** What a failure of reading the client's frames is closed with, by what `ws` calls it. */
const CODES_OF_ERRORS: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
};
const PROTOCOL_ERROR = 1002;
const INVALID_PAYLOAD = 1007;

/** Null: the socket failed, no close was sent. */
export function closeCodeOfError(error: NodeJS.ErrnoException): number | null {
  const code = error.code ?? "";
  const known = CODES_OF_ERRORS[code];
  if (known !== undefined) return known;
  // What does not inflate.
  if (code.startsWith("Z_")) return INVALID_PAYLOAD;
  return code.startsWith("WS_ERR_") ? PROTOCOL_ERROR : null;
}

/** Whether it may stand in a close frame. */
export function isSendableCode(code: number): boolean {
  if (code >= 1000 && code <= 1014) return code !== 1004 && code !== 1005 && code !== 1006;
  return code >= 3000 && code <= 4999;
}

/** Nothing of an error but its reason reaches the client. */
export function reasonOf(error: WireError): string {
  return REASON.test(error.reason) ? error.reason : "internal";
}

/** A label for a code: those that apps and clients choose are many. */
export function labelOfCode(code: number): string {
  if (code >= 1000 && code <= 1015) return String(code);
  return code >= 4000 && code <= 4999 ? "4xxx" : code >= 3000 && code < 4000 ? "3xxx" : "other";
}
