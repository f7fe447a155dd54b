/** Addresses of proxies that may say for whom they speak. */
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

export class TrustedProxies {
  readonly #ranges: readonly Range[];

  /** @param ranges as `parseTrustedRange` accepts them */
  constructor(ranges: readonly string[]) {
    this.#ranges = ranges.map((range) => {
      const parsed = parseTrustedRange(range);
      if (parsed === null) throw new TypeError(`Not a range of addresses: ${range}`);
      return parsed;
    });
  }

  /** Nobody is trusted: what peers say of others need not be read. */
  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  /** @param address as `canonicalAddress` gives it */
  includes(address: string): boolean {
    if (this.#ranges.length === 0) return false;
    const parsed = ipaddr.parse(address);
    return this.#ranges.some((range) => parsed.kind() === range[0].kind() && parsed.match(range));
  }
}

/** `10.0.0.0/8`, `fd00::/8`, or one address; null: neither. */
export function parseTrustedRange(text: string): Range | null {
  const [address = "", bits, more] = text.split("/");
  const version = isIP(address);
  if (version === 0 || address.includes("%") || more !== undefined) return null;
  const parsed = ipaddr.parse(address);
  const widthBits = version === 4 ? 32 : 128;
  if (bits === undefined) return normalizeRange(parsed, widthBits);
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > widthBits) return null;
  return normalizeRange(parsed, Number(bits));
}

/** An IPv4 range in IPv6's clothes is compared as IPv4, as addresses are. */
function normalizeRange(address: ipaddr.IPv4 | ipaddr.IPv6, bits: number): Range {
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= 96) {
    return [address.toIPv4Address(), bits - 96];
  }
  return [address, bits];
}

/** One spelling for each address: `::ffff:10.0.0.1` is `10.0.0.1`, a zone is left out; null: it is no address. */
export function canonicalAddress(text: string): string | null {
  const zone = text.indexOf("%");
  const address = zone === -1 ? text : text.slice(0, zone);
  const version = isIP(address);
  if (version === 0) return null;
  return version === 4 ? address : ipaddr.process(address).toString();
}
