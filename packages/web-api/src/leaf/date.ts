/**
 * Date by the guest's clock: a constructor over the engine's, with the engine's prototype, `parse` and `UTC`.
 *
 * I1 The engine's constructor reads the real clock, and is out of reach: its prototype names this one, and nothing else refers to it.
 */
import { readClock } from "../clock.ts";
import {
  DateCtor,
  DatePrototype,
  DatePrototypeToString,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectSetPrototypeOf,
  ReflectConstruct,
} from "../primordials.ts";

export function createDate(): DateConstructor {
  const ctor = function (first?: unknown): unknown {
    if (new.target === undefined) return DatePrototypeToString(new DateCtor(readClock("Date()")));
    // biome-ignore lint/complexity/noArguments: `undefined` is a date that is invalid
    const args = arguments;
    if (args.length === 0) return ReflectConstruct(DateCtor, [readClock("new Date()")], new.target);
    return args.length === 1 && new.target === (ctor as unknown)
      ? new DateCtor(first as number)
      : ReflectConstruct(DateCtor, args, new.target);
  } as unknown as DateConstructor;
  // A member of a literal is no constructor, as the engine's is none.
  const { now } = { now: (): number => readClock("Date.now()") };
  copy(ctor, "length");
  copy(ctor, "name");
  define(ctor, "prototype", { value: DatePrototype, writable: false, enumerable: false, configurable: false });
  define(ctor, "now", { value: now, writable: true, enumerable: false, configurable: true });
  copy(ctor, "parse");
  copy(ctor, "UTC");
  define(DatePrototype, "constructor", { value: ctor, writable: true, enumerable: false, configurable: true });
  return ctor;
}

function copy(target: object, key: string): void {
  define(target, key, ObjectGetOwnPropertyDescriptor(DateCtor, key) as PropertyDescriptor);
}

function define(target: object, key: string, descriptor: PropertyDescriptor): void {
  ObjectDefineProperty(target, key, ObjectSetPrototypeOf(descriptor, null) as never);
}
