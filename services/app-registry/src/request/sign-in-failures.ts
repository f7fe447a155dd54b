/**
 * Failed sign-ins of each address, within a minute.
 *
 * I1 Only failures are refused beyond the limit: whoever has a token gets in, also from behind an address that others misuse.
 *    Nobody guesses 256 bits; what is bounded is what failures cost and write.
 * I2 The addresses that failed longest ago are forgotten beyond `MAX_ADDRESSES`.
 */
import { isIPv6 } from "node:net";

export const MAX_ADDRESSES = 10_000;
const WINDOW_MS = 60_000;

interface Window {
  readonly sinceMs: number;
  count: number;
}

export class SignInFailures {
  readonly #limitCount: number;
  readonly #nowMs: () => number;
  readonly #windows = new Map<string, Window>();

  constructor(options: { readonly limitCount: number; readonly nowMs?: () => number }) {
    this.#limitCount = options.limitCount;
    this.#nowMs = options.nowMs ?? Date.now;
  }

  get addressCount(): number {
    return this.#windows.size;
  }

  /** Counts one. Answers for how long its address has had too many; 0: it has not. */
  note(address: string): number {
    const nowMs = this.#nowMs();
    const source = sourceOf(address);
    const known = this.#windows.get(source);
    const window = known === undefined || nowMs - known.sinceMs >= WINDOW_MS ? { sinceMs: nowMs, count: 0 } : known;
    window.count += 1;
    this.#windows.delete(source);
    this.#windows.set(source, window);
    const oldest = this.#windows.keys().next().value;
    if (oldest !== undefined && this.#windows.size > MAX_ADDRESSES) this.#windows.delete(oldest);
    return window.count > this.#limitCount ? window.sinceMs + WINDOW_MS - nowMs : 0;
  }
}

/** Who has one address of IPv6 has the other 2^64 of its network too. */
function sourceOf(address: string): string {
  if (!isIPv6(address) || address.startsWith("::ffff:")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head.split(":").filter((group) => group !== "");
  const missing = tail === undefined ? 0 : Math.max(0, 4 - groups.length);
  return [...groups, ...Array<string>(missing).fill("0")].slice(0, 4).join(":");
}
