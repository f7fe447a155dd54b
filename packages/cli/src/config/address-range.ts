/** Ranges of addresses, as an operator writes them. */
import { isIPv4, isIPv6 } from "node:net";

/** What `isAddressRange` asks for. */
export const ADDRESS_RANGE_WORDS = "an address range such as 10.1.0.0/16";

export function isAddressRange(text: string): boolean {
  const [address = "", prefix = "", ...rest] = text.split("/");
  const maxPrefix = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  return rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= maxPrefix;
}
