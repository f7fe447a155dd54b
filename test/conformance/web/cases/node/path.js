// biome-ignore-all lint/style/useNodejsImportProtocol: both names are shown
// https://nodejs.org/api/path.html
import path, * as pathNames from "node:path";
import posix from "path/posix";
import { assertEquals, assertFalse, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("path", () => {
  assertEquals(path.join("/a", "..", "b", "./c"), "/b/c");
  assertEquals(path.resolve("/a", "b", "../c"), "/a/c");
  assertEquals(path.normalize("/a//b/../c/"), "/a/c/");
  assertEquals(path.relative("/a/b/c", "/a/d"), "../../d");
  assertEquals(path.dirname("/a/b.txt"), "/a");
  assertEquals(path.basename("/a/b.txt", ".txt"), "b");
  assertEquals(path.extname("a.b.c"), ".c");
  assertTrue(path.isAbsolute("/a"));
  assertFalse(path.isAbsolute("a"));
  assertEquals(path.format({ dir: "/a", name: "b", ext: ".c" }), "/a/b.c");
  assertEquals(path.parse("/a/b.c").name, "b");
  assertEquals(path.sep, "/");
  assertEquals(path.delimiter, ":");
  assertEquals(path.toNamespacedPath("/a"), "/a");
  assertEquals(path.posix, path);
  assertEquals(posix, path);
  assertEquals(pathNames.join, path.join);
  assertThrows(TypeError, () => path.join(5));
});
