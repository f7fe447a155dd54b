// biome-ignore-all lint/style/useNodejsImportProtocol: both names are shown
// https://nodejs.org/api/string_decoder.html
import { StringDecoder } from "node:string_decoder";
import bare from "string_decoder";
import { assertEquals, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("is one module under both names", () => {
  assertEquals(bare.StringDecoder, StringDecoder);
});

test("string_decoder keeps the beginning of a character", () => {
  const decoder = new StringDecoder("utf8");
  assertEquals(decoder.write(Buffer.from([0xe2, 0x82])), "");
  assertEquals(decoder.write(Buffer.from([0xac, 0x61])), "€a");
  assertEquals(decoder.end(Buffer.from([0xe2])), "\ufffd");
  const base64 = new StringDecoder("base64");
  assertEquals(base64.write(Buffer.from("ab")) + base64.end(Buffer.from("c")), "YWJj");
});
