// https://w3c.github.io/webcrypto/#hkdf, #pbkdf2

import { bytesOf, hex, text } from "../../crypto-vectors.js";
import { assertArrayEquals, assertEquals, assertRejects, assertRejectsDom, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const { subtle } = crypto;
const BOTH = ["deriveBits", "deriveKey"];
/** RFC 5869, A.1. */
const HKDF = {
  secret: new Uint8Array(22).fill(0x0b),
  algorithm: {
    name: "HKDF",
    hash: "SHA-256",
    salt: bytesOf("000102030405060708090a0b0c"),
    info: bytesOf("f0f1f2f3f4f5f6f7f8f9"),
  },
  bits: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
};
const importHkdf = () => subtle.importKey("raw", HKDF.secret, "HKDF", false, BOTH);
const importPassword = (password) => subtle.importKey("raw", text(password), "PBKDF2", false, BOTH);

test("HKDF derives what RFC 5869 has", async () => {
  assertEquals(hex(await subtle.deriveBits(HKDF.algorithm, await importHkdf(), 42 * 8)), HKDF.bits);
});

test("HKDF derives as much as its hash can, in whole bytes", async () => {
  const key = await importHkdf();
  assertEquals((await subtle.deriveBits(HKDF.algorithm, key, 255 * 32 * 8)).byteLength, 255 * 32);
  assertEquals((await subtle.deriveBits(HKDF.algorithm, key, 0)).byteLength, 0);
  for (const length of [255 * 32 * 8 + 8, 7, null, undefined]) {
    await assertRejectsDom("OperationError", subtle.deriveBits(HKDF.algorithm, key, length), String(length));
  }
});

/** RFC 6070 and RFC 7914. */
const PBKDF2 = [
  ["SHA-1", "password", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"],
  ["SHA-1", "password", 4096, "4b007901b765489abead49d926f721d065a429c1"],
  [
    "SHA-256",
    "passwd",
    1,
    "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
  ],
];

for (const [hash, password, iterations, expected] of PBKDF2) {
  test(`PBKDF2 with ${hash} and ${iterations} iterations derives what the RFC has`, async () => {
    const key = await importPassword(password);
    const bits = await subtle.deriveBits(
      { name: "PBKDF2", hash, salt: text("salt"), iterations },
      key,
      expected.length * 4,
    );
    assertEquals(hex(bits), expected);
  });
}

test("PBKDF2 refuses no iterations, no length, and more than may be asked for", async () => {
  const key = await importPassword("secret");
  const derive = (iterations, length = 256) =>
    subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: text("salt"), iterations }, key, length);
  await assertRejectsDom("OperationError", derive(0));
  await assertRejectsDom("OperationError", derive(1, null));
  await assertRejectsDom("OperationError", derive(1, 12));
  await assertRejectsDom("NotSupportedError", derive(2_000_001));
  await assertRejectsDom("NotSupportedError", derive(2 ** 32 - 1));
  await assertRejectsDom("NotSupportedError", derive(1, 2 ** 32 - 8));
  await assertRejects(TypeError, derive(2 ** 32));
  await assertRejects(TypeError, derive(-1));
  assertEquals((await derive(1, 0)).byteLength, 0);
});

test("takes empty passwords, and their empty salts", async () => {
  const algorithm = { name: "PBKDF2", hash: "SHA-512", salt: new Uint8Array(), iterations: 1000 };
  assertEquals((await subtle.deriveBits(algorithm, await importPassword(""), 512)).byteLength, 64);
});

for (const name of ["HKDF", "PBKDF2"]) {
  test(`keys of ${name} only derive, and are never exported`, async () => {
    const bytes = text("secret");
    await assertRejectsDom("SyntaxError", subtle.importKey("raw", bytes, name, true, BOTH));
    await assertRejectsDom("SyntaxError", subtle.importKey("raw", bytes, name, false, []));
    await assertRejectsDom("SyntaxError", subtle.importKey("raw", bytes, name, false, ["sign"]));
    await assertRejectsDom("NotSupportedError", subtle.importKey("jwk", { kty: "oct", k: "AA" }, name, false, BOTH));
    await assertRejectsDom("NotSupportedError", subtle.generateKey(name, false, BOTH));
    const key = await subtle.importKey("raw", bytes, name, false, ["deriveBits"]);
    assertEquals(JSON.stringify(key.algorithm), JSON.stringify({ name }));
    await assertRejectsDom("NotSupportedError", subtle.exportKey("raw", key));
    const derive = { name, hash: "SHA-256", salt: bytes, info: bytes, iterations: 1 };
    await assertRejectsDom(
      "InvalidAccessError",
      subtle.deriveKey(derive, key, { name: "AES-GCM", length: 128 }, true, ["encrypt"]),
    );
  });
}

test("deriveKey makes keys of the bits that deriveBits gives", async () => {
  const key = await importHkdf();
  const derive = (type, usages) => subtle.deriveKey(HKDF.algorithm, key, type, true, usages);
  const aes = await derive({ name: "AES-CBC", length: 256 }, ["encrypt"]);
  assertEquals(hex(await subtle.exportKey("raw", aes)), HKDF.bits.slice(0, 64));
  assertEquals(JSON.stringify(aes.algorithm), '{"name":"AES-CBC","length":256}');
  assertArrayEquals(aes.usages, ["encrypt"]);
  const mac = await derive({ name: "HMAC", hash: "SHA-256", length: 160 }, ["sign"]);
  assertEquals(hex(await subtle.exportKey("raw", mac)), HKDF.bits.slice(0, 40));
  assertEquals((await derive({ name: "HMAC", hash: "SHA-512" }, ["sign"])).algorithm.length, 1024);
});

test("deriveKey refuses what could not be derived", async () => {
  const key = await importHkdf();
  const derive = (type, extractable, usages) => subtle.deriveKey(HKDF.algorithm, key, type, extractable, usages);
  await assertRejectsDom("SyntaxError", derive({ name: "AES-CBC", length: 256 }, true, []));
  await assertRejectsDom("SyntaxError", derive({ name: "AES-CBC", length: 256 }, true, ["sign"]));
  await assertRejectsDom("OperationError", derive({ name: "AES-CBC", length: 100 }, true, ["encrypt"]));
  await assertRejects(TypeError, derive({ name: "AES-CBC" }, true, ["encrypt"]));
  await assertRejectsDom("NotSupportedError", derive({ name: "Ed25519" }, true, ["sign"]));
  await assertRejectsDom("NotSupportedError", derive({ name: "RSA-PSS", hash: "SHA-1" }, true, ["sign"]));
  // A whole number of bytes is asked for, and HKDF has no end of its own.
  await assertRejectsDom("OperationError", derive("HKDF", false, ["deriveBits"]));
});
