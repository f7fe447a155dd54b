// https://w3c.github.io/webcrypto/#rsassa-pkcs1, #rsa-pss, #rsa-oaep

import { hex, text } from "../../crypto-vectors.js";
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertRejects,
  assertRejectsDom,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const { subtle } = crypto;
const EXPONENT = new Uint8Array([1, 0, 1]);
const rsa = (name, hash = "SHA-256", modulusLength = 1024) => ({
  name,
  hash,
  modulusLength,
  publicExponent: EXPONENT,
});

/** RFC 7515, A.2. */
const JWS = {
  n: "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
  signature:
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
  data: "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
};
const base64url = (value) =>
  Uint8Array.from(atob(value.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

test("RSASSA-PKCS1-v1_5 verifies what RFC 7515 has", async () => {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const key = await subtle.importKey("jwk", { kty: "RSA", n: JWS.n, e: "AQAB" }, algorithm, false, ["verify"]);
  assertEquals(key.type, "public");
  assertEquals(key.algorithm.modulusLength, 2048);
  const signature = base64url(JWS.signature);
  assertTrue(await subtle.verify("RSASSA-PKCS1-v1_5", key, signature, text(JWS.data)));
  assertFalse(await subtle.verify("RSASSA-PKCS1-v1_5", key, signature, text(`${JWS.data}.`)));
  assertFalse(await subtle.verify("RSASSA-PKCS1-v1_5", key, signature.subarray(1), text(JWS.data)));
});

for (const [name, usages, publicUsages, privateUsages, alg] of [
  ["RSASSA-PKCS1-v1_5", ["sign", "verify"], ["verify"], ["sign"], "RS256"],
  ["RSA-PSS", ["sign", "verify"], ["verify"], ["sign"], "PS256"],
  [
    "RSA-OAEP",
    ["encrypt", "decrypt", "wrapKey", "unwrapKey"],
    ["encrypt", "wrapKey"],
    ["decrypt", "unwrapKey"],
    "RSA-OAEP-256",
  ],
]) {
  test(`${name} generates pairs, each half with its usages`, async () => {
    const { publicKey, privateKey } = await subtle.generateKey(rsa(name), false, usages);
    assertEquals(`${publicKey.type} ${publicKey.extractable}`, "public true");
    assertEquals(`${privateKey.type} ${privateKey.extractable}`, "private false");
    assertArrayEquals(publicKey.usages, publicUsages);
    assertArrayEquals(privateKey.usages, privateUsages);
    for (const { algorithm } of [publicKey, privateKey]) {
      assertEquals(Object.keys(algorithm).join(), "name,modulusLength,publicExponent,hash");
      assertEquals(`${algorithm.name} ${algorithm.modulusLength} ${algorithm.hash.name}`, `${name} 1024 SHA-256`);
      assertTrue(algorithm.publicExponent instanceof Uint8Array);
      assertArrayEquals(algorithm.publicExponent, EXPONENT);
    }
    await assertRejectsDom("InvalidAccessError", subtle.exportKey("pkcs8", privateKey));
    await assertRejectsDom("InvalidAccessError", subtle.exportKey("spki", privateKey));
    await assertRejectsDom("InvalidAccessError", subtle.exportKey("pkcs8", publicKey));
    await assertRejectsDom("NotSupportedError", subtle.exportKey("raw", publicKey));
  });

  test(`${name} keys come back from each of their forms`, async () => {
    const { publicKey, privateKey } = await subtle.generateKey(rsa(name), true, usages);
    const algorithm = { name, hash: "SHA-256" };
    const spki = await subtle.exportKey("spki", publicKey);
    const pkcs8 = await subtle.exportKey("pkcs8", privateKey);
    const jwk = await subtle.exportKey("jwk", privateKey);
    assertEquals(`${jwk.kty} ${jwk.alg} ${jwk.ext} ${jwk.e}`, `RSA ${alg} true AQAB`);
    assertArrayEquals(jwk.key_ops, privateUsages);
    const fromSpki = await subtle.importKey("spki", spki, algorithm, true, publicUsages);
    const fromPkcs8 = await subtle.importKey("pkcs8", pkcs8, algorithm, true, privateUsages);
    const fromJwk = await subtle.importKey("jwk", jwk, algorithm, true, privateUsages);
    assertEquals(hex(await subtle.exportKey("spki", fromSpki)), hex(spki));
    assertEquals(hex(await subtle.exportKey("pkcs8", fromPkcs8)), hex(pkcs8));
    assertEquals(hex(await subtle.exportKey("pkcs8", fromJwk)), hex(pkcs8));
    const { n, e } = await subtle.exportKey("jwk", publicKey);
    assertEquals(n, jwk.n);
    const fromPublicJwk = await subtle.importKey("jwk", { kty: "RSA", n, e }, algorithm, true, []);
    assertEquals(hex(await subtle.exportKey("spki", fromPublicJwk)), hex(spki));
  });
}

test("RSASSA-PKCS1-v1_5 signs with each hash", async () => {
  for (const hash of ["SHA-1", "SHA-256", "SHA-384", "SHA-512"]) {
    const { publicKey, privateKey } = await subtle.generateKey(rsa("RSASSA-PKCS1-v1_5", hash), true, [
      "sign",
      "verify",
    ]);
    const signature = await subtle.sign("RSASSA-PKCS1-v1_5", privateKey, text("data"));
    assertEquals(signature.byteLength, 128);
    assertTrue(await subtle.verify({ name: "RSASSA-PKCS1-v1_5" }, publicKey, signature, text("data")));
    await assertRejectsDom("InvalidAccessError", subtle.sign("RSASSA-PKCS1-v1_5", publicKey, text("data")));
    await assertRejectsDom("InvalidAccessError", subtle.verify("RSASSA-PKCS1-v1_5", privateKey, signature, signature));
  }
});

test("RSA-PSS signs with a salt of the length that it is told", async () => {
  const { publicKey, privateKey } = await subtle.generateKey(rsa("RSA-PSS"), true, ["sign", "verify"]);
  for (const saltLength of [0, 20, 32]) {
    const [one, other] = await Promise.all(
      [1, 2].map(() => subtle.sign({ name: "RSA-PSS", saltLength }, privateKey, text("data"))),
    );
    (saltLength === 0 ? assertEquals : assertNotEquals)(hex(one), hex(other));
    assertTrue(await subtle.verify({ name: "RSA-PSS", saltLength }, publicKey, one, text("data")));
    assertFalse(await subtle.verify({ name: "RSA-PSS", saltLength: saltLength + 1 }, publicKey, one, text("data")));
    assertFalse(await subtle.verify({ name: "RSA-PSS", saltLength: 2 ** 32 - 1 }, publicKey, one, text("data")));
  }
  for (const saltLength of [200, 2 ** 31, 2 ** 32 - 2]) {
    await assertRejectsDom("OperationError", subtle.sign({ name: "RSA-PSS", saltLength }, privateKey, text("data")));
  }
  await assertRejects(TypeError, subtle.sign("RSA-PSS", privateKey, text("data")));
  await assertRejects(TypeError, subtle.sign({ name: "RSA-PSS", saltLength: -1 }, privateKey, text("data")));
});

test("RSA-OAEP encrypts with a label and without", async () => {
  const { publicKey, privateKey } = await subtle.generateKey(rsa("RSA-OAEP"), true, ["encrypt", "decrypt"]);
  for (const label of [undefined, text("label")]) {
    const sealed = await subtle.encrypt({ name: "RSA-OAEP", label }, publicKey, text("data"));
    assertEquals(sealed.byteLength, 128);
    assertEquals(hex(await subtle.decrypt({ name: "RSA-OAEP", label }, privateKey, sealed)), hex(text("data")));
    const other = { name: "RSA-OAEP", label: text("another") };
    await assertRejectsDom("OperationError", subtle.decrypt(other, privateKey, sealed));
  }
  const algorithm = { name: "RSA-OAEP" };
  assertEquals((await subtle.encrypt(algorithm, publicKey, new Uint8Array(62))).byteLength, 128);
  await assertRejectsDom("OperationError", subtle.encrypt(algorithm, publicKey, new Uint8Array(63)));
  await assertRejectsDom("OperationError", subtle.decrypt(algorithm, privateKey, new Uint8Array(128)));
  await assertRejectsDom("InvalidAccessError", subtle.encrypt(algorithm, privateKey, new Uint8Array(1)));
});

test("generates with exponents and lengths that are safe to look for alone", async () => {
  const generate = (parameters) => subtle.generateKey({ ...rsa("RSA-PSS"), ...parameters }, true, ["sign", "verify"]);
  for (const publicExponent of [[], [0], [1], [2], [1, 0, 0], [255, 255, 255, 255, 255, 255, 255, 255, 255]]) {
    await assertRejectsDom("OperationError", generate({ publicExponent: Uint8Array.from(publicExponent) }));
  }
  for (const modulusLength of [0, 1, 511, 4097, 2 ** 32 - 1]) {
    await assertRejectsDom("OperationError", generate({ modulusLength }), String(modulusLength));
  }
  await assertRejects(TypeError, generate({ publicExponent: [1, 0, 1] }));
  await assertRejects(TypeError, generate({ publicExponent: new Uint16Array([1]) }));
  await assertRejectsDom("NotSupportedError", generate({ hash: "SHA-3" }));
  assertArrayEquals(
    (await generate({ publicExponent: Uint8Array.of(0, 0, 3) })).publicKey.algorithm.publicExponent,
    [3],
  );
});

test("wants usages that are its own, and one for the private half", async () => {
  await assertRejectsDom("SyntaxError", subtle.generateKey(rsa("RSA-PSS"), true, ["encrypt"]));
  await assertRejectsDom("SyntaxError", subtle.generateKey(rsa("RSA-PSS"), true, ["verify"]));
  await assertRejectsDom("SyntaxError", subtle.generateKey(rsa("RSA-OAEP"), true, ["sign", "decrypt"]));
  const jwk = { kty: "RSA", n: JWS.n, e: "AQAB" };
  const algorithm = { name: "RSA-PSS", hash: "SHA-1" };
  await assertRejectsDom("SyntaxError", subtle.importKey("jwk", jwk, algorithm, true, ["sign"]));
  await assertRejectsDom("SyntaxError", subtle.importKey("pkcs8", new Uint8Array(1), algorithm, true, []));
  await assertRejects(TypeError, subtle.importKey("jwk", jwk, "RSA-PSS", true, ["verify"]));
});

test("refuses keys that are malformed, or for something else", async () => {
  const good = { kty: "RSA", n: JWS.n, e: "AQAB" };
  const importJwk = (jwk) =>
    subtle.importKey("jwk", { ...good, ...jwk }, { name: "RSA-PSS", hash: "SHA-256" }, true, ["verify"]);
  for (const bad of [{ kty: "EC" }, { alg: "RS256" }, { alg: "PS384" }, { use: "enc" }, { n: "*" }, { e: undefined }]) {
    await assertRejectsDom("DataError", importJwk(bad), JSON.stringify(bad));
  }
  await assertRejectsDom("NotSupportedError", importJwk({ oth: [] }));
  for (const format of ["spki", "pkcs8"]) {
    const usages = format === "spki" ? ["verify"] : ["sign"];
    for (const bytes of [new Uint8Array(), new Uint8Array(500), Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff)]) {
      const algorithm = { name: "RSA-PSS", hash: "SHA-256" };
      await assertRejectsDom("DataError", subtle.importKey(format, bytes, algorithm, true, usages));
    }
  }
  const { publicKey } = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const spki = await subtle.exportKey("spki", publicKey);
  await assertRejectsDom(
    "DataError",
    subtle.importKey("spki", spki, { name: "RSA-PSS", hash: "SHA-1" }, true, ["verify"]),
  );
});
