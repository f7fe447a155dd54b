// JSON Web Tokens, as apps make them: https://www.rfc-editor.org/rfc/rfc7519
import * as jose from "jose";
import { text } from "../../crypto-vectors.js";
import { assertArrayEquals, assertEquals, assertTrue, fail, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const CLAIMS = { sub: "someone", scope: "all" };
const SECRET = text("a secret of at least thirty-two bytes");
const isRefused = (promise, code) =>
  promise.then(
    () => fail("It was taken"),
    (error) => assertEquals(error.code, code),
  );

for (const alg of ["HS256", "HS384", "HS512"]) {
  test(`${alg} signs and verifies a token with a secret`, async () => {
    const secret = new Uint8Array(64).fill(5);
    const token = await new jose.SignJWT(CLAIMS)
      .setProtectedHeader({ alg })
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(secret);
    const { payload, protectedHeader } = await jose.jwtVerify(token, secret);
    assertEquals(`${payload.sub} ${payload.scope} ${protectedHeader.alg}`, `someone all ${alg}`);
    await isRefused(jose.jwtVerify(token, new Uint8Array(64)), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    await isRefused(
      jose.jwtVerify(token, secret, { currentDate: new Date(Date.now() + 7_200_000) }),
      "ERR_JWT_EXPIRED",
    );
  });
}

for (const alg of ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]) {
  test(`${alg} signs with a private key, and a set of public ones verifies`, async () => {
    const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
    const jwk = { ...(await jose.exportJWK(publicKey)), kid: "one", alg };
    const token = await new jose.SignJWT(CLAIMS).setProtectedHeader({ alg, kid: "one" }).sign(privateKey);
    const { payload } = await jose.jwtVerify(token, jose.createLocalJWKSet({ keys: [jwk] }));
    assertEquals(payload.sub, "someone");
    assertEquals((await jose.calculateJwkThumbprint(jwk)).length, 43);
    const again = await jose.importPKCS8(await jose.exportPKCS8(privateKey), alg);
    const second = await new jose.SignJWT(CLAIMS).setProtectedHeader({ alg }).sign(again);
    const spki = await jose.importSPKI(await jose.exportSPKI(publicKey), alg);
    assertEquals((await jose.jwtVerify(second, spki)).payload.scope, "all");
    const changed = token.replace(/.(?=.{20}$)/, (unit) => (unit === "A" ? "B" : "A"));
    await isRefused(jose.jwtVerify(changed, publicKey), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
  });
}

for (const [alg, enc] of [
  ["dir", "A256GCM"],
  ["A256KW", "A256GCM"],
  ["A128GCMKW", "A128CBC-HS256"],
  ["PBES2-HS256+A128KW", "A128GCM"],
]) {
  test(`${alg} with ${enc} encrypts a token to a secret`, async () => {
    const secret = alg === "A128GCMKW" ? SECRET.slice(0, 16) : SECRET.slice(0, 32);
    const token = await new jose.EncryptJWT(CLAIMS).setProtectedHeader({ alg, enc }).encrypt(secret);
    const options = { keyManagementAlgorithms: [alg] };
    assertEquals((await jose.jwtDecrypt(token, secret, options)).payload.sub, "someone");
    const other = Uint8Array.from(secret, (byte) => byte ^ 1);
    await isRefused(jose.jwtDecrypt(token, other, options), "ERR_JWE_DECRYPTION_FAILED");
  });
}

for (const alg of ["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"]) {
  test(`${alg} encrypts a token to a public key`, async () => {
    const pairs = [await jose.generateKeyPair(alg)];
    if (alg.startsWith("ECDH")) pairs.push(await jose.generateKeyPair(alg, { crv: "X25519" }));
    for (const { publicKey, privateKey } of pairs) {
      const token = await new jose.EncryptJWT(CLAIMS)
        .setProtectedHeader({ alg, enc: "A256CBC-HS512" })
        .encrypt(publicKey);
      assertEquals((await jose.jwtDecrypt(token, privateKey)).payload.scope, "all");
    }
  });
}

test("a key of the top level verifies what a request signs", async () => {
  const token = await new jose.SignJWT(CLAIMS).setProtectedHeader({ alg: "HS256" }).sign(topLevelKey);
  assertTrue(topLevelKey instanceof CryptoKey);
  assertArrayEquals(Object.keys((await jose.jwtVerify(token, topLevelKey)).payload), ["sub", "scope"]);
});
const topLevelKey = await crypto.subtle.importKey("raw", SECRET, { name: "HMAC", hash: "SHA-256" }, false, [
  "sign",
  "verify",
]);
