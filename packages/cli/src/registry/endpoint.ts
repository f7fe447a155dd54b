/** Where an HTTP service answers: a Unix socket, or a host over TCP with or without TLS. */
import { parseAddress } from "@nano/service-kit/listen";

export interface Endpoint {
  /** As it is shown: a URL without what may be secret, or `unix:/path`. */
  readonly text: string;
  readonly target: { readonly socketPath: string } | { readonly host: string; readonly port: number };
  readonly isTls: boolean;
  /** Stands before every path: empty, or `/behind/a/proxy`. */
  readonly prefix: string;
}

export const ENDPOINT_EXPECTED = "https://HOST[:PORT], http://HOST[:PORT] or unix:/PATH";

/** An endpoint as a user writes it, or null where it is none. */
export function parseEndpoint(text: string): Endpoint | null {
  const path = /^unix:(?:\/\/)?(\/.+)$/.exec(text)?.[1];
  if (path !== undefined) return endpointOf(path);
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  const isPlain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!isPlain) return null;
  const isTls = url.protocol === "https:";
  const prefix = url.pathname.replace(/\/+$/, "");
  const port = url.port === "" ? (isTls ? 443 : 80) : Number(url.port);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return { text: url.origin + prefix, target: { host, port }, isTls, prefix };
}

/** The endpoint at what a configuration calls an address: `host:port`, or the absolute path of a Unix socket. */
export function endpointOf(address: string): Endpoint {
  const parsed = parseAddress(address);
  if ("path" in parsed) {
    return { text: `unix:${parsed.path}`, target: { socketPath: parsed.path }, isTls: false, prefix: "" };
  }
  return { text: `http://${address}`, target: parsed, isTls: false, prefix: "" };
}

/** Whether what is sent there can be read by nobody between. */
export function isPrivate({ target, isTls }: Endpoint): boolean {
  if (isTls || "socketPath" in target) return true;
  return target.host === "localhost" || target.host.endsWith(".localhost") || /^(?:127\.|::1$)/.test(target.host);
}
