// https://fetch.spec.whatwg.org/#request-class
import {
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertRejects,
  assertThrows,
  assertThrowsExactly,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const URL_TEXT = "http://example.test/path";

test("has the defaults of the standard", () => {
  const request = new Request(URL_TEXT);
  for (const [name, value] of Object.entries({
    method: "GET",
    url: URL_TEXT,
    destination: "",
    referrer: "about:client",
    referrerPolicy: "",
    mode: "cors",
    credentials: "same-origin",
    cache: "default",
    redirect: "follow",
    integrity: "",
    keepalive: false,
    isReloadNavigation: false,
    isHistoryNavigation: false,
    duplex: "half",
    body: null,
    bodyUsed: false,
  })) {
    assertEquals(request[name], value, name);
  }
  assertEquals([...request.headers].length, 0);
  assertTrue(request.headers instanceof Headers);
  assertEquals(request.headers, request.headers);
  assertTrue(request.signal instanceof AbortSignal);
  assertEquals(request.signal, request.signal);
  assertFalse(request.signal.aborted);
});

test("needs new and an input", () => {
  assertThrows(TypeError, () => Request(URL_TEXT));
  assertThrows(TypeError, () => new Request());
  assertEquals(Request.length, 1);
});

test("members of others are refused", async () => {
  for (const name of Object.getOwnPropertyNames(Request.prototype)) {
    const { get, value } = Object.getOwnPropertyDescriptor(Request.prototype, name);
    if (get !== undefined) assertThrows(TypeError, () => get.call(new Response()), name);
    else if (name === "clone" || name === "textStream") assertThrows(TypeError, () => value.call({}), name);
    else if (name !== "constructor") await assertRejects(TypeError, value.call({}), name);
  }
});

for (const [input, url] of [
  ["HTTP://EXAMPLE.test:80/a/../b?c d#e", "http://example.test/b?c%20d#e"],
  [new URL("https://a.test/x"), "https://a.test/x"],
  [{ toString: () => "http://b.test" }, "http://b.test/"],
  ["data:text/plain,a:b@c", "data:text/plain,a:b@c"],
  ["http://a.test/@x:y", "http://a.test/@x:y"],
]) {
  test(`url of ${String(input)}`, () => assertEquals(new Request(input).url, url));
}

for (const input of [
  "",
  "/relative",
  "http://",
  "http://a:b@c.test/",
  "http://a@c.test/",
  "ftp://u:p@c.test",
  5,
  null,
  {},
]) {
  test(`a TypeError for the URL ${JSON.stringify(input)}`, () => assertThrows(TypeError, () => new Request(input)));
}

test("methods: six of them are written in capitals, others stay", () => {
  for (const method of ["delete", "Get", "heAd", "options", "post", "puT"]) {
    assertEquals(new Request(URL_TEXT, { method }).method, method.toUpperCase());
  }
  for (const method of ["patch", "PATCH", "Query", "m-search", "!", "x_y"]) {
    assertEquals(new Request(URL_TEXT, { method }).method, method);
  }
});

for (const method of [
  "",
  " get",
  "a b",
  "connect",
  "TRACE",
  "Track",
  "ge\u0131t",
  "po\u017ft",
  "\u212aey",
  "a,b",
  "a\n",
  "(x)",
]) {
  test(`a TypeError for the method ${JSON.stringify(method)}`, () => {
    assertThrows(TypeError, () => new Request(URL_TEXT, { method }));
  });
}

for (const [name, values, refused] of [
  [
    "cache",
    ["default", "no-store", "reload", "no-cache", "force-cache"],
    ["", "only", "Default", " default", "no-store reload"],
  ],
  ["credentials", ["omit", "same-origin", "include"], ["", "all", "Omit"]],
  ["mode", ["same-origin", "no-cors", "cors"], ["", "navigate", "websocket", "CORS"]],
  ["redirect", ["follow", "error", "manual"], ["", "Follow", "none"]],
  [
    "referrerPolicy",
    [
      "",
      "no-referrer",
      "no-referrer-when-downgrade",
      "same-origin",
      "origin",
      "strict-origin",
      "origin-when-cross-origin",
      "strict-origin-when-cross-origin",
      "unsafe-url",
    ],
    ["none", " ", "Origin"],
  ],
  ["duplex", ["half"], ["", "full", "Half"]],
]) {
  test(`${name} is one of ${values.join()}`, () => {
    for (const value of values) {
      assertEquals(new Request(URL_TEXT, { [name]: value })[name], value);
      assertEquals(new Request(URL_TEXT, { [name]: { toString: () => value } })[name], value);
    }
    for (const value of [...refused, null, 5, {}]) {
      assertThrows(TypeError, () => new Request(URL_TEXT, { [name]: value }), String(value));
    }
    assertThrows(TypeError, () => new Request(URL_TEXT, { [name]: Symbol("a") }));
  });
}

test("priority is one of high, low and auto, and not shown", () => {
  for (const priority of ["high", "low", "auto"]) assertFalse("priority" in new Request(URL_TEXT, { priority }));
  assertThrows(TypeError, () => new Request(URL_TEXT, { priority: "top" }));
});

test("window can only be null", () => {
  new Request(URL_TEXT, { window: null });
  new Request(URL_TEXT, { window: undefined });
  for (const window of [0, "", {}, globalThis]) assertThrows(TypeError, () => new Request(URL_TEXT, { window }));
});

test("only-if-cached needs the mode same-origin", () => {
  assertThrows(TypeError, () => new Request(URL_TEXT, { cache: "only-if-cached" }));
  assertThrows(TypeError, () => new Request(URL_TEXT, { cache: "only-if-cached", mode: "cors" }));
  const request = new Request(URL_TEXT, { cache: "only-if-cached", mode: "same-origin" });
  assertEquals(request.cache, "only-if-cached");
  assertThrows(TypeError, () => new Request(request, { mode: "cors" }));
});

test("no-cors takes simple methods alone", () => {
  for (const method of ["GET", "HEAD", "POST"]) new Request(URL_TEXT, { mode: "no-cors", method });
  for (const method of ["PUT", "DELETE", "PATCH"]) {
    assertThrows(TypeError, () => new Request(URL_TEXT, { mode: "no-cors", method }), method);
  }
});

test("referrer is a URL, the client, or none", () => {
  assertEquals(new Request(URL_TEXT, { referrer: "" }).referrer, "");
  assertEquals(new Request(URL_TEXT, { referrer: "about:client" }).referrer, "about:client");
  assertEquals(new Request(URL_TEXT, { referrer: "http://example.test/a b" }).referrer, "http://example.test/a%20b");
  assertThrows(TypeError, () => new Request(URL_TEXT, { referrer: "http://[" }));
});

test("integrity and keepalive are converted", () => {
  const request = new Request(URL_TEXT, { integrity: 5, keepalive: "yes" });
  assertEquals(request.integrity, "5");
  assertEquals(request.keepalive, true);
  assertEquals(new Request(URL_TEXT, { keepalive: 0 }).keepalive, false);
});

test("members of the init are read once each, in the order of their names", () => {
  const reads = [];
  const init = new Proxy({}, { get: (_, name) => void reads.push(name), has: () => true });
  new Request(URL_TEXT, init);
  assertEquals(
    reads.join(),
    "body,cache,credentials,duplex,headers,integrity,keepalive,method,mode,priority,redirect,referrer,referrerPolicy,signal,window",
  );
});

test("the init is an object, null or missing; what it throws comes out", () => {
  new Request(URL_TEXT, null);
  new Request(URL_TEXT, undefined);
  new Request(URL_TEXT, () => 0);
  for (const init of [5, "POST", true]) assertThrows(TypeError, () => new Request(URL_TEXT, init));
  const thrown = new Error("mine");
  assertThrowsExactly(
    thrown,
    () =>
      new Request(URL_TEXT, {
        get method() {
          throw thrown;
        },
      }),
  );
  assertThrowsExactly(
    thrown,
    () =>
      new Request({
        toString() {
          throw thrown;
        },
      }),
  );
});

test("headers are a copy, in every form", () => {
  const given = new Headers({ A: "1" });
  const request = new Request(URL_TEXT, { headers: given });
  given.set("a", "2");
  assertEquals(request.headers.get("a"), "1");
  request.headers.set("b", "3");
  assertEquals(given.get("b"), null);
  assertEquals(new Request(URL_TEXT, { headers: [["x", "y"]] }).headers.get("X"), "y");
  assertThrows(TypeError, () => new Request(URL_TEXT, { headers: null }));
  assertThrows(TypeError, () => new Request(URL_TEXT, { headers: { "a b": "c" } }));
});

test("a server may set what a browser forbids", () => {
  const headers = {
    cookie: "a=1",
    host: "b.test",
    origin: "http://c.test",
    referer: "d",
    "sec-fetch-mode": "x",
    "proxy-authorization": "y",
  };
  const request = new Request(URL_TEXT, { headers });
  for (const [name, value] of Object.entries(headers)) assertEquals(request.headers.get(name), value);
});

for (const method of ["GET", "HEAD"]) {
  test(`${method} has no body`, () => {
    for (const body of ["", "a", new Uint8Array(0), new URLSearchParams()]) {
      assertThrows(TypeError, () => new Request(URL_TEXT, { method, body }));
    }
    assertEquals(new Request(URL_TEXT, { method, body: null }).body, null);
    assertEquals(new Request(URL_TEXT, { method, body: undefined }).body, null);
    const post = new Request(URL_TEXT, { method: "POST", body: "a" });
    assertThrows(TypeError, () => new Request(post, { method }));
    assertFalse(post.bodyUsed);
  });
}

test("a stream as a body needs duplex, and can be had neither with keepalive nor without CORS", () => {
  const make = (init) => new Request(URL_TEXT, { method: "POST", body: new ReadableStream(), ...init });
  make({ duplex: "half" });
  make({ duplex: "half", mode: "same-origin" });
  assertThrows(TypeError, () => make({}));
  assertThrows(TypeError, () => make({ duplex: "half", keepalive: true }));
  assertThrows(TypeError, () => make({ duplex: "half", mode: "no-cors" }));
});

test("a stream that was read, or is locked, is refused as a body", async () => {
  const locked = new ReadableStream();
  locked.getReader();
  assertThrows(TypeError, () => new Request(URL_TEXT, { method: "POST", body: locked, duplex: "half" }));
  const read = new ReadableStream({ start: (controller) => controller.close() });
  const reader = read.getReader();
  await reader.read();
  reader.releaseLock();
  assertThrows(TypeError, () => new Request(URL_TEXT, { method: "POST", body: read, duplex: "half" }));
});

test("one made of another has what that one has", async () => {
  const first = new Request(URL_TEXT, {
    method: "PUT",
    headers: { a: "1" },
    body: "text",
    cache: "no-store",
    credentials: "omit",
    mode: "same-origin",
    redirect: "error",
    referrer: "http://r.test/",
    referrerPolicy: "origin",
    integrity: "x",
    keepalive: true,
  });
  const second = new Request(first);
  for (const name of [
    "method",
    "url",
    "cache",
    "credentials",
    "mode",
    "redirect",
    "referrer",
    "referrerPolicy",
    "integrity",
    "keepalive",
  ]) {
    assertEquals(second[name], first[name], name);
  }
  assertTrue(first.bodyUsed);
  assertFalse(second.bodyUsed);
  assertEquals(second.headers.get("a"), "1");
  assertEquals(second.headers.get("content-type"), "text/plain;charset=UTF-8");
  assertNotEquals(second.headers, first.headers);
  assertEquals(await second.text(), "text");
  await assertRejects(TypeError, first.text());
  assertThrows(TypeError, () => new Request(first));
});

test("an init with any member takes the referrer back to the client", () => {
  const first = new Request(URL_TEXT, { referrer: "http://r.test/", referrerPolicy: "origin", cache: "reload" });
  const second = new Request(first, { credentials: "omit" });
  assertEquals(second.referrer, "about:client");
  assertEquals(second.referrerPolicy, "");
  assertEquals(second.cache, "reload");
  assertEquals(new Request(first, {}).referrer, "http://r.test/");
  assertEquals(new Request(first, { other: 1 }).referrerPolicy, "origin");
});

test("an init's body and headers are in place of those of the request", async () => {
  const first = new Request(URL_TEXT, { method: "POST", body: "first", headers: { a: "1" } });
  const second = new Request(first, { body: "second", headers: { b: "2" } });
  assertFalse(first.bodyUsed);
  assertEquals(second.headers.get("a"), null);
  assertEquals(await second.text(), "second");
  assertEquals(await first.text(), "first");
  const third = new Request(first, { body: "third" });
  assertEquals(await third.text(), "third");
  assertThrows(TypeError, () => new Request(first));
});

test("a request that fails to be made leaves the body of the other", async () => {
  const first = new Request(URL_TEXT, { method: "POST", body: "text" });
  assertThrows(TypeError, () => new Request(first, { method: "TRACE" }));
  assertThrows(TypeError, () => new Request(first, { headers: { "": "" } }));
  assertThrows(TypeError, () => new Request(first, { signal: {} }));
  assertEquals(await first.text(), "text");
});

test("signal follows the given one", () => {
  const controller = new AbortController();
  const request = new Request(URL_TEXT, { signal: controller.signal });
  assertNotEquals(request.signal, controller.signal);
  const second = new Request(request);
  const clone = request.clone();
  const apart = new Request(request, { signal: null });
  let fired = 0;
  second.signal.addEventListener("abort", () => fired++);
  controller.abort("why");
  for (const { signal } of [request, second, clone]) {
    assertTrue(signal.aborted);
    assertEquals(signal.reason, "why");
  }
  assertEquals(fired, 1);
  assertFalse(apart.signal.aborted);
  assertTrue(new Request(URL_TEXT, { signal: AbortSignal.abort() }).signal.aborted);
});

test("a signal that is none is refused", () => {
  for (const signal of [5, "", {}, new EventTarget(), Object.create(AbortSignal.prototype)]) {
    assertThrows(TypeError, () => new Request(URL_TEXT, { signal }));
  }
});

test("clone is the same, apart", async () => {
  const request = new Request(URL_TEXT, { method: "POST", body: "text", headers: { a: "1" }, cache: "reload" });
  const clone = request.clone();
  assertEquals(clone.method, "POST");
  assertEquals(clone.cache, "reload");
  clone.headers.set("a", "2");
  assertEquals(request.headers.get("a"), "1");
  assertEquals(await clone.text(), "text");
  assertFalse(request.bodyUsed);
  assertEquals(await request.text(), "text");
  assertThrows(TypeError, () => request.clone());
  const locked = new Request(URL_TEXT, { method: "POST", body: "text" });
  locked.body.getReader();
  assertThrows(TypeError, () => locked.clone());
});

test("of a subclass, too", () => {
  class Mine extends Request {
    get url() {
      return "http://other.test/";
    }
  }
  const mine = new Mine(URL_TEXT);
  assertEquals(mine.url, "http://other.test/");
  assertEquals(new Request(mine).url, URL_TEXT);
});

test("what is on Object.prototype is an init's member, as of every dictionary, and no more", () => {
  Object.defineProperty(Object.prototype, "referrerPolicy", { value: "origin", configurable: true, writable: true });
  try {
    assertEquals(new Request(URL_TEXT).referrerPolicy, "");
    assertEquals(new Request(URL_TEXT, {}).referrerPolicy, "origin");
  } finally {
    delete Object.prototype.referrerPolicy;
  }
});
