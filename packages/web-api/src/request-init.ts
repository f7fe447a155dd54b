/** RequestInit as Web IDL converts it: each member is read once, in the order of names, before anything is done with one. */
import { HeaderList } from "./header-list.ts";
import { fillHeaderList, isToken } from "./headers.ts";
import { toDictionary, toDOMString, toUSVString } from "./leaf/webidl-convert.ts";
import { parseUrl } from "./parse-url.ts";
import { StringPrototypeIndexOf, StringPrototypeToUpperCase, TypeErrorCtor } from "./primordials.ts";

/** Members that were not given are undefined. */
export interface RequestInit {
  readonly body: unknown;
  readonly hasDuplex: boolean;
  readonly headers: HeaderList | undefined;
  readonly method: string | undefined;
  readonly redirect: string | undefined;
  readonly signal: unknown;
  /** Of members that a server keeps and does not act on, those that were given. */
  readonly passive: Readonly<Record<string, unknown>> | null;
  readonly isEmpty: boolean;
}

const REFERRER_POLICIES =
  "  no-referrer no-referrer-when-downgrade same-origin origin strict-origin origin-when-cross-origin strict-origin-when-cross-origin unsafe-url ";

/** @throws TypeError as the standard says */
export function convertRequestInit(options: unknown): RequestInit {
  const init = toDictionary(options, "Request");
  let count = 0;
  const read = (name: string): unknown => {
    const value = init[name];
    if (value !== undefined) count++;
    return value;
  };
  const enumeration = (name: string, allowed: string): string | undefined => {
    const value = read(name);
    if (value === undefined) return undefined;
    const text = toDOMString(value);
    // The values stand between spaces, which none of them holds; two spaces stand for "".
    if (StringPrototypeIndexOf(text, " ") < 0 && StringPrototypeIndexOf(allowed, ` ${text} `) >= 0) return text;
    throw new TypeErrorCtor(`Request: ${name} cannot be '${text}'`);
  };
  const body = read("body");
  const cache = enumeration("cache", " default no-store reload no-cache force-cache only-if-cached ");
  const credentials = enumeration("credentials", " omit same-origin include ");
  const hasDuplex = enumeration("duplex", " half ") !== undefined;
  const headers = convertHeaders(read("headers"));
  const integrity = textOf(read("integrity"));
  const keepalive = read("keepalive");
  const method = textOf(read("method"));
  const mode = enumeration("mode", " navigate same-origin no-cors cors ");
  enumeration("priority", " high low auto ");
  const redirect = enumeration("redirect", " follow error manual ");
  const referrer = read("referrer");
  const referrerText = referrer === undefined ? undefined : toUSVString(referrer);
  const referrerPolicy = enumeration("referrerPolicy", REFERRER_POLICIES);
  const signal = read("signal");
  const window = read("window");
  if (window !== undefined && window !== null) throw new TypeErrorCtor("Request: window can only be null");
  if (mode === "navigate") throw new TypeErrorCtor("Request: mode cannot be 'navigate'");
  const passive: Record<string, unknown> = { __proto__: null as never };
  const keep = (name: string, value: unknown): void => {
    if (value !== undefined) passive[name] = value;
  };
  keep("cache", cache);
  keep("credentials", credentials);
  keep("integrity", integrity);
  keep("keepalive", keepalive === undefined ? undefined : !!keepalive);
  keep("mode", mode);
  keep("referrer", referrerText === undefined ? undefined : referrerOf(referrerText));
  keep("referrerPolicy", referrerPolicy);
  return {
    body,
    hasDuplex,
    headers,
    method: method === undefined ? undefined : methodOf(method),
    redirect,
    signal,
    passive: count === 0 ? null : passive,
    isEmpty: count === 0,
  };
}

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : toDOMString(value);
}

function convertHeaders(value: unknown): HeaderList | undefined {
  if (value === undefined) return undefined;
  const list = new HeaderList();
  fillHeaderList(list, value);
  return list;
}

/** There is no page that could be the referrer: a URL is kept as it is. "" is what the getter shows of none. */
function referrerOf(text: string): string {
  if (text === "") return "";
  const url = parseUrl(text);
  if (url === undefined) throw new TypeErrorCtor(`Request: the referrer is no URL: ${text}`);
  return url;
}

function methodOf(method: string): string {
  // Before the case is looked at: letters beyond ASCII may have ASCII for their upper case.
  if (!isToken(method)) throw new TypeErrorCtor(`Request: invalid method: ${method}`);
  const upper = StringPrototypeToUpperCase(method);
  switch (upper) {
    case "DELETE":
    case "GET":
    case "HEAD":
    case "OPTIONS":
    case "POST":
    case "PUT":
      return upper;
    case "CONNECT":
    case "TRACE":
    case "TRACK":
      throw new TypeErrorCtor(`Request: method ${method} is forbidden`);
  }
  return method;
}
