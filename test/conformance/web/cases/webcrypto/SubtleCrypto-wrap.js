// https://w3c.github.io/webcrypto/#SubtleCrypto-method-wrapKey, #SubtleCrypto-method-unwrapKey

import { hex, text } from "../../crypto-vectors.js";
import { assertArrayEquals, assertEquals, assertFalse, assertRejectsDom, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const { subtle } = crypto;
const WRAP = ["wrapKey", "unwrapKey"];
const iv = new Uint8Array(16);

/** By name: the keys to wrap with, and the algorithm. */
async function wrappers() {
  const secret = async (name, algorithm) => {
    const key = await subtle.generateKey({ name, length: 256 }, false, WRAP);
    return [name, { algorithm: algorithm ?? name, wrapping: key, unwrapping: key }];
  };
  const { publicKey, privateKey } = await subtle.generateKey(
    { name: "RSA-OAEP", hash: "SHA-1", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
    false,
    WRAP,
  );
  return Object.fromEntries([
    await secret("AES-GCM", { name: "AES-GCM", iv }),
    await secret("AES-CBC", { name: "AES-CBC", iv }),
    await secret("AES-CTR", { name: "AES-CTR", counter: iv, length: 64 }),
    await secret("AES-KW"),
    ["RSA-OAEP", { algorithm: { name: "RSA-OAEP" }, wrapping: publicKey, unwrapping: privateKey }],
  ]);
}

for (const name of ["AES-GCM", "AES-CBC", "AES-CTR", "AES-KW", "RSA-OAEP"]) {
  test(`${name} wraps secrets raw, and they come back with what they are for`, async () => {
    const { algorithm, wrapping, unwrapping } = (await wrappers())[name];
    const key = await subtle.generateKey({ name: "HMAC", hash: "SHA-256", length: 256 }, true, ["sign"]);
    const wrapped = await subtle.wrapKey("raw", key, wrapping, algorithm);
    const hmac = { name: "HMAC", hash: "SHA-256" };
    const again = await subtle.unwrapKey("raw", wrapped, unwrapping, algorithm, hmac, true, ["verify", "sign"]);
    assertArrayEquals(again.usages, ["sign", "verify"]);
    assertEquals(hex(await subtle.exportKey("raw", again)), hex(await subtle.exportKey("raw", key)));
    const hidden = await subtle.unwrapKey("raw", wrapped, unwrapping, algorithm, hmac, false, ["sign"]);
    assertFalse(hidden.extractable);
    await assertRejectsDom("InvalidAccessError", subtle.exportKey("raw", hidden));
    const tags = await Promise.all([key, hidden].map((each) => subtle.sign("HMAC", each, text("data"))));
    assertEquals(hex(tags[0]), hex(tags[1]));
  });
}

for (const name of ["AES-GCM", "AES-CBC", "AES-CTR"]) {
  test(`${name} wraps pairs in each of their forms`, async () => {
    const { algorithm, wrapping, unwrapping } = (await wrappers())[name];
    const ecdsa = { name: "ECDSA", namedCurve: "P-256" };
    const { publicKey, privateKey } = await subtle.generateKey(ecdsa, true, ["sign", "verify"]);
    for (const [format, key] of [
      ["pkcs8", privateKey],
      ["jwk", privateKey],
      ["spki", publicKey],
      ["raw", publicKey],
      ["jwk", publicKey],
    ]) {
      const wrapped = await subtle.wrapKey(format, key, wrapping, algorithm);
      const again = await subtle.unwrapKey(format, wrapped, unwrapping, algorithm, ecdsa, true, key.usages);
      assertEquals(again.type, key.type);
      assertEquals(
        JSON.stringify(await subtle.exportKey("jwk", again)),
        JSON.stringify(await subtle.exportKey("jwk", key)),
      );
    }
  });
}

test("what is unwrapped as a JSON Web Key is held to what it says", async () => {
  const { algorithm, wrapping } = (await wrappers())["AES-GCM"];
  const encrypting = await subtle.importKey("raw", new Uint8Array(16), "AES-GCM", false, ["encrypt", "unwrapKey"]);
  assertEquals(wrapping.type, "secret");
  const good = { kty: "oct", k: "AAAAAAAAAAAAAAAAAAAAAA" };
  const unwrap = async (jwk, extractable = true) => {
    const bytes = text(typeof jwk === "string" ? jwk : JSON.stringify({ ...good, ...jwk }));
    const wrapped = await subtle.encrypt(algorithm, encrypting, bytes);
    return subtle.unwrapKey("jwk", wrapped, encrypting, algorithm, "AES-CBC", extractable, ["encrypt"]);
  };
  assertEquals((await unwrap({})).algorithm.length, 128);
  assertEquals((await unwrap({ alg: "A128CBC", use: "enc", key_ops: ["encrypt"], ext: true })).usages.length, 1);
  for (const bad of [
    "not JSON",
    "[]",
    "null",
    "",
    { kty: "RSA" },
    { kty: 5 },
    { k: "*" },
    { k: undefined },
    { alg: "A256CBC" },
    { use: "sig" },
    { key_ops: ["decrypt"] },
    { key_ops: "encrypt" },
    { ext: false },
    { ext: "true" },
  ]) {
    await assertRejectsDom("DataError", unwrap(bad), JSON.stringify(bad));
  }
  assertFalse((await unwrap({ ext: false }, false)).extractable);
});

test("a key that is not extractable is not wrapped", async () => {
  const { algorithm, wrapping, unwrapping } = (await wrappers())["AES-KW"];
  const key = await subtle.generateKey({ name: "AES-GCM", length: 128 }, false, ["encrypt"]);
  await assertRejectsDom("InvalidAccessError", subtle.wrapKey("raw", key, wrapping, algorithm));
  const other = await subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt"]);
  await assertRejectsDom("InvalidAccessError", subtle.wrapKey("raw", other, other, { name: "AES-GCM", iv }));
  const wrapped = new Uint8Array(await subtle.wrapKey("raw", other, wrapping, algorithm));
  const unwrap = (bytes, type = "AES-GCM", usages = ["encrypt"]) =>
    subtle.unwrapKey("raw", bytes, unwrapping, algorithm, type, true, usages);
  await assertRejectsDom("SyntaxError", unwrap(wrapped, "AES-GCM", ["sign"]));
  await assertRejectsDom("SyntaxError", unwrap(wrapped, "AES-GCM", []));
  await assertRejectsDom("OperationError", unwrap(wrapped.subarray(8)));
  wrapped[0] ^= 1;
  await assertRejectsDom("OperationError", unwrap(wrapped));
});

test("AES-KW wraps whole blocks of eight bytes", async () => {
  const { algorithm, wrapping } = (await wrappers())["AES-KW"];
  const key = await subtle.importKey("raw", new Uint8Array(20), { name: "HMAC", hash: "SHA-1" }, true, ["sign"]);
  await assertRejectsDom("OperationError", subtle.wrapKey("raw", key, wrapping, algorithm));
  await assertRejectsDom("NotSupportedError", subtle.encrypt("AES-KW", wrapping, new Uint8Array(16)));
});
