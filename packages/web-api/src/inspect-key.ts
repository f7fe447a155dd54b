/** Strings and property keys as the console writes them within other values. */
import { JSONStringify, StringCtor, StringPrototypeIndexOf, StringPrototypeSlice } from "./primordials.ts";

export function quote(text: string): string {
  const json = JSONStringify(text);
  const inner = StringPrototypeSlice(json, 1, -1);
  if (StringPrototypeIndexOf(text, "'") >= 0 || StringPrototypeIndexOf(text, '"') >= 0) {
    return StringPrototypeIndexOf(text, "'") >= 0 ? json : `'${text}'`;
  }
  return `'${inner}'`;
}

export function showKey(key: string | symbol): string {
  if (typeof key === "symbol") return `[${StringCtor(key)}]`;
  return isIdentifier(key) ? key : quote(key);
}

function isIdentifier(key: string): boolean {
  for (let i = 0; i < key.length; i++) {
    const unit = key[i] as string;
    const isLetter = (unit >= "a" && unit <= "z") || (unit >= "A" && unit <= "Z") || unit === "_" || unit === "$";
    if (!isLetter && (i === 0 || !isDigit(unit))) return false;
  }
  return key !== "";
}

export function isDigit(unit: string | undefined): boolean {
  return unit !== undefined && unit >= "0" && unit <= "9";
}
