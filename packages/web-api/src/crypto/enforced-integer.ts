/** `[EnforceRange]` of Web IDL. */
import { MathTrunc } from "../leaf/intrinsics.ts";
import { TypeErrorCtor } from "../primordials.ts";

/** Converts to an unsigned integer of so many bits. @throws TypeError where it is not finite, or out of range */
export function toEnforcedInteger(value: unknown, bits: 8 | 16 | 32, what: string): number {
  const number = +(value as number);
  if (!(number > -Infinity && number < Infinity)) throw new TypeErrorCtor(`${what} is not a finite number`);
  const integer = MathTrunc(number);
  if (integer < 0 || integer >= 2 ** bits) throw new TypeErrorCtor(`${what} is out of range`);
  // Never the negative zero.
  return integer + 0;
}
