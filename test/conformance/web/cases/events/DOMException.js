// https://webidl.spec.whatwg.org/#idl-DOMException
import { assertEquals, assertFalse, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const CODES = {
  IndexSizeError: 1,
  HierarchyRequestError: 3,
  WrongDocumentError: 4,
  InvalidCharacterError: 5,
  NoModificationAllowedError: 7,
  NotFoundError: 8,
  NotSupportedError: 9,
  InUseAttributeError: 10,
  InvalidStateError: 11,
  SyntaxError: 12,
  InvalidModificationError: 13,
  NamespaceError: 14,
  InvalidAccessError: 15,
  TypeMismatchError: 17,
  SecurityError: 18,
  NetworkError: 19,
  AbortError: 20,
  URLMismatchError: 21,
  TimeoutError: 23,
  InvalidNodeTypeError: 24,
  DataCloneError: 25,
};

test("has a message and a name, and defaults for both", () => {
  const exception = new DOMException("wrong", "AbortError");
  assertEquals(exception.message, "wrong");
  assertEquals(exception.name, "AbortError");
  assertEquals(new DOMException().message, "");
  assertEquals(new DOMException().name, "Error");
});

test("the code of a name that has one is its number, and 0 of others", () => {
  for (const [name, code] of Object.entries(CODES)) assertEquals(new DOMException("", name).code, code, name);
  for (const name of ["EncodingError", "OperationError", "NotAllowedError", "Own"]) {
    assertEquals(new DOMException("", name).code, 0, name);
  }
});

test("is an Error, with a stack", () => {
  const exception = new DOMException("wrong", "DataError");
  assertTrue(exception instanceof Error);
  assertEquals(Object.getPrototypeOf(DOMException.prototype), Error.prototype);
  assertEquals(Object.getPrototypeOf(DOMException), Function.prototype);
  assertEquals(typeof exception.stack, "string");
  assertEquals(String(exception), "DataError: wrong");
});

test("its constants are on the class and on instances", () => {
  assertEquals(DOMException.ABORT_ERR, 20);
  assertEquals(new DOMException().ABORT_ERR, 20);
  assertEquals(DOMException.DATA_CLONE_ERR, 25);
  assertEquals(DOMException.INDEX_SIZE_ERR, 1);
});

test("its members are accessors of the prototype, for its instances", () => {
  const exception = new DOMException("wrong", "AbortError");
  for (const name of ["name", "message", "code"]) {
    assertFalse(Object.hasOwn(exception, name), name);
    const { get, set, enumerable } = Object.getOwnPropertyDescriptor(DOMException.prototype, name);
    assertEquals(set, undefined, name);
    assertTrue(enumerable, name);
    assertThrows(TypeError, () => get.call(new Error("x")), name);
  }
});

test("wants new, and takes texts", () => {
  assertThrows(TypeError, () => DOMException("wrong"));
  assertEquals(new DOMException(null).message, "null");
  assertEquals(new DOMException(undefined, undefined).name, "Error");
  assertThrows(TypeError, () => new DOMException(Symbol("x")));
});
