// https://webassembly.github.io/spec/js-api/ and https://webassembly.github.io/spec/web-api/
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertRejects,
  assertThrows,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

/** (module (import "env" "base" (global i32)) (memory (export "memory") 1 2) (func (export "add") (param i32 i32) (result i32) …)) */
const BYTES = Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  7,
  1,
  96,
  2,
  127,
  127,
  1,
  127,
  2,
  13,
  1,
  3,
  101,
  110,
  118,
  4,
  98,
  97,
  115,
  101,
  3,
  127,
  0,
  3,
  2,
  1,
  0,
  5,
  4,
  1,
  1,
  1,
  2,
  7,
  16,
  2,
  6,
  109,
  101,
  109,
  111,
  114,
  121,
  2,
  0,
  3,
  97,
  100,
  100,
  0,
  0,
  10,
  12,
  1,
  10,
  0,
  32,
  0,
  32,
  1,
  106,
  35,
  0,
  106,
  11,
);
const IMPORTS = { env: { base: 100 } };
const wasmResponse = (headers = { "content-type": "application/wasm" }, status = 200) =>
  new Response(BYTES, { headers, status });

test("validate says whether bytes are a module", () => {
  assertTrue(WebAssembly.validate(BYTES));
  assertTrue(WebAssembly.validate(BYTES.buffer));
  assertFalse(WebAssembly.validate(BYTES.slice(0, 20)));
  assertFalse(WebAssembly.validate(new Uint8Array()));
  assertThrows(TypeError, () => WebAssembly.validate());
  assertThrows(TypeError, () => WebAssembly.validate("bytes"));
});

test("compile answers a module, whatever happens to the bytes meanwhile", async () => {
  const bytes = BYTES.slice();
  const promise = WebAssembly.compile(bytes);
  bytes.fill(0);
  assertTrue((await promise) instanceof WebAssembly.Module);
});

test("compile is rejected with a CompileError, or a TypeError for what is no buffer", async () => {
  await assertRejects(WebAssembly.CompileError, WebAssembly.compile(BYTES.slice(0, 20)));
  await assertRejects(TypeError, WebAssembly.compile());
  await assertRejects(TypeError, WebAssembly.compile("bytes"));
});

test("instantiate of bytes answers module and instance", async () => {
  const { module, instance } = await WebAssembly.instantiate(BYTES, IMPORTS);
  assertTrue(module instanceof WebAssembly.Module);
  assertTrue(instance instanceof WebAssembly.Instance);
  assertEquals(instance.exports.add(1, 2), 103);
});

test("instantiate of a module answers an instance", async () => {
  const instance = await WebAssembly.instantiate(new WebAssembly.Module(BYTES), IMPORTS);
  assertTrue(instance instanceof WebAssembly.Instance);
  assertTrue(Object.isFrozen(instance.exports));
});

test("instantiate is rejected where imports are missing or of another kind", async () => {
  await assertRejects(TypeError, WebAssembly.instantiate(BYTES));
  await assertRejects(TypeError, WebAssembly.instantiate(BYTES, {}));
  await assertRejects(WebAssembly.LinkError, WebAssembly.instantiate(BYTES, { env: {} }));
  await assertRejects(WebAssembly.LinkError, WebAssembly.instantiate(BYTES, { env: { base: "x" } }));
  await assertRejects(TypeError, WebAssembly.instantiate(BYTES, 1));
});

test("compileStreaming takes a response, or a promise of one", async () => {
  assertTrue((await WebAssembly.compileStreaming(wasmResponse())) instanceof WebAssembly.Module);
  assertTrue((await WebAssembly.compileStreaming(Promise.resolve(wasmResponse()))) instanceof WebAssembly.Module);
});

test("instantiateStreaming answers module and instance", async () => {
  const { module, instance } = await WebAssembly.instantiateStreaming(wasmResponse(), IMPORTS);
  assertTrue(module instanceof WebAssembly.Module);
  assertEquals(instance.exports.add(2, 3), 105);
});

test("a response of another type, a status that is not ok, or a used body is refused", async () => {
  const streaming = (response) => WebAssembly.compileStreaming(response);
  await assertRejects(TypeError, streaming(wasmResponse({ "content-type": "text/plain" })));
  await assertRejects(TypeError, streaming(wasmResponse({ "content-type": "application/wasm; charset=utf-8" })));
  await assertRejects(TypeError, streaming(wasmResponse({})));
  await assertRejects(TypeError, streaming(wasmResponse(undefined, 404)));
  const used = wasmResponse();
  await used.arrayBuffer();
  await assertRejects(TypeError, streaming(used));
  await assertRejects(TypeError, streaming({}));
  const reason = new Error("of the promise");
  await streaming(Promise.reject(reason)).then(
    () => assertTrue(false),
    (found) => assertEquals(found, reason),
  );
});

test("a module lists what it exports and imports, and its sections", () => {
  const module = new WebAssembly.Module(BYTES);
  assertEquals(
    JSON.stringify(WebAssembly.Module.exports(module)),
    '[{"name":"memory","kind":"memory"},{"name":"add","kind":"function"}]',
  );
  assertEquals(JSON.stringify(WebAssembly.Module.imports(module)), '[{"module":"env","name":"base","kind":"global"}]');
  assertArrayEquals(WebAssembly.Module.customSections(module, "name"), []);
  assertThrows(TypeError, () => WebAssembly.Module.exports({}));
  assertThrows(WebAssembly.CompileError, () => new WebAssembly.Module(new Uint8Array(3)));
});

test("a memory grows, and its old buffer is detached", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
  const before = memory.buffer;
  assertEquals(before.byteLength, 65_536);
  assertEquals(memory.grow(1), 1);
  assertEquals(before.byteLength, 0);
  assertEquals(memory.buffer.byteLength, 131_072);
  assertThrows(RangeError, () => memory.grow(1));
});

test("no memory is shared", () => {
  let memory;
  try {
    memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  } catch (error) {
    assertTrue(error instanceof Error);
  }
  if (memory === undefined) return;
  let buffer;
  try {
    buffer = memory.buffer;
  } catch {
    return;
  }
  assertEquals(Object.prototype.toString.call(buffer), "[object ArrayBuffer]");
});

test("a table holds functions, and grows", () => {
  const table = new WebAssembly.Table({ element: "anyfunc", initial: 1, maximum: 3 });
  assertEquals(table.length, 1);
  assertEquals(table.get(0), null);
  const { add } = new WebAssembly.Instance(new WebAssembly.Module(BYTES), IMPORTS).exports;
  table.set(0, add);
  assertEquals(table.get(0), add);
  assertEquals(table.grow(1), 1);
  assertThrows(RangeError, () => table.get(5));
  assertThrows(TypeError, () => table.set(0, () => {}));
});

test("a global has a value, and is set where it is mutable", () => {
  const global = new WebAssembly.Global({ value: "i32", mutable: true }, 7);
  assertEquals(global.value, 7);
  global.value = 8;
  assertEquals(global.valueOf(), 8);
  const fixed = new WebAssembly.Global({ value: "i64" }, 5n);
  assertThrows(TypeError, () => {
    fixed.value = 6n;
  });
});

test("its errors are errors", () => {
  for (const name of ["CompileError", "LinkError", "RuntimeError"]) {
    const error = new WebAssembly[name]("wrong");
    assertTrue(error instanceof Error, name);
    assertEquals(error.name, name);
    assertEquals(error.message, "wrong");
  }
});

test("a trap is a RuntimeError", () => {
  // (func (export "f") unreachable)
  const bytes = Uint8Array.of(
    0,
    97,
    115,
    109,
    1,
    0,
    0,
    0,
    1,
    4,
    1,
    96,
    0,
    0,
    3,
    2,
    1,
    0,
    7,
    5,
    1,
    1,
    102,
    0,
    0,
    10,
    5,
    1,
    3,
    0,
    0,
    11,
  );
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  assertThrows(WebAssembly.RuntimeError, f);
});

test("is a namespace with a tag", () => {
  assertEquals(Object.prototype.toString.call(WebAssembly), "[object WebAssembly]");
  for (const name of ["compile", "compileStreaming", "instantiate", "instantiateStreaming", "validate"]) {
    assertEquals(WebAssembly[name].name, name);
    assertEquals(WebAssembly[name].length, 1, name);
  }
});
