/** The default argument of Intl.DateTimeFormat's methods, which the engine takes from the real clock. */
import { readClock } from "../clock.ts";
import {
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectSetPrototypeOf,
  ReflectApply,
} from "../primordials.ts";
import { EngineIntl, WeakMapCtor, WeakMapPrototypeGet, WeakMapPrototypeSet } from "./intrinsics.ts";

type Format = (...args: unknown[]) => unknown;

/** Once per context, before an app sees the namespace: neither the getter nor the method of the engine is in reach after it. */
export function useClockInIntl(): void {
  const { prototype } = (EngineIntl as typeof Intl).DateTimeFormat;
  const getFormat = descriptorOf(prototype, "format").get as () => Format;
  const toParts = descriptorOf(prototype, "formatToParts").value as Format;
  // What the engine bound to its object is always the same; so is what stands before it.
  const known = new WeakMapCtor<Format, Format>();
  const members = {
    get format(): Format {
      const bound = ReflectApply(getFormat, this, []) as Format;
      let format = WeakMapPrototypeGet(known, bound);
      if (format === undefined) {
        format = beforeBound(bound);
        WeakMapPrototypeSet(known, bound, format);
      }
      return format;
    },
    formatToParts(this: unknown, date: unknown): unknown {
      return ReflectApply(toParts, this, [
        date === undefined ? readClock("Intl.DateTimeFormat#formatToParts()") : date,
      ]);
    },
  };
  redefine(prototype, members, "format");
  redefine(prototype, members, "formatToParts");
}

function beforeBound(bound: Format): Format {
  const format = (date: unknown): unknown =>
    ReflectApply(bound, undefined, [date === undefined ? readClock("Intl.DateTimeFormat#format()") : date]);
  // The engine's has no name, and this one is not to have that of a variable.
  ObjectDefineProperty(format, "name", descriptorOf(bound, "name"));
  return format;
}

/** Puts a literal's member in the place of an engine's, which is not enumerable. */
function redefine(target: object, members: object, key: string): void {
  const descriptor = descriptorOf(members, key);
  descriptor.enumerable = false;
  ObjectDefineProperty(target, key, descriptor);
}

function descriptorOf(target: object, key: string): PropertyDescriptor {
  return ObjectSetPrototypeOf(ObjectGetOwnPropertyDescriptor(target, key) as object, null) as PropertyDescriptor;
}
