// https://xhr.spec.whatwg.org/#interface-formdata
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertThrows,
  assertThrowsExactly,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

function formOf(...entries) {
  const form = new FormData();
  for (const entry of entries) form.append(...entry);
  return form;
}
const show = (form) => [...form].map(([name, value]) => `${name}=${value}`).join("|");

test("is empty, and made of nothing", () => {
  assertEquals(show(new FormData()), "");
  assertEquals(show(new FormData(undefined)), "");
  assertEquals(FormData.length, 0);
  for (const form of [null, {}, "a", new FormData()]) assertThrows(TypeError, () => new FormData(form));
  assertThrows(TypeError, () => FormData());
});

test("members of others are refused", () => {
  for (const receiver of [{}, FormData.prototype, new URLSearchParams(), new Map()]) {
    for (const [method, ...args] of [
      ["append", "a", "b"],
      ["set", "a", "b"],
      ["get", "a"],
      ["getAll", "a"],
      ["has", "a"],
      ["delete", "a"],
      ["keys"],
      ["values"],
      ["entries"],
      ["forEach", () => 0],
    ]) {
      assertThrows(TypeError, () => FormData.prototype[method].apply(receiver, args), method);
    }
  }
});

test("arguments that are missing are refused", () => {
  const form = new FormData();
  for (const method of ["append", "set"]) {
    assertThrows(TypeError, () => form[method](), method);
    assertThrows(TypeError, () => form[method]("a"), method);
  }
  for (const method of ["get", "getAll", "has", "delete", "forEach"])
    assertThrows(TypeError, () => form[method](), method);
});

test("names and values become well-formed strings", () => {
  const form = formOf([5, null], ["\ud800", "\udc00a"], [undefined, undefined], ["o", { toString: () => "x" }]);
  assertEquals(show(form), "5=null|\ufffd=\ufffda|undefined=undefined|o=x");
  assertEquals(form.get("\ud800"), "\ufffda");
  assertThrows(TypeError, () => form.append(Symbol("a"), "b"));
  assertThrows(TypeError, () => form.append("a", Symbol("b")));
  const thrown = new Error("mine");
  assertThrowsExactly(thrown, () =>
    form.append("a", {
      toString() {
        throw thrown;
      },
    }),
  );
});

test("get, getAll and has find by name", () => {
  const form = formOf(["a", "1"], ["b", "2"], ["a", "3"]);
  assertEquals(form.get("a"), "1");
  assertArrayEquals(form.getAll("a"), ["1", "3"]);
  assertEquals(form.get("c"), null);
  assertArrayEquals(form.getAll("c"), []);
  assertTrue(form.has("b"));
  assertFalse(form.has("A"));
  form.getAll("a").push("4");
  assertEquals(form.getAll("a").length, 2);
});

test("delete removes all of a name", () => {
  const form = formOf(["a", "1"], ["b", "2"], ["a", "3"]);
  assertEquals(form.delete("a"), undefined);
  assertEquals(show(form), "b=2");
  form.delete("none");
});

test("set takes the place of the first, removes the others, or appends", () => {
  const form = formOf(["a", "1"], ["b", "2"], ["a", "3"], ["c", "4"]);
  assertEquals(form.set("a", "5"), undefined);
  assertEquals(show(form), "a=5|b=2|c=4");
  form.set("d", "6");
  assertEquals(show(form), "a=5|b=2|c=4|d=6");
});

for (const method of ["append", "set"]) {
  test(`${method}: a blob becomes a file named "blob"`, async () => {
    const form = new FormData();
    const blob = new Blob(["text"], { type: "a/b" });
    form[method]("a", blob);
    const file = form.get("a");
    assertTrue(file instanceof File);
    assertEquals(file.name, "blob");
    assertEquals(file.type, "a/b");
    assertEquals(await file.text(), "text");
    assertEquals(form.get("a"), file);
    form[method]("b", blob, "name\ud800");
    assertEquals(form.get("b").name, "name\ufffd");
    form[method]("c", blob, undefined);
    assertEquals(form.get("c").name, "blob");
    form[method]("d", blob, null);
    assertEquals(form.get("d").name, "null");
  });

  test(`${method}: a file is kept itself, unless it is named anew`, () => {
    const form = new FormData();
    const file = new File(["text"], "own", { lastModified: 5 });
    form[method]("a", file);
    assertEquals(form.get("a"), file);
    form[method]("b", file, undefined);
    assertEquals(form.get("b"), file);
    form[method]("c", file, "new");
    assertNotEquals(form.get("c"), file);
    assertEquals(form.get("c").name, "new");
    assertEquals(form.get("c").size, 4);
  });

  test(`${method}: only a blob has a file name`, () => {
    const form = new FormData();
    for (const value of ["text", {}, null, new Uint8Array(1)]) {
      assertThrows(TypeError, () => form[method]("a", value, "name"));
      assertThrows(TypeError, () => form[method]("a", value, undefined));
    }
    assertThrows(TypeError, () => form[method]("a", Object.create(Blob.prototype), "name"));
    assertFalse(form.has("a"));
  });
}

test("iterates in the order of its entries", () => {
  const form = formOf(["b", "1"], ["a", "2"], ["b", "3"]);
  assertEquals([...form.keys()].join(), "b,a,b");
  assertEquals([...form.values()].join(), "1,2,3");
  assertEquals(form[Symbol.iterator], form.entries);
  assertEquals(Object.prototype.toString.call(form.entries()), "[object FormData Iterator]");
});

test("iteration is live", () => {
  const form = formOf(["a", "1"], ["b", "2"]);
  const seen = [];
  for (const [name] of form) {
    seen.push(name);
    if (name === "a") form.append("c", "3");
    if (name === "b") form.delete("a");
  }
  assertEquals(seen.join(), "a,b");
  assertEquals(show(form), "b=2|c=3");
});

test("forEach gives value, name and form", () => {
  const form = formOf(["a", "1"], ["b", "2"]);
  const seen = [];
  form.forEach(function (value, name, given) {
    seen.push(name + value + (given === form) + this);
  }, "self");
  assertTrue(seen.join().startsWith("a1true"));
  assertEquals(seen.length, 2);
  assertThrows(TypeError, () => form.forEach(null));
});

test("thousands of entries are kept, in order", () => {
  const form = new FormData();
  for (let i = 0; i < 10_000; i++) form.append(`n${i % 100}`, `${i}`);
  assertEquals(form.getAll("n7").length, 100);
  assertEquals([...form].length, 10_000);
});
