/**
 * The PROXY protocol, versions 1 and 2: the few bytes in which a balancer says, at the beginning of a connection, for whom it opened it.
 * https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 */
import { canonicalAddress } from "./trusted-proxies.ts";

/** Longest header that is read: addresses, and room for what balancers add in version 2. */
export const MAX_PROXY_HEADER_BYTES = 4096;

export interface ProxyHeader {
  /** Null: the balancer speaks for itself, or of something that is no IP connection. */
  readonly address: string | null;
  /** The client's side was TLS; null: it does not say. */
  readonly isTls: boolean | null;
  /** Where the client's own bytes begin. */
  readonly headerBytes: number;
}

export type ProxyHeaderResult =
  | { readonly type: "complete"; readonly header: ProxyHeader }
  | { readonly type: "incomplete" }
  | { readonly type: "malformed" };

const INCOMPLETE: ProxyHeaderResult = { type: "incomplete" };
const MALFORMED: ProxyHeaderResult = { type: "malformed" };

const V1_START = Buffer.from("PROXY ");
const V1_MAX_BYTES = 107;
const V1_LINE = /^PROXY (?:UNKNOWN(?: [^\r\n]*)?|(TCP4|TCP6) (\S+) \S+ \d{1,5} \d{1,5})$/;

const V2_SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const V2_FIXED_BYTES = 16;
const V2_VERSION = 2;
const V2_LOCAL = 0;
const V2_PROXY = 1;
/** Per address family: bytes of one address, and of both with their ports. */
const V2_INET = { family: 1, addressBytes: 4, blockBytes: 12 };
const V2_INET6 = { family: 2, addressBytes: 16, blockBytes: 36 };
const V2_UNIX_BLOCK_BYTES = 216;
const V2_TLV_HEADER_BYTES = 3;
const V2_TYPE_TLS = 0x20;
const V2_CLIENT_TLS = 1;

/** Reads the header at the beginning of what a connection has sent so far. */
export function parseProxyHeader(received: Buffer): ProxyHeaderResult {
  if (beginsLike(received, V2_SIGNATURE)) return parseV2(received);
  return beginsLike(received, V1_START) ? parseV1(received) : MALFORMED;
}

function beginsLike(received: Buffer, start: Buffer): boolean {
  const bytes = Math.min(received.length, start.length);
  return received.subarray(0, bytes).equals(start.subarray(0, bytes));
}

function parseV1(received: Buffer): ProxyHeaderResult {
  const end = received.subarray(0, V1_MAX_BYTES).indexOf("\r\n");
  if (end === -1) return received.length < V1_MAX_BYTES ? INCOMPLETE : MALFORMED;
  const match = V1_LINE.exec(received.toString("latin1", 0, end));
  if (match === null) return MALFORMED;
  const [, family, source = ""] = match;
  const headerBytes = end + 2;
  if (family === undefined) return complete({ address: null, isTls: null, headerBytes });
  const address = source.includes(":") === (family === "TCP6") ? canonicalAddress(source) : null;
  return address === null ? MALFORMED : complete({ address, isTls: null, headerBytes });
}

function parseV2(received: Buffer): ProxyHeaderResult {
  if (received.length < V2_FIXED_BYTES) return INCOMPLETE;
  const headerBytes = V2_FIXED_BYTES + received.readUInt16BE(14);
  if (headerBytes > MAX_PROXY_HEADER_BYTES) return MALFORMED;
  const versionAndCommand = received[12] as number;
  const command = versionAndCommand & 0x0f;
  if (versionAndCommand >> 4 !== V2_VERSION || command > V2_PROXY) return MALFORMED;
  if (received.length < headerBytes) return INCOMPLETE;
  if (command === V2_LOCAL) return complete({ address: null, isTls: null, headerBytes });
  const family = (received[13] as number) >> 4;
  const body = received.subarray(V2_FIXED_BYTES, headerBytes);
  const inet = [V2_INET, V2_INET6].find((each) => each.family === family);
  const blockBytes = inet?.blockBytes ?? (family === 3 ? V2_UNIX_BLOCK_BYTES : 0);
  if (body.length < blockBytes) return MALFORMED;
  const address = inet === undefined ? null : readAddress(body.subarray(0, inet.addressBytes));
  return complete({ address, isTls: readIsTls(body.subarray(blockBytes)), headerBytes });
}

function readAddress(bytes: Buffer): string | null {
  if (bytes.length === V2_INET.addressBytes) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_none, index) => bytes.readUInt16BE(index * 2).toString(16));
  return canonicalAddress(groups.join(":"));
}

function readIsTls(extensions: Buffer): boolean | null {
  for (let at = 0; at + V2_TLV_HEADER_BYTES <= extensions.length; ) {
    const valueBytes = extensions.readUInt16BE(at + 1);
    const valueAt = at + V2_TLV_HEADER_BYTES;
    if (extensions[at] === V2_TYPE_TLS && valueBytes >= 1 && valueAt < extensions.length) {
      return ((extensions[valueAt] as number) & V2_CLIENT_TLS) !== 0;
    }
    at = valueAt + valueBytes;
  }
  return null;
}

function complete(header: ProxyHeader): ProxyHeaderResult {
  return { type: "complete", header };
}
