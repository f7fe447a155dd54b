/**
 * Temporal with a `Now` by the guest's clock, for contexts of requests.
 *
 * The engine makes its own namespace when that is first read, which takes longer than all else of a context (0.2 to 1.6 ms), so it is deleted
 * unread. Its classes are found by way of `Date.prototype.toTemporalInstant` when an app first asks for them.
 *
 * I1 The engine's `Now` is never read, so nobody has it.
 * I2 The way leads over objects that an app may have changed by then: it changes what itself is given, and is handed nothing of the platform's.
 */
import { readClock } from "../clock.ts";
import {
  DateCtor,
  DatePrototype,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ReflectApply,
  ReflectConstruct,
  ReflectOwnKeys,
  SymbolToStringTag,
} from "../primordials.ts";
import { EngineIntl } from "./intrinsics.ts";

type Method = (self: unknown, ...args: unknown[]) => object;

/** Undefined where the engine has none, or the app took the way to it apart. */
export function createTemporal(): object | undefined {
  const toInstant = ownValue(DatePrototype, "toTemporalInstant");
  if (typeof toInstant !== "function") return undefined;
  const instantOf = (ms: number): object => ReflectApply(toInstant as Method, new DateCtor(ms), []) as object;
  const instant = instantOf(0);
  const toZoned = methodOf(instant, "toZonedDateTimeISO");
  const zoned = toZoned(instant, "UTC");
  const toDateTime = methodOf(zoned, "toPlainDateTime");
  const toDate = methodOf(zoned, "toPlainDate");
  const toTime = methodOf(zoned, "toPlainTime");
  const date = toDate(zoned);

  let zoneId: string | undefined;
  /** That of the process, as the engine's own `Now` has it. */
  const timeZoneId = (): string => {
    zoneId ??= readTimeZone();
    return zoneId;
  };
  const zonedNow = (what: string, timeZone: unknown): object =>
    toZoned(instantOf(readClock(`Temporal.Now.${what}()`)), timeZone === undefined ? timeZoneId() : timeZone);
  // Members of a literal are no constructors; defaults keep parameters out of `length`.
  const now = {
    timeZoneId: (): string => timeZoneId(),
    instant: (): object => instantOf(readClock("Temporal.Now.instant()")),
    plainDateTimeISO: (timeZone: unknown = undefined): object => toDateTime(zonedNow("plainDateTimeISO", timeZone)),
    zonedDateTimeISO: (timeZone: unknown = undefined): object => zonedNow("zonedDateTimeISO", timeZone),
    plainDateISO: (timeZone: unknown = undefined): object => toDate(zonedNow("plainDateISO", timeZone)),
    plainTimeISO: (timeZone: unknown = undefined): object => toTime(zonedNow("plainTimeISO", timeZone)),
  };
  const classes = {
    Instant: constructorOf(instant),
    PlainDateTime: constructorOf(toDateTime(zoned)),
    PlainDate: constructorOf(date),
    PlainTime: constructorOf(toTime(zoned)),
    PlainYearMonth: constructorOf(methodOf(date, "toPlainYearMonth")(date)),
    PlainMonthDay: constructorOf(methodOf(date, "toPlainMonthDay")(date)),
    Duration: constructorOf(methodOf(instant, "until")(instant, instant)),
    ZonedDateTime: constructorOf(zoned),
  };
  return namespaceOf({ Now: namespaceOf(now, "Temporal.Now"), ...classes }, "Temporal");
}

function readTimeZone(): string {
  const format = ReflectConstruct((EngineIntl as typeof Intl).DateTimeFormat, []) as object;
  return (methodOf(format, "resolvedOptions")(format) as { timeZone: string }).timeZone;
}

/** A namespace as ECMAScript has them: no member is enumerable. */
function namespaceOf(members: object, tag: string): object {
  const namespace = {};
  const keys = ReflectOwnKeys(members);
  for (let i = 0; i < keys.length; i++) {
    const value: unknown = ObjectGetOwnPropertyDescriptor(members, keys[i] as PropertyKey)?.value;
    define(namespace, keys[i] as PropertyKey, value, true);
  }
  define(namespace, SymbolToStringTag, tag, false);
  return namespace;
}

function define(target: object, key: PropertyKey, value: unknown, writable: boolean): void {
  ObjectDefineProperty(target, key, {
    __proto__: null,
    value,
    writable,
    enumerable: false,
    configurable: true,
  } as never);
}

function constructorOf(value: object): unknown {
  return ownValue(ObjectGetPrototypeOf(value) as object, "constructor");
}

/** A method of an object's class, whose first argument is the object. @throws TypeError where the app took it away */
function methodOf(value: object, key: string): Method {
  const method = ownValue(ObjectGetPrototypeOf(value) as object, key) as Method;
  return (self, ...args) => ReflectApply(method, self, args);
}

function ownValue(target: object, key: string): unknown {
  return ObjectGetOwnPropertyDescriptor(target, key)?.value;
}
