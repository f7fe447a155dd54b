/** What the router reads of a request's headers, and what of them goes on to the app: one pass over the raw pairs. */
import type { Claims, ForwardedHeaderName } from "./forwarded-claims.ts";

/** They belong to one connection, not to the message. `host` is written anew from the canonical URL. */
const DROPPED = new Set([
  "host",
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authorization",
  "proxy-authenticate",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
  "http2-settings",
]);
const PLATFORM_PREFIX = "x-nano-";
/**
 * Where frameworks look for the client's address, scheme and host. Whoever sends them, the app gets what the router knows, in `x-forwarded-for`,
 * `x-forwarded-proto`, `x-real-ip` and `cf-connecting-ip`, and nothing beside it.
 */
const CLAIMS = new Set([
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "forwarded",
  "x-real-ip",
  "forwarded-for",
  "x-forwarded",
  "x-forwarded-port",
  "x-forwarded-protocol",
  "x-forwarded-scheme",
  "x-forwarded-server",
  "x-forwarded-ssl",
  "x-url-scheme",
  "front-end-https",
  "x-scheme",
  "x-host",
  "client-ip",
  "x-client-ip",
  "x-remote-ip",
  "x-remote-addr",
  "x-originating-ip",
  "proxy-client-ip",
  "wl-proxy-client-ip",
  "x-cluster-client-ip",
  "x-original-forwarded-for",
  "x-original-host",
  "x-envoy-external-address",
  "x-appengine-user-ip",
  "x-azure-clientip",
  "true-client-ip",
  "cf-connecting-ip",
  "cf-connecting-ipv6",
  "cf-pseudo-ipv4",
  "cf-visitor",
  "cloudfront-forwarded-proto",
  "cloudfront-viewer-address",
  "do-connecting-ip",
  "fastly-client-ip",
  "fly-client-ip",
  "x-nf-client-connection-ip",
  "x-vercel-forwarded-for",
]);
const DROPPED_OF_REQUESTS = new Set([...DROPPED, ...CLAIMS]);
const UNDERSCORES = /_/g;

export interface RequestHeaders {
  /** Null: there is none, or more than one. */
  readonly host: string | null;
  /** Whether a body follows. */
  readonly hasBody: boolean;
  /** -1: not said. */
  readonly contentLengthBytes: number;
  /** As it came; null: the body is not coded. */
  readonly transferCoding: string | null;
  /** `Upgrade: websocket`, whether `Connection` names it or not. */
  readonly wantsWebSocket: boolean;
  /** What they claim about who sent the request; null: nothing. */
  readonly claims: Claims | null;
  /** Name, value, name, value …, names in lower case, without what belongs to this connection or to the platform. */
  forwarded: string[];
}

export function readRequestHeaders(raw: readonly string[]): RequestHeaders {
  let host: string | null = null;
  let hostCount = 0;
  let contentLengthBytes = -1;
  let transferCoding: string | null = null;
  let isUpgrade = false;
  let named: string[] | null = null;
  let claims: Claims | null = null;
  const forwarded: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] as string).toLowerCase();
    const value = raw[index + 1] as string;
    if (!DROPPED_OF_REQUESTS.has(name)) {
      if (name === "content-length") contentLengthBytes = Number(value);
      if (!isDisguised(name)) forwarded.push(name, value);
    } else if (name === "host") {
      hostCount += 1;
      host = value;
    } else if (name === "connection") named = namedByConnection(value, named);
    else if (name === "transfer-encoding") {
      transferCoding = transferCoding === null ? value.toLowerCase() : `${transferCoding}, ${value.toLowerCase()}`;
    } else if (name === "upgrade") isUpgrade = value.toLowerCase() === "websocket";
    else if (CLAIMS.has(name)) claims = withClaim(claims, name as ForwardedHeaderName, value);
  }
  return {
    host: hostCount === 1 ? host : null,
    hasBody: transferCoding !== null || contentLengthBytes > 0,
    contentLengthBytes,
    transferCoding,
    wantsWebSocket: isUpgrade,
    claims,
    forwarded: named === null ? forwarded : withoutNames(forwarded, named),
  };
}

/** Of the platform, or what is dropped spelled with underscores: frameworks that turn headers into variables read it as the same name. */
function isDisguised(name: string): boolean {
  if (!name.includes("_")) return name.startsWith(PLATFORM_PREFIX);
  const plain = name.replace(UNDERSCORES, "-");
  return plain.startsWith(PLATFORM_PREFIX) || plain === "content-length" || DROPPED_OF_REQUESTS.has(plain);
}

/** Whether a claim is believed, and who reads it, is decided elsewhere. */
function withClaim(claims: Claims | null, name: ForwardedHeaderName, value: string): Claims {
  const known = claims ?? {};
  const before = known[name];
  known[name] = before === undefined ? value : `${before}, ${value}`;
  return known;
}

/** Headers that `Connection` names, but for the usual words, which name none that is kept. */
function namedByConnection(value: string, known: string[] | null): string[] | null {
  if (value === "keep-alive" || value === "close") return known;
  const names = value
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "keep-alive" && name !== "close" && name !== "content-length");
  if (names.length === 0) return known;
  return known === null ? names : [...known, ...names];
}

function withoutNames(flat: readonly string[], names: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) {
    if (!names.includes(flat[index] as string)) kept.push(flat[index] as string, flat[index + 1] as string);
  }
  return kept;
}

/** What of an app's response goes to the client. */
export interface ResponseHeaders {
  readonly forwarded: string[];
  /** -1: the app did not say. NaN: it said something that is no length. */
  readonly contentLengthBytes: number;
}

export function readResponseHeaders(raw: readonly string[]): ResponseHeaders {
  let contentLengthBytes = -1;
  let named: string[] | null = null;
  const forwarded: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] as string).toLowerCase();
    const value = raw[index + 1] as string;
    if (name === "connection") named = namedByConnection(value, named);
    if (name === "content-length") {
      // Said twice is allowed where both agree; sent once, by who sends the response.
      const bytes = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      contentLengthBytes = contentLengthBytes === -1 || contentLengthBytes === bytes ? bytes : Number.NaN;
      continue;
    }
    if (DROPPED.has(name) || name.startsWith(PLATFORM_PREFIX)) continue;
    forwarded.push(name, value);
  }
  return { forwarded: named === null ? forwarded : withoutNames(forwarded, named), contentLengthBytes };
}
