/** `node:assert` */
import { AssertionError } from "./assertion-error.guest.ts";
import { isDeepLooseEqual, isDeepStrictEqual } from "./deep-equal.guest.ts";
import { checkFunction, invalidArgument, nodeError } from "./node-error.guest.ts";

type Fn = (...args: never[]) => unknown;
type Expected = RegExp | Fn | Error | Readonly<Record<string, unknown>>;

export { AssertionError };

/** A comparison as an assertion. */
function compare(name: string, holds: (actual: unknown, expected: unknown) => boolean) {
  const assertion = (...args: [actual?: unknown, expected?: unknown, message?: unknown]): void => {
    if (args.length < 2)
      throw nodeError("ERR_MISSING_ARGS", 'The "actual" and "expected" arguments must be specified', TypeError);
    const [actual, expected, message] = args;
    if (holds(actual, expected)) return;
    if (message instanceof Error) throw message;
    throw new AssertionError({ actual, expected, operator: name, message, stackStartFn: assertion });
  };
  return Object.defineProperty(assertion, "name", { value: name });
}

// biome-ignore lint/suspicious/noDoubleEquals: what equal means
const isLooselyEqual = (a: unknown, b: unknown): boolean => a == b || (Number.isNaN(a) && Number.isNaN(b));

export const equal = /* @__PURE__ */ compare("equal", isLooselyEqual);
export const notEqual = /* @__PURE__ */ compare("notEqual", (a, b) => !isLooselyEqual(a, b));
export const strictEqual = /* @__PURE__ */ compare("strictEqual", Object.is);
export const notStrictEqual = /* @__PURE__ */ compare("notStrictEqual", (a, b) => !Object.is(a, b));
export const deepEqual = /* @__PURE__ */ compare("deepEqual", isDeepLooseEqual);
export const notDeepEqual = /* @__PURE__ */ compare("notDeepEqual", (a, b) => !isDeepLooseEqual(a, b));
export const deepStrictEqual = /* @__PURE__ */ compare("deepStrictEqual", isDeepStrictEqual);
export const notDeepStrictEqual = /* @__PURE__ */ compare("notDeepStrictEqual", (a, b) => !isDeepStrictEqual(a, b));

export function ok(...args: [value?: unknown, message?: unknown]): void {
  const [value, message] = args;
  if (value) return;
  if (message instanceof Error) throw message;
  const text = args.length === 0 ? "No value argument passed to `assert.ok()`" : message;
  throw new AssertionError({
    actual: value,
    expected: true,
    operator: "==",
    message: text ?? "The expression evaluated to a falsy value",
    stackStartFn: ok,
  });
}

export function fail(message?: unknown): never {
  if (message instanceof Error) throw message;
  throw new AssertionError({ operator: "fail", message: message ?? "Failed", stackStartFn: fail });
}

export function ifError(value: unknown): void {
  if (value === null || value === undefined) return;
  const text = value instanceof Error ? value.message || value.name : String(value);
  throw new AssertionError({
    actual: value,
    expected: null,
    operator: "ifError",
    message: `ifError got unwanted exception: ${text}`,
    stackStartFn: ifError,
  });
}

export function match(text: string, pattern: RegExp, message?: unknown): void {
  checkMatch(text, pattern, { message, isWanted: true, stackStartFn: match });
}

export function doesNotMatch(text: string, pattern: RegExp, message?: unknown): void {
  checkMatch(text, pattern, { message, isWanted: false, stackStartFn: doesNotMatch });
}

function checkMatch(
  text: string,
  pattern: RegExp,
  { message, isWanted, stackStartFn }: { message: unknown; isWanted: boolean; stackStartFn: unknown },
): void {
  if (!(pattern instanceof RegExp)) throw invalidArgument("regexp", "an instance of RegExp", pattern);
  if (typeof text === "string" && pattern.test(text) === isWanted) return;
  if (message instanceof Error) throw message;
  const sentence = `The input ${isWanted ? "did not match" : "was expected to not match"} the regular expression ${pattern}`;
  throw new AssertionError({
    actual: text,
    expected: pattern,
    operator: isWanted ? "match" : "doesNotMatch",
    message: message ?? sentence,
    stackStartFn,
  });
}

export function throws(run: Fn, expected?: Expected | string, message?: unknown): void {
  checkFunction("fn", run);
  let thrown: unknown;
  try {
    (run as () => unknown)();
  } catch (reason) {
    thrown = { reason };
  }
  checkThrown(thrown as { reason: unknown } | undefined, { expected, message, stackStartFn: throws });
}

export async function rejects(
  promise: Fn | PromiseLike<unknown>,
  expected?: Expected | string,
  message?: unknown,
): Promise<void> {
  let thrown: { reason: unknown } | undefined;
  try {
    await (typeof promise === "function" ? (promise as () => unknown)() : promise);
  } catch (reason) {
    thrown = { reason };
  }
  checkThrown(thrown, { expected, message, stackStartFn: rejects });
}

export function doesNotThrow(run: Fn, message?: unknown): void {
  checkFunction("fn", run);
  try {
    (run as () => unknown)();
  } catch (reason) {
    throw unwanted(reason, "exception", message);
  }
}

export async function doesNotReject(promise: Fn | PromiseLike<unknown>, message?: unknown): Promise<void> {
  try {
    await (typeof promise === "function" ? (promise as () => unknown)() : promise);
  } catch (reason) {
    throw unwanted(reason, "rejection", message);
  }
}

function unwanted(reason: unknown, what: string, message: unknown): Error {
  const shown = reason instanceof Error ? reason.message : String(reason);
  const more = typeof message === "string" ? `: ${message}` : ".";
  return new AssertionError({ actual: reason, message: `Got unwanted ${what}${more}\nActual message: "${shown}"` });
}

function checkThrown(
  thrown: { reason: unknown } | undefined,
  {
    expected,
    message,
    stackStartFn,
  }: { expected: Expected | string | undefined; message: unknown; stackStartFn: { name: string } },
): void {
  const [wanted, text] = typeof expected === "string" ? [undefined, expected] : [expected, message];
  const operator = stackStartFn.name;
  if (thrown === undefined) {
    const missing = `Missing expected ${operator === "rejects" ? "rejection" : "exception"}${text ? `: ${String(text)}` : "."}`;
    throw new AssertionError({ operator, message: missing, stackStartFn });
  }
  if (wanted === undefined || isExpected(thrown.reason, wanted)) return;
  const sentence = `The error is not as expected: ${String(thrown.reason)}`;
  throw new AssertionError({
    actual: thrown.reason,
    expected: wanted,
    operator,
    message: text ?? sentence,
    stackStartFn,
  });
}

function isExpected(reason: unknown, expected: Expected): boolean {
  if (expected instanceof RegExp) return expected.test(String(reason));
  if (typeof expected === "function") {
    if (expected.prototype !== undefined && reason instanceof expected) return true;
    return !isErrorClass(expected) && (expected as (reason: unknown) => unknown)(reason) === true;
  }
  const keys = expected instanceof Error ? ["name", "message", ...Object.keys(expected)] : Object.keys(expected);
  return keys.every((key) => {
    const [found, wanted] = [
      (reason as Record<string, unknown> | null)?.[key],
      (expected as Record<string, unknown>)[key],
    ];
    return (
      (wanted instanceof RegExp && typeof found === "string" && wanted.test(found)) || isDeepStrictEqual(found, wanted)
    );
  });
}

function isErrorClass(value: Fn): boolean {
  return value === Error || Object.prototype.isPrototypeOf.call(Error, value);
}

const assertions = {
  AssertionError,
  ok,
  fail,
  ifError,
  match,
  doesNotMatch,
  throws,
  rejects,
  doesNotThrow,
  doesNotReject,
  strictEqual,
  notStrictEqual,
  deepStrictEqual,
  notDeepStrictEqual,
};
function assert(...args: [value?: unknown, message?: unknown]): void {
  ok(...args);
}
export const strict = Object.assign((...args: [value?: unknown, message?: unknown]): void => ok(...args), assertions, {
  equal: strictEqual,
  notEqual: notStrictEqual,
  deepEqual: deepStrictEqual,
  notDeepEqual: notDeepStrictEqual,
});
Object.assign(strict, { strict });

export default Object.assign(assert, assertions, { equal, notEqual, deepEqual, notDeepEqual, strict });
