// biome-ignore-all lint/style/useNodejsImportProtocol: both names are shown
// https://nodejs.org/api/punycode.html
import punycode from "node:punycode";
import bare from "punycode";
import { assertEquals, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("is one module under both names", () => {
  assertEquals(bare, punycode);
});

test("punycode", () => {
  assertEquals(punycode.encode("mañana"), "maana-pta");
  assertEquals(punycode.decode("maana-pta"), "mañana");
  assertEquals(punycode.toASCII("mañana.com"), "xn--maana-pta.com");
});
