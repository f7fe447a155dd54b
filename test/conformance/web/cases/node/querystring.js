// biome-ignore-all lint/style/useNodejsImportProtocol: both names are shown
// https://nodejs.org/api/querystring.html
import querystring from "node:querystring";
import bare from "querystring";
import { assertEquals, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("is one module under both names", () => {
  assertEquals(bare.parse, querystring.parse);
});

test("querystring", () => {
  assertEquals(JSON.stringify(querystring.parse("a=1&b=2&a=3&c=%20+d")), '{"a":["1","3"],"b":"2","c":"  d"}');
  assertEquals(querystring.stringify({ a: [1, 2], b: "x y", c: "" }), "a=1&a=2&b=x%20y&c=");
  assertEquals(querystring.parse("a:1;b:2", ";", ":").b, "2");
  assertEquals(querystring.escape("a b&"), "a%20b%26");
  assertEquals(querystring.unescape("a%20b"), "a b");
  assertEquals(querystring.parse("a=%E0%A4%A").a, "\ufffd%A");
  assertEquals(querystring.decode, querystring.parse);
});
