import { expect, test } from "vitest";
import { HostOp } from "../src/boundary.ts";
import { openGuest } from "./harness.ts";

/** What the host is told of a handler whose code throws. */
async function thrownBy(code: string): Promise<{ name: unknown; message: string; stack: string }> {
  using guest = await openGuest({ app: `exports.default = { async fetch() { ${code} } };` });
  guest.request();
  const [name, message, stack] = guest.of(HostOp.THREW)[0]?.args ?? [];
  return { name, message: String(message), stack: String(stack) };
}

test.each([
  [`"a string"`, "a string"],
  ["null", "null"],
  ["undefined", "undefined"],
  ["-0", "-0"],
  [`Symbol("s")`, "Symbol(s)"],
  ["{ code: 1 }", "{ code: 1 }"],
  ["{ get message() { throw 1; }, x: 1 }", "{ message: [Getter], x: 1 }"],
  ["function named() {}", "[Function: named]"],
  ["new Proxy({}, { get() { throw 1; }, ownKeys() { throw 1; } })", "[value that cannot be shown]"],
])("throw %s is told by what it shows", async (value, text) => {
  expect(await thrownBy(`throw ${value};`)).toEqual({ name: "", message: text, stack: "" });
});

test("a Response that is thrown is told with what to do instead", async () => {
  const { message } = await thrownBy(`throw new Response("no", { status: 404 });`);
  expect(message).toMatch(
    /^Response \{\s+status: 404[\s\S]*\} \(a handler returns its Response, it does not throw it\)$/,
  );
});

test("an error is told with its causes, its errors and its own properties, behind its stack", async () => {
  const { name, message, stack } = await thrownBy(`
    const error = new AggregateError([new RangeError("first"), { code: 2 }], "all", { cause: new TypeError("inner", { cause: 7 }) });
    throw Object.assign(error, { code: "E" });`);
  expect([name, message]).toEqual(["AggregateError", "all"]);
  expect(stack.replaceAll(/\s+at [^\n]*\)(?=[\n, ])/g, "").replaceAll(/\s+/g, " ")).toBe(
    "AggregateError: all { code: 'E', [cause]: TypeError: inner { [cause]: 7 }, [errors]: [ RangeError: first, { code: 2 } ] }",
  );
});

test("a DOMException is told by its name", async () => {
  const { name, message, stack } = await thrownBy(`throw new DOMException("gone", "AbortError");`);
  expect([name, message]).toEqual(["AbortError", "gone"]);
  expect(stack).toMatch(/^AbortError: gone\n {4}at /);
});

test("a name that a constructor gives is the stack's, too", async () => {
  const { stack } = await thrownBy(
    `throw new (class extends Error { constructor(m) { super(m); this.name = "Own"; } })("m");`,
  );
  expect(stack).toMatch(/^Own: m\n {4}at /);
});

test.each([
  [
    "a cause without end",
    `let e = new Error("0"); for (let i = 0; i < 1e4; i++) e = new Error("" + i, { cause: e }); throw e;`,
  ],
  ["a cause that is its own", `const e = new Error("x"); throw Object.defineProperty(e, "cause", { value: e });`],
  ["a getter for a cause", `throw Object.defineProperty(new Error("x"), "cause", { get() { throw 1; } });`],
  ["a proxy for a cause", `throw new Error("x", { cause: new Proxy({}, { getPrototypeOf() { throw 1; } }) });`],
  [
    "prototypes without end",
    `throw new Error("x", { cause: new Proxy({}, { getPrototypeOf() { return new Proxy({}, this); } }) });`,
  ],
  [
    "more errors than fit",
    `throw new AggregateError(Array.from({ length: 500 }, () => new Error("x".repeat(1e4))), "many");`,
  ],
  [
    "a list of errors that is a proxy",
    `throw Object.defineProperty(new Error("x"), "errors", { value: new Proxy([], { get() { throw 1; } }) });`,
  ],
])("%s is bounded and ends in a stack", async (_what, code) => {
  const { name, stack } = await thrownBy(code);
  expect(name).toMatch(/Error$/);
  expect(stack).toMatch(/^\w*Error: /);
  expect(stack.length).toBeLessThanOrEqual(16 * 1024);
});

test("what fails beside the handler is told by what it shows, too", async () => {
  using guest = await openGuest({
    app: `exports.default = { fetch(request, env, ctx) {
      ctx.waitUntil(Promise.reject({ code: 1 }));
      ctx.waitUntil(Promise.reject(new Error("o", { cause: "why" })));
      reportError({ code: 3 });
      return new Response(new ReadableStream({ pull() { throw { code: 2 }; } }));
    } };`,
  });
  guest.request();
  const lines = guest.of(HostOp.LOG).map((call) => String(call.args[1]));
  expect(lines).toContain("waitUntil: Uncaught { code: 1 }");
  expect(lines).toContain("Uncaught { code: 3 }");
  expect(lines.find((line) => line.startsWith("waitUntil: Error: o\n"))).toContain("[cause]: 'why'");
  expect(guest.of(HostOp.RESPONSE_ERROR)[0]?.args).toEqual(["Uncaught { code: 2 }", ""]);
});
