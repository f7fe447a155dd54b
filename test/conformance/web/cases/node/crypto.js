// biome-ignore-all lint/style/useNodejsImportProtocol: both names are shown
// https://nodejs.org/api/crypto.html; vectors of RFC 1321, FIPS 180-4, FIPS 202, RFC 2202, RFC 4231, RFC 5869, RFC 6070
import crypto, { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import bare from "crypto";
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertThrows,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const ABC = {
  md5: "900150983cd24fb0d6963f7d28e17f72",
  sha1: "a9993e364706816aba3e25717850c26c9cd0d89d",
  sha224: "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
  sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  sha384: "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
  sha512:
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  "sha512-256": "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
  ripemd160: "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc",
  "sha3-224": "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf",
  "sha3-256": "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
  "sha3-384": "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25",
  "sha3-512":
    "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
};
const atInit = createHash("sha256").update("abc").digest("hex");
const largeAtInit = createHash("md5").update("x".repeat(200_000)).update("y").digest("hex");

test("is one module under both names", () => {
  assertEquals(bare.createHash, createHash);
  assertEquals(crypto.createHash, createHash);
});

for (const [algorithm, digest] of Object.entries(ABC)) {
  test(`${algorithm} of abc`, () => {
    assertEquals(createHash(algorithm).update("abc").digest("hex"), digest);
    assertEquals(createHash(algorithm.toUpperCase()).update("a").update(Buffer.from("bc")).digest("hex"), digest);
    assertTrue(crypto.getHashes().includes(algorithm));
  });
}

test("hashes while the app is initialised", () => {
  assertEquals(atInit, ABC.sha256);
  assertEquals(
    largeAtInit,
    createHash("md5")
      .update(`${"x".repeat(200_000)}y`)
      .digest("hex"),
  );
});

test("a digest is a Buffer, or text in an encoding", () => {
  const digest = createHash("sha1").update("abc").digest();
  assertTrue(Buffer.isBuffer(digest));
  assertEquals(digest.toString("hex"), ABC.sha1);
  assertEquals(createHash("sha1").update("abc").digest("base64"), "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
  assertEquals(createHash("sha1").update("abc").digest("base64url"), "qZk-NkcGgWq6PiVxeFDCbJzQ2J0");
});

test("takes text in an encoding, and every kind of view", () => {
  assertEquals(createHash("sha256").update("616263", "hex").digest("hex"), ABC.sha256);
  const words = Uint16Array.of(0x6261, 0x63);
  assertEquals(
    createHash("sha256")
      .update(new DataView(words.buffer, 0, 3))
      .digest("hex"),
    ABC.sha256,
  );
  assertThrows(TypeError, () => createHash("sha256").update(5));
  assertThrows(TypeError, () => createHash("sha256").update());
});

test("what a view showed when it was given is hashed", () => {
  const bytes = Buffer.from("abc");
  const hash = createHash("sha256").update(bytes);
  bytes.fill(0);
  assertEquals(hash.digest("hex"), ABC.sha256);
});

test("is over after its digest", () => {
  const hash = createHash("sha256");
  hash.digest();
  assertThrows(Error, () => hash.update("a"));
  assertThrows(Error, () => hash.digest());
  assertThrows(Error, () => hash.copy());
});

test("an algorithm that is unknown is refused at once", () => {
  assertThrows(Error, () => createHash("md55"));
  assertThrows(TypeError, () => createHash());
  assertThrows(TypeError, () => createHmac("md55", "key"));
  assertThrows(Error, () => createHash("__proto__"));
});

test("a million times a, in pieces of all sizes", () => {
  const expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
  for (const size of [1_000_000, 100_000, 65_536, 999]) {
    const hash = createHash("sha256");
    for (let left = 1_000_000; left > 0; left -= size) hash.update("a".repeat(Math.min(size, left)));
    assertEquals(hash.digest("hex"), expected, `pieces of ${size}`);
  }
});

test("data beyond what crosses at once", () => {
  const bytes = Buffer.alloc(3 * 1024 * 1024 + 5, "ab");
  const inPieces = createHash("sha256");
  for (let at = 0; at < bytes.length; at += 50_000) inPieces.update(bytes.subarray(at, at + 50_000));
  const digest = createHash("sha256").update(bytes).digest("hex");
  assertEquals(inPieces.digest("hex"), digest);
  assertEquals(crypto.hash("sha256", bytes), digest);
});

test("a copy goes on by itself", () => {
  for (const before of ["a", "a".repeat(100_000)]) {
    const hash = createHash("sha256").update(before);
    const copy = hash.copy();
    hash.update("b");
    copy.update("c");
    assertEquals(hash.digest("hex"), crypto.hash("sha256", `${before}b`));
    assertEquals(copy.digest("hex"), crypto.hash("sha256", `${before}c`));
  }
});

test("hash in one call", () => {
  assertEquals(crypto.hash("sha1", "abc"), ABC.sha1);
  assertEquals(crypto.hash("sha1", "abc", "base64"), "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
});

test("HMAC", () => {
  assertEquals(
    createHmac("md5", "Jefe").update("what do ya want for nothing?").digest("hex"),
    "750c783e6ab0b503eaa86e310a5db738",
  );
  assertEquals(
    createHmac("sha256", Buffer.alloc(20, 0x0b)).update("Hi There").digest("hex"),
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  );
  // A key that is longer than a block.
  assertEquals(
    createHmac("sha256", Buffer.alloc(131, 0xaa))
      .update("Test Using Larger Than Block-Size Key - Hash Key First")
      .digest("hex"),
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  );
  const large = createHmac("sha1", "k").update("a".repeat(100_000)).update("b").digest("hex");
  assertEquals(
    large,
    createHmac("sha1", crypto.createSecretKey("k", "utf8"))
      .update(`${"a".repeat(100_000)}b`)
      .digest("hex"),
  );
  assertThrows(TypeError, () => createHmac("sha1"));
});

test("an HMAC's key is what it was when it was given", () => {
  const key = Buffer.from("Jefe");
  const hmac = createHmac("md5", key);
  key.fill(0);
  assertEquals(hmac.update("what do ya want for nothing?").digest("hex"), "750c783e6ab0b503eaa86e310a5db738");
});

test("secret keys", () => {
  const key = crypto.createSecretKey(Buffer.from("ab"));
  assertTrue(key instanceof crypto.KeyObject);
  assertEquals(key.type, "secret");
  assertEquals(key.symmetricKeySize, 2);
  assertEquals(key.export().toString(), "ab");
  assertEquals(key.export({ format: "jwk" }).k, "YWI");
  assertTrue(key.equals(crypto.createSecretKey("ab", "utf8")));
  assertFalse(key.equals(crypto.createSecretKey("ac", "utf8")));
});

test("randomBytes, at once and by a callback", async () => {
  assertEquals(randomBytes(70_000).length, 70_000);
  assertNotEquals(randomBytes(16).toString("hex"), randomBytes(16).toString("hex"));
  const later = await new Promise((resolve, reject) =>
    randomBytes(8, (error, bytes) => (error ? reject(error) : resolve(bytes))),
  );
  assertEquals(later.length, 8);
  assertThrows(RangeError, () => randomBytes(-1));
  assertThrows(TypeError, () => randomBytes("8"));
});

test("randomInt stays in its range", () => {
  const seen = new Set();
  for (let i = 0; i < 200; i++) seen.add(crypto.randomInt(3));
  assertArrayEquals([...seen].sort(), [0, 1, 2]);
  for (let i = 0; i < 50; i++) assertTrue([-1, 0].includes(crypto.randomInt(-1, 1)));
  assertThrows(RangeError, () => crypto.randomInt(0));
  assertThrows(TypeError, () => crypto.randomInt(1.5));
});

test("randomFillSync fills the part that is asked for", () => {
  const bytes = crypto.randomFillSync(Buffer.alloc(64), 32, 32);
  assertTrue(bytes.subarray(0, 32).every((byte) => byte === 0));
  assertFalse(bytes.subarray(32).every((byte) => byte === 0));
  assertThrows(RangeError, () => crypto.randomFillSync(Buffer.alloc(4), 3, 2));
});

test("randomUUID and getRandomValues", () => {
  assertTrue(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()));
  assertEquals(crypto.getRandomValues(new Uint8Array(4)).length, 4);
});

test("timingSafeEqual", () => {
  assertTrue(timingSafeEqual(Buffer.from("abc"), Uint8Array.of(97, 98, 99)));
  assertFalse(timingSafeEqual(Buffer.from("abc"), Buffer.from("abd")));
  assertThrows(RangeError, () => timingSafeEqual(Buffer.from("ab"), Buffer.from("abc")));
  assertThrows(TypeError, () => timingSafeEqual(5, Buffer.from("abc")));
});

test("HKDF", async () => {
  const key = Buffer.alloc(22, 0x0b);
  const [salt, info] = [Buffer.from("000102030405060708090a0b0c", "hex"), Buffer.from("f0f1f2f3f4f5f6f7f8f9", "hex")];
  const expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
  assertEquals(Buffer.from(crypto.hkdfSync("sha256", key, salt, info, 42)).toString("hex"), expected);
  const later = await new Promise((resolve, reject) =>
    crypto.hkdf("sha256", key, salt, info, 42, (error, derived) => (error ? reject(error) : resolve(derived))),
  );
  assertEquals(Buffer.from(later).toString("hex"), expected);
  assertThrows(RangeError, () => crypto.hkdfSync("sha256", key, salt, info, 256 * 32));
});

test("PBKDF2", async () => {
  const derived = await new Promise((resolve, reject) =>
    crypto.pbkdf2("password", "salt", 4096, 20, "sha1", (error, key) => (error ? reject(error) : resolve(key))),
  );
  assertEquals(derived.toString("hex"), "4b007901b765489abead49d926f721d065a429c1");
  assertThrows(TypeError, () => crypto.pbkdf2("password", "salt", 1, 20, "md55", () => {}));
});

test("the module has the platform's crypto", () => {
  assertEquals(crypto.webcrypto, globalThis.crypto);
  assertEquals(crypto.subtle, globalThis.crypto.subtle);
});

test("many hashes that were begun and left are let go of, and the others go on", () => {
  const kept = createHash("sha256").update("a".repeat(100_000));
  for (let i = 0; i < 40; i++) createHash("sha256").update("b".repeat(100_000));
  assertEquals(kept.digest("hex"), crypto.hash("sha256", "a".repeat(100_000)));
  const lost = createHash("sha256").update("a".repeat(100_000));
  for (let i = 0; i < 100; i++) createHash("sha256").update("b".repeat(100_000));
  if (globalThis.navigator?.userAgent?.startsWith("Node") !== true) assertThrows(Error, () => lost.digest());
});
