/** The slots of a request, and the conversion of what `new Request` and `fetch` are given. */
import { type Body, extractBody, isBodyUnusable } from "./body.ts";
import { moveBody } from "./body-read.ts";
import { HeaderList } from "./header-list.ts";
import { parseUrl } from "./parse-url.ts";
import { StringPrototypeIndexOf, TypeErrorCtor } from "./primordials.ts";
import { convertRequestInit, type RequestInit } from "./request-init.ts";
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
  const init = convertRequestInit(options);
  const from = typeof input === "string" ? null : input;
  const slots: RequestSlots = {
    method: init.method ?? from?.method ?? "GET",
    url: typeof input === "string" ? urlOf(input) : input.url,
    headers: init.headers ?? (from === null ? new HeaderList() : from.headers.copy()),
    areHeadersImmutable: false,
    body: null,
    signal: null,
    createSignal: createSignalOf(init.signal, from),
    redirect: init.redirect ?? from?.redirect ?? "follow",
    passive: passiveOf(init, from),
  };
  const mode = passiveMember(slots, "mode");
  if (mode !== "same-origin" && passiveMember(slots, "cache") === "only-if-cached") {
    throw new TypeErrorCtor("Request: cache 'only-if-cached' needs mode 'same-origin'");
  }
  if (mode === "no-cors" && slots.method !== "GET" && slots.method !== "HEAD" && slots.method !== "POST") {
    throw new TypeErrorCtor(`Request: method ${slots.method} cannot be had with mode 'no-cors'`);
  }
  setBody(slots, init, from);
  return slots;
}

function setBody(slots: RequestSlots, init: RequestInit, from: RequestSlots | null): void {
  const given = init.body;
  const hasGiven = given !== undefined && given !== null;
  const inherited = from === null ? null : from.body;
  if ((hasGiven || inherited !== null) && (slots.method === "GET" || slots.method === "HEAD")) {
    throw new TypeErrorCtor(`Request: a request with method ${slots.method} has no body`);
  }
  if (hasGiven) {
    if (isReadableStream(given)) refuseStream(slots, init);
    slots.body = extractBody(given);
    const { contentType } = slots.body;
    if (contentType !== null && slots.headers.get("content-type") === null) {
      slots.headers.append("content-type", contentType);
    }
  } else if (inherited !== null) slots.body = takeBody(inherited);
}

function refuseStream(slots: RequestSlots, init: RequestInit): void {
  if (!init.hasDuplex) throw new TypeErrorCtor('Request: a body that is a stream needs the option duplex: "half"');
  const mode = passiveMember(slots, "mode");
  if (passiveMember(slots, "keepalive") === true || (mode !== "cors" && mode !== "same-origin")) {
    throw new TypeErrorCtor("Request: a body that is a stream cannot be had with keepalive, nor with mode 'no-cors'");
  }
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

/** Any member that is given takes the referrer and its policy back to their defaults. */
function passiveOf(init: RequestInit, from: RequestSlots | null): Readonly<Record<string, unknown>> | null {
  const inherited = from === null ? null : from.passive;
  if (init.isEmpty) return inherited;
  return {
    __proto__: null,
    ...inherited,
    referrer: PASSIVE_DEFAULTS.referrer,
    referrerPolicy: PASSIVE_DEFAULTS.referrerPolicy,
    ...init.passive,
  };
}
