// https://urlpattern.spec.whatwg.org/#urlpattern-class: what the data of the web platform tests does not say.
import { assertArrayEquals, assertEquals, assertFalse, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const COMPONENTS = ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"];

test("wants new, and nothing else", () => {
  assertThrows(TypeError, () => URLPattern());
  const pattern = new URLPattern();
  for (const component of COMPONENTS) assertEquals(pattern[component], "*", component);
  assertTrue(pattern.test("http://a.test/x?y#z"));
});

test("takes a string, with a base URL where it has no protocol", () => {
  assertEquals(new URLPattern("https://a.test/:x").pathname, "/:x");
  assertEquals(new URLPattern("/:x", "https://a.test").hostname, "a.test");
  assertThrows(TypeError, () => new URLPattern("/:x"));
  assertThrows(TypeError, () => new URLPattern("/:x", "no url"));
});

test("takes an object, with the base URL in it alone", () => {
  assertEquals(new URLPattern({ pathname: "x", baseURL: "https://a.test/b/" }).pathname, "/b/x");
  assertThrows(TypeError, () => new URLPattern({ pathname: "/x" }, "https://a.test"));
  assertThrows(TypeError, () => new URLPattern({ baseURL: "no url" }));
});

test("takes null and undefined for no object", () => {
  for (const pattern of [new URLPattern(null), new URLPattern(undefined), new URLPattern(undefined, undefined)]) {
    assertEquals(pattern.pathname, "*");
  }
});

test("tells options from a base URL by what the second argument is", () => {
  assertTrue(new URLPattern({ pathname: "/x" }, { ignoreCase: true }).test({ pathname: "/X" }));
  assertTrue(new URLPattern("https://a.test/x", { ignoreCase: true }).test("https://a.test/X"));
  assertTrue(new URLPattern("/x", "https://a.test", { ignoreCase: true }).test("https://a.test/X"));
  assertEquals(new URLPattern("https://a.test/x", null).pathname, "/x");
  assertThrows(TypeError, () => new URLPattern("https://a.test/x", 1));
  assertThrows(TypeError, () => new URLPattern("https://a.test/x", undefined, {}));
  assertThrows(TypeError, () => new URLPattern("/x", "https://a.test", 1));
});

test("ignoreCase concerns path, search and hash, and not the host", () => {
  const pattern = new URLPattern("https://a.test/x?y#z", { ignoreCase: true });
  assertTrue(pattern.test("https://A.test/X?Y#Z"));
  assertFalse(new URLPattern("https://a.test/x").test("https://a.test/X"));
  assertFalse(new URLPattern({ username: "me" }, { ignoreCase: true }).test({ username: "ME" }));
});

test("reads the members of an object once each, in the order of their names", () => {
  const read = [];
  new URLPattern(
    new Proxy(
      {},
      {
        get(_target, name) {
          read.push(name);
          return undefined;
        },
      },
    ),
  );
  assertArrayEquals(read, [
    "baseURL",
    "hash",
    "hostname",
    "password",
    "pathname",
    "port",
    "protocol",
    "search",
    "username",
  ]);
});

test("converts members to strings, and what a getter throws comes out", () => {
  assertEquals(new URLPattern({ port: 8080 }).port, "8080");
  assertEquals(new URLPattern({ pathname: null }).pathname, "null");
  assertThrows(TypeError, () => new URLPattern({ pathname: Symbol("x") }));
  assertThrows(RangeError, () => {
    return new URLPattern({
      get pathname() {
        throw new RangeError("mine");
      },
    });
  });
});

test("a URL object is an object with a URL's members", () => {
  const pattern = new URLPattern(new URL("https://a.test/x"));
  assertEquals(pattern.protocol, "https");
  assertEquals(pattern.pathname, "/x");
  assertEquals(pattern.search, "");
  assertTrue(pattern.test(new URL("https://a.test/x")));
});

test("components are read-only, and in canonical form", () => {
  const pattern = new URLPattern({
    protocol: "HTTPS:",
    hostname: "A.Test",
    port: "443",
    pathname: "/ä",
    search: "?q=ä",
    hash: "#h h",
  });
  assertEquals(pattern.protocol, "HTTPS".toLowerCase());
  assertEquals(pattern.hostname, "a.test");
  assertEquals(pattern.pathname, "/%C3%A4");
  assertEquals(pattern.search, "q=%C3%A4");
  assertEquals(pattern.hash, "h%20h");
  assertThrows(TypeError, () => {
    pattern.pathname = "/x";
  });
});

test("hasRegExpGroups tells of regular expressions, and not of names and wildcards", () => {
  assertFalse(new URLPattern({ pathname: "/:x/*" }).hasRegExpGroups);
  assertFalse(new URLPattern({ pathname: "/(.*)" }).hasRegExpGroups);
  assertFalse(new URLPattern({ pathname: "/:x([^\\/]+?)" }).hasRegExpGroups);
  for (const component of COMPONENTS) {
    assertTrue(new URLPattern({ [component]: component === "port" ? "(80)" : "(x)" }).hasRegExpGroups, component);
  }
});

test("exec answers null, or inputs and a result for each component", () => {
  const pattern = new URLPattern({ hostname: ":sub.a.test", pathname: "/books/:id" });
  assertEquals(pattern.exec("https://a.test/books/1"), null);
  const result = pattern.exec("https://shop.a.test/books/12?q#h");
  assertArrayEquals(Object.keys(result), [
    "hash",
    "hostname",
    "inputs",
    "password",
    "pathname",
    "port",
    "protocol",
    "search",
    "username",
  ]);
  assertEquals(Object.getPrototypeOf(result), Object.prototype);
  assertArrayEquals(result.inputs, ["https://shop.a.test/books/12?q#h"]);
  assertEquals(result.hostname.input, "shop.a.test");
  assertEquals(result.hostname.groups.sub, "shop");
  assertEquals(result.pathname.groups.id, "12");
  assertEquals(result.search.groups[0], "q");
});

test("exec names the base URL among its inputs, and an object as it was converted", () => {
  const pattern = new URLPattern({ pathname: "/x" });
  assertArrayEquals(pattern.exec("x", "https://a.test/").inputs, ["x", "https://a.test/"]);
  const given = { pathname: { toString: () => "/x" }, other: 1 };
  const [input] = pattern.exec(given).inputs;
  assertEquals(JSON.stringify(input), `{"pathname":"/x"}`);
  assertEquals(Object.getPrototypeOf(input), Object.prototype);
});

test("a group that takes no part is undefined", () => {
  const { groups } = new URLPattern({ pathname: "/x{/:y}?" }).exec({ pathname: "/x" }).pathname;
  assertTrue(Object.hasOwn(groups, "y"));
  assertEquals(groups.y, undefined);
});

test("a group may have any name, those of prototypes too", () => {
  const { groups } = new URLPattern({ pathname: "/:__proto__/:constructor" }).exec({ pathname: "/a/b" }).pathname;
  assertEquals(Object.getPrototypeOf(groups), Object.prototype);
  assertEquals(Object.getOwnPropertyDescriptor(groups, "__proto__").value, "a");
  assertEquals(groups.constructor, "b");
});

test("test and exec take nothing for what matches all, and refuse an object with a base URL beside it", () => {
  assertTrue(new URLPattern().test());
  assertTrue(new URLPattern().exec() !== null);
  assertFalse(new URLPattern({ pathname: "/x" }).test());
  assertThrows(TypeError, () => new URLPattern().test({}, "https://a.test"));
  assertThrows(TypeError, () => new URLPattern().exec({}, "https://a.test"));
});

test("what does not parse does not match", () => {
  const pattern = new URLPattern();
  assertFalse(pattern.test("no url"));
  assertFalse(pattern.test("/x", "no url"));
  assertFalse(pattern.test({ baseURL: "no url" }));
  assertFalse(pattern.test({ port: "no port" }));
  assertFalse(pattern.test({ hostname: "a b" }));
  assertEquals(pattern.exec("no url"), null);
});

test("two groups of a name are refused within a component, and not across them", () => {
  assertThrows(TypeError, () => new URLPattern({ pathname: "/:x/:x" }));
  assertEquals(new URLPattern({ pathname: "/:x", search: ":x" }).search, ":x");
});

test("malformed patterns are refused", () => {
  for (const pathname of ["/(", "/()", "/(?x)", "/((x))", "/{", "/}", "/:", "/**?", "/x\\", "/(ä)", "/([)"]) {
    assertThrows(TypeError, () => new URLPattern({ pathname }), pathname);
  }
});

test("modifiers repeat names, groups and text", () => {
  const matches = (pathname, path) => new URLPattern({ pathname }).test({ pathname: path });
  assertTrue(matches("/x/:y*", "/x"));
  assertTrue(matches("/x/:y*", "/x/a/b"));
  assertFalse(matches("/x/:y+", "/x"));
  assertTrue(matches("/x{/y}?", "/x/y"));
  assertTrue(matches("/{ab}+", "/abab"));
  assertFalse(matches("/{ab}+", "/"));
});

test("its regular expressions know sets and Unicode", () => {
  assertTrue(new URLPattern({ pathname: "/([\\w--[a-c]]+)" }).test({ pathname: "/xyz" }));
  assertFalse(new URLPattern({ pathname: "/([\\w--[a-c]]+)" }).test({ pathname: "/abc" }));
});

test("an escaped character is itself", () => {
  const pattern = new URLPattern({ pathname: "/\\:x\\*" });
  assertTrue(pattern.test({ pathname: "/:x*" }));
  assertFalse(pattern.test({ pathname: "/ax*" }));
});

test("a pattern that is written of its own components matches the same", () => {
  for (const text of ["https://*.a.test/:x(\\d+)/{y}?z", "https://a.test:8080/x/*?q=:q#:h", "data\\:text/:kind,*"]) {
    const pattern = new URLPattern(text);
    const again = new URLPattern(Object.fromEntries(COMPONENTS.map((component) => [component, pattern[component]])));
    for (const component of COMPONENTS) assertEquals(again[component], pattern[component], `${component} of ${text}`);
  }
});

test("poisoned prototypes change nothing", () => {
  const { exec } = RegExp.prototype;
  const { slice } = String.prototype;
  const iterator = Array.prototype[Symbol.iterator];
  let id;
  try {
    RegExp.prototype.exec = () => fail("exec was called");
    String.prototype.slice = () => fail("slice was called");
    Array.prototype[Symbol.iterator] = () => fail("the iterator was called");
    Object.prototype.pathname = "/poisoned";
    id = new URLPattern("https://a.test/:id(\\d+)").exec("https://a.test/12").pathname.groups.id;
  } finally {
    delete Object.prototype.pathname;
    RegExp.prototype.exec = exec;
    String.prototype.slice = slice;
    Array.prototype[Symbol.iterator] = iterator;
  }
  assertEquals(id, "12");
});

function fail(what) {
  throw new Error(what);
}
