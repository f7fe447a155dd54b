// https://w3c.github.io/ServiceWorker/#cache-interface, and what Workers' Cache API makes of HTTP's fields
import {
  assertArrayEquals,
  assertEquals,
  assertRejects,
  assertRejectsDom,
  assertRejectsExactly,
  assertThrows,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

let count = 0;
/** A URL that no other test has. */
const freshUrl = (rest = "") => `https://kept.test/${++count}${rest}`;
const open = () => caches.open(`cache ${++count}`);
const textOf = async (promise) => (await promise)?.text();

test("cannot be constructed, and has its tag", () => {
  assertThrows(TypeError, () => new Cache());
  assertEquals(Cache.length, 0);
  assertEquals(Object.prototype.toString.call(caches.default), "[object Cache]");
});

test("its methods have the names and lengths of the IDL, and are enumerable", () => {
  const lengths = { match: 1, matchAll: 0, add: 1, addAll: 1, put: 2, delete: 1, keys: 0 };
  for (const [name, length] of Object.entries(lengths)) {
    const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(Cache.prototype, name);
    assertEquals(value.name, name);
    assertEquals(value.length, length, name);
    assertTrue(writable && enumerable && configurable, name);
  }
});

test("a method of another object rejects, and throws nothing", async () => {
  for (const name of ["match", "matchAll", "add", "addAll", "put", "delete", "keys"]) {
    await assertRejects(TypeError, Cache.prototype[name].call(caches, "https://a.test/", new Response()), name);
    await assertRejects(TypeError, Cache.prototype[name].call(null, "https://a.test/", new Response()), name);
  }
});

test("wants its arguments", async () => {
  for (const name of ["match", "add", "addAll", "put", "delete"]) {
    await assertRejects(TypeError, caches.default[name](), name);
  }
  await assertRejects(TypeError, caches.default.put("https://a.test/"));
  await assertRejects(TypeError, caches.default.put("https://a.test/", "a text"));
  await assertRejects(TypeError, caches.default.put("https://a.test/", null));
  await assertRejects(TypeError, caches.default.match("no URL"));
  await assertRejects(TypeError, caches.default.match("https://a.test/", 5));
});

test("put resolves with undefined, and match finds status, text, headers and body", async () => {
  const url = freshUrl();
  const headers = { "content-type": "text/x", "x-many": "1", etag: '"e"' };
  const put = caches.default.put(url, new Response("body", { status: 201, statusText: "Made", headers }));
  assertTrue(put instanceof Promise);
  assertEquals(await put, undefined);
  const found = await caches.default.match(url);
  assertTrue(found instanceof Response);
  assertEquals(found.status, 201);
  assertEquals(found.statusText, "Made");
  assertEquals(found.type, "default");
  assertEquals(found.url, "");
  for (const [name, value] of Object.entries(headers)) assertEquals(found.headers.get(name), value);
  assertEquals(await found.text(), "body");
});

test("what match finds is another response each time, with immutable headers and an age", async () => {
  const url = freshUrl();
  await caches.default.put(url, new Response("twice", { headers: { age: "7" } }));
  const [first, second] = [await caches.default.match(url), await caches.default.match(url)];
  assertTrue(first !== second);
  assertEquals(await first.text(), await second.text());
  assertThrows(TypeError, () => first.headers.set("x", "y"));
  assertTrue(Number(first.headers.get("age")) >= 7);
});

test("match answers undefined where there is nothing", async () => {
  assertEquals(await caches.default.match(freshUrl()), undefined);
});

test("a fragment is no part of what is asked for", async () => {
  const url = freshUrl();
  await caches.default.put(`${url}#one`, new Response("fragment"));
  assertEquals(await textOf(caches.default.match(`${url}#two`)), "fragment");
  assertEquals(await textOf(caches.default.match(url)), "fragment");
});

test("a search is, unless the query ignores it", async () => {
  const cache = await open();
  const url = freshUrl();
  await cache.put(`${url}?a=1`, new Response("searched"));
  assertEquals(await cache.match(url), undefined);
  assertEquals(await cache.match(`${url}?a=2`), undefined);
  assertEquals(await textOf(cache.match(`${url}?a=2`, { ignoreSearch: true })), "searched");
  assertEquals(await textOf(cache.match(url, { ignoreSearch: true })), "searched");
});

test("another method than GET finds nothing, unless the query ignores it", async () => {
  const url = freshUrl();
  await caches.default.put(url, new Response("by GET"));
  for (const method of ["HEAD", "POST", "DELETE"]) {
    const request = new Request(url, { method });
    assertEquals(await caches.default.match(request), undefined, method);
    assertEquals(await textOf(caches.default.match(request, { ignoreMethod: true })), "by GET", method);
  }
});

test("put replaces what there was", async () => {
  const cache = await open();
  const url = freshUrl();
  await cache.put(url, new Response("old"));
  await cache.put(url, new Response("new"));
  assertEquals(await textOf(cache.match(url)), "new");
  assertEquals((await cache.keys()).length, 1);
});

test("put refuses what no cache keeps", async () => {
  const url = freshUrl();
  await assertRejects(TypeError, caches.default.put(new Request(url, { method: "POST" }), new Response("x")), "POST");
  await assertRejects(TypeError, caches.default.put(new Request(url, { method: "HEAD" }), new Response("x")), "HEAD");
  await assertRejects(TypeError, caches.default.put("data:text/plain,x", new Response("x")), "data:");
  await assertRejects(TypeError, caches.default.put(url, new Response("x", { status: 206 })), "206");
  for (const vary of ["*", "accept, *"]) {
    await assertRejects(TypeError, caches.default.put(url, new Response("x", { headers: { vary } })), vary);
  }
  await assertRejects(TypeError, caches.default.put(url, Response.error()), "error");
  assertEquals(await caches.default.match(url), undefined);
});

test("put uses the body up, and refuses one that is used or locked", async () => {
  const url = freshUrl();
  const response = new Response("used");
  await caches.default.put(url, response);
  assertEquals(response.bodyUsed, true);
  await assertRejects(TypeError, caches.default.put(url, response));
  const locked = new Response("locked");
  locked.body.getReader();
  await assertRejects(TypeError, caches.default.put(url, locked));
  assertEquals(await textOf(caches.default.match(url)), "used");
});

test("bodies of every kind come back as they went in", async () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);
  const stream = () =>
    new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 30_000) controller.enqueue(bytes.slice(at, at + 30_000));
        controller.close();
      },
    });
  for (const body of [bytes, new Blob([bytes]), stream()]) {
    const url = freshUrl();
    await caches.default.put(url, new Response(body));
    assertArrayEquals(await (await caches.default.match(url)).bytes(), bytes);
  }
});

test("no body stays no body, and an empty one is empty", async () => {
  const [none, empty] = [freshUrl(), freshUrl()];
  await caches.default.put(none, new Response(null, { status: 204 }));
  await caches.default.put(empty, new Response(""));
  const found = await caches.default.match(none);
  assertEquals(found.body, null);
  assertEquals(found.status, 204);
  assertEquals(await textOf(caches.default.match(empty)), "");
});

test("what match finds can be put again, under another URL", async () => {
  const [from, to] = [freshUrl(), freshUrl()];
  await caches.default.put(from, new Response("handed on", { headers: { "x-kept": "1" } }));
  await caches.default.put(to, await caches.default.match(from));
  const found = await caches.default.match(to);
  assertEquals(found.headers.get("x-kept"), "1");
  assertEquals(await found.text(), "handed on");
});

test("a body that breaks off rejects with its reason, and keeps what was there", async () => {
  const url = freshUrl();
  await caches.default.put(url, new Response("before"));
  const reason = new Error("cut");
  const stream = new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(70_000));
      if (controller.desiredSize <= 0) controller.error(reason);
    },
  });
  await assertRejectsExactly(reason, caches.default.put(url, new Response(stream)));
  assertEquals(await textOf(caches.default.match(url)), "before");
});

test("vary asks for the same values of the request's headers", async () => {
  const cache = await open();
  const url = freshUrl();
  const ask = (language) => new Request(url, { headers: language === null ? {} : { "accept-language": language } });
  const answer = (text) => new Response(text, { headers: { vary: "Accept-Language" } });
  await cache.put(ask("de"), answer("deutsch"));
  await cache.put(ask("en"), answer("english"));
  assertEquals(await textOf(cache.match(ask("de"))), "deutsch");
  assertEquals(await textOf(cache.match(ask("en"))), "english");
  assertEquals(await cache.match(ask("fr")), undefined);
  assertEquals(await cache.match(ask(null)), undefined);
  assertEquals(await textOf(cache.match(ask("fr"), { ignoreVary: true })), "deutsch");
  assertEquals((await cache.matchAll(url, { ignoreVary: true })).length, 2);
});

test("delete says whether there was something, and ignores what the query says", async () => {
  const cache = await open();
  const url = freshUrl();
  assertEquals(await cache.delete(url), false);
  await cache.put(url, new Response("x"));
  assertEquals(await cache.delete(new Request(url, { method: "POST" })), false);
  assertEquals(await cache.delete(url), true);
  assertEquals(await cache.match(url), undefined);
  await cache.put(`${url}?1`, new Response("x"));
  await cache.put(`${url}?2`, new Response("x"));
  assertEquals(await cache.delete(url), false);
  assertEquals(await cache.delete(url, { ignoreSearch: true }), true);
  assertEquals((await cache.keys()).length, 0);
});

test("keys answers the requests, in the order in which they were put", async () => {
  const cache = await open();
  const urls = [freshUrl("?z"), freshUrl("?a"), freshUrl("?m")];
  for (const url of urls) await cache.put(new Request(url, { headers: { "x-asked": url } }), new Response("x"));
  const keys = await cache.keys();
  assertArrayEquals(
    keys.map((request) => request.url),
    urls,
  );
  assertTrue(keys.every((request) => request instanceof Request && request.method === "GET"));
  assertEquals(keys[0].headers.get("x-asked"), urls[0]);
  assertArrayEquals(
    (await cache.keys(urls[1])).map((request) => request.url),
    [urls[1]],
  );
  assertEquals((await cache.keys(new Request(urls[1], { method: "POST" }))).length, 0);
});

test("matchAll answers all responses, or those for one request", async () => {
  const cache = await open();
  const url = freshUrl();
  await cache.put(`${url}?1`, new Response("one"));
  await cache.put(`${url}?2`, new Response("two"));
  await cache.put(freshUrl(), new Response("three"));
  const texts = async (responses) => Promise.all((await responses).map((response) => response.text()));
  assertArrayEquals(await texts(cache.matchAll()), ["one", "two", "three"]);
  assertArrayEquals(await texts(cache.matchAll(`${url}?2`)), ["two"]);
  assertArrayEquals(await texts(cache.matchAll(url, { ignoreSearch: true })), ["one", "two"]);
  assertArrayEquals(await texts(cache.matchAll(freshUrl())), []);
});

test("add and addAll want http, GET, and answers that are ok", async () => {
  const cache = await open();
  await assertRejects(TypeError, cache.add("data:text/plain,x"));
  await assertRejects(TypeError, cache.add(new Request(freshUrl(), { method: "POST" })));
  await assertRejects(TypeError, cache.addAll([freshUrl(), "data:text/plain,x"]));
  await assertRejects(TypeError, cache.addAll("https://a.test/".length));
  const twice = freshUrl();
  await assertRejectsDom("InvalidStateError", cache.addAll([twice, twice]));
  // There is no network here: nothing is kept of what could not be fetched.
  await assertRejects(TypeError, cache.add(freshUrl()));
  assertEquals((await cache.keys()).length, 0);
  assertEquals(await cache.addAll([]), undefined);
});

test("cache-control and expires decide what is kept", async () => {
  const put = async (headers) => {
    const url = freshUrl();
    await caches.default.put(url, new Response("x", { headers }));
    return (await caches.default.match(url)) !== undefined;
  };
  for (const value of [
    "no-store",
    "no-cache",
    "private",
    "max-age=0",
    "s-maxage=0, max-age=60",
    "max-age=60, no-store",
  ]) {
    assertEquals(await put({ "cache-control": value }), false, value);
  }
  for (const value of ["max-age=60", "public", "s-maxage=60, max-age=0", "must-revalidate", 'x="no-store"']) {
    assertEquals(await put({ "cache-control": value }), true, value);
  }
  assertEquals(await put({ expires: "Thu, 01 Jan 1970 00:00:00 GMT" }), false);
  assertEquals(await put({ expires: "0" }), false);
  assertEquals(await put({ expires: "Fri, 01 Jan 2100 00:00:00 GMT" }), true);
  assertEquals(await put({ "cache-control": "max-age=60", age: "60" }), false);
});

test("what is not to be kept takes what there was along", async () => {
  const url = freshUrl();
  await caches.default.put(url, new Response("old"));
  await caches.default.put(url, new Response("secret", { headers: { "cache-control": "no-store" } }));
  assertEquals(await caches.default.match(url), undefined);
});

test("a cookie is kept from the cache, or the response is", async () => {
  const url = freshUrl();
  await caches.default.put(url, new Response("x", { headers: { "set-cookie": "a=b" } }));
  assertEquals(await caches.default.match(url), undefined);
  const headers = { "set-cookie": "a=b", "cache-control": "private=Set-Cookie, max-age=60" };
  await caches.default.put(url, new Response("x", { headers }));
  const found = await caches.default.match(url);
  assertEquals(found.headers.get("set-cookie"), null);
  assertEquals(await found.text(), "x");
});

test("conditions of the request are answered with 304", async () => {
  const url = freshUrl();
  const modified = "Tue, 02 Jan 2024 00:00:00 GMT";
  await caches.default.put(url, new Response("x", { headers: { etag: '"a"', "last-modified": modified } }));
  const statusOf = async (headers) => (await caches.default.match(new Request(url, { headers }))).status;
  assertEquals(await statusOf({ "if-none-match": '"a"' }), 304);
  assertEquals(await statusOf({ "if-none-match": '"b", W/"a"' }), 304);
  assertEquals(await statusOf({ "if-none-match": '"b"' }), 200);
  assertEquals(await statusOf({ "if-modified-since": modified }), 304);
  assertEquals(await statusOf({ "if-modified-since": "Mon, 01 Jan 2024 00:00:00 GMT" }), 200);
  assertEquals(await statusOf({ "if-modified-since": modified, "if-none-match": '"b"' }), 200);
  const found = await caches.default.match(new Request(url, { headers: { "if-none-match": '"a"' } }));
  assertEquals(found.body, null);
  assertEquals(found.headers.get("etag"), '"a"');
});

test("a range is answered with 206, one that is not there with 416", async () => {
  const url = freshUrl();
  await caches.default.put(url, new Response("0123456789", { headers: { etag: '"a"', "content-length": "10" } }));
  const ask = (range, more = {}) => caches.default.match(new Request(url, { headers: { range, ...more } }));
  const part = await ask("bytes=2-4");
  assertEquals(part.status, 206);
  assertEquals(part.headers.get("content-range"), "bytes 2-4/10");
  assertEquals(part.headers.get("content-length"), "3");
  assertEquals(await part.text(), "234");
  assertEquals(await textOf(ask("bytes=-3")), "789");
  assertEquals(await textOf(ask("bytes=8-")), "89");
  const none = await ask("bytes=10-");
  assertEquals(none.status, 416);
  assertEquals(none.headers.get("content-range"), "bytes */10");
  assertEquals((await ask("bytes=0-1", { "if-range": '"b"' })).status, 200);
  assertEquals((await ask("bytes=0-1", { "if-range": '"a"' })).status, 206);
});

test("what it cannot keep is refused with the bound's name", async () => {
  const long = `https://kept.test/${"x".repeat(9_000)}`;
  await assertRejects(TypeError, caches.default.put(long, new Response("x")));
  const headers = { vary: Array.from({ length: 100 }, (_, i) => `x-name-${i}`).join() };
  await assertRejects(TypeError, caches.default.put(freshUrl(), new Response("x", { headers })));
});

test("is not turned by what an app puts on prototypes", async () => {
  const url = freshUrl();
  Object.prototype.toJSON = () => ({ operation: "names" });
  Object.prototype.cacheName = "elsewhere";
  Array.prototype.toJSON = () => "[]";
  try {
    await caches.default.put(url, new Response("as it is"));
    assertEquals(await textOf(caches.default.match(url)), "as it is");
  } finally {
    delete Object.prototype.toJSON;
    delete Object.prototype.cacheName;
    delete Array.prototype.toJSON;
  }
});
