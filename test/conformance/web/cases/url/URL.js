// https://url.spec.whatwg.org/#url-class: what the data of the web platform tests does not say.
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertThrows,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

test("wants new, and an argument", () => {
  assertThrows(TypeError, () => URL("http://a.test/"));
  assertThrows(TypeError, () => new URL());
});

test("converts its arguments to strings, in order, once each", () => {
  const order = [];
  const part = (name, value) => ({
    toString() {
      order.push(name);
      return value;
    },
  });
  assertEquals(new URL(part("url", "x"), part("base", "http://a.test/b/")).href, "http://a.test/b/x");
  assertArrayEquals(order, ["url", "base"]);
});

test("takes a URL object for the string that it is", () => {
  assertEquals(new URL(new URL("http://a.test/x")).href, "http://a.test/x");
  assertEquals(new URL("y", new URL("http://a.test/x/z")).href, "http://a.test/x/y");
});

test("takes undefined and null as the URL for their names", () => {
  assertEquals(new URL(undefined, "http://a.test/").pathname, "/undefined");
  assertEquals(new URL(null, "http://a.test/").pathname, "/null");
});

test("a base of undefined is none, and one of null does not parse", () => {
  assertEquals(new URL("http://a.test/", undefined).href, "http://a.test/");
  assertThrows(TypeError, () => new URL("http://a.test/", null));
  assertThrows(TypeError, () => new URL("http://a.test/", ""));
});

test("lone surrogates become U+FFFD", () => {
  assertEquals(new URL("http://a.test/\ud800").pathname, "/%EF%BF%BD");
  const url = new URL("http://a.test/");
  url.hash = "\udfff";
  assertEquals(url.hash, "#%EF%BF%BD");
});

test("symbols are refused", () => {
  assertThrows(TypeError, () => new URL(Symbol("x")));
  const url = new URL("http://a.test/");
  assertThrows(TypeError, () => {
    url.search = Symbol("x");
  });
  assertEquals(url.href, "http://a.test/");
});

test("what an argument's conversion throws comes out as it is", () => {
  const reason = {};
  let thrown;
  try {
    new URL({
      toString() {
        throw reason;
      },
    });
  } catch (error) {
    thrown = error;
  }
  assertEquals(thrown, reason);
});

test("parse answers a URL, or null", () => {
  const url = URL.parse("x", "http://a.test/b/");
  assertTrue(url instanceof URL);
  assertEquals(url.href, "http://a.test/b/x");
  assertEquals(URL.parse("x"), null);
  assertEquals(URL.parse("x", "y"), null);
  assertThrows(TypeError, () => URL.parse());
});

test("parse answers another object each time, and works without its receiver", () => {
  const { parse } = URL;
  assertNotEquals(parse("http://a.test/"), parse("http://a.test/"));
});

test("canParse answers whether it parses", () => {
  assertTrue(URL.canParse("http://a.test/"));
  assertTrue(URL.canParse("x", "http://a.test/"));
  assertFalse(URL.canParse("x"));
  assertFalse(URL.canParse("http://a.test/", "x"));
  assertThrows(TypeError, () => URL.canParse());
});

test("a class that extends it makes its own instances", () => {
  class Mine extends URL {
    get last() {
      return this.pathname.split("/").at(-1);
    }
  }
  const mine = new Mine("http://a.test/x/y");
  assertEquals(mine.last, "y");
  assertTrue(mine instanceof URL);
});

test("href, toString and toJSON say the same", () => {
  const url = new URL("http://a.test/x?y#z");
  assertEquals(url.toString(), url.href);
  assertEquals(`${url}`, url.href);
  assertEquals(JSON.stringify({ url }), `{"url":"${url.href}"}`);
});

test("an href that does not parse leaves it as it is", () => {
  const url = new URL("http://a.test/x");
  assertThrows(TypeError, () => {
    url.href = "no url";
  });
  assertEquals(url.href, "http://a.test/x");
});

test("a part that is refused leaves it as it is", () => {
  const url = new URL("http://a.test:81/x");
  url.port = "65536";
  url.protocol = "1";
  url.hostname = "a b";
  assertEquals(url.href, "http://a.test:81/x");
});

test("origin is read-only, and null of what has none", () => {
  assertEquals(new URL("https://u:p@a.test:444/x").origin, "https://a.test:444");
  assertEquals(new URL("data:text/plain,x").origin, "null");
  assertEquals(new URL("file:///x").origin, "null");
  assertEquals(new URL("blob:https://a.test/id").origin, "https://a.test");
  assertEquals(new URL("blob:ftp://a.test/id").origin, "null");
  assertThrows(TypeError, () => {
    new URL("http://a.test/").origin = "x";
  });
});

test("an empty query or fragment stands in the href, and is no search or hash", () => {
  const url = new URL("http://a.test/?#");
  assertEquals(url.href, "http://a.test/?#");
  assertEquals(url.search, "");
  assertEquals(url.hash, "");
  url.search = "";
  url.hash = "";
  assertEquals(url.href, "http://a.test/");
});

test("trailing spaces of an opaque path stay when its query goes", () => {
  const url = new URL("data:x   ?q#h");
  url.search = "";
  url.hash = "";
  assertEquals(url.href, new URL(url.href).href);
});

test("searchParams is always the same object, and read-only", () => {
  const url = new URL("http://a.test/?x=1");
  const { searchParams } = url;
  assertTrue(searchParams instanceof URLSearchParams);
  assertThrows(TypeError, () => {
    url.searchParams = new URLSearchParams();
  });
  url.href = "http://b.test/?y=2";
  assertEquals(url.searchParams, searchParams);
});

test("searchParams follows search and href", () => {
  const url = new URL("http://a.test/?x=1");
  const { searchParams } = url;
  url.search = "?y=2&z";
  assertEquals(String(searchParams), "y=2&z=");
  url.href = "http://a.test/?w=%41";
  assertEquals(searchParams.get("w"), "A");
  url.search = "";
  assertEquals(searchParams.size, 0);
});

test("search and href follow searchParams", () => {
  const url = new URL("http://a.test/p?x=1#h");
  url.searchParams.append("y", "ä &");
  assertEquals(url.search, "?x=1&y=%C3%A4+%26");
  assertEquals(url.href, "http://a.test/p?x=1&y=%C3%A4+%26#h");
  url.searchParams.set("x", "2");
  url.searchParams.delete("y");
  assertEquals(url.href, "http://a.test/p?x=2#h");
  url.searchParams.delete("x");
  assertEquals(url.href, "http://a.test/p#h");
});

test("reading searchParams does not rewrite the query, and sorting does", () => {
  const url = new URL("http://a.test/?b=%20&a=~");
  assertEquals(url.searchParams.get("b"), " ");
  assertEquals(url.search, "?b=%20&a=~");
  url.searchParams.sort();
  assertEquals(url.search, "?a=%7E&b=+");
});

test("searchParams of a URL without query begins without pairs, and makes one", () => {
  const url = new URL("about:blank");
  assertEquals(url.searchParams.size, 0);
  url.searchParams.append("x", "");
  assertEquals(url.href, "about:blank?x=");
});

test("hash and other parts leave searchParams alone", () => {
  const url = new URL("http://a.test/?x=1");
  const { searchParams } = url;
  url.hash = "h";
  url.pathname = "/p";
  url.host = "b.test";
  searchParams.append("y", "2");
  assertEquals(url.href, "http://b.test/p?x=1&y=2#h");
});

test("two URLs share nothing", () => {
  const first = new URL("http://a.test/?x=1");
  const second = new URL(first);
  first.searchParams.set("x", "2");
  assertEquals(second.search, "?x=1");
});
