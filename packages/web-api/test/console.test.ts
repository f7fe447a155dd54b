import { expect, test } from "vitest";
import { HostOp } from "../src/boundary.ts";
import { openGuest } from "./harness.ts";

/** The log lines of some code, as `level text`. */
async function logOf(code: string): Promise<string[]> {
  using guest = await openGuest({
    app: `exports.default = { async fetch() { ${code}; return new Response(); } };`,
  });
  guest.request();
  expect(guest.of(HostOp.THREW)).toEqual([]);
  return guest.of(HostOp.LOG).map((call) => `${call.args[0]} ${call.args[1]}`);
}

test.each([
  [`"a", 1, true, null, undefined`, "a 1 true null undefined"],
  [`"%s is %d, %i, %f, %j, %o%%", "x", "4", 4.9, 1.5, { a: 1 }, [1]`, `x is 4, 4, 1.5, {"a":1}, [ 1 ]%`],
  [`"100%", "%s"`, "100% %s"],
  [`{ a: 1, "b-c": "x", [Symbol("s")]: 2n }`, `{ a: 1, 'b-c': 'x', [Symbol(s)]: 2n }`],
  [`[1, , "it's", -0]`, `[ 1, <empty>, "it's", -0 ]`],
  [`{ a: { b: { c: { d: 1 } } } }`, "{\n  a: { b: { c: [Object] } }\n}"],
  [`new Map([["a", new Set([1])]])`, `Map(1) { 'a' => Set(1) { 1 } }`],
  [`class A { x = 1 }, new (class B { x = 1 })(), () => 1`, "[class A] B { x: 1 } [Function (anonymous)]"],
  [`new Uint8Array([1, 2]), new Date(0), /a\\/b/g`, "Uint8Array(2) [ 1, 2 ] 1970-01-01T00:00:00.000Z /a\\/b/g"],
  [`{ get a() { throw 1; }, set a(v) {} }`, "{ a: [Getter/Setter] }"],
  [`Object.create(null)`, "[Object: null prototype] {}"],
  [`Object.assign([1], { x: 2 })`, "[ 1, x: 2 ]"],
  [`new Headers({ a: "b" })`, "Headers { a: 'b' }"],
  [`new Proxy({}, { ownKeys() { throw 1; } })`, "[value that cannot be shown]"],
])("console.log(%s)", async (args, text) => {
  // Where lines break is not compared.
  const [line] = await logOf(`console.log(${args})`);
  expect(line?.replace(/\n\s*/g, " ")).toBe(`log ${text.replace(/\n\s*/g, " ")}`);
});

test("a circle is named", async () => {
  expect(await logOf(`const a = { b: {} }; a.b.a = a; console.log(a)`)).toEqual(["log { b: { a: [Circular] } }"]);
});

test("an error is shown by its stack and its cause", async () => {
  const [line] = await logOf(`console.error(new Error("outer", { cause: new TypeError("inner") }))`);
  expect(line).toMatch(/^error Error: outer\n {4}at Object\.fetch[\s\S]*\[cause\]: TypeError: inner/);
});

test("levels, groups, counters and assertions are lines of the log", async () => {
  expect(
    await logOf(`console.info(1); console.group("g"); console.warn("a\\nb"); console.groupEnd(); console.debug(2);
      console.count(); console.count(); console.assert(true, "no"); console.assert(false, "yes"); console.timeEnd("t")`),
  ).toEqual([
    "info 1",
    "log g",
    "warn   a\n  b",
    "debug 2",
    "info default: 1",
    "info default: 2",
    "error Assertion failed: yes",
    'warn Timer "t" does not exist',
  ]);
});

test.each([
  ["a long string", `"x".repeat(1e6)`],
  ["a wide object", `Object.fromEntries(Array.from({ length: 5000 }, (_, i) => ["k" + i, "v".repeat(500)]))`],
  ["a wide and deep array", `Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => "v".repeat(1000)))`],
  ["many arguments", `...Array.from({ length: 5000 }, () => "v".repeat(500))`],
])("%s is cut", async (_what, args) => {
  const [line] = await logOf(`console.log(${args})`);
  expect(line?.length).toBeLessThan(40_000);
});

test("writes nothing and does not throw at init", async () => {
  using guest = await openGuest({
    app: `console.log("at init", { a: 1 }); exports.default = { fetch: () => new Response("ok") };`,
  });
  guest.request();
  expect(guest.answer().body).toBe("ok");
});
