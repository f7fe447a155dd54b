// biome-ignore-all lint/style/useNodejsImportProtocol: both names are shown
// https://nodejs.org/api/assert.html
import assert, { AssertionError, deepEqual, rejects, strictEqual, throws } from "node:assert";
import strict from "assert/strict";
import { assertEquals, assertRejects, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const refuses = (run) => assertThrows(AssertionError, run);

test("assert and ok", () => {
  assert(1);
  assert.ok("a");
  refuses(() => assert(0));
  refuses(() => assert.ok());
  assertThrows(RangeError, () => assert(false, new RangeError("so")));
});

test("an AssertionError says what it compared", () => {
  try {
    strictEqual(1, 2);
  } catch (error) {
    assertTrue(error instanceof AssertionError);
    assertTrue(error instanceof Error);
    assertEquals(error.name, "AssertionError");
    assertEquals(error.code, "ERR_ASSERTION");
    assertEquals(error.actual, 1);
    assertEquals(error.expected, 2);
    assertEquals(error.operator, "strictEqual");
    assertEquals(error.generatedMessage, true);
    assertTrue(error.message.startsWith("Expected values to be strictly equal:"));
    return;
  }
  throw new Error("It did not throw");
});

test("a message is taken as it is", () => {
  try {
    assert.equal(1, 2, "so");
  } catch (error) {
    assertEquals(error.message, "so");
    assertEquals(error.generatedMessage, false);
    return;
  }
  throw new Error("It did not throw");
});

test("equal is loose, strictEqual is not", () => {
  assert.equal(1, "1");
  assert.equal(Number.NaN, Number.NaN);
  assert.notEqual(1, 2);
  strictEqual(Number.NaN, Number.NaN);
  assert.notStrictEqual(1, "1");
  refuses(() => strictEqual(1, "1"));
  refuses(() => strictEqual(0, -0));
  refuses(() => assert.notEqual(1, "1"));
  assertThrows(TypeError, () => strictEqual(1));
});

test("deepEqual is loose, deepStrictEqual is not", () => {
  deepEqual({ a: [1] }, { a: ["1"] });
  deepEqual(new Map([[1, { b: "2" }]]), new Map([[1, { b: 2 }]]));
  assert.deepStrictEqual({ a: [1] }, { a: [1] });
  assert.notDeepStrictEqual({ a: [1] }, { a: ["1"] });
  refuses(() => assert.deepStrictEqual({ a: [1] }, { a: ["1"] }));
  refuses(() => deepEqual({ a: 1 }, { a: 2 }));
  refuses(() => assert.notDeepEqual({ a: 1 }, { a: "1" }));
});

test("throws, by class, pattern, object and function", () => {
  const run = () => {
    throw Object.assign(new RangeError("so it is"), { code: "SO" });
  };
  throws(run);
  throws(run, RangeError);
  throws(run, Error);
  throws(run, /so it/);
  throws(run, { name: "RangeError", message: /it is$/, code: "SO" });
  throws(run, (error) => error.code === "SO");
  refuses(() => throws(() => {}));
  refuses(() => throws(run, /other/));
  refuses(() => throws(run, { message: "other" }));
  refuses(() => throws(run, TypeError));
  refuses(() => assert.doesNotThrow(run));
  assert.doesNotThrow(() => {});
});

test("rejects and doesNotReject", async () => {
  await rejects(Promise.reject(new RangeError("so")), RangeError);
  await rejects(async () => {
    throw new RangeError("so");
  }, /so/);
  await assertRejects(AssertionError, rejects(Promise.resolve()));
  await assertRejects(AssertionError, assert.doesNotReject(Promise.reject(new Error("so"))));
  await assert.doesNotReject(Promise.resolve());
});

test("match, doesNotMatch, ifError, fail", () => {
  assert.match("abc", /b/);
  assert.doesNotMatch("abc", /x/);
  refuses(() => assert.match("abc", /x/));
  refuses(() => assert.doesNotMatch("abc", /b/));
  assert.ifError(null);
  refuses(() => assert.ifError(new Error("so")));
  refuses(() => assert.fail("so"));
});

test("strict compares strictly under every name", () => {
  strict.deepEqual({ a: 1 }, { a: 1 });
  assertThrows(AssertionError, () => strict.equal(1, "1"));
  assertThrows(AssertionError, () => assert.strict.deepEqual([1], ["1"]));
  strict(true);
  assertEquals(strict.strict, strict);
});
