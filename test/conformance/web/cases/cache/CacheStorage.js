// https://w3c.github.io/ServiceWorker/#cachestorage-interface, and `default` as Workers have it
import { assertArrayEquals, assertEquals, assertRejects, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const URL_OF = "https://kept.test/storage";

test("caches is a read-only attribute of the global, one CacheStorage", () => {
  assertTrue(caches instanceof CacheStorage);
  assertEquals(caches, globalThis.caches);
  const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(globalThis, "caches");
  assertEquals(typeof get, "function");
  assertEquals(set, undefined);
  assertEquals(enumerable, true);
  assertEquals(configurable, true);
});

test("cannot be constructed", () => {
  assertThrows(TypeError, () => new CacheStorage());
  assertThrows(TypeError, () => CacheStorage());
  assertEquals(CacheStorage.length, 0);
  assertEquals(Object.prototype.toString.call(caches), "[object CacheStorage]");
});

test("its methods have the names and lengths of the IDL, and are enumerable", () => {
  for (const [name, length] of Object.entries({ match: 1, has: 1, open: 1, delete: 1, keys: 0 })) {
    const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(CacheStorage.prototype, name);
    assertEquals(value.name, name);
    assertEquals(value.length, length, name);
    assertTrue(writable && enumerable && configurable, name);
  }
});

test("a method of another object rejects, and throws nothing", async () => {
  for (const name of ["match", "has", "open", "delete", "keys"]) {
    await assertRejects(TypeError, CacheStorage.prototype[name].call({}, "x"), name);
    await assertRejects(TypeError, CacheStorage.prototype[name].call(undefined, "x"), name);
  }
});

test("wants its arguments", async () => {
  for (const name of ["match", "has", "open", "delete"]) await assertRejects(TypeError, caches[name](), name);
  await assertRejects(TypeError, caches.open(Symbol("name")));
});

test("open makes a cache, another one each time, of the same content", async () => {
  const first = await caches.open("opened");
  const second = await caches.open("opened");
  assertTrue(first instanceof Cache);
  assertTrue(first !== second);
  await first.put(URL_OF, new Response("one"));
  assertEquals(await (await second.match(URL_OF)).text(), "one");
});

test("has says whether it was opened, whatever is in it", async () => {
  assertEquals(await caches.has("never opened"), false);
  await caches.open("empty");
  assertEquals(await caches.has("empty"), true);
});

test("names are texts of any kind, up to a bound", async () => {
  for (const name of ["", "a/../../b", "\u0000", "\ud800", "ä€", "default", "__proto__"]) {
    const cache = await caches.open(name);
    await cache.put(URL_OF, new Response(`in ${name.length}`));
    assertEquals(await (await cache.match(URL_OF)).text(), `in ${name.length}`, name);
    assertEquals(await caches.has(name), true, name);
    assertEquals(await caches.delete(name), true, name);
  }
  await assertRejects(TypeError, caches.open("x".repeat(257)));
});

test("keys answers the names, in the order in which they were opened", async () => {
  for (const name of await caches.keys()) await caches.delete(name);
  for (const name of ["z", "a", "m"]) await caches.open(name);
  const names = await caches.keys();
  assertTrue(Array.isArray(names));
  assertArrayEquals(names, ["z", "a", "m"]);
});

test("delete takes a cache with all that is in it, and says whether there was one", async () => {
  const cache = await caches.open("deleted");
  await cache.put(URL_OF, new Response("gone"));
  assertEquals(await caches.delete("deleted"), true);
  assertEquals(await caches.has("deleted"), false);
  assertEquals(await caches.delete("deleted"), false);
  assertEquals(await (await caches.open("deleted")).match(URL_OF), undefined);
});

test("match looks into the caches in the order in which they were opened", async () => {
  for (const name of await caches.keys()) await caches.delete(name);
  const url = "https://kept.test/across";
  for (const name of ["first", "second", "third"]) await caches.open(name);
  await (await caches.open("third")).put(url, new Response("third"));
  await (await caches.open("second")).put(url, new Response("second"));
  assertEquals(await (await caches.match(url)).text(), "second");
  assertEquals(await (await caches.match(url, { cacheName: "third" })).text(), "third");
  assertEquals(await caches.match(url, { cacheName: "first" }), undefined);
  assertEquals(await caches.match(url, { cacheName: "none" }), undefined);
  assertEquals(await caches.match("https://kept.test/nowhere"), undefined);
});

test("match ignores what the query says", async () => {
  const cache = await caches.open("queries");
  await cache.put("https://kept.test/query?a=1", new Response("asked"));
  assertEquals(await caches.match("https://kept.test/query?b=2", { cacheName: "queries" }), undefined);
  const found = await caches.match("https://kept.test/query?b=2", { cacheName: "queries", ignoreSearch: true });
  assertEquals(await found.text(), "asked");
});

test("default is one cache, of no name, and read-only", async () => {
  assertTrue(caches.default instanceof Cache);
  assertEquals(caches.default, caches.default);
  await caches.default.put("https://kept.test/default", new Response("default"));
  assertEquals(await (await caches.open("default")).match("https://kept.test/default"), undefined);
  assertEquals(await (await caches.default.match("https://kept.test/default")).text(), "default");
  const { get, set, enumerable } = Object.getOwnPropertyDescriptor(CacheStorage.prototype, "default");
  assertEquals(set, undefined);
  assertEquals(enumerable, true);
  assertThrows(TypeError, () => get.call({}));
});
