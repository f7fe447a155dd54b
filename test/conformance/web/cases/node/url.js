// biome-ignore-all lint/style/useNodejsImportProtocol: both names are shown
// https://nodejs.org/api/url.html
import url, { fileURLToPath, pathToFileURL } from "node:url";
import bare from "url";
import { assertEquals, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

/** Or of a class below it. */
function isTypeError(run) {
  try {
    run();
  } catch (error) {
    return error instanceof TypeError;
  }
  return false;
}

test("is one module under both names", () => {
  assertEquals(bare.parse, url.parse);
});

test("url: files", () => {
  assertEquals(fileURLToPath("file:///a%20b"), "/a b");
  assertEquals(pathToFileURL("/a b#c").href, "file:///a%20b%23c");
  assertTrue(isTypeError(() => fileURLToPath("https://a.test/")));
});

test("url: parse, format and resolve", () => {
  const parsed = url.parse("http://user:pass@host.test:8080/p/a?q=1#h", true);
  assertEquals(parsed.host, "host.test:8080");
  assertEquals(parsed.auth, "user:pass");
  assertEquals(parsed.query.q, "1");
  assertEquals(parsed.pathname, "/p/a");
  assertEquals(url.format(parsed), "http://user:pass@host.test:8080/p/a?q=1#h");
  assertEquals(url.format({ protocol: "https", hostname: "a.test", query: { b: 1 } }), "https://a.test?b=1");
  assertEquals(url.resolve("/one/two", "three"), "/one/three");
  assertEquals(url.resolve("http://a.test/one", "../two"), "http://a.test/two");
});

test("url: the platform's classes, domains and options", () => {
  assertEquals(url.URL, URL);
  assertEquals(url.URLSearchParams, URLSearchParams);
  assertEquals(url.domainToASCII("español.com"), "xn--espaol-zwa.com");
  assertEquals(url.domainToUnicode("xn--espaol-zwa.com"), "español.com");
  assertEquals(url.urlToHttpOptions(new URL("https://a:b@x.test/p?q")).auth, "a:b");
});
