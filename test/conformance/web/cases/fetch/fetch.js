// https://fetch.spec.whatwg.org/#fetch-method, as far as it needs no server
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertRejects,
  assertRejectsDom,
  assertRejectsExactly,
  assertThrows,
  assertThrowsDom,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

test("is an operation of the global with one required argument", () => {
  // Its descriptor is an accessor until it is touched, which the global's own cases are about.
  assertEquals(typeof fetch, "function");
  const { enumerable, configurable, writable, value } = Object.getOwnPropertyDescriptor(globalThis, "fetch");
  assertArrayEquals([enumerable, configurable, writable], [true, true, true]);
  assertEquals(value.name, "fetch");
  assertEquals(value.length, 1);
  assertThrows(TypeError, () => new fetch("data:,x"));
});

test("answers with a promise, whatever is wrong", async () => {
  const promise = fetch();
  assertTrue(promise instanceof Promise);
  await assertRejects(TypeError, promise);
});

for (const [what, input, init] of [
  ["a URL that does not parse", "nonsense"],
  ["a URL with credentials", "http://me:secret@example.test/"],
  ["about:blank", "about:blank"],
  ["a file: URL", "file:///etc/passwd"],
  ["a ws: URL", "ws://example.test/"],
  ["an ftp: URL", "ftp://example.test/"],
  ["a javascript: URL", "javascript:1"],
  ["method CONNECT", "http://example.test/", { method: "CONNECT" }],
  ["method trace", "http://example.test/", { method: "trace" }],
  ["method TRACK", "http://example.test/", { method: "TRACK" }],
  ["a method that is no token", "http://example.test/", { method: "GE T" }],
  ["a body with GET", "http://example.test/", { body: "x" }],
  ["a body with HEAD", "http://example.test/", { method: "HEAD", body: "x" }],
  ["a redirect mode that is none", "http://example.test/", { redirect: "sometimes" }],
  ["a header name that is none", "http://example.test/", { headers: { "a b": "c" } }],
  ["a header value that is none", "http://example.test/", { headers: { a: "b\nc" } }],
  ["a signal that is none", "http://example.test/", { signal: {} }],
  ["a stream without duplex", "http://example.test/", { method: "POST", body: new ReadableStream() }],
  ["init that is no object", "http://example.test/", 1],
]) {
  test(`rejects with a TypeError for ${what}`, () => assertRejects(TypeError, fetch(input, init)));
}

test("rejects with what an argument throws", async () => {
  const thrown = new RangeError("theirs");
  const throwing = {
    get method() {
      throw thrown;
    },
  };
  await assertRejectsExactly(thrown, fetch("data:,x", throwing));
});

test("rejects with a TypeError where the network fails", () => assertRejects(TypeError, fetch("http://example.test/")));

test("rejects with its signal's reason where that has aborted", async () => {
  const reason = { mine: true };
  await assertRejectsExactly(reason, fetch("http://example.test/", { signal: AbortSignal.abort(reason) }));
  await assertRejectsDom("AbortError", fetch("data:,x", { signal: AbortSignal.abort() }));
});

test("rejects where the request's body was used", async () => {
  const request = new Request("http://example.test/", { method: "POST", body: "x" });
  await request.text();
  await assertRejects(TypeError, fetch(request));
});

test("takes a Request, and marks its body as used", async () => {
  const request = new Request("http://example.test/", { method: "POST", body: "x" });
  const promise = fetch(request);
  assertTrue(request.bodyUsed);
  await assertRejects(TypeError, promise);
});

// data: URLs, of the data of the web platform tests (fetch/data-urls).

for (const [url, type, bytes] of [
  ["data://test/,X", "text/plain;charset=US-ASCII", [88]],
  ["data:,X", "text/plain;charset=US-ASCII", [88]],
  ["data:", null],
  ["data:text/html", null],
  ["data:text/html    ;charset=x   ", null],
  ["data:,", "text/plain;charset=US-ASCII", []],
  ["data:,X#X", "text/plain;charset=US-ASCII", [88]],
  ["data:,%FF", "text/plain;charset=US-ASCII", [255]],
  ["data:text/plain,X", "text/plain", [88]],
  ["data:text/plain ,X", "text/plain", [88]],
  ["data:text/plain%20,X", "text/plain%20", [88]],
  ["data:text/plain\f,X", "text/plain%0c", [88]],
  ["data:text/plain;,X", "text/plain", [88]],
  ["data:;x=x;charset=x,X", "text/plain;x=x;charset=x", [88]],
  ["data:;x=x,X", "text/plain;x=x", [88]],
  ["data:text/plain;charset=windows-1252,%C2%B1", "text/plain;charset=windows-1252", [194, 177]],
  ["data:text/plain;Charset=UTF-8,%C2%B1", "text/plain;charset=UTF-8", [194, 177]],
  ["data:text/plain;charset=windows-1252,áñçə💩", "text/plain;charset=windows-1252"],
  ["data:image/gif,%C2%B1", "image/gif", [194, 177]],
  ["data:IMAGE/gif,%C2%B1", "image/gif", [194, 177]],
  ["data:IMAGE/gif;hi=x,%C2%B1", "image/gif;hi=x", [194, 177]],
  ["data:IMAGE/gif;CHARSET=x,%C2%B1", "image/gif;charset=x", [194, 177]],
  ["data: ,%FF", "text/plain;charset=US-ASCII", [255]],
  ["data:%20,%FF", "text/plain;charset=US-ASCII", [255]],
  ["data:\f,%FF", "text/plain;charset=US-ASCII", [255]],
  ["data:\u00ff,%FF", "text/plain;charset=US-ASCII", [255]],
  ["data:text/html,%FF%FE#x", "text/html", [255, 254]],
  ["data:;base64;,WA", "text/plain", [87, 65]],
  ["data:;base64,WA", "text/plain;charset=US-ASCII", [88]],
  ["data:x;base64,WA", "text/plain;charset=US-ASCII", [88]],
  ["data:x/x;base64,WA", "x/x", [88]],
  ["data:;charset=x;base64,WA", "text/plain;charset=x", [88]],
  ["data:; base64,WA", "text/plain;charset=US-ASCII", [88]],
  ["data:;  base64,WA", "text/plain;charset=US-ASCII", [88]],
  ["data:  ;charset=x   ;  base64,WA", "text/plain;charset=x", [88]],
  ["data:;base64;sdfsd,WA", "text/plain", [87, 65]],
  ["data:;base 64,WA", "text/plain", [87, 65]],
  ["data:;BASe64,WA", "text/plain;charset=US-ASCII", [88]],
  ["data:;%62ase64,WA", "text/plain", [87, 65]],
  ["data:%3Bbase64,WA", "text/plain;charset=US-ASCII", [87, 65]],
  ["data:;charset=x,X", "text/plain;charset=x", [88]],
  ["data:; charset=x,X", "text/plain;charset=x", [88]],
  ["data:;charset =x,X", "text/plain", [88]],
  ["data:;charset= x,X", 'text/plain;charset=" x"', [88]],
  ["data:;charset=,X", "text/plain", [88]],
  ["data:;charset,X", "text/plain", [88]],
  ['data:;charset="x",X', "text/plain;charset=x", [88]],
  ['data:text/plain;a="",X', 'text/plain;a=""', [88]],
  ['data:text/plain;a=";";b=c,X', 'text/plain;a=";";b=c', [88]],
  ["data:text/plain;a=b;a=c,X", "text/plain;a=b", [88]],
  ["data:;CHARSET=\u00ff,X", "text/plain;charset=%C3%BF", [88]],
  ["data:;base64,WA=", null],
  ["data:;base64,WA==", "text/plain;charset=US-ASCII", [88]],
  ["data:;base64,W%20A", "text/plain;charset=US-ASCII", [88]],
  ["data:;base64,W", null],
  ["data:;base64,%", null],
]) {
  test(`data: ${JSON.stringify(url)}`, async () => {
    if (type === null) {
      await assertRejects(TypeError, fetch(url));
      return;
    }
    const response = await fetch(url);
    assertEquals(response.status, 200);
    assertEquals(response.statusText, "OK");
    assertEquals(response.type, "basic");
    assertEquals(response.headers.get("content-type"), type);
    if (bytes !== undefined) assertArrayEquals(new Uint8Array(await response.arrayBuffer()), bytes);
  });
}

test("a data: URL is the response's, without its fragment", async () => {
  const response = await fetch("data:text/plain,x#y");
  assertEquals(response.url, "data:text/plain,x");
  assertFalse(response.redirected);
  assertTrue(response.ok);
  assertThrows(TypeError, () => response.headers.set("a", "b"));
});

test("a data: URL answers all methods, HEAD without a body", async () => {
  assertEquals(await (await fetch("data:,x", { method: "POST", body: "y" })).text(), "x");
  const head = await fetch("data:,x", { method: "HEAD" });
  assertEquals(head.body, null);
  assertEquals(await head.text(), "");
});

test("a data: URL may hold what looks like credentials", async () => {
  assertEquals(await (await fetch("data:,http://me@example.test/")).text(), "http://me@example.test/");
});

// blob: URLs: https://w3c.github.io/FileAPI/#url

test("URL.createObjectURL answers a URL of the blob, another one each time", () => {
  const blob = new Blob(["x"]);
  const urls = [URL.createObjectURL(blob), URL.createObjectURL(blob)];
  assertTrue(/^blob:null\/[0-9a-f-]{36}$/.test(urls[0]), urls[0]);
  assertTrue(urls[0] !== urls[1]);
  assertThrows(TypeError, () => URL.createObjectURL());
  assertThrows(TypeError, () => URL.createObjectURL({}));
  assertThrows(TypeError, () => URL.createObjectURL(null));
  assertEquals(URL.createObjectURL.length, 1);
  assertEquals(URL.revokeObjectURL.length, 1);
});

test("a blob: URL answers with its bytes, length and type", async () => {
  const response = await fetch(URL.createObjectURL(new Blob(["häl", "lo"], { type: "text/x-mine;a=b" })));
  assertEquals(response.status, 200);
  assertEquals(response.statusText, "OK");
  assertEquals(response.type, "basic");
  assertEquals(response.headers.get("content-type"), "text/x-mine;a=b");
  assertEquals(response.headers.get("content-length"), "6");
  assertEquals(await response.text(), "hällo");
});

test("a blob: URL without a type answers with an empty one", async () => {
  const response = await fetch(`${URL.createObjectURL(new Blob(["x"]))}#fragment`);
  assertEquals(response.headers.get("content-type"), "");
  assertEquals(await response.text(), "x");
});

test("a blob: URL may be read again and again, and as a file or a slice", async () => {
  const url = URL.createObjectURL(new File(["0123456789"], "name").slice(2, 5));
  assertEquals(await (await fetch(url)).text(), "234");
  assertEquals(await (await fetch(url)).text(), "234");
});

for (const method of ["POST", "HEAD", "PUT", "OPTIONS"]) {
  test(`a blob: URL is a network error with ${method}`, () =>
    assertRejects(TypeError, fetch(URL.createObjectURL(new Blob(["x"])), { method })));
}

test("a blob: URL that was revoked, or is none, is a network error", async () => {
  const url = URL.createObjectURL(new Blob(["x"]));
  assertEquals(URL.revokeObjectURL(url), undefined);
  await assertRejects(TypeError, fetch(url));
  URL.revokeObjectURL(url);
  URL.revokeObjectURL("nonsense");
  await assertRejects(TypeError, fetch("blob:null/1234"));
  assertThrows(TypeError, () => URL.revokeObjectURL());
});

for (const [range, contentRange, text] of [
  ["bytes=0-4", "bytes 0-4/10", "01234"],
  ["bytes=5-", "bytes 5-9/10", "56789"],
  ["bytes=-3", "bytes 7-9/10", "789"],
  ["bytes=-30", "bytes 0-9/10", "0123456789"],
  ["bytes=8-300", "bytes 8-9/10", "89"],
  ["bytes = 1 - 2", "bytes 1-2/10", "12"],
]) {
  test(`a range of a blob: URL: ${range}`, async () => {
    const url = URL.createObjectURL(new Blob(["0123456789"]));
    const response = await fetch(url, { headers: { range } });
    assertEquals(response.status, 206);
    assertEquals(response.statusText, "Partial Content");
    assertEquals(response.headers.get("content-range"), contentRange);
    assertEquals(response.headers.get("content-length"), `${text.length}`);
    assertEquals(await response.text(), text);
  });
}

for (const range of ["bytes=10-", "bytes=5-4", "bytes=-", "bytes=-0", "bytes=a-b", "items=0-1", "bytes=0-1,2-3", "x"]) {
  test(`no range of a blob: URL: ${range}`, () =>
    assertRejects(TypeError, fetch(URL.createObjectURL(new Blob(["0123456789"])), { headers: { range } })));
}

test("so many blob: URLs may be there at once", () => {
  const urls = [];
  assertThrowsDom("QuotaExceededError", () => {
    for (;;) urls.push(URL.createObjectURL(new Blob()));
  });
  assertTrue(urls.length > 100 && urls.length <= 1000);
  for (const url of urls) URL.revokeObjectURL(url);
  URL.revokeObjectURL(URL.createObjectURL(new Blob()));
});

test("is not led astray by what an app does to prototypes", async () => {
  const originals = [String.prototype.indexOf, Map.prototype.get, Uint8Array.prototype.slice];
  String.prototype.indexOf =
    Map.prototype.get =
    Uint8Array.prototype.slice =
      () => {
        throw new Error("reached");
      };
  Object.defineProperty(Object.prototype, "type", {
    get() {
      throw new Error("reached");
    },
    configurable: true,
  });
  try {
    const url = URL.createObjectURL(new Blob(["x"]));
    const texts = [await (await fetch(url)).text(), await (await fetch("data:text/plain;a=b;base64,WA==")).text()];
    assertArrayEquals(texts, ["x", "X"]);
  } finally {
    [String.prototype.indexOf, Map.prototype.get, Uint8Array.prototype.slice] = originals;
    delete Object.prototype.type;
  }
});
