// https://url.spec.whatwg.org/#interface-urlsearchparams
import { assertArrayEquals, assertEquals, assertFalse, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const pairsOf = (params) => Array.from(params, ([name, value]) => `${name}=${value}`);

test("wants new, and nothing else", () => {
  assertThrows(TypeError, () => URLSearchParams());
  assertEquals(String(new URLSearchParams()), "");
  assertEquals(String(new URLSearchParams(undefined)), "");
  assertEquals(String(new URLSearchParams(null)), "null=");
});

test("takes a string, of which one leading ? is left out", () => {
  assertEquals(String(new URLSearchParams("?a=1&b=2")), "a=1&b=2");
  assertEquals(String(new URLSearchParams("??a=1")), "%3Fa=1");
});

test("parses what forms send", () => {
  const cases = {
    "a=b+c&d": ["a=b c", "d="],
    "a=%62%zz%6": ["a=b%zz%6"],
    "&&a=1&&": ["a=1"],
    "=x&=": ["=x", "="],
    "a==b": ["a==b"],
    "%ff=1": ["\ufffd=1"],
    "a=\u0000b": ["a=\u0000b"],
    "%EF%BB%BFa=%EF%BB%BFb": ["\ufeffa=\ufeffb"],
  };
  for (const [text, pairs] of Object.entries(cases)) assertArrayEquals(pairsOf(new URLSearchParams(text)), pairs, text);
});

test("takes a record, in the order of its keys", () => {
  assertEquals(String(new URLSearchParams({ b: "1", a: 2 })), "b=1&a=2");
  const record = Object.create({ inherited: "x" }, { hidden: { value: "x" }, shown: { value: "y", enumerable: true } });
  assertEquals(String(new URLSearchParams(record)), "shown=y");
  assertThrows(TypeError, () => new URLSearchParams({ [Symbol("x")]: "1" }));
});

test("keys of a record that are one name are one pair, with the later value", () => {
  assertArrayEquals(pairsOf(new URLSearchParams({ "\ud835x": "1", xx: "2", "\ud83dx": "3" })), ["\ufffdx=3", "xx=2"]);
});

test("takes a sequence of pairs, of any iterables", () => {
  assertEquals(String(new URLSearchParams([["a", "1"], new Set(["b", 2])])), "a=1&b=2");
  assertEquals(String(new URLSearchParams(new Map([["a", "1"]]))), "a=1");
  assertEquals(String(new URLSearchParams([])), "");
  assertThrows(TypeError, () => new URLSearchParams([["a"]]));
  assertThrows(TypeError, () => new URLSearchParams([["a", "b", "c"]]));
  assertThrows(TypeError, () => new URLSearchParams(["ab"]));
  assertThrows(TypeError, () => new URLSearchParams([1]));
});

test("takes what has an iterator of its own by that, and FormData too", () => {
  const params = new URLSearchParams("a=1");
  params[Symbol.iterator] = function* () {
    yield ["b", "2"];
  };
  assertEquals(String(new URLSearchParams(params)), "b=2");
  const form = new FormData();
  form.append("c", "3");
  assertEquals(String(new URLSearchParams(form)), "c=3");
});

test("an object whose iterator is no function is refused", () => {
  assertThrows(TypeError, () => new URLSearchParams({ [Symbol.iterator]: 1 }));
});

test("a function is a record, and a DOMException's constructor one of its constants", () => {
  assertTrue(new URLSearchParams(DOMException).has("INDEX_SIZE_ERR"));
  assertThrows(TypeError, () => new URLSearchParams(DOMException.prototype));
});

test("copies the params that it is given", () => {
  const first = new URLSearchParams("a=1");
  const second = new URLSearchParams(first);
  first.append("b", "2");
  assertEquals(String(second), "a=1");
});

test("size counts pairs", () => {
  const params = new URLSearchParams("a=1&a=2&b");
  assertEquals(params.size, 3);
  params.delete("a");
  assertEquals(params.size, 1);
});

test("append adds at the end, whatever is there", () => {
  const params = new URLSearchParams("a=1");
  params.append("a", "1");
  params.append("", undefined);
  params.append("x\ud800", null);
  assertEquals(String(params), "a=1&a=1&=undefined&x%EF%BF%BD=null");
});

test("delete takes all of a name, or those with a value", () => {
  const params = new URLSearchParams("a=1&b=2&a=3&a=1");
  params.delete("a", "1");
  assertEquals(String(params), "b=2&a=3");
  params.delete("a", undefined);
  assertEquals(String(params), "b=2");
  params.delete("c");
  assertEquals(String(params), "b=2");
});

test("get answers the first value, or null; getAll all of them", () => {
  const params = new URLSearchParams("a=1&b=2&a=3&c");
  assertEquals(params.get("a"), "1");
  assertEquals(params.get("c"), "");
  assertEquals(params.get("d"), null);
  assertArrayEquals(params.getAll("a"), ["1", "3"]);
  assertArrayEquals(params.getAll("d"), []);
});

test("has asks for a name, or for a name with a value", () => {
  const params = new URLSearchParams("a=1&a=2&null=undefined");
  assertTrue(params.has("a"));
  assertTrue(params.has("a", "2"));
  assertFalse(params.has("a", "3"));
  assertTrue(params.has("a", undefined));
  assertFalse(params.has("a", null));
  assertTrue(params.has(null));
});

test("set puts the first pair of a name right, and takes the others away", () => {
  const params = new URLSearchParams("a=1&b=2&a=3");
  params.set("a", "4");
  assertEquals(String(params), "a=4&b=2");
  params.set("c", "5");
  assertEquals(String(params), "a=4&b=2&c=5");
});

test("sort is stable, and by UTF-16 code units", () => {
  const params = new URLSearchParams("\ufb03=1&\ud83c\udf08=2&z=3&a=4&z=0");
  params.sort();
  assertArrayEquals(pairsOf(params), ["a=4", "z=3", "z=0", "\ud83c\udf08=2", "\ufb03=1"]);
});

test("toString escapes all but what forms leave", () => {
  const params = new URLSearchParams();
  params.append("a*-._ ~'()!", "\u0000\n\u007f\u00e9&=+%");
  assertEquals(String(params), "a*-._+%7E%27%28%29%21=%00%0A%7F%C3%A9%26%3D%2B%25");
});

test("iterates its pairs, names and values, as of when it is asked", () => {
  const params = new URLSearchParams("a=1&b=2&c=3");
  assertArrayEquals(pairsOf(params), ["a=1", "b=2", "c=3"]);
  assertArrayEquals([...params.keys()], ["a", "b", "c"]);
  assertArrayEquals([...params.values()], ["1", "2", "3"]);
  const seen = [];
  for (const [name] of params) {
    seen.push(name);
    params.delete(name);
  }
  assertArrayEquals(seen, ["a", "c"]);
  assertEquals(String(params), "b=2");
});

test("an iterator sees what is appended while it runs, and stays done after its end", () => {
  const params = new URLSearchParams("a=1");
  const iterator = params.entries();
  params.append("b", "2");
  assertArrayEquals(iterator.next().value, ["a", "1"]);
  assertArrayEquals(iterator.next().value, ["b", "2"]);
  assertTrue(iterator.next().done);
});

test("an iterator of a URL's params follows the URL's search", () => {
  const url = new URL("http://a.test/?a=1&b=2&c=3&d=4");
  const seen = [];
  for (const [name, value] of url.searchParams) {
    url.search = "x=1&y=2&z=3";
    seen.push(`${name}${value}`);
  }
  assertArrayEquals(seen, ["a1", "y2", "z3"]);
});

test("an iterator has the prototype and the tag of its kind", () => {
  const prototype = Object.getPrototypeOf(new URLSearchParams().entries());
  assertEquals(prototype, Object.getPrototypeOf(new URLSearchParams().keys()));
  assertEquals(Object.getPrototypeOf(prototype), Object.getPrototypeOf(Object.getPrototypeOf([].values())));
  assertEquals(prototype[Symbol.toStringTag], "URLSearchParams Iterator");
  assertEquals(Object.getOwnPropertyDescriptor(prototype, "next").enumerable, true);
  assertThrows(TypeError, () => prototype.next.call([].values()));
});

test("forEach passes value, name and params, and wants a function", () => {
  const params = new URLSearchParams("a=1&b=2");
  const self = {};
  const seen = [];
  params.forEach(function (value, name, all) {
    seen.push(value, name, all === params, this === self);
  }, self);
  assertArrayEquals(seen, ["1", "a", true, true, "2", "b", true, true]);
  assertThrows(TypeError, () => params.forEach());
  assertThrows(TypeError, () => params.forEach({}));
});

test("forEach sees what its callback changes", () => {
  const params = new URLSearchParams("a=1&b=2&c=3");
  const seen = [];
  params.forEach((_value, name) => {
    seen.push(name);
    params.delete("b");
  });
  assertArrayEquals(seen, ["a", "c"]);
});

test("poisoned prototypes change nothing", () => {
  const { push } = Array.prototype;
  const iterator = Array.prototype[Symbol.iterator];
  let text;
  try {
    Array.prototype.push = () => fail("push was called");
    Array.prototype[Symbol.iterator] = () => fail("the iterator was called");
    const params = new URLSearchParams("b=1&a=2");
    params.append("c", "3");
    params.sort();
    params.delete("b");
    text = params.toString();
  } finally {
    Array.prototype.push = push;
    Array.prototype[Symbol.iterator] = iterator;
  }
  assertEquals(text, "a=2&c=3");
});

function fail(what) {
  throw new Error(what);
}
