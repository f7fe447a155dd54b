/** Text of a component, or of a part of one, as the URL parser would have it: the host's, by the setters of a URL made for that. */
import { HostOp } from "../boundary.ts";
import { callHost } from "../host.ts";
import {
  StringPrototypeCharCodeAt,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
  StringPrototypeToLowerCase,
  TypeErrorCtor,
} from "../primordials.ts";
import { parseUrlRecord, type RecordScanner, type UrlRecord, type UrlSetMember } from "./url-record.ts";

export const scanner: RecordScanner = { indexOf: StringPrototypeIndexOf, charCodeAt: StringPrototypeCharCodeAt };

const SPECIAL = "https://dummy.invalid/";
const NOT_SPECIAL = "dummy://dummy.invalid/";
/** A host of the same, to tell a host that was refused from one that is the dummy's. */
const OTHER_HOST = "other.invalid";
const MAX_PORT = 65_535;

/** @throws TypeError where it is no scheme */
export function canonicalizeProtocol(text: string): string {
  if (text === "") return "";
  const href = callHost(HostOp.URL_PARSE, 0, `${text}://dummy.invalid/`);
  if (typeof href !== "string") throw refusal("protocol", text);
  return StringPrototypeSlice(href, 0, StringPrototypeIndexOf(href, ":", 0));
}

export function canonicalizeUsername(text: string): string {
  if (text === "") return "";
  const { href, usernameStart, usernameEnd } = setMember(SPECIAL, "username", text);
  return StringPrototypeSlice(href, usernameStart, usernameEnd);
}

export function canonicalizePassword(text: string): string {
  if (text === "") return "";
  const { href, usernameEnd, userinfoEnd } = setMember(SPECIAL, "password", text);
  return StringPrototypeSlice(href, usernameEnd + 1, userinfoEnd);
}

/** Of a special scheme. @throws TypeError where it is no domain or address */
export function canonicalizeDomain(text: string): string {
  return canonicalizeHost(SPECIAL, text);
}

/** Of any other scheme. @throws TypeError where it can be no host */
export function canonicalizeOpaqueHost(text: string): string {
  return canonicalizeHost(NOT_SPECIAL, text);
}

/** @throws TypeError for a character that no address of IPv6 has */
export function canonicalizeIpv6(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (StringPrototypeIndexOf("0123456789abcdefABCDEF[]:", text[i] as string, 0) === -1) {
      throw refusal("hostname", text);
    }
  }
  return StringPrototypeToLowerCase(text);
}

/** @param protocol of which the default port is left out @throws TypeError where it is no port */
export function canonicalizePort(text: string, protocol = ""): string {
  let digits = "";
  for (let i = 0; i < text.length; i++) {
    const unit = StringPrototypeCharCodeAt(text, i);
    if (unit === 0x09 || unit === 0x0a || unit === 0x0d) continue;
    if (unit < 0x30 || unit > 0x39) break;
    digits += text[i] as string;
    if (+digits > MAX_PORT) throw refusal("port", text);
  }
  if (digits === "" && text !== "") throw refusal("port", text);
  const port = digits === "" ? "" : `${+digits}`;
  return port === defaultPort(protocol) ? "" : port;
}

export function defaultPort(protocol: string): string {
  switch (protocol) {
    case "http":
    case "ws":
      return "80";
    case "https":
    case "wss":
      return "443";
    case "ftp":
      return "21";
    default:
      return "";
  }
}

/** Of a hierarchical path, or a part of one. */
export function canonicalizePathname(text: string): string {
  if (text === "") return "";
  const isAbsolute = text[0] === "/";
  // A part that does not begin with "/" must not be given one.
  const { href, pathnameStart, pathnameEnd } = setMember(SPECIAL, "pathname", isAbsolute ? text : `/-${text}`);
  return StringPrototypeSlice(href, pathnameStart + (isAbsolute ? 0 : 2), pathnameEnd);
}

export function canonicalizeOpaquePathname(text: string): string {
  if (text === "") return "";
  // A letter before it, so that it begins as no hierarchical path does, and one after it, so that no space at its end is dropped.
  const end = endOfPath(text);
  const guarded = end === text.length ? `dummy:-${text}-` : `dummy:-${StringPrototypeSlice(text, 0, end)}?`;
  const href = callHost(HostOp.URL_PARSE, 0, guarded);
  if (typeof href !== "string") throw refusal("pathname", text);
  const { pathnameStart, pathnameEnd } = parseUrlRecord(href, scanner);
  return StringPrototypeSlice(href, pathnameStart + 1, pathnameEnd - (end === text.length ? 1 : 0));
}

export function canonicalizeSearch(text: string): string {
  if (text === "") return "";
  const { href, pathnameEnd, searchEnd } = setMember(SPECIAL, "search", `?${text}`);
  return StringPrototypeSlice(href, pathnameEnd + 1, searchEnd);
}

export function canonicalizeHash(text: string): string {
  if (text === "") return "";
  const { href, searchEnd } = setMember(SPECIAL, "hash", `#${text}`);
  return StringPrototypeSlice(href, searchEnd + 1);
}

function canonicalizeHost(dummy: string, text: string): string {
  if (text === "") return "";
  const host = hostOf(setMember(dummy, "hostname", text));
  // Either it was refused, or it is the dummy's own.
  if (host === hostOf(parseUrlRecord(dummy, scanner))) {
    const other = setMember(setMember(dummy, "hostname", OTHER_HOST).href, "hostname", text);
    if (hostOf(other) === OTHER_HOST) throw refusal("hostname", text);
  }
  return host;
}

function hostOf({ href, hostStart, hostnameEnd }: UrlRecord): string {
  return StringPrototypeSlice(href, hostStart, hostnameEnd);
}

function setMember(url: string, member: UrlSetMember, value: string): UrlRecord {
  const href = callHost(HostOp.URL_SET, 0, url, member, value);
  // The host refuses what is too long for it.
  if (typeof href !== "string") throw refusal(member, value);
  return parseUrlRecord(href, scanner);
}

function endOfPath(text: string): number {
  const query = StringPrototypeIndexOf(text, "?", 0);
  const fragment = StringPrototypeIndexOf(text, "#", 0);
  const end = query === -1 || (fragment !== -1 && fragment < query) ? fragment : query;
  return end === -1 ? text.length : end;
}

function refusal(component: string, text: string): TypeError {
  return new TypeErrorCtor(`URLPattern: "${text}" can be no ${component}, and no part of one`);
}
