// https://fetch.spec.whatwg.org/#headers-class
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertThrows,
  assertThrowsExactly,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const show = (headers) => [...headers].map(([name, value]) => `${name}=${value}`).join("|");

for (const [what, init, expected] of [
  ["nothing", undefined, ""],
  ["an empty record", {}, ""],
  ["a record", { B: "2", a: "1" }, "a=1|b=2"],
  ["a record with names that differ by case", { a: "1", A: "2" }, "a=1, 2"],
  ["a record of other values", { a: null, b: undefined, c: 5, d: [1, 2] }, "a=null|b=undefined|c=5|d=1,2"],
  [
    "pairs",
    [
      ["a", "1"],
      ["A", "2"],
      ["b", ""],
    ],
    "a=1, 2|b=",
  ],
  ["pairs that are iterables", new Set([new Set(["a", "1"])]), "a=1"],
  ["a map", new Map([["x", "y"]]), "x=y"],
  ["an iterator", [["a", "1"]].values(), "a=1"],
  ["other headers", new Headers({ a: "1", b: "2" }), "a=1|b=2"],
  ["a function with members", Object.assign(() => 0, { a: "1" }), "a=1"],
  ["a string object", new String(""), ""],
]) {
  test(`made of ${what}`, () => assertEquals(show(new Headers(init)), expected));
}

for (const [what, init] of [
  ["null", null],
  ["a number", 5],
  ["a string", "a: b"],
  ["a symbol", Symbol("a")],
  ["a pair of one", [["a"]]],
  ["a pair of three", [["a", "b", "c"]]],
  ["a pair that is no sequence", ["ab"]],
  ["an iterator that is no function", { [Symbol.iterator]: 5 }],
  ["a record with a symbol", { [Symbol("a")]: "b" }],
  ["a name that is no token", { "a b": "c" }],
  ["a value beyond bytes", { a: "\u0100" }],
]) {
  test(`a TypeError for ${what}`, () => assertThrows(TypeError, () => new Headers(init)));
}

test("a record's own enumerable members count, in their order, and each is read once", () => {
  const reads = [];
  const target = Object.create({ inherited: "no" });
  Object.assign(target, { b: "2", a: "1" });
  Object.defineProperty(target, "hidden", { value: "no", configurable: true });
  const record = new Proxy(target, {
    getOwnPropertyDescriptor(given, name) {
      reads.push(`own ${name}`);
      return Reflect.getOwnPropertyDescriptor(given, name);
    },
    get(given, name) {
      if (typeof name === "string") reads.push(`get ${name}`);
      return Reflect.get(given, name);
    },
  });
  assertEquals(show(new Headers(record)), "a=1|b=2");
  assertEquals(reads.join(), "own b,get b,own a,get a,own hidden");
});

test("what a member's getter throws comes out", () => {
  const thrown = new Error("mine");
  assertThrowsExactly(
    thrown,
    () =>
      new Headers({
        get a() {
          throw thrown;
        },
      }),
  );
  assertThrowsExactly(
    thrown,
    () =>
      new Headers([
        [
          "a",
          {
            toString() {
              throw thrown;
            },
          },
        ],
      ]),
  );
  assertThrowsExactly(
    thrown,
    () =>
      new Headers({
        [Symbol.iterator]() {
          throw thrown;
        },
      }),
  );
});

test("headers whose iterator was replaced are iterated", () => {
  const headers = new Headers({ a: "1" });
  headers[Symbol.iterator] = () => [["b", "2"]].values();
  assertEquals(show(new Headers(headers)), "b=2");
  // A record then, with a symbol for a name.
  headers[Symbol.iterator] = undefined;
  assertThrows(TypeError, () => new Headers(headers));
});

test("needs new, and takes no argument to have none", () => {
  assertThrows(TypeError, () => Headers());
  assertEquals(Headers.length, 0);
});

const TOKEN = "!#$%&'*+-.^_`|~0123456789abcxyz";
test("names are tokens, whatever their case", () => {
  const headers = new Headers();
  headers.set(TOKEN.toUpperCase(), "1");
  assertEquals(headers.get(TOKEN), "1");
  assertArrayEquals([...headers.keys()], [TOKEN]);
  for (let unit = 0; unit < 0x180; unit++) {
    const character = String.fromCharCode(unit);
    const isToken = TOKEN.includes(character.toLowerCase()) || /^[a-zA-Z]$/.test(character);
    if (isToken && unit < 0x80) headers.has(character);
    else
      for (const method of ["get", "has", "delete"])
        assertThrows(TypeError, () => headers[method](character), `${method} ${unit}`);
  }
  for (const name of ["", "a ", " a", "a:b", "\u212a", "a\0"]) {
    assertThrows(TypeError, () => headers.get(name), name);
    assertThrows(TypeError, () => headers.set(name, "b"), name);
    assertThrows(TypeError, () => headers.append(name, "b"), name);
  }
});

test("values lose the whitespace around them", () => {
  const headers = new Headers({ a: " \t\r\n b \t c \r\n\t " });
  assertEquals(headers.get("a"), "b \t c");
  headers.set("a", "\n");
  assertEquals(headers.get("a"), "");
  headers.append("a", " x ");
  assertEquals(headers.get("a"), ", x");
});

test("values are bytes without NUL, CR and LF", () => {
  const headers = new Headers();
  for (let unit = 0; unit < 0x102; unit++) {
    const value = `a${String.fromCharCode(unit)}b`;
    if (unit === 0 || unit === 10 || unit === 13 || unit > 0xff) {
      for (const method of ["set", "append"])
        assertThrows(TypeError, () => headers[method]("x", value), `${method} ${unit}`);
    } else {
      headers.set("x", value);
      assertEquals(headers.get("x"), value);
    }
  }
});

test("get joins, has and delete find all of a name, set replaces the first", () => {
  const headers = new Headers([
    ["a", "1"],
    ["b", "2"],
    ["A", "3"],
  ]);
  assertEquals(headers.get("A"), "1, 3");
  assertEquals(headers.get("c"), null);
  assertTrue(headers.has("B"));
  assertFalse(headers.has("c"));
  headers.set("a", "4");
  assertEquals(show(headers), "a=4|b=2");
  assertEquals(headers.append("a", "5"), undefined);
  assertEquals(headers.delete("A"), undefined);
  assertEquals(show(headers), "b=2");
  headers.delete("none");
});

test("arguments that are missing are refused", () => {
  const headers = new Headers();
  for (const method of ["get", "has", "delete", "forEach"]) assertThrows(TypeError, () => headers[method](), method);
  for (const method of ["set", "append"]) {
    assertThrows(TypeError, () => headers[method](), method);
    assertThrows(TypeError, () => headers[method]("a"), method);
  }
});

test("members of others are refused", () => {
  for (const receiver of [{}, Headers.prototype, new Map(), new URLSearchParams()]) {
    for (const [method, ...args] of [
      ["get", "a"],
      ["has", "a"],
      ["delete", "a"],
      ["set", "a", "b"],
      ["append", "a", "b"],
      ["getSetCookie"],
      ["forEach", () => 0],
      ["keys"],
      ["values"],
      ["entries"],
    ]) {
      assertThrows(TypeError, () => Headers.prototype[method].apply(receiver, args), method);
    }
  }
});

test("set-cookie is never combined", () => {
  const headers = new Headers([
    ["Set-Cookie", "a=1; Path=/"],
    ["x", "y"],
    ["set-cookie", "b=2, 3"],
    ["a", "0"],
  ]);
  assertArrayEquals(headers.getSetCookie(), ["a=1; Path=/", "b=2, 3"]);
  assertEquals(headers.get("set-cookie"), "a=1; Path=/, b=2, 3");
  assertEquals(show(headers), "a=0|set-cookie=a=1; Path=/|set-cookie=b=2, 3|x=y");
  assertArrayEquals(new Headers(headers).getSetCookie(), ["a=1; Path=/", "b=2, 3"]);
  headers.getSetCookie().push("c");
  assertEquals(headers.getSetCookie().length, 2);
  headers.set("Set-Cookie", "only");
  assertArrayEquals(headers.getSetCookie(), ["only"]);
  headers.delete("set-cookie");
  assertArrayEquals(headers.getSetCookie(), []);
});

test("iteration is sorted by name, and each kind is an iterator", () => {
  const headers = new Headers([
    ["c", "3"],
    ["a-b", "1"],
    ["a", "2"],
    ["b", "0"],
  ]);
  assertEquals([...headers.keys()].join(), "a,a-b,b,c");
  assertEquals([...headers.values()].join(), "2,1,0,3");
  assertEquals(headers[Symbol.iterator], headers.entries);
  const iterator = headers.entries();
  assertEquals(iterator[Symbol.iterator](), iterator);
  assertEquals(Object.prototype.toString.call(iterator), "[object Headers Iterator]");
  assertThrows(TypeError, () => iterator.next.call({}));
  const pair = iterator.next().value;
  assertTrue(Array.isArray(pair));
  pair[1] = "changed";
  assertEquals(headers.get("a"), "2");
});

test("iteration is live", () => {
  const headers = new Headers({ b: "1", d: "2" });
  const iterator = headers.keys();
  assertEquals(iterator.next().value, "b");
  headers.append("c", "3");
  assertEquals(iterator.next().value, "c");
  headers.append("a", "0");
  assertEquals(iterator.next().value, "c");
  headers.delete("a");
  headers.delete("b");
  headers.delete("c");
  assertTrue(iterator.next().done);
  headers.append("e", "5");
  headers.append("f", "6");
  headers.append("g", "7");
  headers.append("h", "7");
});

test("forEach gives value, name and headers, and sees what is added", () => {
  const headers = new Headers({ a: "1", b: "2" });
  const seen = [];
  const self = {};
  const result = headers.forEach(function (value, name, given) {
    assertEquals(this, self);
    assertEquals(given, headers);
    seen.push(`${name}=${value}`);
    if (name === "b" && !headers.has("c")) headers.append("c", "3");
  }, self);
  assertEquals(result, undefined);
  assertEquals(seen.join(), "a=1,b=2,c=3");
  assertThrows(TypeError, () => headers.forEach({}));
});

test("what an app does to Array.prototype and Object.prototype changes nothing", () => {
  const kept = Array.prototype[Symbol.iterator];
  Object.defineProperty(Object.prototype, "a", { value: "polluted", configurable: true, enumerable: false });
  Array.prototype[Symbol.iterator] = () => ({ next: () => ({ done: true }) });
  try {
    const headers = new Headers({ b: "1" });
    assertEquals(headers.get("a"), null);
    assertEquals(new Headers(headers).get("b"), "1");
    assertEquals(headers.getSetCookie().length, 0);
  } finally {
    Array.prototype[Symbol.iterator] = kept;
    delete Object.prototype.a;
  }
});

test("thousands of headers are kept, in order", () => {
  const headers = new Headers();
  for (let i = 0; i < 3000; i++) headers.append(`x-${3000 - i}`, `${i}`);
  for (let i = 0; i < 3000; i++) headers.append("same", `${i}`);
  const names = [...headers.keys()];
  assertEquals(names.length, 3001);
  assertArrayEquals(names, [...names].sort());
  assertEquals(headers.get("same").split(", ").length, 3000);
});
