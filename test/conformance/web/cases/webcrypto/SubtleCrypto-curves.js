// https://w3c.github.io/webcrypto/#ecdsa, #ecdh, #ed25519, #x25519

import { bytesOf, hex, text } from "../../crypto-vectors.js";
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertRejects,
  assertRejectsDom,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const { subtle } = crypto;
const CURVES = { "P-256": 32, "P-384": 48, "P-521": 66 };
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

test("ECDSA verifies what RFC 6979 has", async () => {
  const point =
    "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
  const signature = bytesOf(
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
  );
  const key = await subtle.importKey("raw", bytesOf(point), { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]);
  const verify = (algorithm, given, data) => subtle.verify(algorithm, key, given, text(data));
  assertTrue(await verify({ name: "ECDSA", hash: "SHA-256" }, signature, "sample"));
  assertFalse(await verify({ name: "ECDSA", hash: "SHA-256" }, signature, "samples"));
  assertFalse(await verify({ name: "ECDSA", hash: "SHA-384" }, signature, "sample"));
  for (const bad of [new Uint8Array(), signature.subarray(1), new Uint8Array(64), new Uint8Array(65)]) {
    assertFalse(await verify({ name: "ECDSA", hash: "SHA-256" }, bad, "sample"));
  }
  await assertRejects(TypeError, verify("ECDSA", signature, "sample"));
  assertEquals(hex(await subtle.exportKey("raw", key)), point);
});

for (const [namedCurve, bytes] of Object.entries(CURVES)) {
  test(`ECDSA on ${namedCurve} signs with each hash`, async () => {
    const pair = await subtle.generateKey({ name: "ECDSA", namedCurve }, false, ["sign", "verify"]);
    assertEquals(JSON.stringify(pair.privateKey.algorithm), JSON.stringify({ name: "ECDSA", namedCurve }));
    for (const hash of ["SHA-1", "SHA-256", "SHA-384", "SHA-512"]) {
      const signature = await subtle.sign({ name: "ECDSA", hash }, pair.privateKey, text("data"));
      assertEquals(signature.byteLength, 2 * bytes);
      assertTrue(await subtle.verify({ name: "ECDSA", hash }, pair.publicKey, signature, text("data")));
    }
    await assertRejectsDom("InvalidAccessError", subtle.exportKey("jwk", pair.privateKey));
  });

  for (const [name, usages] of [
    ["ECDSA", ["sign", "verify"]],
    ["ECDH", ["deriveKey", "deriveBits"]],
  ]) {
    test(`${name} keys on ${namedCurve} come back from each of their forms`, async () => {
      const algorithm = { name, namedCurve };
      const { publicKey, privateKey } = await subtle.generateKey(algorithm, true, usages);
      const publicUsages = [...publicKey.usages];
      const jwk = await subtle.exportKey("jwk", privateKey);
      assertEquals(`${jwk.kty} ${jwk.crv} ${jwk.ext} ${jwk.alg}`, `EC ${namedCurve} true undefined`);
      assertEquals(atob(jwk.d.replaceAll("-", "+").replaceAll("_", "/")).length, bytes);
      const pkcs8 = await subtle.exportKey("pkcs8", privateKey);
      for (const [format, data] of [
        ["jwk", jwk],
        ["pkcs8", pkcs8],
      ]) {
        const again = await subtle.importKey(format, data, algorithm, true, privateKey.usages);
        assertEquals(again.type, "private");
        assertEquals((await subtle.exportKey("jwk", again)).d, jwk.d);
      }
      for (const format of ["spki", "raw", "jwk"]) {
        const data = await subtle.exportKey(format, publicKey);
        const again = await subtle.importKey(format, data, algorithm, true, publicUsages);
        assertEquals(again.type, "public");
        assertEquals((await subtle.exportKey("jwk", again)).y, jwk.y);
      }
      assertEquals((await subtle.exportKey("raw", publicKey)).byteLength, 1 + 2 * bytes);
    });
  }

  test(`ECDH on ${namedCurve} gives both sides the same secret`, async () => {
    const generate = () => subtle.generateKey({ name: "ECDH", namedCurve }, false, ["deriveBits", "deriveKey"]);
    const [a, b] = await Promise.all([generate(), generate()]);
    const ours = await subtle.deriveBits({ name: "ECDH", public: b.publicKey }, a.privateKey);
    const theirs = await subtle.deriveBits({ name: "ECDH", public: a.publicKey }, b.privateKey, null);
    assertEquals(ours.byteLength, bytes);
    assertEquals(hex(ours), hex(theirs));
    const algorithm = { name: "ECDH", public: a.publicKey };
    assertEquals(hex(await subtle.deriveBits(algorithm, b.privateKey, 128)), hex(ours).slice(0, 32));
    await assertRejectsDom("OperationError", subtle.deriveBits(algorithm, b.privateKey, bytes * 8 + 1));
  });
}

test("ECDH derives what NIST has", async () => {
  const algorithm = { name: "ECDH", namedCurve: "P-256" };
  const jwk = {
    kty: "EC",
    crv: "P-256",
    d: base64url(bytesOf("7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534")),
    x: base64url(bytesOf("ead218590119e8876b29146ff89ca61770c4edbbf97d38ce385ed281d8a6b230")),
    y: base64url(bytesOf("28af61281fd35e2fa7002523acc85a429cb06ee6648325389f59edfce1405141")),
  };
  const other = bytesOf(
    "04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac",
  );
  const key = await subtle.importKey("jwk", jwk, algorithm, false, ["deriveBits", "deriveKey"]);
  const publicKey = await subtle.importKey("raw", other, algorithm, true, []);
  const secret = "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b";
  assertEquals(hex(await subtle.deriveBits({ name: "ECDH", public: publicKey }, key, 256)), secret);
  assertEquals(hex(await subtle.deriveBits({ name: "ECDH", public: publicKey }, key, 11)), "46e0");
  const derived = await subtle.deriveKey(
    { name: "ECDH", public: publicKey },
    key,
    { name: "AES-GCM", length: 128 },
    true,
    ["encrypt"],
  );
  assertEquals(hex(await subtle.exportKey("raw", derived)), secret.slice(0, 32));
  const stretched = await subtle.deriveKey({ name: "ECDH", public: publicKey }, key, "HKDF", false, ["deriveBits"]);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: new Uint8Array() };
  const expected = await subtle.importKey("raw", bytesOf(secret), "HKDF", false, ["deriveBits"]);
  assertEquals(hex(await subtle.deriveBits(hkdf, stretched, 256)), hex(await subtle.deriveBits(hkdf, expected, 256)));
});

test("an exchange wants a private and a public key of one curve", async () => {
  const generate = (algorithm) => subtle.generateKey(algorithm, false, ["deriveBits"]);
  const a = await generate({ name: "ECDH", namedCurve: "P-256" });
  const b = await generate({ name: "ECDH", namedCurve: "P-384" });
  const x = await generate("X25519");
  const derive = (name, other, key) => subtle.deriveBits({ name, public: other }, key, 128);
  await assertRejectsDom("InvalidAccessError", derive("ECDH", b.publicKey, a.privateKey));
  await assertRejectsDom("InvalidAccessError", derive("ECDH", a.privateKey, a.privateKey));
  await assertRejectsDom("InvalidAccessError", derive("ECDH", a.publicKey, a.publicKey));
  await assertRejectsDom("InvalidAccessError", derive("ECDH", x.publicKey, a.privateKey));
  await assertRejectsDom("InvalidAccessError", derive("X25519", x.publicKey, a.privateKey));
  await assertRejects(TypeError, derive("ECDH", {}, a.privateKey));
  await assertRejects(TypeError, derive("ECDH", undefined, a.privateKey));
});

test("Ed25519 signs and verifies as RFC 8032 has it", async () => {
  const x = bytesOf("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const jwk = {
    kty: "OKP",
    crv: "Ed25519",
    d: base64url(bytesOf("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")),
    x: base64url(x),
  };
  const expected =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
  const key = await subtle.importKey("jwk", jwk, "Ed25519", true, ["sign"]);
  assertEquals(JSON.stringify(key.algorithm), '{"name":"Ed25519"}');
  assertEquals(hex(await subtle.sign("Ed25519", key, bytesOf("72"))), expected);
  const publicKey = await subtle.importKey("raw", x, { name: "ed25519" }, true, ["verify"]);
  assertTrue(await subtle.verify("Ed25519", publicKey, bytesOf(expected), bytesOf("72")));
  assertFalse(await subtle.verify("Ed25519", publicKey, bytesOf(expected), bytesOf("73")));
  assertFalse(await subtle.verify("Ed25519", publicKey, bytesOf("00"), bytesOf("72")));
});

test("X25519 derives what RFC 7748 has", async () => {
  const bob = {
    kty: "OKP",
    crv: "X25519",
    d: base64url(bytesOf("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")),
    x: base64url(bytesOf("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")),
  };
  const alice = bytesOf("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  const key = await subtle.importKey("jwk", bob, "X25519", true, ["deriveBits"]);
  const publicKey = await subtle.importKey("raw", alice, "X25519", true, []);
  assertEquals(
    hex(await subtle.deriveBits({ name: "X25519", public: publicKey }, key, 256)),
    "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
  );
  const nothing = await subtle.importKey("raw", new Uint8Array(32), "X25519", true, []);
  await assertRejectsDom("OperationError", subtle.deriveBits({ name: "X25519", public: nothing }, key, 256));
});

for (const [name, usages] of [
  ["Ed25519", ["sign", "verify"]],
  ["X25519", ["deriveKey", "deriveBits"]],
]) {
  test(`${name} keys come back from each of their forms`, async () => {
    const { publicKey, privateKey } = await subtle.generateKey(name, true, usages);
    const jwk = await subtle.exportKey("jwk", privateKey);
    assertEquals(`${jwk.kty} ${jwk.crv} ${jwk.d.length} ${jwk.x.length}`, `OKP ${name} 43 43`);
    assertArrayEquals(jwk.key_ops, privateKey.usages);
    const pkcs8 = await subtle.exportKey("pkcs8", privateKey);
    assertEquals(pkcs8.byteLength, 48);
    const again = await subtle.importKey("pkcs8", pkcs8, name, true, privateKey.usages);
    assertEquals(JSON.stringify(await subtle.exportKey("jwk", again)), JSON.stringify(jwk));
    for (const format of ["raw", "spki", "jwk"]) {
      const data = await subtle.exportKey(format, publicKey);
      const key = await subtle.importKey(format, data, name, true, publicKey.usages);
      assertEquals((await subtle.exportKey("jwk", key)).x, jwk.x);
    }
    assertEquals((await subtle.exportKey("spki", publicKey)).byteLength, 44);
    await assertRejectsDom("InvalidAccessError", subtle.exportKey("raw", privateKey));
  });

  test(`${name} refuses keys that are malformed`, async () => {
    const publicUsages = name === "Ed25519" ? ["verify"] : [];
    for (const bytes of [0, 31, 33]) {
      await assertRejectsDom("DataError", subtle.importKey("raw", new Uint8Array(bytes), name, true, publicUsages));
    }
    const { privateKey } = await subtle.generateKey(name, true, usages);
    const jwk = await subtle.exportKey("jwk", privateKey);
    const importJwk = (change) => subtle.importKey("jwk", { ...jwk, ...change }, name, true, privateKey.usages);
    const other = name === "Ed25519" ? "X25519" : "Ed25519";
    for (const bad of [{ kty: "EC" }, { crv: other }, { x: jwk.d }, { x: undefined }, { d: "AA" }, { key_ops: [] }]) {
      await assertRejectsDom("DataError", importJwk(bad), JSON.stringify(bad));
    }
    await assertRejectsDom("SyntaxError", subtle.generateKey(name, true, []));
    await assertRejectsDom("SyntaxError", subtle.generateKey(name, true, ["encrypt"]));
  });
}

test("refuses EC keys that are malformed, off their curve, or on another", async () => {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const { publicKey, privateKey } = await subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const point = new Uint8Array(await subtle.exportKey("raw", publicKey));
  const off = Uint8Array.from(point);
  off[64] ^= 1;
  for (const bytes of [new Uint8Array(), point.subarray(1), off, Uint8Array.of(2, ...point.subarray(1, 33))]) {
    await assertRejectsDom("DataError", subtle.importKey("raw", bytes, algorithm, true, ["verify"]));
  }
  const onOther = { name: "ECDSA", namedCurve: "P-384" };
  for (const format of ["raw", "spki", "jwk"]) {
    const data = await subtle.exportKey(format, publicKey);
    await assertRejectsDom("DataError", subtle.importKey(format, data, onOther, true, ["verify"]), format);
  }
  await assertRejectsDom("DataError", subtle.importKey("pkcs8", point, algorithm, true, ["sign"]));
  const jwk = await subtle.exportKey("jwk", privateKey);
  const { privateKey: another } = await subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const { d } = await subtle.exportKey("jwk", another);
  for (const bad of [{ d }, { x: "AA" }, { alg: "ES384" }, { crv: "P-384" }, { use: "enc" }, { y: undefined }]) {
    const changed = subtle.importKey("jwk", { ...jwk, ...bad }, algorithm, true, ["sign"]);
    await assertRejectsDom("DataError", changed, JSON.stringify(bad));
  }
  await assertRejectsDom("NotSupportedError", subtle.generateKey({ name: "ECDSA", namedCurve: "P-1" }, true, ["sign"]));
  await assertRejects(TypeError, subtle.generateKey("ECDSA", true, ["sign"]));
  await assertRejectsDom(
    "SyntaxError",
    subtle.importKey("raw", point, { name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]),
  );
});
