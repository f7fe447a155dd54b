// https://w3c.github.io/webcrypto/#hmac

import { bytesOf, hex, text } from "../../crypto-vectors.js";
import { assertArrayEquals, assertEquals, assertFalse, assertRejectsDom, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const { subtle } = crypto;
const USAGES = ["sign", "verify"];
/** RFC 4231 and RFC 2202, test case 1. */
const TAGS = {
  "SHA-1": "b617318655057264e28bc0b6fb378c8ef146be00",
  "SHA-256": "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  "SHA-384": "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
  "SHA-512":
    "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
};
const KEY = new Uint8Array(20).fill(0x0b);

for (const [hash, tag] of Object.entries(TAGS)) {
  test(`signs and verifies with ${hash} as the RFC has it`, async () => {
    const key = await subtle.importKey("raw", KEY, { name: "HMAC", hash }, false, USAGES);
    assertEquals(hex(await subtle.sign("HMAC", key, text("Hi There"))), tag);
    assertTrue(await subtle.verify("HMAC", key, bytesOf(tag), text("Hi There")));
    assertFalse(await subtle.verify("HMAC", key, bytesOf(tag), text("Hi there")));
    assertFalse(await subtle.verify("HMAC", key, bytesOf(tag).subarray(1), text("Hi There")));
    assertFalse(await subtle.verify("HMAC", key, new Uint8Array(), text("Hi There")));
  });

  test(`generates keys of the block of ${hash}`, async () => {
    const key = await subtle.generateKey({ name: "HMAC", hash: { name: hash } }, true, USAGES);
    const bits = hash === "SHA-1" || hash === "SHA-256" ? 512 : 1024;
    assertEquals(key.algorithm.length, bits);
    assertEquals(key.algorithm.hash.name, hash);
    assertEquals((await subtle.exportKey("raw", key)).byteLength, bits / 8);
  });

  test(`makes JSON Web Keys of ${hash}, and takes them`, async () => {
    const key = await subtle.importKey("raw", KEY, { name: "HMAC", hash }, true, USAGES);
    const jwk = await subtle.exportKey("jwk", key);
    const expected = `{"kty":"oct","k":"CwsLCwsLCwsLCwsLCwsLCwsLCws","alg":"HS${hash.slice(4)}","key_ops":["sign","verify"],"ext":true}`;
    assertEquals(JSON.stringify(jwk), expected);
    const again = await subtle.importKey("jwk", jwk, { name: "HMAC", hash }, true, ["sign"]);
    assertEquals(hex(await subtle.exportKey("raw", again)), hex(KEY));
    assertArrayEquals(again.usages, ["sign"]);
  });
}

test("signs what is long off the thread, the same", async () => {
  const key = await subtle.importKey("raw", KEY, { name: "HMAC", hash: "SHA-256" }, false, USAGES);
  const data = new Uint8Array(1_000_000);
  const tag = await subtle.sign("HMAC", key, data);
  assertTrue(await subtle.verify("HMAC", key, tag, data));
  data[999_999] = 1;
  assertFalse(await subtle.verify("HMAC", key, tag, data));
});

test("a length shortens a key by less than a byte", async () => {
  const importAs = (length, bytes = new Uint8Array([0xff, 0xff])) =>
    subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-1", length }, true, USAGES);
  const key = await importAs(11);
  assertEquals(key.algorithm.length, 11);
  assertEquals(hex(await subtle.exportKey("raw", key)), "ffe0");
  assertEquals((await importAs(16)).algorithm.length, 16);
  await assertRejectsDom("DataError", importAs(8));
  await assertRejectsDom("DataError", importAs(17));
  await assertRejectsDom("DataError", importAs(0));
  await assertRejectsDom("DataError", importAs(undefined, new Uint8Array()));
});

test("generates keys of other lengths, and none of no length", async () => {
  const generate = (length) => subtle.generateKey({ name: "HMAC", hash: "SHA-1", length }, true, USAGES);
  assertEquals((await subtle.exportKey("raw", await generate(1))).byteLength, 1);
  assertEquals((await generate(192)).algorithm.length, 192);
  await assertRejectsDom("OperationError", generate(0));
  await assertRejectsDom("OperationError", generate(2 ** 31));
});

test("takes no usages but its own, and one of them", async () => {
  const algorithm = { name: "HMAC", hash: "SHA-1" };
  await assertRejectsDom("SyntaxError", subtle.importKey("raw", KEY, algorithm, true, ["encrypt"]));
  await assertRejectsDom("SyntaxError", subtle.importKey("raw", KEY, algorithm, true, []));
  await assertRejectsDom("SyntaxError", subtle.generateKey(algorithm, true, ["deriveBits"]));
  await assertRejectsDom("SyntaxError", subtle.generateKey(algorithm, true, []));
  await assertRejectsDom("NotSupportedError", subtle.importKey("spki", KEY, algorithm, true, USAGES));
  await assertRejectsDom("NotSupportedError", subtle.generateKey({ name: "HMAC", hash: "MD5" }, true, USAGES));
});

test("refuses JSON Web Keys that are for something else", async () => {
  const good = { kty: "oct", k: "AAAA" };
  const importJwk = (jwk, extractable = true) =>
    subtle.importKey("jwk", { ...good, ...jwk }, { name: "HMAC", hash: "SHA-256" }, extractable, ["sign"]);
  for (const bad of [
    { kty: "RSA" },
    { kty: undefined },
    { k: undefined },
    { k: "AA+A" },
    { k: "" },
    { alg: "HS512" },
    { use: "enc" },
    { key_ops: ["verify"] },
    { key_ops: ["sign", "sign"] },
    { ext: false },
  ]) {
    await assertRejectsDom("DataError", importJwk(bad), JSON.stringify(bad));
  }
  assertFalse((await importJwk({ ext: false }, false)).extractable);
  assertEquals((await importJwk({ alg: "HS256", use: "sig", key_ops: ["sign", "other"] })).type, "secret");
});
