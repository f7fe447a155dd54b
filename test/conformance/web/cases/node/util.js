// biome-ignore-all lint/style/useNodejsImportProtocol: both names are shown
// https://nodejs.org/api/util.html
import util, {
  callbackify,
  deprecate,
  format,
  inherits,
  inspect,
  isDeepStrictEqual,
  promisify,
  types,
} from "node:util";
import * as bareTypes from "util/types";
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertRejects,
  assertThrows,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

test("promisify", async () => {
  const later = (value, callback) => queueMicrotask(() => callback(value < 0 ? new RangeError("so") : null, value));
  const promised = promisify(later);
  assertEquals(await promised(1), 1);
  await assertRejects(RangeError, promised(-1));
  assertEquals(promisify(promised), promised);
  assertThrows(TypeError, () => promisify("later"));
});

test("promisify takes a function's own form", async () => {
  const custom = async () => "custom";
  const original = Object.assign(() => {}, { [promisify.custom]: custom });
  assertEquals(promisify(original), custom);
  assertEquals(promisify.custom, Symbol.for("nodejs.util.promisify.custom"));
});

test("promisify keeps this and properties", async () => {
  function method(callback) {
    callback(null, this.value);
  }
  method.extra = 1;
  const promised = promisify(method);
  assertEquals(promised.extra, 1);
  assertEquals(await promised.call({ value: 5 }), 5);
});

test("callbackify", async () => {
  const call = (original) =>
    new Promise((resolve) => callbackify(original)(1, (error, value) => resolve([error, value])));
  assertArrayEquals(await call(async (value) => value + 1), [null, 2]);
  const error = new Error("so");
  assertArrayEquals(await call(() => Promise.reject(error)), [error, undefined]);
  const [falsy] = await call(() => Promise.reject(null));
  assertEquals(falsy.code, "ERR_FALSY_VALUE_REJECTION");
  assertEquals(falsy.reason, null);
});

test("inherits", () => {
  function Child() {}
  function Parent() {}
  Parent.prototype.method = () => 1;
  inherits(Child, Parent);
  assertEquals(new Child().method(), 1);
  assertEquals(Child.super_, Parent);
  assertEquals(new Child().constructor, Child);
  assertThrows(TypeError, () => inherits(Child, null));
});

test("deprecate calls through, with this, arguments and new", () => {
  const old = deprecate(function (...args) {
    return [this, ...args];
  }, "use another");
  const self = {};
  assertArrayEquals(old.call(self, 1), [self, 1]);
  class Old {
    value = 1;
  }
  const Wrapped = deprecate(Old, "use another");
  assertTrue(new Wrapped() instanceof Old);
});

test("format", () => {
  assertEquals(format("%s is %d, %i and %f", "a", 42, 4.7, 1.5), "a is 42, 4 and 1.5");
  assertEquals(format("%j %%", { a: 1 }), '{"a":1} %');
  assertEquals(format("a", "b", { c: 1 }), "a b { c: 1 }");
  assertEquals(format("%s"), "%s");
  assertEquals(util.formatWithOptions({ colors: true }, "%s", "a"), "a");
});

test("inspect", () => {
  assertEquals(inspect({ a: 1, b: "x", c: [1, 2], d: null }), "{ a: 1, b: 'x', c: [ 1, 2 ], d: null }");
  assertEquals(inspect(new Map([["k", 1]])), "Map(1) { 'k' => 1 }");
  assertEquals(inspect("text"), "'text'");
  assertEquals(inspect({ a: { b: { c: { d: 1 } } } }), "{ a: { b: { c: [Object] } } }");
  assertEquals(inspect({ a: { b: 1 } }, { depth: 0 }), "{ a: [Object] }");
  assertTrue(inspect({ a: { b: { c: { d: 1 } } } }, { depth: null }).includes("d: 1"));
  const circle = {};
  circle.self = circle;
  assertTrue(inspect(circle).includes("[Circular"));
});

test("inspect asks a value how it wants to be shown", () => {
  const value = { [inspect.custom]: (depth, options, given) => `<${depth} ${typeof options} ${given === inspect}>` };
  assertEquals(inspect(value), "<2 object true>");
  assertEquals(inspect.custom, Symbol.for("nodejs.util.inspect.custom"));
  assertEquals(format("%s", "a", value), "a <2 object true>");
});

test("isDeepStrictEqual", () => {
  const circle = () => {
    const made = { list: [] };
    made.list.push(made);
    return made;
  };
  for (const [left, right] of [
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }],
    [Number.NaN, Number.NaN],
    [new Map([[{ k: 1 }, [1]]]), new Map([[{ k: 1 }, [1]]])],
    [new Set([{ a: 1 }, 2]), new Set([2, { a: 1 }])],
    [new Date(5), new Date(5)],
    [/a/g, /a/g],
    [Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
    [new Error("a"), new Error("a")],
    [Object(1), Object(1)],
    [{ [Symbol.for("s")]: 1 }, { [Symbol.for("s")]: 1 }],
    [circle(), circle()],
  ])
    assertTrue(isDeepStrictEqual(left, right), inspect(left));
  class A {}
  for (const [left, right] of [
    [1, "1"],
    [0, -0],
    [{ a: 1 }, { a: 1, b: undefined }],
    [
      [1, 2],
      [2, 1],
    ],
    [new A(), {}],
    [new Map([[1, 2]]), new Map([[1, 3]])],
    [new Set([1]), new Set([2])],
    [new Date(5), new Date(6)],
    [/a/, /a/i],
    [Uint8Array.of(1), Uint8Array.of(2)],
    [Uint8Array.of(1), [1]],
    [new Error("a"), new Error("b")],
    [Object(1), Object(2)],
    [[1], { 0: 1, length: 1 }],
    [() => {}, () => {}],
    [null, undefined],
  ])
    assertFalse(isDeepStrictEqual(left, right), inspect(left));
});

test("types say what a value is, whatever it claims", () => {
  assertEquals(bareTypes.isDate, types.isDate);
  const fake = { [Symbol.toStringTag]: "Date", getTime: () => 1, __proto__: Date.prototype };
  assertFalse(types.isDate(fake));
  for (const [name, yes, no] of [
    ["isDate", new Date(), {}],
    ["isRegExp", /a/, { __proto__: RegExp.prototype }],
    ["isMap", new Map(), { __proto__: Map.prototype }],
    ["isSet", new Set(), new Map()],
    ["isWeakMap", new WeakMap(), new Map()],
    ["isWeakSet", new WeakSet(), new Set()],
    ["isPromise", Promise.resolve(), {}],
    ["isNativeError", new TypeError(), { __proto__: Error.prototype }],
    ["isArrayBuffer", new ArrayBuffer(1), new Uint8Array(1)],
    ["isAnyArrayBuffer", new ArrayBuffer(1), {}],
    ["isArrayBufferView", new DataView(new ArrayBuffer(1)), new ArrayBuffer(1)],
    ["isDataView", new DataView(new ArrayBuffer(1)), new Uint8Array(1)],
    ["isTypedArray", new Uint8Array(1), new DataView(new ArrayBuffer(1))],
    ["isUint8Array", new Uint8Array(1), new Int8Array(1)],
    ["isFloat64Array", new Float64Array(1), new Float32Array(1)],
    ["isBigInt64Array", new BigInt64Array(1), new BigUint64Array(1)],
    ["isGeneratorFunction", function* () {}, () => {}],
    ["isAsyncFunction", async () => {}, () => {}],
    ["isGeneratorObject", (function* () {})(), {}],
    ["isMapIterator", new Map().keys(), new Set().keys()],
    ["isSetIterator", new Set().keys(), [].keys()],
    ["isNumberObject", Object(1), 1],
    ["isStringObject", Object("a"), "a"],
    ["isBooleanObject", Object(true), true],
    ["isBigIntObject", Object(1n), 1n],
    ["isSymbolObject", Object(Symbol()), Symbol()],
    ["isBoxedPrimitive", Object("a"), "a"],
    ["isSharedArrayBuffer", null, new ArrayBuffer(1)],
    [
      "isArgumentsObject",
      (function () {
        // biome-ignore lint/complexity/noArguments: what is asked for
        return arguments;
      })(),
      [],
    ],
  ]) {
    if (yes !== null) assertTrue(types[name](yes), name);
    assertFalse(types[name](no), `${name} of another`);
    assertFalse(types[name](undefined), `${name} of undefined`);
  }
});

test("stripVTControlCharacters, toUSVString, debuglog, aborted", async () => {
  assertEquals(util.stripVTControlCharacters("\u001b[31mred\u001b[0m"), "red");
  assertEquals(util.toUSVString("a\ud800"), "a\ufffd");
  const log = util.debuglog("app");
  assertFalse(log.enabled);
  log("nothing");
  const controller = new AbortController();
  const waits = util.aborted(controller.signal, {});
  controller.abort();
  await waits;
});

test("the module has the platform's TextEncoder and TextDecoder", () => {
  assertEquals(util.TextEncoder, TextEncoder);
  assertEquals(util.TextDecoder, TextDecoder);
});

test("a custom inspection that throws throws, and one that answers no text is shown", () => {
  const error = new RangeError("so");
  const throwing = {
    [inspect.custom]() {
      throw error;
    },
  };
  assertThrows(RangeError, () => inspect(throwing));
  assertEquals(inspect({ [inspect.custom]: () => ({ shown: 1 }) }), "{ shown: 1 }");
  assertNotEquals(inspect({}), "");
});
