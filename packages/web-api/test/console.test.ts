import { expect, test } from "vitest";
import { HostOp } from "../src/boundary.ts";
import { openGuest } from "./harness.ts";

/** The log lines of some code, as `level text`. */
async function logOf(code: string): Promise<string[]> {
  using guest = await openGuest({
    app: `exports.default = { async fetch(request) { ${code}; return new Response(); } };`,
  });
  guest.request({ headers: [["x-a", "b"]] });
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
  [`{ a: new Proxy({}, { ownKeys() { throw 1; } }), b: 1 }`, "{ a: [value that cannot be shown], b: 1 }"],
  [`new URLSearchParams("a=1&a=2")`, "URLSearchParams { a => '1', a => '2' }"],
  [`(() => { const form = new FormData(); form.append("a", "1"); return form; })()`, "FormData { a => '1' }"],
  [`new Blob(["abc"], { type: "text/plain" })`, "Blob { size: 3, type: 'text/plain' }"],
  [`new File(["abc"], "a.txt")`, "File { name: 'a.txt', size: 3, type: '' }"],
  [`request.headers`, "Headers { 'x-a': 'b' }"],
  [`{ a: { headers: request.headers } }`, "{ a: { headers: Headers { 'x-a': 'b' } } }"],
  [`{ [Symbol.toStringTag]: "FormData" }`, "{ [Symbol(Symbol.toStringTag)]: 'FormData' }"],
])("console.log(%s)", async (args, text) => {
  // Where lines break is not compared.
  const [line] = await logOf(`console.log(${args})`);
  expect(line?.replace(/\n\s*/g, " ")).toBe(`log ${text.replace(/\n\s*/g, " ")}`);
});

test("a table has a row for each member, and a column for each of theirs", async () => {
  const [line] = await logOf(`console.table([{ a: 1, b: "x" }, { b: "long\\ntext", c: { d: {} } }, 7])`);
  expect(line).toBe(
    [
      "log ┌─────────┬───┬──────────────┬─────────────────┬────────┐",
      "│ (index) │ a │ b            │ c               │ Values │",
      "├─────────┼───┼──────────────┼─────────────────┼────────┤",
      "│ 0       │ 1 │ 'x'          │                 │        │",
      "│ 1       │   │ 'long\\ntext' │ { d: [Object] } │        │",
      "│ 2       │   │              │                 │ 7      │",
      "└─────────┴───┴──────────────┴─────────────────┴────────┘",
    ].join("\n"),
  );
});

test.each([
  ["an object", `{ x: { a: 1 }, y: { a: 2 } }, ["a"]`, /│ x {7}│ 1 │\n│ y {7}│ 2 │/],
  ["no rows", "[]", /^log \[\]$/],
  ["no object", `"text"`, /^log text$/],
  ["getters", `[{ get a() { throw 1; } }]`, /│ 0 {7}│ \[Getter\] │/],
  ["a proxy that throws", `new Proxy({}, { ownKeys() { throw 1; } })`, /^log \[value that cannot be shown\]$/],
  ["rows without end", `new Array(1e6).fill(0)`, /│ 99 {6}│ 0 {6}│\n└─+┴─+┘\n\.\.\. more rows$/],
  [
    "columns without end",
    `[Object.fromEntries(Array.from({ length: 500 }, (_, i) => ["k" + i, "v".repeat(500)]))]`,
    /^log ┌/,
  ],
])("a table of %s", async (_what, args, text) => {
  const [line] = await logOf(`console.table(${args})`);
  expect(line).toMatch(text);
  expect(line?.length).toBeLessThan(17_000);
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
