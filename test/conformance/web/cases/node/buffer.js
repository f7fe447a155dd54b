// biome-ignore-all lint/style/useNodejsImportProtocol: both names are shown
// https://nodejs.org/api/buffer.html
import * as buffer from "node:buffer";
import bare, { Buffer as Named } from "buffer";
import { assertArrayEquals, assertEquals, assertFalse, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const atInit = Buffer.from("größer").toString("hex");

test("is one class under both names, and free", () => {
  assertEquals(Named, Buffer);
  assertEquals(buffer.Buffer, Buffer);
  assertEquals(bare.Buffer, Buffer);
  assertEquals(typeof Buffer, "function");
});

test("is a Uint8Array", () => {
  const bytes = Buffer.from([1, 2, 300]);
  assertTrue(bytes instanceof Uint8Array);
  assertArrayEquals(bytes, [1, 2, 44]);
  assertTrue(Buffer.isBuffer(bytes));
  assertFalse(Buffer.isBuffer(new Uint8Array(1)));
  assertTrue(Buffer.isBuffer(bytes.subarray(1)));
  assertTrue(Buffer.isBuffer(bytes.slice(1)));
});

test("was there while the app was initialised", () => {
  assertEquals(atInit, "6772c3b6c39f6572");
});

test("knows the encodings, in both directions", () => {
  const text = "größer €";
  for (const [encoding, encoded] of [
    ["utf8", text],
    ["utf-8", text],
    ["hex", "6772c3b6c39f657220e282ac"],
    ["base64", "Z3LDtsOfZXIg4oKs"],
    ["base64url", "Z3LDtsOfZXIg4oKs"],
    ["latin1", "grÃ¶Ã\x9fer â\x82¬"],
    ["binary", "grÃ¶Ã\x9fer â\x82¬"],
  ]) {
    assertEquals(Buffer.from(text).toString(encoding), encoded, encoding);
    assertEquals(Buffer.from(encoded, encoding).toString(), text, encoding);
    assertTrue(Buffer.isEncoding(encoding));
    assertTrue(Buffer.isEncoding(encoding.toUpperCase()));
  }
  assertEquals(Buffer.from("ab", "utf16le").toString("hex"), "61006200");
  assertEquals(Buffer.from("6100", "hex").toString("ucs2"), "a");
  assertFalse(Buffer.isEncoding("rot13"));
  assertThrows(TypeError, () => Buffer.from("a", "rot13"));
});

test("base64url has no padding, an alphabet of its own, and both are read", () => {
  const bytes = Buffer.from([0xfb, 0xff, 0xfe, 0x01]);
  assertEquals(bytes.toString("base64"), "+//+AQ==");
  assertEquals(bytes.toString("base64url"), "-__-AQ");
  assertTrue(Buffer.from("-__-AQ", "base64").equals(bytes));
  assertTrue(Buffer.from("+//+AQ==", "base64url").equals(bytes));
  assertEquals(Buffer.byteLength("-__-AQ", "base64url"), 4);
  const target = Buffer.alloc(4);
  assertEquals(target.write("-__-AQ", "base64url"), 4);
  assertTrue(target.equals(bytes));
});

test("alloc, allocUnsafe, fill", () => {
  assertArrayEquals(Buffer.alloc(3), [0, 0, 0]);
  assertEquals(Buffer.alloc(5, "ab").toString(), "ababa");
  assertEquals(Buffer.allocUnsafe(3).length, 3);
  assertEquals(Buffer.alloc(4).fill("6162", "hex").toString(), "abab");
  assertThrows(RangeError, () => Buffer.alloc(-1));
  assertThrows(TypeError, () => Buffer.alloc("1"));
});

test("from takes what can be bytes, and refuses what cannot", () => {
  const shared = new Uint8Array([1, 2, 3]);
  Buffer.from(shared.buffer, 1, 1)[0] = 9;
  assertArrayEquals(shared, [1, 9, 3]);
  Buffer.from(shared)[0] = 7;
  assertEquals(shared[0], 1);
  assertArrayEquals(Buffer.from({ type: "Buffer", data: [1, 2] }), [1, 2]);
  assertArrayEquals(Buffer.from(JSON.parse(JSON.stringify(Buffer.from([5])))), [5]);
  for (const wrong of [undefined, null, 5]) assertThrows(TypeError, () => Buffer.from(wrong));
});

test("concat, compare, equals, copy", () => {
  assertEquals(Buffer.concat([Buffer.from("a"), Uint8Array.of(98)]).toString(), "ab");
  assertEquals(Buffer.concat([Buffer.from("abc")], 2).length, 2);
  assertEquals(Buffer.compare(Buffer.from("a"), Buffer.from("b")), -1);
  assertEquals([Buffer.from("b"), Buffer.from("a")].sort(Buffer.compare).join(), "a,b");
  assertTrue(Buffer.from("a").equals(Uint8Array.of(97)));
  const target = Buffer.from("....");
  assertEquals(Buffer.from("abc").copy(target, 1, 1), 2);
  assertEquals(target.toString(), ".bc.");
});

test("indexOf, includes, lastIndexOf", () => {
  const bytes = Buffer.from("abcabc");
  assertEquals(bytes.indexOf("c"), 2);
  assertEquals(bytes.indexOf(Buffer.from("bc"), 2), 4);
  assertEquals(bytes.lastIndexOf("ab"), 3);
  assertTrue(bytes.includes(99));
  assertFalse(bytes.includes("x"));
});

test("reads and writes numbers", () => {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16BE(0x0102, 0);
  bytes.writeInt32LE(-2, 2);
  bytes.writeDoubleBE(1.5, 6);
  assertEquals(bytes.readUInt16BE(0), 0x0102);
  assertEquals(bytes.readUint16LE(0), 0x0201);
  assertEquals(bytes.readInt32LE(2), -2);
  assertEquals(bytes.readDoubleBE(6), 1.5);
  bytes.writeBigUInt64LE(2n ** 63n, 0);
  assertEquals(bytes.readBigUInt64LE(0), 2n ** 63n);
  assertEquals(bytes.readBigInt64LE(0), -(2n ** 63n));
  bytes.writeUIntBE(0x123456, 0, 3);
  assertEquals(bytes.readUIntBE(0, 3), 0x123456);
  assertThrows(RangeError, () => bytes.readUInt8(16));
});

test("swaps, and tells its own text", () => {
  assertEquals(Buffer.from("abcd").swap16().toString(), "badc");
  assertEquals(Buffer.from("abcd").swap32().toString(), "dcba");
  assertEquals(`${Buffer.from("a")}`, "a");
  assertEquals(JSON.stringify(Buffer.from("a")), '{"type":"Buffer","data":[97]}');
});

test("malformed UTF-8 reads as replacement characters", () => {
  assertEquals(Buffer.from([0xff, 0x61, 0xe2, 0x82]).toString(), "\ufffda\ufffd");
});

test("isUtf8, isAscii, transcode, constants", () => {
  assertTrue(buffer.isUtf8(Buffer.from("ö")));
  assertFalse(buffer.isUtf8(Buffer.from([0xff])));
  assertTrue(buffer.isAscii(Buffer.from("a")));
  assertFalse(buffer.isAscii(Buffer.from("ö")));
  assertEquals(buffer.transcode(Buffer.from("ö"), "utf8", "latin1").toString("hex"), "f6");
  assertTrue(buffer.constants.MAX_LENGTH > 0);
  assertEquals(Buffer.copyBytesFrom(Uint8Array.of(1, 2, 3), 1, 1)[0], 2);
});

test("the module has the platform's Blob, File, atob and btoa", () => {
  assertEquals(buffer.Blob, Blob);
  assertEquals(buffer.File, File);
  assertEquals(buffer.btoa("a"), "YQ==");
  assertEquals(bare.atob("YQ=="), "a");
});
