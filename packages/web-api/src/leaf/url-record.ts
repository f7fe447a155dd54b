/**
 * The record by which the host answers URL_PARSE and URL_SET: the serialised URL itself.
 *
 * The serialisation of the URL standard is unambiguous, so every member is a slice of it and no offsets need to travel:
 *
 *   scheme ":" [ "//" [ username [ ":" password ] "@" ] hostname [ ":" port ] ] [ "/." ] pathname [ "?" query ] [ "#" fragment ]
 *
 * It rests on these guarantees of the standard's serialiser:
 * I1 A scheme has no ":"; userinfo percent-encodes "@", ":", "/", "?" and "#"; a host holds none of "@", "/", "?", "#", and
 *    ":" only within "[…]"; a path encodes "?" and "#", a query "#".
 * I2 "//" follows the scheme exactly where there is a host (perhaps an empty one): without a host, a path that begins with
 *    "//" is written after "/.", and no other path begins with "/.//", because dot segments are resolved.
 *
 * Shared by guest (parse) and host (pack). No Node types, no DOM types, and, because tenant code may have patched the
 * prototypes by the time it runs in the guest, no method of a builtin: the scan takes its two functions as an argument.
 */

/** Where the members of a serialised URL begin and end, as offsets into it. */
export interface UrlRecord {
  readonly href: string;
  /** After the scheme's ":". */
  readonly protocolEnd: number;
  /** Whether "//" and a host, perhaps empty, follow the scheme. */
  readonly hasHost: boolean;
  /** Where the username begins: after "//", or `protocolEnd` without a host. */
  readonly usernameStart: number;
  readonly usernameEnd: number;
  /** Where userinfo ends: at its "@", or at `hostStart` where there is none. The password lies between `usernameEnd + 1` and here. */
  readonly userinfoEnd: number;
  readonly hostStart: number;
  readonly hostnameEnd: number;
  /** After the port: `hostnameEnd` where there is none, which is also where "host" ends. */
  readonly hostEnd: number;
  readonly pathnameStart: number;
  readonly pathnameEnd: number;
  /** After the query, "?" included: equals `pathnameEnd` where there is none. Where it is 1 more, the query is empty. */
  readonly searchEnd: number;
}

/** The members that URL_SET can set; `href` is set by URL_PARSE. */
export const URL_SET_MEMBERS = [
  "protocol",
  "username",
  "password",
  "host",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
] as const;

export type UrlSetMember = (typeof URL_SET_MEMBERS)[number];

/** What the scan needs: in the guest, primordials. */
export interface RecordScanner {
  indexOf(text: string, searched: string, from: number): number;
  charCodeAt(text: string, index: number): number;
}

const COLON = 0x3a;
const SLASH = 0x2f;
const DOT = 0x2e;
const AT_SIGN = 0x40;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;

/** The record of a URL that the host has parsed: for the host's answer to URL_PARSE and URL_SET. */
export function packUrlRecord(url: { readonly href: string }): string {
  return url.href;
}

/** Finds the members of a serialised URL; the argument must come from a serialiser, which is not checked. */
export function parseUrlRecord(href: string, scan: RecordScanner): UrlRecord {
  const length = href.length;
  const hashStart = scan.indexOf(href, "#", 0);
  const searchEnd = hashStart === -1 ? length : hashStart;
  const searchStart = scan.indexOf(href, "?", 0);
  const pathnameEnd = searchStart === -1 || searchStart > searchEnd ? searchEnd : searchStart;
  const protocolEnd = scan.indexOf(href, ":", 0) + 1;
  const code = (index: number): number => scan.charCodeAt(href, index);

  if (code(protocolEnd) !== SLASH || code(protocolEnd + 1) !== SLASH) {
    const dotted =
      code(protocolEnd) === SLASH &&
      code(protocolEnd + 1) === DOT &&
      code(protocolEnd + 2) === SLASH &&
      code(protocolEnd + 3) === SLASH;
    return {
      href,
      protocolEnd,
      hasHost: false,
      usernameStart: protocolEnd,
      usernameEnd: protocolEnd,
      userinfoEnd: protocolEnd,
      hostStart: protocolEnd,
      hostnameEnd: protocolEnd,
      hostEnd: protocolEnd,
      pathnameStart: dotted ? protocolEnd + 2 : protocolEnd,
      pathnameEnd,
      searchEnd,
    };
  }

  const usernameStart = protocolEnd + 2;
  let firstColon = -1;
  let usernameEnd = usernameStart;
  let userinfoEnd = usernameStart;
  let hostStart = usernameStart;
  let portColon = -1;
  let inBrackets = false;
  let at = usernameStart;
  for (; at < pathnameEnd; at++) {
    const unit = code(at);
    if (unit === SLASH) break;
    if (unit === AT_SIGN) {
      usernameEnd = firstColon === -1 ? at : firstColon;
      userinfoEnd = at;
      hostStart = at + 1;
      portColon = -1;
    } else if (unit === OPENING_BRACKET) inBrackets = true;
    else if (unit === CLOSING_BRACKET) inBrackets = false;
    else if (unit === COLON && !inBrackets) {
      if (firstColon === -1) firstColon = at;
      portColon = at;
    }
  }
  return {
    href,
    protocolEnd,
    hasHost: true,
    usernameStart,
    usernameEnd,
    userinfoEnd,
    hostStart,
    hostnameEnd: portColon === -1 ? at : portColon,
    hostEnd: at,
    pathnameStart: at,
    pathnameEnd,
    searchEnd,
  };
}
