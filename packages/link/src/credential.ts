import { createHash, timingSafeEqual } from "node:crypto";

/** Compares in constant time, whatever the lengths. An empty expected credential fits nothing. */
export function isSameCredential(expected: string, given: string): boolean {
  const a = createHash("sha256").update(expected).digest();
  const b = createHash("sha256").update(given).digest();
  return timingSafeEqual(a, b) && expected.length > 0;
}
