/** The address that routers dial, from the one that was bound and the one that was configured. */
import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { parseAddress } from "@nano/service-kit/listen";

const WILDCARDS: readonly string[] = ["0.0.0.0", "::", "*"];

export interface AdvertisedAddressOptions {
  /** `host[:port]`, or null: found out. */
  readonly configured: string | null;
  /** Addresses of this host. @default those of its interfaces */
  readonly interfaces?: ReturnType<typeof networkInterfaces>;
}

/**
 * `host:port`, an IPv6 host in brackets. Where nothing is configured: the bound host, or, of a wildcard, this host's own first
 * address. Null where it has none.
 */
export function resolveAdvertisedAddress(bound: string, options: AdvertisedAddressOptions): string | null {
  const parsed = parseAddress(bound);
  if ("path" in parsed) return bound;
  const { configured, interfaces = networkInterfaces() } = options;
  if (configured !== null) {
    const { host, port } = splitHost(configured);
    return joinHost(host, port ?? parsed.port);
  }
  const host = WILDCARDS.includes(parsed.host) ? ownAddress(interfaces, parsed.host === "::") : parsed.host;
  return host === null ? null : joinHost(host, parsed.port);
}

/** IPv4 before IPv6: what is bound to `0.0.0.0` answers no other, and `::` answers both. */
function ownAddress(interfaces: ReturnType<typeof networkInterfaces>, hasIpv6: boolean): string | null {
  const external = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith("fe80:"));
  const first = external.find(({ family }) => family === "IPv4") ?? (hasIpv6 ? external[0] : undefined);
  return first?.address ?? null;
}

function splitHost(text: string): { host: string; port: number | null } {
  if (isIPv6(text)) return { host: text, port: null };
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  return { host: bracketed ?? plain ?? text, port: port === undefined ? null : Number(port) };
}

function joinHost(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
