/**
 * What a request's headers claim about who sent it, and who did, where a trusted proxy made the claim.
 *
 * I1 Addresses are read from the right: each trusted hop vouches for the one before it, the first that is not trusted is the client.
 *    What stands to the left of it the client wrote itself; nobody sees it.
 * I2 A hop that is no address ends the walk: the last one that was vouched for is the client.
 */
import { canonicalAddress, type TrustedProxies } from "./trusted-proxies.ts";

export const forwardedHeaderNames = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded"] as const;
export type ForwardedHeaderName = (typeof forwardedHeaderNames)[number];

/** The headers of a request that make claims, as they came: repeated ones are joined. */
export type Claims = { -readonly [N in ForwardedHeaderName]?: string };

export type Scheme = "http" | "https";

export interface ClaimedClient {
  /** From the client to the proxy that we talk to. */
  readonly hops: readonly string[];
  /** Null: nobody says. */
  readonly scheme: Scheme | null;
  /** What the client addressed, unchecked; null: nobody says. */
  readonly host: string | null;
}

interface ClaimedHop {
  readonly address: string | null;
  readonly scheme: string | undefined;
  readonly host: string | undefined;
}

/** Hops that are read; further ones are nobody's chain of proxies. */
const MAX_HOP_COUNT = 32;

/**
 * Who sent a request that came from a trusted proxy.
 *
 * @param claims only of headers that the proxies write themselves
 */
export function resolveClaims(
  claims: Claims,
  options: { readonly peerAddress: string; readonly trusted: TrustedProxies },
): ClaimedClient {
  const claimed = claims.forwarded === undefined ? readLists(claims) : readForwarded(claims.forwarded);
  const hops = [options.peerAddress];
  /** The hop that tells scheme and host: the client's; where nobody names a client, the last. */
  let teller = claimed.at(-1);
  for (let index = claimed.length - 1; index >= 0 && hops.length <= MAX_HOP_COUNT; index -= 1) {
    const hop = claimed[index];
    if (hop === undefined || hop.address === null) break;
    hops.unshift(hop.address);
    teller = hop;
    if (!options.trusted.includes(hop.address)) break;
  }
  return { hops, scheme: parseScheme(teller?.scheme), host: teller?.host ?? null };
}

/** `x-forwarded-*`: three lists, lined up from the right; a list that is shorter was written by one proxy for all. */
function readLists(claims: Claims): ClaimedHop[] {
  const addresses = splitList(claims["x-forwarded-for"]);
  const schemes = splitList(claims["x-forwarded-proto"]);
  const hosts = splitList(claims["x-forwarded-host"]);
  const count = Math.max(addresses.length, schemes.length > 0 || hosts.length > 0 ? 1 : 0);
  const hops: ClaimedHop[] = [];
  for (let fromRight = Math.min(count, MAX_HOP_COUNT); fromRight >= 1; fromRight -= 1) {
    hops.push({
      address: parseHop(addresses[addresses.length - fromRight] ?? ""),
      scheme: fromRightOf(schemes, fromRight),
      host: fromRightOf(hosts, fromRight),
    });
  }
  return hops;
}

function fromRightOf(values: readonly string[], fromRight: number): string | undefined {
  return values[Math.max(0, values.length - fromRight)];
}

function splitList(value: string | undefined): string[] {
  return value === undefined ? [] : value.split(",").map((part) => part.trim());
}

/** Of RFC 7239: `name=token` or `name="quoted"`, with what separates it from the next. */
const FORWARDED_PAIR = /[ \t]*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:([^\s",;]*)|"((?:[^"\\]|\\.)*)"))?[ \t]*([,;]|$)/y;

/** The elements of `Forwarded`; none where any of it is malformed, since then nobody knows who wrote which part. */
function readForwarded(value: string): ClaimedHop[] {
  const hops: ClaimedHop[] = [];
  let element: Record<string, string> = {};
  const pair = new RegExp(FORWARDED_PAIR);
  while (pair.lastIndex < value.length || value.endsWith(",")) {
    const match = pair.exec(value);
    if (match === null) return [];
    const [, name, token, quoted, separator] = match;
    if (name !== undefined) element[name.toLowerCase()] = token ?? (quoted ?? "").replace(/\\(.)/g, "$1");
    if (separator === ";") continue;
    hops.push({ address: parseHop(element.for ?? ""), scheme: element.proto, host: element.host });
    element = {};
    if (separator === "") break;
  }
  return hops;
}

const BRACKETED = /^\[([^\]]*)\](?::\d{1,5})?$/;
const IPV4_WITH_PORT = /^([\d.]+):\d{1,5}$/;

/** An address, with or without brackets and port; null: `unknown`, a name made up by a proxy, or nonsense. */
function parseHop(text: string): string | null {
  const bare = BRACKETED.exec(text)?.[1] ?? IPV4_WITH_PORT.exec(text)?.[1] ?? text;
  return canonicalAddress(bare);
}

function parseScheme(text: string | undefined): Scheme | null {
  switch (text?.toLowerCase()) {
    case "http":
    case "ws":
      return "http";
    case "https":
    case "wss":
      return "https";
    default:
      return null;
  }
}
