// https://infra.spec.whatwg.org/#forgiving-base64
import { assertEquals, assertThrows, assertThrowsDom, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("btoa encodes bytes, each a character", () => {
  assertEquals(btoa(""), "");
  assertEquals(btoa("a"), "YQ==");
  assertEquals(btoa("ab"), "YWI=");
  assertEquals(btoa("abc"), "YWJj");
  assertEquals(btoa("\xff\x00\x80"), "/wCA");
  assertEquals(btoa(null), "bnVsbA==");
  assertEquals(btoa(12), "MTI=");
});

test("btoa refuses what is beyond a byte", () => {
  assertThrowsDom("InvalidCharacterError", () => btoa("\u0100"));
  assertThrowsDom("InvalidCharacterError", () => btoa("日本"));
  assertThrows(TypeError, () => btoa());
});

test("atob decodes, with or without padding, and passes over ASCII white space", () => {
  assertEquals(atob("YQ=="), "a");
  assertEquals(atob("YQ"), "a");
  assertEquals(atob(" Y\tW\nI\f=\r"), "ab");
  assertEquals(atob("/wCA"), "\xff\x00\x80");
  assertEquals(atob(""), "");
  assertEquals(atob("YR=="), "a");
  assertEquals(atob(null), "\x9eée");
});

test("atob refuses everything else", () => {
  for (const text of ["a", "YQ=", "YQ===", "=", "Y=Q=", "YQ==YQ==", "Y-_=", "YWJj\u00a0", "ab\u0000c"]) {
    assertThrowsDom("InvalidCharacterError", () => atob(text), JSON.stringify(text));
  }
  assertThrows(TypeError, () => atob());
});

test("what was encoded comes back, of every length", () => {
  let text = "";
  for (let i = 0; i < 300; i++) {
    assertEquals(atob(btoa(text)), text);
    text += String.fromCharCode((i * 37) & 0xff);
  }
});
