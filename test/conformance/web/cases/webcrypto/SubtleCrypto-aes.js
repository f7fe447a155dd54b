// https://w3c.github.io/webcrypto/#aes-ctr, #aes-cbc, #aes-gcm, #aes-kw

import { bytesOf, hex } from "../../crypto-vectors.js";
import { assertEquals, assertRejects, assertRejectsDom, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const { subtle } = crypto;
const BOTH = ["encrypt", "decrypt"];
const importKey = (name, bytes, usages = BOTH) => subtle.importKey("raw", bytesOf(bytes), name, true, usages);
/** SP 800-38A. */
const KEY = "2b7e151628aed2a6abf7158809cf4f3c";
const BLOCK = "6bc1bee22e409f96e93d7e117393172a";
const IV = bytesOf("000102030405060708090a0b0c0d0e0f");
const COUNTER = bytesOf("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");

test("AES-CBC encrypts and decrypts as SP 800-38A has it, with a block of padding", async () => {
  const key = await importKey("AES-CBC", KEY);
  const sealed = await subtle.encrypt({ name: "AES-CBC", iv: IV }, key, bytesOf(BLOCK));
  assertEquals(hex(sealed).slice(0, 32), "7649abac8119b246cee98e9b12e9197d");
  assertEquals(sealed.byteLength, 32);
  assertEquals(hex(await subtle.decrypt({ name: "AES-CBC", iv: IV }, key, sealed)), BLOCK);
});

test("AES-CBC refuses what is no block, and padding that is none", async () => {
  const key = await importKey("AES-CBC", KEY);
  const iv = IV;
  await assertRejectsDom("OperationError", subtle.encrypt({ name: "AES-CBC", iv: IV.subarray(1) }, key, IV));
  await assertRejectsDom("OperationError", subtle.decrypt({ name: "AES-CBC", iv }, key, IV));
  await assertRejectsDom("OperationError", subtle.decrypt({ name: "AES-CBC", iv }, key, IV.subarray(1)));
  await assertRejectsDom("OperationError", subtle.decrypt({ name: "AES-CBC", iv }, key, new Uint8Array()));
  await assertRejects(TypeError, subtle.encrypt({ name: "AES-CBC" }, key, IV));
  await assertRejects(TypeError, subtle.encrypt({ name: "AES-CBC", iv: "text" }, key, IV));
  await assertRejects(TypeError, subtle.encrypt("AES-CBC", key, IV));
});

test("AES-CTR encrypts and decrypts as SP 800-38A has it", async () => {
  const key = await importKey("AES-CTR", KEY);
  const algorithm = { name: "AES-CTR", counter: COUNTER, length: 64 };
  const sealed = await subtle.encrypt(algorithm, key, bytesOf(BLOCK));
  assertEquals(hex(sealed), "874d6191b620e3261bef6864990db6ce");
  assertEquals(hex(await subtle.decrypt(algorithm, key, sealed)), BLOCK);
});

test("AES-CTR counts with its own bits alone, on the thread and off it", async () => {
  const key = await importKey("AES-CTR", KEY);
  const counter = bytesOf("f0f1f2f3f4f5f6f7f8f9fafbfcfdffff");
  const start = bytesOf("f0f1f2f3f4f5f6f7f8f9fafbfcfd0000");
  for (const blocks of [3, 20_000]) {
    const zeros = new Uint8Array(blocks * 16);
    const stream = await subtle.encrypt({ name: "AES-CTR", counter, length: 16 }, key, zeros);
    const rest = await subtle.encrypt({ name: "AES-CTR", counter: start, length: 128 }, key, zeros.subarray(16));
    assertEquals(hex(stream.slice(16)), hex(rest), `${blocks} blocks`);
  }
});

test("AES-CTR refuses a counter that would come back to its beginning", async () => {
  const key = await importKey("AES-CTR", KEY);
  const encrypt = (length, bytes) =>
    subtle.encrypt({ name: "AES-CTR", counter: COUNTER, length }, key, new Uint8Array(bytes));
  assertEquals((await encrypt(1, 32)).byteLength, 32);
  await assertRejectsDom("OperationError", encrypt(1, 33));
  await assertRejectsDom("OperationError", encrypt(0, 16));
  await assertRejectsDom("OperationError", encrypt(129, 16));
  await assertRejects(TypeError, encrypt(256, 16));
  await assertRejectsDom(
    "OperationError",
    subtle.encrypt({ name: "AES-CTR", counter: COUNTER.subarray(1), length: 64 }, key, new Uint8Array(16)),
  );
});

/** The GCM specification's test case 4. */
const GCM = {
  key: "feffe9928665731c6d6a8f9467308308",
  iv: bytesOf("cafebabefacedbaddecaf888"),
  additionalData: bytesOf("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
  plain:
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
  sealed:
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
  tag: "5bc94fbc3221a5db94fae95ae7121a47",
};

for (const tagLength of [undefined, 128, 120, 112, 104, 96, 64, 32]) {
  test(`AES-GCM with a tag of ${tagLength ?? "128, when none is said,"} bits is as specified`, async () => {
    const { iv, additionalData, plain, sealed, tag } = GCM;
    const key = await importKey("AES-GCM", GCM.key);
    const algorithm = { name: "AES-GCM", iv, additionalData, tagLength };
    const expected = sealed + tag.slice(0, (tagLength ?? 128) / 4);
    assertEquals(hex(await subtle.encrypt(algorithm, key, bytesOf(plain))), expected);
    assertEquals(hex(await subtle.decrypt(algorithm, key, bytesOf(expected))), plain);
  });
}

test("AES-GCM refuses what was changed, and tags of no known length", async () => {
  const { iv, additionalData, sealed, tag } = GCM;
  const key = await importKey("AES-GCM", GCM.key);
  const good = bytesOf(sealed + tag);
  const changed = Uint8Array.from(good);
  changed[3] ^= 1;
  const algorithm = { name: "AES-GCM", iv, additionalData };
  await assertRejectsDom("OperationError", subtle.decrypt(algorithm, key, changed));
  await assertRejectsDom("OperationError", subtle.decrypt({ name: "AES-GCM", iv }, key, good));
  await assertRejectsDom("OperationError", subtle.decrypt(algorithm, key, good.subarray(0, 15)));
  await assertRejectsDom("OperationError", subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array() }, key, good));
  for (const tagLength of [0, 8, 24, 72, 95, 100, 129, 255]) {
    await assertRejectsDom("OperationError", subtle.encrypt({ ...algorithm, tagLength }, key, good), String(tagLength));
  }
});

test("AES-GCM takes IVs of other lengths, and no data", async () => {
  const key = await importKey("AES-GCM", GCM.key);
  for (const ivBytes of [1, 8, 16, 128]) {
    const algorithm = { name: "AES-GCM", iv: new Uint8Array(ivBytes) };
    const sealed = await subtle.encrypt(algorithm, key, new Uint8Array());
    assertEquals(sealed.byteLength, 16);
    assertEquals((await subtle.decrypt(algorithm, key, sealed)).byteLength, 0);
  }
});

for (const [name, parameters] of [
  ["AES-CBC", { iv: IV }],
  ["AES-CTR", { counter: COUNTER, length: 128 }],
  ["AES-GCM", { iv: IV, additionalData: IV }],
]) {
  test(`${name} works on what is long off the thread, the same`, async () => {
    const key = await importKey(name, KEY);
    const data = crypto.getRandomValues(new Uint8Array(65_536));
    const long = new Uint8Array(10 * data.length);
    for (let i = 0; i < 10; i++) long.set(data, i * data.length);
    const sealed = await subtle.encrypt({ name, ...parameters }, key, long);
    const opened = new Uint8Array(await subtle.decrypt({ name, ...parameters }, key, sealed));
    assertEquals(opened.length, long.length);
    assertEquals(subtle.timingSafeEqual(opened, long), true);
    const short = await subtle.encrypt({ name, ...parameters }, key, data);
    assertEquals(hex(sealed.slice(0, 65_536)), hex(short.slice(0, 65_536)));
  });
}

for (const name of ["AES-CBC", "AES-CTR", "AES-GCM", "AES-KW"]) {
  const usages = name === "AES-KW" ? ["wrapKey", "unwrapKey"] : BOTH;

  test(`${name} generates keys of 128, 192 and 256 bits`, async () => {
    for (const length of [128, 192, 256]) {
      const key = await subtle.generateKey({ name, length }, true, usages);
      assertEquals(JSON.stringify(key.algorithm), JSON.stringify({ name, length }));
      assertEquals((await subtle.exportKey("raw", key)).byteLength, length / 8);
      const { kty, alg, k } = await subtle.exportKey("jwk", key);
      assertEquals(`${kty} ${alg} ${k.length}`, `oct A${length}${name.slice(4)} ${Math.ceil(length / 6)}`);
    }
    for (const length of [0, 64, 129, 512]) {
      await assertRejectsDom("OperationError", subtle.generateKey({ name, length }, true, usages), String(length));
    }
  });

  test(`${name} takes keys of these lengths alone, and for its usages`, async () => {
    for (const bytes of [0, 15, 17, 20, 33]) {
      await assertRejectsDom("DataError", subtle.importKey("raw", new Uint8Array(bytes), name, true, usages));
    }
    await assertRejectsDom("SyntaxError", subtle.importKey("raw", IV, name, true, ["sign"]));
    await assertRejectsDom("SyntaxError", subtle.importKey("raw", IV, name, true, []));
    await assertRejectsDom("SyntaxError", subtle.generateKey({ name, length: 128 }, true, ["deriveKey"]));
    const jwk = { kty: "oct", k: "AAAAAAAAAAAAAAAAAAAAAA", alg: `A256${name.slice(4)}` };
    await assertRejectsDom("DataError", subtle.importKey("jwk", jwk, name, true, usages));
    jwk.alg = `A128${name.slice(4)}`;
    assertEquals((await subtle.importKey("jwk", jwk, name, true, usages)).algorithm.length, 128);
  });
}

test("AES-KW wraps and unwraps as RFC 3394 has it", async () => {
  const wrapping = await importKey("AES-KW", "000102030405060708090a0b0c0d0e0f", ["wrapKey", "unwrapKey"]);
  const key = await importKey("AES-GCM", "00112233445566778899aabbccddeeff");
  const wrapped = await subtle.wrapKey("raw", key, wrapping, "AES-KW");
  assertEquals(hex(wrapped), "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5");
  const unwrapped = await subtle.unwrapKey("raw", wrapped, wrapping, "AES-KW", "AES-GCM", true, BOTH);
  assertEquals(hex(await subtle.exportKey("raw", unwrapped)), "00112233445566778899aabbccddeeff");
});
