// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** URLPattern of the URL Pattern standard. Its regular expressions run here, under the limits of the app. */
import { HostOp } from "../boundary.ts";
import { callHost } from "../host.ts";
import { ObjectDefineProperty, TypeErrorCtor } from "../primordials.ts";
import { RegExpPrototypeExec } from "./intrinsics.ts";
import {
  canonicalizeDomain,
  canonicalizeHash,
  canonicalizeIpv6,
  canonicalizeOpaqueHost,
  canonicalizeOpaquePathname,
  canonicalizePassword,
  canonicalizePathname,
  canonicalizePort,
  canonicalizeProtocol,
  canonicalizeSearch,
  canonicalizeUsername,
  defaultPort,
} from "./url-pattern-canonical.ts";
import {
  type Component,
  compileComponent,
  DEFAULT_SYNTAX,
  HOSTNAME_SYNTAX,
  matchesSpecialScheme,
  PATHNAME_SYNTAX,
} from "./url-pattern-component.ts";
import { partsOfUrl, processInit, toUrlPatternInit, type UrlParts, type UrlPatternInit } from "./url-pattern-init.ts";
import type { Canonicalize, ComponentSyntax } from "./url-pattern-parts.ts";
import { parsePatternString } from "./url-pattern-string.ts";
import { finishInterface } from "./webidl.ts";
import { toDictionary, toUSVString } from "./webidl-convert.ts";

type Components = Readonly<Record<keyof UrlParts, Component>>;

interface ComponentResult {
  readonly groups: object;
  readonly input: string;
}

type MatchResult = Readonly<Record<keyof UrlParts, ComponentResult>> & { readonly inputs: readonly unknown[] };

/** In the order in which their regular expressions are tried. */
const MEMBERS = ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"] as const;

export class URLPattern {
  #components: Components;

  constructor(input: unknown = undefined, baseURLOrOptions: unknown = undefined, options: unknown = undefined) {
    // Three arguments are those of the first overload; of two, the second tells.
    const hasBase = arguments.length > 2 || !isDictionary(baseURLOrOptions);
    const init = toInput(input);
    const base = hasBase ? toUSVString(baseURLOrOptions) : undefined;
    const { ignoreCase } = toDictionary(hasBase ? options : baseURLOrOptions, "new URLPattern");
    this.#components = compile(initOf(init, base), Boolean(ignoreCase));
  }

  get protocol(): string {
    return this.#components.protocol.pattern;
  }

  get username(): string {
    return this.#components.username.pattern;
  }

  get password(): string {
    return this.#components.password.pattern;
  }

  get hostname(): string {
    return this.#components.hostname.pattern;
  }

  get port(): string {
    return this.#components.port.pattern;
  }

  get pathname(): string {
    return this.#components.pathname.pattern;
  }

  get search(): string {
    return this.#components.search.pattern;
  }

  get hash(): string {
    return this.#components.hash.pattern;
  }

  get hasRegExpGroups(): boolean {
    const components = this.#components;
    for (let i = 0; i < MEMBERS.length; i++) {
      if (components[MEMBERS[i] as keyof UrlParts].hasRegExpGroups) return true;
    }
    return false;
  }

  test(input: unknown = undefined, baseURL: unknown = undefined): boolean {
    const components = this.#components;
    const init = toInput(input);
    const parts = partsOfInput(init, baseURL === undefined ? undefined : toUSVString(baseURL));
    if (parts === null) return false;
    for (let i = 0; i < MEMBERS.length; i++) {
      const member = MEMBERS[i] as keyof UrlParts;
      if (RegExpPrototypeExec(components[member].regExp, parts[member]) === null) return false;
    }
    return true;
  }

  exec(input: unknown = undefined, baseURL: unknown = undefined): MatchResult | null {
    const components = this.#components;
    const init = toInput(input);
    const base = baseURL === undefined ? undefined : toUSVString(baseURL);
    const parts = partsOfInput(init, base);
    if (parts === null) return null;
    const found = { __proto__: null } as unknown as Record<keyof UrlParts, ComponentResult>;
    for (let i = 0; i < MEMBERS.length; i++) {
      const member = MEMBERS[i] as keyof UrlParts;
      const match = RegExpPrototypeExec(components[member].regExp, parts[member]);
      if (match === null) return null;
      found[member] = { groups: groupsOf(match, components[member]), input: parts[member] };
    }
    const { hash, hostname, password, pathname, port, protocol, search, username } = found;
    const given = typeof init === "string" ? init : toPlainObject(init);
    const inputs = base === undefined ? [given] : [given, base];
    return { hash, hostname, inputs, password, pathname, port, protocol, search, username };
  }
}

finishInterface(URLPattern, "URLPattern");
// Their overloads begin with no argument at all.
ObjectDefineProperty(URLPattern, "length", { __proto__: null, value: 0, configurable: true } as never);

/** Converts to `(USVString or URLPatternInit)`. */
function toInput(input: unknown): string | UrlPatternInit {
  return isDictionary(input) ? toUrlPatternInit(input ?? {}) : toUSVString(input);
}

function isDictionary(value: unknown): value is object | null | undefined {
  return value === undefined || value === null || typeof value === "object" || typeof value === "function";
}

function initOf(input: string | UrlPatternInit, base: string | undefined): UrlPatternInit {
  if (typeof input !== "string") {
    if (base !== undefined) throw new TypeErrorCtor("URLPattern: a base URL stands in the object, not beside it");
    return input;
  }
  const init = parsePatternString(input);
  if (base !== undefined) init.baseURL = base;
  else if (init.protocol === undefined) {
    throw new TypeErrorCtor("URLPattern: a pattern without protocol needs a base URL");
  }
  return init;
}

function compile(init: UrlPatternInit, ignoreCase: boolean): Components {
  const parts = processInit(init, "pattern");
  if (parts.port !== undefined && parts.port !== "" && parts.port === defaultPort(parts.protocol ?? ""))
    parts.port = "";
  const of = (
    member: keyof UrlParts,
    canonicalize: Canonicalize,
    syntax: ComponentSyntax = DEFAULT_SYNTAX,
    folds = false,
  ): Component => compileComponent(parts[member] ?? "*", { syntax, canonicalize, ignoreCase: folds });
  const protocol = of("protocol", canonicalizeProtocol);
  const isSpecial = matchesSpecialScheme(protocol);
  const canonicalizeHost = isIpv6(parts.hostname ?? "*")
    ? canonicalizeIpv6
    : isSpecial
      ? canonicalizeDomain
      : canonicalizeOpaqueHost;
  return {
    protocol,
    username: of("username", canonicalizeUsername),
    password: of("password", canonicalizePassword),
    hostname: of("hostname", canonicalizeHost, HOSTNAME_SYNTAX),
    port: of("port", canonicalizePort),
    pathname: isSpecial
      ? of("pathname", canonicalizePathname, PATHNAME_SYNTAX, ignoreCase)
      : of("pathname", canonicalizeOpaquePathname, DEFAULT_SYNTAX, ignoreCase),
    search: of("search", canonicalizeSearch, DEFAULT_SYNTAX, ignoreCase),
    hash: of("hash", canonicalizeHash, DEFAULT_SYNTAX, ignoreCase),
  };
}

function isIpv6(hostname: string): boolean {
  if (hostname.length < 2) return false;
  return hostname[0] === "[" || ((hostname[0] === "{" || hostname[0] === "\\") && hostname[1] === "[");
}

/** The parts of what is matched, or null where it is no URL. @throws TypeError for an object with a base URL beside it */
function partsOfInput(input: string | UrlPatternInit, base: string | undefined): Required<UrlParts> | null {
  if (typeof input === "string") {
    const href = callHost(HostOp.URL_PARSE, 0, input, base);
    return typeof href === "string" ? partsOfUrl(href) : null;
  }
  if (base !== undefined) throw new TypeErrorCtor("URLPattern: a base URL stands in the object, not beside it");
  let given: UrlParts;
  try {
    given = processInit(input, "url");
  } catch {
    // A part that can be none of a URL, or a base URL that does not parse.
    return null;
  }
  const parts = { __proto__: null } as unknown as Required<UrlParts>;
  for (let i = 0; i < MEMBERS.length; i++) {
    const member = MEMBERS[i] as keyof UrlParts;
    parts[member] = given[member] ?? "";
  }
  return parts;
}

function groupsOf(match: RegExpExecArray, { groupNames }: Component): object {
  const groups = {};
  for (let i = 0; i < groupNames.length; i++) {
    // Defined, not assigned: a group may be called "__proto__".
    ObjectDefineProperty(
      groups,
      groupNames[i] as string,
      {
        __proto__: null,
        value: match[i + 1],
        writable: true,
        enumerable: true,
        configurable: true,
      } as never,
    );
  }
  return groups;
}

/** What Web IDL makes of a dictionary: an ordinary object. */
function toPlainObject(init: UrlPatternInit): object {
  return { ...init };
}
