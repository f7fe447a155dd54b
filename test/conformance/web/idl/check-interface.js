/** The tests that the standards' IDL makes for an interface, a namespace or the global, as Web IDL says and the public tests' idlharness checks. */
import { assertEquals, assertFalse, assertThrows, assertTrue, fail, test } from "../testharness.js";
import { instances } from "./instances.js";

/** Members that every interface's prototype, or every function, has. */
const OF_PROTOTYPES = ["constructor"];
const OF_FUNCTIONS = ["length", "name", "prototype"];
const UNFINISHED = /not (?:yet )?implemented|not (?:yet )?supported here/i;

export function testInterface(idl) {
  const { name, namespace, constructorLength, members } = idl;
  const label = namespace === "" ? name : `${namespace}.${name}`;
  const holder = () => (namespace === "" ? globalThis : globalThis[namespace]);
  const ctorOf = () => holder()[name] ?? fail(`${label} is not there`);

  test(`${label}: the interface object`, () => {
    const ctor = ctorOf();
    assertEquals(typeof ctor, "function");
    assertDescriptor(holder(), name, { writable: true, enumerable: false, configurable: true });
    assertEquals(ctor.name, name, "name");
    assertEquals(ctor.length, constructorLength ?? 0, "length");
    assertEquals(Object.getPrototypeOf(ctor), parentOf(idl)?.ctor ?? Function.prototype, "its prototype");
    assertDescriptor(ctor, "prototype", { writable: false, enumerable: false, configurable: false });
    assertDescriptor(ctor, "name", { writable: false, enumerable: false, configurable: true });
    assertDescriptor(ctor, "length", { writable: false, enumerable: false, configurable: true });
  });

  test(`${label}: the prototype`, () => {
    const { prototype } = ctorOf();
    assertEquals(Object.getPrototypeOf(prototype), protoOfPrototype(idl), "its prototype");
    assertEquals(prototype.constructor, ctorOf(), "constructor");
    assertDescriptor(prototype, "constructor", { writable: true, enumerable: false, configurable: true });
    const tag = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag);
    assertEquals(tag?.value, label, "Symbol.toStringTag");
    assertDescriptor(prototype, Symbol.toStringTag, { writable: false, enumerable: false, configurable: true });
  });

  test(`${label}: without new, or without a constructor`, () => {
    const ctor = ctorOf();
    assertThrows(TypeError, () => ctor(), "a call");
    if (constructorLength === null) assertThrows(TypeError, () => new ctor(), "new");
    else if (constructorLength > 0) assertThrows(TypeError, () => new ctor(), "new without arguments");
  });

  test(`${label}: no members that the standard has not`, () => {
    const ctor = ctorOf();
    assertNone(unknownKeys(ctor.prototype, [...OF_PROTOTYPES, ...idl.beyond], namesOf(members, false)));
    assertNone(unknownKeys(ctor, [...OF_FUNCTIONS, ...idl.beyond], namesOf(members, true)));
  });

  for (const member of members) testMember(member, { label, ctorOf });
}

export function testNamespace({ name, members }) {
  test(`${name}: the namespace object`, () => {
    assertDescriptor(globalThis, name, {
      value: globalThis[name],
      writable: true,
      enumerable: false,
      configurable: true,
    });
    assertEquals(Object.prototype.toString.call(globalThis[name]), `[object ${name}]`);
    assertDescriptor(globalThis[name], Symbol.toStringTag, { writable: false, enumerable: false, configurable: true });
    const prototype = Object.getPrototypeOf(globalThis[name]);
    if (name !== "console") assertEquals(prototype, Object.prototype, "its prototype");
    else {
      // For the sake of pages that put things on it.
      assertEquals(Object.getPrototypeOf(prototype), Object.prototype, "the prototype of its prototype");
      assertEquals(Reflect.ownKeys(prototype).length, 0, "keys of its prototype");
    }
  });
  for (const member of members) {
    test(`${name}: ${member.kind} ${member.name}`, () => {
      if (member.kind === "operation") assertOperation(globalThis[name], member);
      else assertTrue(member.name in globalThis[name], "is there");
    });
  }
}

export function testGlobal(member) {
  const { name } = member;
  test(`global ${member.kind} ${name}`, () => {
    assertTrue(name in globalThis, "is there");
    // The first look makes what is lazy.
    void globalThis[name];
    if (member.kind === "operation") assertOperation(globalThis, member);
    else assertAccessor(globalThis, member);
  });
}

function testMember(member, { label, ctorOf }) {
  const { kind, name, isStatic } = member;
  const target = () => (isStatic ? ctorOf() : ctorOf().prototype);
  const instance = instances[label];
  const id = `${label}: ${isStatic ? "static " : ""}${kind} ${name}`;
  switch (kind) {
    case "constant":
      test(id, () => {
        for (const object of [ctorOf(), ctorOf().prototype]) {
          assertDescriptor(object, name, {
            value: member.value,
            writable: false,
            enumerable: true,
            configurable: false,
          });
        }
      });
      return;
    case "attribute":
      test(id, () => {
        if (member.isUnforgeable) {
          assertUnforgeable(instance(), member, ctorOf().prototype);
          return;
        }
        assertAccessor(target(), member);
      });
      if (!isStatic && !member.isUnforgeable)
        test(`${id} is read from its instances alone`, () => assertBrandOfAttribute(target(), member));
      if (instance !== undefined && !isStatic)
        test(`${id} has a value of its type`, async () => assertValue(await instance(), member));
      return;
    case "operation":
      test(id, () => assertOperation(target(), member));
      if (!isStatic && name !== "toString")
        test(`${id} is called on its instances alone`, () => assertBrandOfOperation(target(), member));
      if (member.length > 0 && (isStatic || instance !== undefined)) {
        test(`${id} wants its arguments`, async () => {
          const self = isStatic ? ctorOf() : await instance();
          for (let count = 0; count < member.length; count++) {
            await assertTypeError(member, () => self[name](...Array(count).fill(undefined)), `${count} arguments`);
          }
        });
      }
      return;
    case "iterable":
      test(id, () => assertIterable(ctorOf().prototype));
      return;
    case "async_iterable":
      test(id, () => assertAsyncIterable(ctorOf().prototype));
      return;
    default:
      throw new Error(`No test for members of the kind ${kind}`);
  }
}

function assertAccessor(object, { name, isReadonly, isReplaceable }) {
  const descriptor = Object.getOwnPropertyDescriptor(object, name) ?? fail("it is not there");
  assertEquals(typeof descriptor.get, "function", "getter");
  assertEquals(descriptor.get.name, `get ${name}`, "name of the getter");
  assertEquals(descriptor.get.length, 0, "length of the getter");
  assertEquals(descriptor.enumerable, true, "enumerable");
  assertEquals(descriptor.configurable, true, "configurable");
  assertFalse(UNFINISHED.test(Function.prototype.toString.call(descriptor.get)), "unfinished");
  if (isReadonly && !isReplaceable) {
    assertEquals(descriptor.set, undefined, "setter");
    return;
  }
  assertEquals(typeof descriptor.set, "function", "setter");
  assertEquals(descriptor.set.name, `set ${name}`, "name of the setter");
  assertEquals(descriptor.set.length, 1, "length of the setter");
}

function assertUnforgeable(instance, { name }, prototype) {
  const descriptor = Object.getOwnPropertyDescriptor(instance, name) ?? fail("it is no own property");
  assertEquals(typeof descriptor.get, "function", "getter");
  assertEquals(descriptor.enumerable, true, "enumerable");
  assertEquals(descriptor.configurable, false, "configurable");
  assertFalse(Object.hasOwn(prototype, name), "on the prototype");
}

async function assertBrandOfAttribute(prototype, member) {
  const { get, set } = Object.getOwnPropertyDescriptor(prototype, member.name) ?? fail("it is not there");
  for (const self of [{}, prototype, undefined, null, 1]) {
    await assertTypeError(member, () => Reflect.apply(get, self, []), `get of ${typeof self}`);
    if (set !== undefined) assertThrows(TypeError, () => Reflect.apply(set, self, ["1"]), `set of ${typeof self}`);
  }
}

function assertValue(object, { name, valueType, isPromise }) {
  const value = object[name];
  if (isPromise) {
    assertTrue(value instanceof Promise, "is a promise");
    value.catch(() => undefined);
  } else if (valueType !== "") assertEquals(typeof value, valueType);
}

function assertOperation(object, { name, length }) {
  const descriptor = Object.getOwnPropertyDescriptor(object, name) ?? fail("it is not there");
  assertEquals(typeof descriptor.value, "function", "value");
  assertDescriptor(object, name, { writable: true, enumerable: true, configurable: true });
  assertEquals(descriptor.value.name, name, "name");
  assertEquals(descriptor.value.length, length, "length");
  assertFalse(Object.hasOwn(descriptor.value, "prototype"), "has a prototype");
  assertFalse(UNFINISHED.test(Function.prototype.toString.call(descriptor.value)), "unfinished");
}

async function assertBrandOfOperation(prototype, member) {
  const method = prototype[member.name];
  for (const self of [{}, prototype, undefined, null, 1]) {
    await assertTypeError(
      member,
      () => Reflect.apply(method, self, Array(member.length).fill("x")),
      `call on ${typeof self}`,
    );
  }
}

/** What returns promises rejects, and does not throw. */
async function assertTypeError({ isPromise }, run, what) {
  if (!isPromise) {
    assertThrows(TypeError, run, what);
    return;
  }
  const promise = run();
  assertTrue(promise instanceof Promise, `${what} answers a promise`);
  const reason = await promise.then(
    (value) => fail(`${what}: it was resolved with ${String(value)}`),
    (error) => error,
  );
  assertEquals(reason?.constructor, TypeError, `reason of ${what}`);
}

function assertIterable(prototype) {
  for (const [name, length] of [
    ["entries", 0],
    ["keys", 0],
    ["values", 0],
    ["forEach", 1],
  ]) {
    assertOperation(prototype, { name, length });
  }
  assertEquals(prototype[Symbol.iterator], prototype.entries, "Symbol.iterator");
  assertDescriptor(prototype, Symbol.iterator, { writable: true, enumerable: false, configurable: true });
}

function assertAsyncIterable(prototype) {
  assertOperation(prototype, { name: "values", length: 0 });
  assertEquals(prototype[Symbol.asyncIterator], prototype.values, "Symbol.asyncIterator");
  assertDescriptor(prototype, Symbol.asyncIterator, { writable: true, enumerable: false, configurable: true });
}

function assertDescriptor(object, key, expected) {
  const descriptor = Object.getOwnPropertyDescriptor(object, key) ?? fail(`${String(key)} is not there`);
  for (const [attribute, value] of Object.entries(expected)) {
    assertEquals(descriptor[attribute], value, `${attribute} of ${String(key)}`);
  }
}

function parentOf({ parent, namespace }) {
  if (parent === null) return undefined;
  return { ctor: (namespace === "" ? globalThis : globalThis[namespace])[parent] };
}

function protoOfPrototype(idl) {
  // What has always been an error in JavaScript.
  if (idl.name === "DOMException" || idl.name === "Exception") return Error.prototype;
  return parentOf(idl)?.ctor.prototype ?? Object.prototype;
}

function namesOf(members, isStatic) {
  const names = members.flatMap(({ kind, name, isStatic: ofMember, isUnforgeable }) => {
    if (kind === "constant") return [name];
    if (ofMember !== isStatic || isUnforgeable) return [];
    if (kind === "iterable") return ["entries", "keys", "values", "forEach"];
    return kind === "async_iterable" ? ["values"] : [name];
  });
  return names;
}

function unknownKeys(object, always, names) {
  return Reflect.ownKeys(object).filter((key) => {
    return typeof key === "string" && !always.includes(key) && !names.includes(key);
  });
}

function assertNone(keys) {
  if (keys.length > 0) fail(`found ${keys.join(", ")}`);
}
