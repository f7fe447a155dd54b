/**
 * Decides which addresses tenant code may reach. Everything that is not plain public unicast is refused by name of
 * its rule; the operator's ranges come first.
 *
 * I1 An address that carries an IPv4 address (mapped, compatible, NAT64, translated, ISATAP) is judged by that one.
 * I2 What does not parse as an address is refused.
 */
import ipaddr from "ipaddr.js";
import { egressErrors } from "./errors.ts";

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [Address, number];

export interface AddressGuard {
  /** Why an address is refused, as words that end the sentence "its address is …"; null: allowed. */
  check(address: string): string | null;
}

const RULES: Readonly<Record<string, string>> = {
  unspecified: "the unspecified address",
  broadcast: "a broadcast address",
  multicast: "a multicast address",
  linkLocal: "a link-local address",
  loopback: "a loopback address",
  carrierGradeNat: "a carrier-grade NAT address",
  private: "a private address",
  uniqueLocal: "a unique-local address",
  "6to4": "a 6to4 address",
  teredo: "a Teredo address",
};
const METADATA = "a cloud metadata address";
const RESERVED = "a reserved address";

/** Instance metadata that lives among public addresses (Azure's wire server); the rest is link-local or private. */
const METADATA_RANGES: readonly Range[] = [
  ipaddr.parseCIDR("168.63.129.16/32"),
  ipaddr.parseCIDR("169.254.169.254/32"),
];
/** The only IPv6 block from which public addresses are given. */
const GLOBAL_UNICAST: Range = ipaddr.parseCIDR("2000::/3");
/** Documentation block that `ipaddr.js` does not know (RFC 9637). */
const DOCUMENTATION: Range = ipaddr.parseCIDR("3fff::/20");
/** Low 32 bits of addresses of these blocks are an IPv4 address. */
const EMBEDDING_RANGES: readonly Range[] = [
  ipaddr.parseCIDR("::/96"),
  ipaddr.parseCIDR("::ffff:0:0/96"),
  ipaddr.parseCIDR("::ffff:0:0:0/96"),
  ipaddr.parseCIDR("64:ff9b::/96"),
];

/**
 * @param allowedRanges CIDR ranges that the operator allows in spite of the rules
 * @throws EGRESS_CONFIG for a range that does not parse
 */
export function createAddressGuard(allowedRanges: readonly string[]): AddressGuard {
  const allowed = allowedRanges.map((range, index) => parseRange(range, index));
  return {
    check(text) {
      if (!ipaddr.isValid(text)) return RESERVED;
      const address = ipaddr.process(text);
      return isInside(address, allowed) ? null : refusalOf(address);
    },
  };
}

function refusalOf(address: Address): string | null {
  if (isInside(address, METADATA_RANGES)) return METADATA;
  const range: string = address.range();
  if (address instanceof ipaddr.IPv4) return range === "unicast" ? null : (RULES[range] ?? RESERVED);
  const named = RULES[range];
  if (named !== undefined) return named;
  const embedded = embeddedIpv4(address);
  if (embedded !== null) return refusalOf(embedded);
  if (range !== "unicast" || !isInside(address, [GLOBAL_UNICAST]) || isInside(address, [DOCUMENTATION]))
    return RESERVED;
  return null;
}

function embeddedIpv4(address: ipaddr.IPv6): ipaddr.IPv4 | null {
  const isIsatap = address.parts[5] === 0x5efe && ((address.parts[4] ?? 0) & 0xfdff) === 0;
  if (!isIsatap && !isInside(address, EMBEDDING_RANGES)) return null;
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}

function isInside(address: Address, ranges: readonly Range[]): boolean {
  return ranges.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits));
}

function parseRange(text: string, index: number): Range {
  try {
    const [base, bits] = ipaddr.parseCIDR(text);
    // Addresses are compared unmapped, so a range of mapped ones has to be written as IPv4.
    if (base instanceof ipaddr.IPv6 && base.isIPv4MappedAddress()) throw new RangeError("mapped");
    return [base, bits];
  } catch (cause) {
    throw egressErrors.CONFIG(
      {
        path: `allowedRanges[${index}]`,
        expected: "a range such as 10.0.0.0/8 or fd00::/8",
        found: JSON.stringify(text),
      },
      cause,
    );
  }
}
