// https://w3c.github.io/webcrypto/#subtlecrypto-interface

import { bytesOf, hex, text } from "../../crypto-vectors.js";
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertRejects,
  assertRejectsDom,
  assertThrows,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const { subtle } = crypto;

const METHODS = {
  encrypt: 3,
  decrypt: 3,
  sign: 3,
  verify: 4,
  digest: 2,
  generateKey: 3,
  deriveKey: 5,
  deriveBits: 2,
  importKey: 5,
  exportKey: 2,
  wrapKey: 4,
  unwrapKey: 7,
};

test("is an interface that cannot be constructed", () => {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, "SubtleCrypto");
  assertEquals(typeof SubtleCrypto, "function");
  assertFalse(descriptor.enumerable);
  assertEquals(SubtleCrypto.name, "SubtleCrypto");
  assertEquals(SubtleCrypto.length, 0);
  assertThrows(TypeError, () => new SubtleCrypto());
  assertThrows(TypeError, () => SubtleCrypto());
  assertEquals(Object.prototype.toString.call(subtle), "[object SubtleCrypto]");
});

for (const [name, length] of Object.entries(METHODS)) {
  test(`${name} is an operation of its prototype`, () => {
    const { value, enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(SubtleCrypto.prototype, name);
    assertEquals(typeof value, "function");
    assertTrue(enumerable && writable && configurable);
    assertEquals(value.name, name);
    assertEquals(value.length, length);
  });

  test(`${name} rejects where its object is another or an argument is missing`, async () => {
    await assertRejects(TypeError, SubtleCrypto.prototype[name].call({}, ...Array(length).fill("raw")));
    await assertRejects(TypeError, subtle[name](...Array(length - 1).fill("raw")));
  });
}

const DIGESTS = {
  "SHA-1": "a9993e364706816aba3e25717850c26c9cd0d89d",
  "SHA-256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  "SHA-384": "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
  "SHA-512":
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
};

for (const [name, expected] of Object.entries(DIGESTS)) {
  test(`digest of ${name} is that of FIPS 180`, async () => {
    assertEquals(hex(await subtle.digest(name, text("abc"))), expected);
    assertEquals(hex(await subtle.digest({ name: name.toLowerCase() }, new DataView(text("abc").buffer))), expected);
  });

  test(`digest of ${name} of what is long is the same as that of its parts together`, async () => {
    const long = new Uint8Array(300_000).fill(97);
    const [once, twice] = await Promise.all([subtle.digest(name, long), subtle.digest(name, long.buffer)]);
    assertEquals(hex(once), hex(twice));
    assertNotEquals(hex(once), hex(await subtle.digest(name, long.subarray(1))));
  });
}

test("digest copies the data once the algorithm was read, and no later", async () => {
  const data = text("xbc");
  const algorithm = {
    get name() {
      data[0] = 97;
      return "SHA-256";
    },
  };
  const promise = subtle.digest(algorithm, data);
  data.fill(0);
  assertEquals(hex(await promise), DIGESTS["SHA-256"]);
});

test("digest takes what was detached for nothing", async () => {
  const data = text("abc");
  const promise = subtle.digest("SHA-1", data);
  data.buffer.transfer();
  assertEquals(hex(await promise), DIGESTS["SHA-1"]);
  assertEquals(hex(await subtle.digest("SHA-1", data)), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
});

test("an algorithm is found in any case of ASCII letters, and in no other", async () => {
  assertEquals((await subtle.digest("sHa-1", new Uint8Array())).byteLength, 20);
  for (const name of ["\u017fHA-1", "SHA-1 ", "SHA1", "", "__proto__", "constructor", "toString", "MD5", "AES-GCM"]) {
    await assertRejectsDom("NotSupportedError", subtle.digest(name, new Uint8Array()), name);
  }
  await assertRejectsDom("NotSupportedError", subtle.importKey("raw", new Uint8Array(16), "H\u212aDF", false, []));
});

test("an algorithm is a string, or an object with a name", async () => {
  const data = new Uint8Array(1);
  await assertRejects(TypeError, subtle.digest({}, data));
  await assertRejects(TypeError, subtle.digest({ name: undefined }, data));
  await assertRejects(TypeError, subtle.digest(Symbol("SHA-1"), data));
  await assertRejectsDom("NotSupportedError", subtle.digest(null, data));
  await assertRejectsDom("NotSupportedError", subtle.digest(undefined, data));
  await assertRejectsDom("NotSupportedError", subtle.digest(1, data));
  assertEquals((await subtle.digest({ name: { toString: () => "SHA-1" } }, data)).byteLength, 20);
});

test("data is a buffer or a view", async () => {
  for (const data of [undefined, null, "abc", 5, {}, [1], new Blob(["a"])]) {
    await assertRejects(TypeError, subtle.digest("SHA-1", data));
  }
});

test("an error of a getter is what it threw", async () => {
  const error = new RangeError("mine");
  const algorithm = {
    get name() {
      throw error;
    },
  };
  const reason = await subtle.digest(algorithm, new Uint8Array()).catch((thrown) => thrown);
  assertEquals(reason, error);
});

test("what is required of an algorithm's dictionary is read in its order, inherited members first", async () => {
  const seen = [];
  const algorithm = new Proxy(
    { name: "RSA-PSS", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
    {
      get(target, key) {
        seen.push(key);
        return target[key];
      },
    },
  );
  await assertRejectsDom("SyntaxError", subtle.generateKey(algorithm, true, []));
  assertEquals(seen.join(), "name,name,modulusLength,publicExponent,hash");
});

test("formats, usages and numbers are converted as Web IDL says", async () => {
  const key = new Uint8Array(16);
  await assertRejects(TypeError, subtle.importKey("der", key, "AES-GCM", true, ["encrypt"]));
  await assertRejects(TypeError, subtle.importKey("raw", key, "AES-GCM", true, ["encipher"]));
  await assertRejects(TypeError, subtle.importKey("raw", key, "AES-GCM", true, 5));
  await assertRejects(TypeError, subtle.importKey("raw", {}, "AES-GCM", true, ["encrypt"]));
  await assertRejects(TypeError, subtle.importKey("jwk", key, "AES-GCM", true, ["encrypt"]));
  for (const length of [-1, 65_536, NaN, Infinity, "x", undefined]) {
    await assertRejects(TypeError, subtle.generateKey({ name: "AES-GCM", length }, true, ["encrypt"]), String(length));
  }
  await assertRejectsDom("OperationError", subtle.generateKey({ name: "AES-GCM", length: 64 }, true, ["encrypt"]));
  const generated = await subtle.generateKey({ name: "AES-GCM", length: "128" }, true, new Set(["decrypt", "encrypt"]));
  assertArrayEquals(generated.usages, ["encrypt", "decrypt"]);
});

test("a key is used for its own algorithm and usages alone", async () => {
  const key = await subtle.importKey("raw", new Uint8Array(16), "AES-CBC", false, ["encrypt"]);
  const iv = new Uint8Array(16);
  await assertRejectsDom("InvalidAccessError", subtle.decrypt({ name: "AES-CBC", iv }, key, iv));
  await assertRejectsDom("InvalidAccessError", subtle.encrypt({ name: "AES-GCM", iv }, key, iv));
  await assertRejectsDom("InvalidAccessError", subtle.exportKey("raw", key));
  await assertRejects(TypeError, subtle.encrypt({ name: "AES-CBC", iv }, {}, iv));
  await assertRejects(TypeError, subtle.encrypt({ name: "AES-CBC", iv }, Object.create(key), iv));
});

test("an algorithm that an operation does not know is not supported", async () => {
  const key = await subtle.importKey("raw", new Uint8Array(16), "AES-CBC", false, ["encrypt"]);
  for (const name of ["HMAC", "SHA-256", "PBKDF2", "AES-KW"]) {
    await assertRejectsDom("NotSupportedError", subtle.encrypt(name, key, new Uint8Array(16)), name);
  }
  await assertRejectsDom("NotSupportedError", subtle.sign("AES-CBC", key, new Uint8Array(16)));
  await assertRejectsDom("NotSupportedError", subtle.generateKey("HKDF", true, ["deriveBits"]));
  await assertRejectsDom("NotSupportedError", subtle.deriveBits("HMAC", key, 8));
});

test("timingSafeEqual compares what is of one length", () => {
  assertEquals(SubtleCrypto.prototype.timingSafeEqual.length, 2);
  assertTrue(subtle.timingSafeEqual(bytesOf("0102"), bytesOf("0102").buffer));
  assertFalse(subtle.timingSafeEqual(bytesOf("0102"), bytesOf("0103")));
  assertTrue(subtle.timingSafeEqual(new Uint8Array(), new Uint8Array()));
  assertThrows(TypeError, () => subtle.timingSafeEqual(bytesOf("01"), bytesOf("0102")));
  assertThrows(TypeError, () => subtle.timingSafeEqual("a", "a"));
  assertThrows(TypeError, () => subtle.timingSafeEqual(bytesOf("01")));
});
