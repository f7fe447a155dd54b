/** Headers on their way out and back: what belongs to a connection stays on it. */
import { egressErrors } from "./errors.ts";

/** Names that a request may not set: they belong to the connection, or would say another host than the URL. */
const STRIPPED_FROM_REQUEST = new Set([
  "connection",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const STRIPPED_FROM_RESPONSE = new Set([
  "sec-websocket-accept",
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const BODY_HEADERS = new Set([
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-type",
]);
const CREDENTIAL_HEADERS = new Set(["authorization", "cookie"]);

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const CONTENT_LENGTH = /^[0-9]{1,15}$/;

/** Sent where the app does not say otherwise. */
const DEFAULT_HEADERS: readonly (readonly [string, string])[] = [
  ["accept", "*/*"],
  ["accept-encoding", "gzip, deflate, br, zstd"],
  ["user-agent", "nano"],
];

/**
 * What goes out for what the app gave (flat: name, value …).
 *
 * @throws EGRESS_HEADER_REFUSED for what is no header: it would let a worker write its own request line
 */
export function prepareRequestHeaders(given: readonly string[], hasBody: boolean): string[] {
  const prepared: string[] = [];
  const names = new Set<string>();
  for (let i = 0; i + 1 < given.length; i += 2) {
    const name = (given[i] as string).toLowerCase();
    const value = given[i + 1] as string;
    if (!TOKEN.test(name)) throw egressErrors.HEADER_REFUSED({ rule: "a name holds a character that none may hold" });
    if (!FIELD_VALUE.test(value)) {
      throw egressErrors.HEADER_REFUSED({ rule: `the value of ${name} holds a character that none may hold` });
    }
    if (STRIPPED_FROM_REQUEST.has(name)) continue;
    if (name === "content-length" && !(hasBody && CONTENT_LENGTH.test(value) && !names.has(name))) continue;
    names.add(name);
    prepared.push(name, value);
  }
  for (const [name, value] of DEFAULT_HEADERS) {
    if (!names.has(name)) prepared.push(name, value);
  }
  return prepared;
}

/** The headers that a redirect carries on. */
export function redirectedHeaders(
  headers: readonly string[],
  change: { isBodyDropped: boolean; isCrossOrigin: boolean },
): string[] {
  return filterHeaders(
    headers,
    (name) =>
      !(change.isBodyDropped && BODY_HEADERS.has(name)) && !(change.isCrossOrigin && CREDENTIAL_HEADERS.has(name)),
  );
}

/** A response's headers as the app sees them. With `isDecoded`, those that described the encoded body are gone. */
export function responseHeaders(headers: readonly string[], isDecoded: boolean): string[] {
  return filterHeaders(
    headers,
    (name) =>
      !STRIPPED_FROM_RESPONSE.has(name) && !(isDecoded && (name === "content-encoding" || name === "content-length")),
  );
}

/** Every value of a header, in order. */
export function headerValues(headers: readonly string[], wanted: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if ((headers[i] as string).toLowerCase() === wanted) values.push(headers[i + 1] as string);
  }
  return values;
}

function filterHeaders(headers: readonly string[], isKept: (name: string) => boolean): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (isKept((headers[i] as string).toLowerCase())) kept.push(headers[i] as string, headers[i + 1] as string);
  }
  return kept;
}
