/** URLPatternInit of the URL Pattern standard: its conversion, and its processing for a pattern or for what is matched. */
import { HostOp } from "../boundary.ts";
import { callHost } from "../host.ts";
import { StringPrototypeSlice, TypeErrorCtor } from "../primordials.ts";
import { StringPrototypeLastIndexOf } from "./intrinsics.ts";
import {
  canonicalizeDomain,
  canonicalizeHash,
  canonicalizeOpaqueHost,
  canonicalizeOpaquePathname,
  canonicalizePassword,
  canonicalizePathname,
  canonicalizePort,
  canonicalizeProtocol,
  canonicalizeSearch,
  canonicalizeUsername,
  scanner,
} from "./url-pattern-canonical.ts";
import { escapePattern, isSpecialScheme } from "./url-pattern-component.ts";
import { parseUrlRecord } from "./url-record.ts";
import { toUSVString } from "./webidl-convert.ts";

export interface UrlParts {
  protocol?: string;
  username?: string;
  password?: string;
  hostname?: string;
  port?: string;
  pathname?: string;
  search?: string;
  hash?: string;
}

export interface UrlPatternInit extends UrlParts {
  baseURL?: string;
}

type Kind = "pattern" | "url";

/** In the order in which Web IDL reads them. */
const MEMBERS = [
  "baseURL",
  "hash",
  "hostname",
  "password",
  "pathname",
  "port",
  "protocol",
  "search",
  "username",
] as const satisfies readonly (keyof UrlPatternInit)[];

/** Without a prototype: what is not there is not found further up. */
export function emptyParts(): UrlPatternInit {
  return { __proto__: null } as unknown as UrlPatternInit;
}

/** Converts an object to the dictionary. */
export function toUrlPatternInit(value: object): UrlPatternInit {
  const init = emptyParts();
  for (let i = 0; i < MEMBERS.length; i++) {
    const member = MEMBERS[i] as (typeof MEMBERS)[number];
    const found = (value as Record<string, unknown>)[member];
    if (found !== undefined) init[member] = toUSVString(found);
  }
  return init;
}

/** The parts of a serialised URL, all of them. */
export function partsOfUrl(href: string): Required<UrlParts> {
  const record = parseUrlRecord(href, scanner);
  return {
    protocol: StringPrototypeSlice(href, 0, record.protocolEnd - 1),
    username: StringPrototypeSlice(href, record.usernameStart, record.usernameEnd),
    password: StringPrototypeSlice(href, record.usernameEnd + 1, record.userinfoEnd),
    hostname: StringPrototypeSlice(href, record.hostStart, record.hostnameEnd),
    port: StringPrototypeSlice(href, record.hostnameEnd + 1, record.hostEnd),
    pathname: StringPrototypeSlice(href, record.pathnameStart, record.pathnameEnd),
    search: StringPrototypeSlice(href, record.pathnameEnd + 1, record.searchEnd),
    hash: StringPrototypeSlice(href, record.searchEnd + 1),
  };
}

/** Its own parts in canonical form, or as patterns; those that it does not name are of its base. @throws TypeError where one is refused */
export function processInit(init: UrlPatternInit, kind: Kind): UrlParts {
  const base = init.baseURL === undefined ? null : parseBase(init.baseURL);
  const parts = base === null ? emptyParts() : inheritedParts(init, base, kind);
  if (init.protocol !== undefined) {
    const protocol = withoutEnd(init.protocol, ":");
    parts.protocol = kind === "pattern" ? protocol : canonicalizeProtocol(protocol);
  }
  if (init.username !== undefined) parts.username = convert(init.username, kind, canonicalizeUsername);
  if (init.password !== undefined) parts.password = convert(init.password, kind, canonicalizePassword);
  const protocol = parts.protocol ?? "";
  const isSpecial = protocol === "" || isSpecialScheme(protocol);
  if (init.hostname !== undefined) {
    parts.hostname = convert(init.hostname, kind, isSpecial ? canonicalizeDomain : canonicalizeOpaqueHost);
  }
  if (init.port !== undefined) parts.port = kind === "pattern" ? init.port : canonicalizePort(init.port, protocol);
  if (init.pathname !== undefined) {
    const pathname = base === null ? init.pathname : resolvePathname(init.pathname, base, kind);
    parts.pathname = convert(pathname, kind, isSpecial ? canonicalizePathname : canonicalizeOpaquePathname);
  }
  if (init.search !== undefined) parts.search = convert(withoutStart(init.search, "?"), kind, canonicalizeSearch);
  if (init.hash !== undefined) parts.hash = convert(withoutStart(init.hash, "#"), kind, canonicalizeHash);
  return parts;
}

interface Base extends Required<UrlParts> {
  readonly hasOpaquePath: boolean;
}

function parseBase(text: string): Base {
  const href = callHost(HostOp.URL_PARSE, 0, text);
  if (typeof href !== "string") throw new TypeErrorCtor(`URLPattern: the base URL is invalid: ${text}`);
  const parts = partsOfUrl(href);
  const { hasHost } = parseUrlRecord(href, scanner);
  return { ...parts, __proto__: null, hasOpaquePath: !hasHost && parts.pathname[0] !== "/" } as unknown as Base;
}

/** A part is the base's where neither it nor one before it is named. */
function inheritedParts(init: UrlPatternInit, base: Base, kind: Kind): UrlParts {
  const parts = emptyParts();
  const take = (text: string): string => (kind === "pattern" ? escapePattern(text) : text);
  const { protocol, hostname, port, pathname, search, hash } = init;
  if (protocol === undefined) parts.protocol = take(base.protocol);
  const namesOrigin = protocol !== undefined || hostname !== undefined || port !== undefined;
  // A pattern that says nothing of credentials is met by any.
  if (kind === "url" && !namesOrigin && init.username === undefined) {
    parts.username = base.username;
    if (init.password === undefined) parts.password = base.password;
  }
  if (protocol === undefined && hostname === undefined) parts.hostname = take(base.hostname);
  if (namesOrigin) return parts;
  parts.port = take(base.port);
  if (pathname !== undefined) return parts;
  parts.pathname = take(base.pathname);
  if (search !== undefined) return parts;
  parts.search = take(base.search);
  if (hash === undefined) parts.hash = take(base.hash);
  return parts;
}

function resolvePathname(pathname: string, base: Base, kind: Kind): string {
  if (base.hasOpaquePath || isAbsolute(pathname, kind)) return pathname;
  const basePath = kind === "pattern" ? escapePattern(base.pathname) : base.pathname;
  const slash = StringPrototypeLastIndexOf(basePath, "/");
  return slash === -1 ? pathname : StringPrototypeSlice(basePath, 0, slash + 1) + pathname;
}

function isAbsolute(pathname: string, kind: Kind): boolean {
  if (pathname[0] === "/") return true;
  return kind === "pattern" && (pathname[0] === "\\" || pathname[0] === "{") && pathname[1] === "/";
}

function convert(text: string, kind: Kind, canonicalize: (text: string) => string): string {
  return kind === "pattern" ? text : canonicalize(text);
}

function withoutStart(text: string, unit: string): string {
  return text[0] === unit ? StringPrototypeSlice(text, 1) : text;
}

function withoutEnd(text: string, unit: string): string {
  return text !== "" && text[text.length - 1] === unit ? StringPrototypeSlice(text, 0, -1) : text;
}
