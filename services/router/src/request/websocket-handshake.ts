/** The client's half of a WebSocket handshake (RFC 6455, 4.2.1): what is wrong with it, and what of it the app gets. Pure. */
import type { IncomingMessage } from "node:http";
import type { NanoError } from "@nano/protocol/errors";
import { parseExtensions, parseProtocols } from "@nano/socket-relay/ws-library";
import { errors } from "../errors.ts";

/** 16 bytes in base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;
const VERSION = "13";
/** They are between the client and the router. The app gets `sec-websocket-protocol`, from which it chooses. */
const OF_HANDSHAKE = new Set([
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-extensions",
  "sec-websocket-accept",
]);

export function wantsWebSocket(req: IncomingMessage): boolean {
  return req.headers.upgrade?.toLowerCase() === "websocket";
}

/** Null: it can be forwarded. */
export function findHandshakeError(req: IncomingMessage): NanoError | null {
  const { headers } = req;
  const bad = (what: string): NanoError => errors.BAD_HANDSHAKE({ what });
  if (req.method !== "GET") return bad("its method is not GET");
  if (req.httpVersionMajor !== 1 || req.httpVersionMinor !== 1) return bad("expected HTTP/1.1");
  if (!wantsWebSocket(req)) return bad("expected Upgrade: websocket");
  const tokens = headers.connection?.toLowerCase().split(",") ?? [];
  if (!tokens.some((token) => token.trim() === "upgrade")) return bad("expected Connection: upgrade");
  if (headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0) {
    return bad("it announces a body");
  }
  if (headers.expect !== undefined) return bad("it has an expectation");
  const version = headers["sec-websocket-version"];
  if (version !== VERSION) return errors.HANDSHAKE_VERSION({ version: version ?? "none" });
  if (!KEY.test(headers["sec-websocket-key"] ?? "")) return bad("sec-websocket-key is not 16 bytes in base64");
  const protocols = headers["sec-websocket-protocol"];
  if (protocols !== undefined && parseProtocols(protocols) === null) return bad("sec-websocket-protocol is no list");
  const extensions = headers["sec-websocket-extensions"];
  if (extensions !== undefined && parseExtensions(extensions) === null) {
    return bad("sec-websocket-extensions is no list");
  }
  return null;
}

/** Of a request's headers, name, value, name, value …: what an app gets that is asked for an upgrade. */
export function headersOfUpgrade(flat: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) {
    if (!OF_HANDSHAKE.has(flat[index] as string)) kept.push(flat[index] as string, flat[index + 1] as string);
  }
  kept.push("upgrade", "websocket");
  return kept;
}

export interface AcceptedUpgrade {
  /** Name, value, name, value …, beside those of the handshake itself. */
  readonly headers: readonly string[];
  /** Null: none. */
  readonly protocol: string | null;
}

/** What an app says with its 101; a string: why that cannot be sent. @param forwarded as `readResponseHeaders` gives them */
export function readAcceptance(forwarded: readonly string[], offered: string | undefined): AcceptedUpgrade | string {
  const headers: string[] = [];
  let protocol: string | null = null;
  for (let index = 0; index + 1 < forwarded.length; index += 2) {
    const name = forwarded[index] as string;
    const value = forwarded[index + 1] as string;
    if (OF_HANDSHAKE.has(name)) continue;
    if (name !== "sec-websocket-protocol") headers.push(name, value);
    else if (protocol !== null) return "it chooses more than one sub-protocol";
    else protocol = value;
  }
  if (protocol !== null && parseProtocols(offered ?? "")?.has(protocol) !== true) {
    return "it chooses a sub-protocol that the client did not offer";
  }
  return { headers, protocol };
}
