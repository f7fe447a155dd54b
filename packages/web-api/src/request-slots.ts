/** The slots of a request, and the conversion of what `new Request` and `fetch` are given. */
import { type Body, extractBody, isBodyUnusable } from "./body.ts";
import { moveBody } from "./body-read.ts";
import { HeaderList } from "./header-list.ts";
import { fillHeaderList, isToken } from "./headers.ts";
import { toDictionary } from "./leaf/webidl-convert.ts";
import { parseUrl } from "./parse-url.ts";
import { StringPrototypeIndexOf, StringPrototypeToUpperCase, TypeErrorCtor } from "./primordials.ts";
import { createController, followingSignal, type Signal } from "./signal.ts";
import { isReadableStream } from "./stream-state.ts";

export interface RequestSlots {
  method: string;
  url: string;
  headers: HeaderList;
  readonly areHeadersImmutable: boolean;
  body: Body | null;
  /** Made when it is first asked for; null until then. */
  signal: Signal | null;
  /** Makes the signal, where it is another than one that never aborts. */
  createSignal: (() => Signal) | null;
  redirect: string;
  /** Members that a server keeps and does not act on, where they are not the default. */
  passive: Readonly<Record<string, unknown>> | null;
}

/** Their defaults. */
const PASSIVE_DEFAULTS: Readonly<Record<string, unknown>> = {
  __proto__: null,
  cache: "default",
  credentials: "same-origin",
  destination: "",
  duplex: "half",
  integrity: "",
  keepalive: false,
  mode: "cors",
  referrer: "about:client",
  referrerPolicy: "",
};

export function passiveMember(slots: RequestSlots, name: string): unknown {
  return slots.passive?.[name] ?? PASSIVE_DEFAULTS[name];
}

export function signalOf(slots: RequestSlots): Signal {
  slots.signal ??= slots.createSignal === null ? createController().signal : slots.createSignal();
  return slots.signal;
}

/** Converts the arguments of `new Request`. @throws TypeError as the standard says */
export function slotsOfInit(input: RequestSlots | string, options: unknown): RequestSlots {
  const init = toDictionary(options, "Request");
  const from = typeof input === "string" ? null : input;
  const slots: RequestSlots = {
    method: init.method === undefined ? (from?.method ?? "GET") : methodOf(`${init.method as string}`),
    url: typeof input === "string" ? urlOf(input) : input.url,
    headers: new HeaderList(),
    areHeadersImmutable: false,
    body: null,
    signal: null,
    createSignal: createSignalOf(init.signal, from),
    redirect: init.redirect === undefined ? (from?.redirect ?? "follow") : redirectOf(`${init.redirect as string}`),
    passive: passiveOf(init, from),
  };
  if (init.headers !== undefined) fillHeaderList(slots.headers, init.headers);
  else if (from !== null) slots.headers = from.headers.copy();
  setBody(slots, init, from);
  return slots;
}

function setBody(slots: RequestSlots, init: Readonly<Record<string, unknown>>, from: RequestSlots | null): void {
  const given = init.body;
  const hasGiven = given !== undefined && given !== null;
  const inherited = from === null ? null : from.body;
  if ((hasGiven || inherited !== null) && (slots.method === "GET" || slots.method === "HEAD")) {
    throw new TypeErrorCtor(`Request: a request with method ${slots.method} has no body`);
  }
  if (hasGiven) {
    if (isReadableStream(given) && init.duplex === undefined) {
      throw new TypeErrorCtor('Request: a body that is a stream needs the option duplex: "half"');
    }
    slots.body = extractBody(given);
    const { contentType } = slots.body;
    if (contentType !== null && slots.headers.get("content-type") === null) {
      slots.headers.append("content-type", contentType);
    }
  } else if (inherited !== null) slots.body = takeBody(inherited);
}

/** Moves a body to a new request: the old one counts as used from then on. */
function takeBody(body: Body): Body {
  if (isBodyUnusable(body)) throw new TypeErrorCtor("Request: the body of the given request was read or is locked");
  return moveBody(body);
}

function createSignalOf(given: unknown, from: RequestSlots | null): (() => Signal) | null {
  if (given === null || (given === undefined && from === null)) return null;
  if (given === undefined) return () => followingSignal(signalOf(from as RequestSlots));
  // Made at once: a value that is no AbortSignal is refused here, as the standard says.
  const signal = followingSignal(given as Signal);
  return () => signal;
}

function urlOf(input: string): string {
  const url = parseUrl(input);
  if (url === undefined) throw new TypeErrorCtor(`Request: invalid URL: ${input}`);
  if (hasCredentials(url)) throw new TypeErrorCtor("Request: the URL holds credentials");
  return url;
}

/** Whether a serialised URL has a user or a password: its authority ends at the first slash. */
function hasCredentials(url: string): boolean {
  const authority = StringPrototypeIndexOf(url, "://");
  // Of a URL without one the same text may stand in its path.
  if (authority < 0 || StringPrototypeIndexOf(url, ":") !== authority) return false;
  const at = StringPrototypeIndexOf(url, "@", authority);
  if (at < 0) return false;
  const slash = StringPrototypeIndexOf(url, "/", authority + 3);
  return slash < 0 || at < slash;
}

function methodOf(method: string): string {
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
  if (!isToken(method)) throw new TypeErrorCtor(`Request: invalid method: ${method}`);
  return method;
}

function redirectOf(value: string): string {
  if (value === "follow" || value === "manual" || value === "error") return value;
  throw new TypeErrorCtor(`Request: redirect is follow, manual or error, not ${value}`);
}

function passiveOf(
  init: Readonly<Record<string, unknown>>,
  from: RequestSlots | null,
): Readonly<Record<string, unknown>> | null {
  let passive = from === null ? null : from.passive;
  for (const name in PASSIVE_DEFAULTS) {
    const value = init[name];
    if (value === undefined || name === "destination" || name === "duplex") continue;
    passive = { __proto__: null, ...passive, [name]: name === "keepalive" ? Boolean(value) : `${value as string}` };
  }
  return passive;
}
