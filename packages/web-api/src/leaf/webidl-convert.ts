/** Conversion of arguments as Web IDL has it. */
import { ReflectApply, SymbolIterator, TypeErrorCtor } from "../primordials.ts";
import { MathTrunc, StringPrototypeToWellFormed } from "./intrinsics.ts";

/** @throws TypeError where fewer arguments were passed than an operation requires */
export function requireArguments(passedCount: number, requiredCount: number, operation: string): void {
  if (passedCount >= requiredCount) return;
  const noun = requiredCount === 1 ? "argument" : "arguments";
  throw new TypeErrorCtor(`${operation}: ${requiredCount} ${noun} required, but only ${passedCount} present`);
}

/** Converts to DOMString. @throws TypeError for a symbol */
export function toDOMString(value: unknown): string {
  return typeof value === "string" ? value : `${value as string}`;
}

/** Converts to USVString: lone surrogates become U+FFFD. @throws TypeError for a symbol */
export function toUSVString(value: unknown): string {
  return StringPrototypeToWellFormed(typeof value === "string" ? value : `${value as string}`);
}

/** Converts to an integer type of `bits` bits that wraps around. */
export function toUnsignedInteger(value: unknown, bits: 8 | 16 | 32): number {
  const number = +(value as number);
  if (!(number > -Infinity && number < Infinity)) return 0;
  const modulus = 2 ** bits;
  const remainder = MathTrunc(number) % modulus;
  return remainder < 0 ? remainder + modulus : remainder + 0;
}

/** Converts to a dictionary: null and undefined are the empty one. @throws TypeError for another primitive */
export function toDictionary(value: unknown, operation: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return emptyDictionary;
  if (typeof value !== "object" && typeof value !== "function") {
    throw new TypeErrorCtor(`${operation}: the options are not an object`);
  }
  return value as Record<string, unknown>;
}

const emptyDictionary: Readonly<Record<string, unknown>> = { __proto__: null as never };

/**
 * Walks an iterable as `sequence<T>` does, calling its own iterator.
 *
 * @param method the value of its `Symbol.iterator`, already looked up
 */
export function forEachOf(iterable: object, method: unknown, visit: (value: unknown) => void): void {
  if (typeof method !== "function") throw new TypeErrorCtor("The value is not iterable");
  const iterator = ReflectApply(method as () => never, iterable, []) as Iterator<unknown> | null;
  if (typeof iterator !== "object" || iterator === null) throw new TypeErrorCtor("The iterator is not an object");
  const { next } = iterator;
  for (;;) {
    const result = ReflectApply(next, iterator, []) as IteratorResult<unknown> | null;
    if (typeof result !== "object" || result === null) throw new TypeErrorCtor("The iterator result is not an object");
    if (result.done) return;
    visit(result.value);
  }
}

/** Converts to `sequence<object>` as an array. @throws TypeError where the value is not iterable, or an item no object */
export function toObjectSequence(value: unknown, operation: string): object[] {
  const list = toSequence(value, operation);
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    if ((typeof item !== "object" && typeof item !== "function") || item === null) {
      throw new TypeErrorCtor(`${operation}: an item of the sequence is not an object`);
    }
  }
  return list as object[];
}

/** Converts to `sequence<any>` as an array. @throws TypeError where the value is not iterable */
export function toSequence(value: unknown, operation: string): unknown[] {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) {
    throw new TypeErrorCtor(`${operation}: the value is not a sequence`);
  }
  const list: unknown[] = [];
  forEachOf(value, (value as { [SymbolIterator]?: unknown })[SymbolIterator], (item) => {
    list[list.length] = item;
  });
  return list;
}
