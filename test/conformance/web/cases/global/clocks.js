// https://tc39.es/ecma262/#sec-date-objects, https://tc39.es/proposal-temporal/#sec-temporal-now-object, https://tc39.es/ecma402/#sec-datetimeformat-abstracts:
// what a clock of the platform's own behind them must not change, and that it is one clock.
import { assertArrayEquals, assertEquals, assertFalse, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

function spin() {
  let x = 1;
  for (let i = 0; i < 4e6; i++) x = (Math.imul(x, 31) + i) | 0;
  return x;
}

function assertMember(target, key, { length, name = key, enumerable = false }) {
  const descriptor = Object.getOwnPropertyDescriptor(target, key);
  assertEquals(typeof descriptor.value, "function", `typeof ${key}`);
  assertTrue(descriptor.writable, `${key} is writable`);
  assertTrue(descriptor.configurable, `${key} is configurable`);
  assertEquals(descriptor.enumerable, enumerable, `${key} is enumerable`);
  assertEquals(descriptor.value.length, length, `length of ${key}`);
  assertEquals(descriptor.value.name, name, `name of ${key}`);
}

function assertNoConstructor(value, what) {
  assertFalse(Object.hasOwn(value, "prototype"), `${what} has a prototype`);
  assertThrows(TypeError, () => new value(), `new ${what}`);
}

test("Date is an own property of the global that can be written and is not enumerable", () => {
  assertEquals(typeof Date, "function");
  assertMember(globalThis, "Date", { length: 7 });
});

test("Date has the own properties of the standard, in the engine's order", () => {
  assertArrayEquals(Reflect.ownKeys(Date), ["length", "name", "prototype", "now", "parse", "UTC"]);
  assertMember(Date, "now", { length: 0 });
  assertMember(Date, "parse", { length: 1 });
  assertMember(Date, "UTC", { length: 7 });
  for (const key of ["now", "parse", "UTC"]) assertNoConstructor(Date[key], `Date.${key}`);
  const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(Date, "prototype");
  assertArrayEquals([writable, enumerable, configurable], [false, false, false]);
  assertEquals(Object.getPrototypeOf(Date), Function.prototype);
  assertTrue(Object.isExtensible(Date));
});

test("Date.prototype.constructor is Date, and dates of all kinds are its instances", () => {
  assertMember(Date.prototype, "constructor", { length: 7, name: "Date" });
  for (const date of [new Date(), new Date(0), structuredClone(new Date(5)), Reflect.construct(Date, [7])]) {
    assertTrue(date instanceof Date);
    assertEquals(date.constructor, Date);
    assertEquals(Object.getPrototypeOf(date), Date.prototype);
    assertEquals(Object.prototype.toString.call(date), "[object Date]");
  }
});

test("Date makes dates of what it is given", () => {
  assertEquals(new Date(1_000).getTime(), 1_000);
  assertEquals(new Date("1970-01-01T00:00:01Z").getTime(), 1_000);
  assertEquals(new Date(new Date(1_000)).getTime(), 1_000);
  assertEquals(new Date(2026, 10, 23, 1, 2, 3, 4).getMilliseconds(), 4);
  assertEquals(new Date(99, 0).getFullYear(), 1999);
  assertTrue(Number.isNaN(new Date(undefined).getTime()), "of undefined");
  assertTrue(Number.isNaN(new Date("no date").getTime()), "of text that is none");
  assertTrue(Number.isNaN(new Date(8.64e15 + 1).getTime()), "beyond its range");
  assertEquals(new Date(null).getTime(), 0);
  assertEquals(new Date({ [Symbol.toPrimitive]: (hint) => (hint === "default" ? 3 : 4) }).getTime(), 3);
  assertThrows(TypeError, () => new Date(Symbol()));
  assertThrows(TypeError, () => new Date(1n));
});

test("Date called as a function answers text, whatever it is given", () => {
  assertEquals(typeof Date(0), "string");
  assertEquals(Date.call(new Date(0), 1970), new Date().toString());
  assertEquals(Date(), new Date().toString());
});

test("Date.parse and Date.UTC count as they should", () => {
  assertEquals(Date.parse("1970-01-02"), 86_400_000);
  assertEquals(Date.UTC(1970, 0, 2), 86_400_000);
  assertTrue(Number.isNaN(Date.parse("")));
});

test("a class over Date makes its own instances", () => {
  class Day extends Date {
    get day() {
      return this.toISOString().slice(0, 10);
    }
  }
  assertEquals(new Day(0).day, "1970-01-01");
  assertTrue(new Day() instanceof Day);
  assertEquals(new Day().getTime(), Date.now());
  assertEquals(Day.now(), Date.now());
  assertEquals(Object.getPrototypeOf(Reflect.construct(Date, [0], Array)), Array.prototype);
  assertThrows(TypeError, () => Reflect.construct(Date, [0], {}));
  assertEquals(Reflect.construct(Date, [], function other() {}).constructor.name, "other");
});

test("methods of Date.prototype know their instances", () => {
  assertThrows(TypeError, () => Date.prototype.getTime.call({}));
  assertThrows(TypeError, () => Date.prototype.getTime.call(Date.prototype));
  assertThrows(TypeError, () => Date.prototype.toISOString.call(Date));
  assertThrows(RangeError, () => new Date(Number.NaN).toISOString());
});

test("the time is in whole milliseconds", () => {
  for (const ms of [Date.now(), performance.now(), performance.timeOrigin, new Event("kind").timeStamp]) {
    assertTrue(Number.isInteger(ms));
  }
});

test("every clock shows the same, and it does not go on while code runs", () => {
  const read = () => [
    Date.now(),
    Date.prototype.getTime.call(new Date()),
    performance.timeOrigin + performance.now(),
    performance.timeOrigin + new Event("kind").timeStamp,
    new File([], "name").lastModified,
    Temporal.Now.instant().epochMilliseconds,
    Temporal.Now.zonedDateTimeISO("UTC").epochMilliseconds,
  ];
  const first = read();
  spin();
  const second = read();
  for (const ms of [...first, ...second]) assertEquals(ms, first[0]);
});

test("microtasks belong to the entry that made them", async () => {
  const before = Date.now();
  spin();
  await null;
  spin();
  await new Promise(queueMicrotask);
  assertEquals(Date.now(), before);
});

test("a timer's callback is in an entry of its own, whose time is that much later", async () => {
  const before = [Date.now(), performance.now(), new Event("kind").timeStamp];
  await new Promise((resolve) => setTimeout(resolve, 30));
  const after = [Date.now(), performance.now(), new Event("kind").timeStamp];
  for (let i = 0; i < 3; i++) assertTrue(after[i] - before[i] >= 20, `clock ${i} went on by ${after[i] - before[i]}`);
  assertEquals(after[0] - before[0], after[1] - before[1]);
});

test("it never goes back", async () => {
  let latest = 0;
  for (let i = 0; i < 30; i++) {
    const now = Date.now();
    assertTrue(now >= latest, `${now} after ${latest}`);
    latest = now;
    await new Promise((resolve) => setTimeout(resolve, i % 3));
  }
});

test("Temporal is an own property of the global, with the members of the standard", () => {
  const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(globalThis, "Temporal");
  assertEquals(typeof Temporal, "object");
  assertArrayEquals([writable ?? true, enumerable, configurable], [true, false, true]);
  assertEquals(Object.prototype.toString.call(Temporal), "[object Temporal]");
  assertEquals(Object.getPrototypeOf(Temporal), Object.prototype);
  const lengths = {
    Instant: 1,
    PlainDateTime: 3,
    PlainDate: 3,
    PlainTime: 0,
    PlainYearMonth: 2,
    PlainMonthDay: 2,
    Duration: 0,
    ZonedDateTime: 2,
  };
  for (const [name, length] of Object.entries(lengths)) assertMember(Temporal, name, { length });
  assertEquals(Object.keys(Temporal).length, 0);
  assertEquals(Object.getOwnPropertyNames(Temporal).length, 9);
});

test("Temporal's classes work", () => {
  assertEquals(String(Temporal.PlainDate.from("2026-11-23").add({ days: 8 })), "2026-12-01");
  assertEquals(String(Temporal.Duration.from({ hours: 36 }).round({ largestUnit: "days" })), "P1DT12H");
  assertEquals(Temporal.Instant.fromEpochMilliseconds(5).epochMilliseconds, 5);
  assertEquals(new Date(5).toTemporalInstant().constructor, Temporal.Instant);
  assertEquals(Temporal.PlainTime.compare("10:00", "09:00"), 1);
  assertEquals(String(new Temporal.PlainYearMonth(2026, 2).toPlainDate({ day: 28 })), "2026-02-28");
  assertEquals(String(Temporal.PlainMonthDay.from("02-29")), "02-29");
});

test("Temporal.Now has the members of the standard", () => {
  assertEquals(Object.prototype.toString.call(Temporal.Now), "[object Temporal.Now]");
  const names = ["timeZoneId", "instant", "plainDateTimeISO", "zonedDateTimeISO", "plainDateISO", "plainTimeISO"];
  for (const name of names) {
    assertMember(Temporal.Now, name, { length: 0 });
    assertNoConstructor(Temporal.Now[name], `Temporal.Now.${name}`);
  }
  assertEquals(Object.getOwnPropertyNames(Temporal.Now).length, names.length);
  const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(Temporal.Now, Symbol.toStringTag);
  assertArrayEquals([writable, enumerable, configurable], [false, false, true]);
});

test("Temporal.Now answers the time of the entry in each form", () => {
  const { Now } = Temporal;
  assertTrue(Now.instant() instanceof Temporal.Instant);
  assertTrue(Now.zonedDateTimeISO() instanceof Temporal.ZonedDateTime);
  assertTrue(Now.plainDateTimeISO() instanceof Temporal.PlainDateTime);
  assertTrue(Now.plainDateISO() instanceof Temporal.PlainDate);
  assertTrue(Now.plainTimeISO() instanceof Temporal.PlainTime);
  const tokyo = Now.zonedDateTimeISO("Asia/Tokyo");
  assertEquals(tokyo.timeZoneId, "Asia/Tokyo");
  assertEquals(tokyo.calendarId, "iso8601");
  assertEquals(tokyo.epochMilliseconds, Date.now());
  assertTrue(Now.plainDateTimeISO("Asia/Tokyo").equals(tokyo.toPlainDateTime()));
  assertTrue(Now.plainDateISO("Asia/Tokyo").equals(tokyo.toPlainDate()));
  assertTrue(Now.plainTimeISO(tokyo).equals(tokyo.toPlainTime()));
  assertEquals(Now.timeZoneId(), new Intl.DateTimeFormat().resolvedOptions().timeZone);
  assertEquals(Now.zonedDateTimeISO(undefined).timeZoneId, Now.timeZoneId());
});

test("Temporal.Now refuses what is no time zone", () => {
  for (const name of ["zonedDateTimeISO", "plainDateTimeISO", "plainDateISO", "plainTimeISO"]) {
    assertThrows(RangeError, () => Temporal.Now[name]("No/Where"), name);
    for (const value of [null, 5, true, {}])
      assertThrows(TypeError, () => Temporal.Now[name](value), `${name}(${value})`);
  }
});

test("Intl.DateTimeFormat formats the time of the entry where it is given none", () => {
  const options = { timeZone: "UTC", minute: "numeric", second: "numeric", fractionalSecondDigits: 3 };
  const format = new Intl.DateTimeFormat("en", options);
  const now = Date.now();
  spin();
  assertEquals(format.format(), format.format(now));
  assertEquals(format.format(undefined), format.format(now));
  const textOf = (parts) => parts.map(({ value }) => value).join("");
  assertEquals(textOf(format.formatToParts()), format.format(now));
  assertEquals(textOf(format.formatToParts(undefined)), format.format(now));
  assertEquals(textOf(format.formatToParts(0)), format.format(0));
  assertEquals(format.format(null), format.format(0));
  assertThrows(RangeError, () => format.format(Number.NaN));
  assertThrows(TypeError, () => format.formatRange());
});

test("the members of Intl.DateTimeFormat.prototype are as in the standard", () => {
  const { prototype } = Intl.DateTimeFormat;
  const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(prototype, "format");
  assertEquals(get.name, "get format");
  assertEquals(get.length, 0);
  assertArrayEquals([set, enumerable, configurable], [undefined, false, true]);
  assertMember(prototype, "formatToParts", { length: 1 });
  assertNoConstructor(prototype.formatToParts, "formatToParts");
  assertThrows(TypeError, () => prototype.format);
  assertThrows(TypeError, () => get.call({}));
  assertThrows(TypeError, () => prototype.formatToParts.call({}));
  const format = new Intl.DateTimeFormat("en", { timeZone: "UTC" });
  assertEquals(format.format, format.format);
  assertEquals(format.format.name, "");
  assertEquals(format.format.length, 1);
  assertNoConstructor(format.format, "format");
  assertArrayEquals([0, 86_400_000].map(format.format), ["1/1/1970", "1/2/1970"]);
});
