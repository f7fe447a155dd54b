// https://w3c.github.io/FileAPI/#file-section
import { assertEquals, assertThrows, assertThrowsExactly, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("is a Blob with a name and a time", async () => {
  const file = new File(["text"], "name.txt", { type: "Text/Plain", lastModified: 5 });
  assertTrue(file instanceof Blob);
  assertEquals(Object.getPrototypeOf(File), Blob);
  assertEquals(file.name, "name.txt");
  assertEquals(file.type, "text/plain");
  assertEquals(file.lastModified, 5);
  assertEquals(file.size, 4);
  assertEquals(await file.text(), "text");
  assertEquals(Object.prototype.toString.call(file), "[object File]");
});

test("needs new, parts and a name", () => {
  assertEquals(File.length, 2);
  assertThrows(TypeError, () => File([], "a"));
  assertThrows(TypeError, () => new File());
  assertThrows(TypeError, () => new File([]));
  for (const parts of [undefined, null, "text", 5, {}]) assertThrows(TypeError, () => new File(parts, "a"));
});

for (const [given, name] of [
  ["", ""],
  ["a/b\\c:d", "a/b\\c:d"],
  ["\ud800", "\ufffd"],
  [undefined, "undefined"],
  [null, "null"],
  [5, "5"],
  [{ toString: () => "x" }, "x"],
]) {
  test(`the name ${JSON.stringify(given) ?? given}`, () => assertEquals(new File([], given).name, name));
}

test("a name that cannot be converted is refused, and what it throws comes out", () => {
  assertThrows(TypeError, () => new File([], Symbol("a")));
  const thrown = new Error("mine");
  assertThrowsExactly(
    thrown,
    () =>
      new File([], {
        toString() {
          throw thrown;
        },
      }),
  );
});

for (const [given, time] of [
  [0, 0],
  [-1, -1],
  [1.9, 1],
  [-1.9, -1],
  ["7", 7],
  [null, 0],
  [NaN, 0],
  [Infinity, 0],
  [new Date(1000), 1000],
  [2 ** 53 - 1, 2 ** 53 - 1],
  [false, 0],
]) {
  test(`lastModified ${String(given)}`, () =>
    assertEquals(new File([], "a", { lastModified: given }).lastModified, time));
}

test("lastModified is now where none is given", () => {
  const before = Date.now();
  for (const options of [undefined, null, {}, { lastModified: undefined }]) {
    const { lastModified } = new File([], "a", options);
    assertTrue(lastModified >= before && lastModified <= Date.now());
  }
});

test("options are read once each, in order", () => {
  const reads = [];
  new File([], "a", new Proxy({}, { get: (_, name) => void reads.push(name) }));
  assertEquals(reads.join(), "endings,type,lastModified");
  assertThrows(TypeError, () => new File([], "a", 5));
  assertThrows(TypeError, () => new File([], "a", { lastModified: 1n }));
  assertThrows(TypeError, () => new File([], "a", { lastModified: Symbol("a") }));
});

test("parts come before the name, and that before the options", () => {
  const order = [];
  const text = (name) => ({
    toString() {
      order.push(name);
      return "";
    },
  });
  new File([text("part")], text("name"), { type: text("type"), endings: undefined });
  assertEquals(order.join(), "part,name,type");
});

test("members are read-only, and of its instances alone", () => {
  for (const name of ["name", "lastModified"]) {
    const { get, set, enumerable } = Object.getOwnPropertyDescriptor(File.prototype, name);
    assertEquals(set, undefined);
    assertEquals(enumerable, true);
    for (const receiver of [new Blob(), {}, File.prototype]) assertThrows(TypeError, () => get.call(receiver), name);
  }
});

test("can be derived from", () => {
  class Mine extends File {}
  const mine = new Mine(["a"], "b");
  assertEquals(mine.name, "b");
  const form = new FormData();
  form.append("f", mine);
  assertEquals(form.get("f"), mine);
});
