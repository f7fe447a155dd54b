/** Judges what a worker asks for before anything is opened, and how a redirect changes it. */
import { matchesHost } from "@nano/protocol/host-pattern";
import { decodeHeaderBlock, type EgressHead } from "@nano/protocol/messages";
import type { EgressConfig } from "./egress-config.ts";
import { egressErrors } from "./errors.ts";
import { headerValues, prepareRequestHeaders, redirectedHeaders } from "./request-headers.ts";

/** Longest URL that is fetched. */
const MAX_URL_CHARS = 16 * 1024;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;
/** Refused by the fetch standard: they would turn the connection into something else, or show what a proxy added. */
const FORBIDDEN_METHODS = new Set(["CONNECT", "TRACE", "TRACK"]);
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);

/** One request as it goes out, at one hop. */
export interface OutboundRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: readonly string[];
  readonly hasBody: boolean;
}

/** Where a fetch may go, judged at each hop; addresses are judged when it connects. */
export interface TargetRules {
  readonly deniedPorts: EgressConfig["deniedPorts"];
  /** Undefined: all hosts. */
  readonly allowHosts: readonly string[] | undefined;
}

/** @throws EGRESS_URL_REFUSED, EGRESS_HOST_REFUSED, EGRESS_METHOD_REFUSED, EGRESS_HEADER_REFUSED */
export function parseOutboundRequest(
  head: EgressHead,
  options: { hasBody: boolean; rules: TargetRules },
): OutboundRequest {
  const url = parseTarget(head.url, undefined, options.rules);
  if (!METHOD.test(head.method) || FORBIDDEN_METHODS.has(head.method.toUpperCase())) {
    throw egressErrors.METHOD_REFUSED({ method: head.method.slice(0, 64) });
  }
  const headers = prepareRequestHeaders(decodeHeaderBlock(head.headers), options.hasBody);
  return { url, method: head.method, headers, hasBody: options.hasBody };
}

export function isRedirectStatus(status: number): boolean {
  return REDIRECT_STATUSES.has(status);
}

/**
 * The next hop of a redirect by the fetch standard, or null where the response names none and is the answer itself.
 *
 * @throws EGRESS_URL_REFUSED, EGRESS_HOST_REFUSED
 */
export function redirectRequest(
  request: OutboundRequest,
  response: { status: number; headers: readonly string[] },
  rules: TargetRules,
): OutboundRequest | null {
  const location = headerValues(response.headers, "location")[0];
  if (location === undefined) return null;
  // Header values are bytes; servers that put more than ASCII into a location mean UTF-8.
  const url = parseTarget(Buffer.from(location, "latin1").toString("utf8"), request.url, rules);
  if (url.hash === "") url.hash = request.url.hash;
  const isBodyDropped = isRewrittenToGet(request.method, response.status);
  const isCrossOrigin = url.origin !== request.url.origin;
  return {
    url,
    method: isBodyDropped ? "GET" : request.method,
    hasBody: request.hasBody && !isBodyDropped,
    headers: redirectedHeaders(request.headers, { isBodyDropped, isCrossOrigin }),
  };
}

function isRewrittenToGet(method: string, status: number): boolean {
  if (status === 303) return method !== "GET" && method !== "HEAD";
  return (status === 301 || status === 302) && method === "POST";
}

function parseTarget(text: string, base: URL | undefined, rules: TargetRules): URL {
  if (text.length > MAX_URL_CHARS) {
    throw egressErrors.URL_REFUSED({ rule: `it is longer than ${MAX_URL_CHARS} characters` });
  }
  const url = URL.parse(text, base);
  if (url === null) throw egressErrors.URL_REFUSED({ rule: "it does not parse" });
  const defaultPort = DEFAULT_PORTS[url.protocol];
  if (defaultPort === undefined) {
    throw egressErrors.URL_REFUSED({ rule: `scheme ${url.protocol.slice(0, 32)} is none of http: and https:` });
  }
  if (url.username !== "" || url.password !== "") {
    throw egressErrors.URL_REFUSED({ rule: "it carries a user name or password" });
  }
  const port = url.port === "" ? defaultPort : Number(url.port);
  if (rules.deniedPorts.has(port)) throw egressErrors.URL_REFUSED({ rule: `port ${port} may not be fetched from` });
  if (rules.allowHosts !== undefined && !matchesHost(url.hostname, rules.allowHosts)) {
    throw egressErrors.HOST_REFUSED({ host: url.hostname });
  }
  return url;
}
