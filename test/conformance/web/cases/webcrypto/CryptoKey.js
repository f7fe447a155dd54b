// https://w3c.github.io/webcrypto/#cryptokey-interface

import { hex, text } from "../../crypto-vectors.js";
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertRejectsDom,
  assertThrows,
  assertThrowsDom,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const { subtle } = crypto;
const importMac = (extractable = false) =>
  subtle.importKey("raw", text("key"), { name: "HMAC", hash: "SHA-256" }, extractable, ["verify", "sign", "sign"]);
const topLevelKey = await importMac();

test("is an interface that cannot be constructed", () => {
  assertEquals(CryptoKey.name, "CryptoKey");
  assertEquals(CryptoKey.length, 0);
  assertThrows(TypeError, () => new CryptoKey());
  assertThrows(TypeError, () => CryptoKey());
  assertFalse(Object.getOwnPropertyDescriptor(globalThis, "CryptoKey").enumerable);
});

for (const name of ["type", "extractable", "algorithm", "usages"]) {
  test(`${name} is a read-only attribute of its prototype`, async () => {
    const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(CryptoKey.prototype, name);
    assertEquals(set, undefined);
    assertTrue(enumerable && configurable);
    assertEquals(get.name, `get ${name}`);
    assertThrows(TypeError, () => get.call({}));
    assertThrows(TypeError, () => get.call(Object.create(topLevelKey)));
  });
}

test("tells what the key is", async () => {
  const key = await importMac();
  assertTrue(key instanceof CryptoKey);
  assertEquals(Object.prototype.toString.call(key), "[object CryptoKey]");
  assertEquals(key.type, "secret");
  assertEquals(key.extractable, false);
  assertEquals(JSON.stringify(key.algorithm), '{"name":"HMAC","hash":{"name":"SHA-256"},"length":24}');
  assertArrayEquals(key.usages, ["sign", "verify"]);
  assertEquals(Reflect.ownKeys(key).length, 0);
});

test("algorithm and usages are the same objects each time, and changing them changes no key", async () => {
  const key = await importMac();
  assertEquals(key.algorithm, key.algorithm);
  assertEquals(key.usages, key.usages);
  assertEquals(Object.getPrototypeOf(key.algorithm), Object.prototype);
  key.algorithm.name = "AES-GCM";
  key.algorithm.hash.name = "SHA-1";
  key.usages.length = 0;
  key.usages.push("encrypt");
  assertEquals((await subtle.sign("HMAC", key, text("data"))).byteLength, 32);
  await assertRejectsDom("InvalidAccessError", subtle.encrypt({ name: "AES-GCM", iv: text("iv") }, key, text("data")));
});

test("a structured clone is another object for the same key", async () => {
  const key = await importMac(true);
  const { clone, again } = structuredClone({ clone: key, again: key });
  assertTrue(clone instanceof CryptoKey);
  assertEquals(clone, again);
  assertNotEquals(clone, key);
  assertEquals(JSON.stringify(clone.algorithm), JSON.stringify(key.algorithm));
  assertArrayEquals(clone.usages, ["sign", "verify"]);
  const [first, second] = await Promise.all([key, clone].map((each) => subtle.sign("HMAC", each, text("data"))));
  assertEquals(hex(first), hex(second));
  assertEquals(hex(await subtle.exportKey("raw", clone)), hex(text("key")));
});

test("a clone of a key that is not extractable is none either", async () => {
  const clone = structuredClone(await importMac());
  assertFalse(clone.extractable);
  await assertRejectsDom("InvalidAccessError", subtle.exportKey("raw", clone));
  assertThrowsDom("DataCloneError", () => structuredClone(topLevelKey, { transfer: [topLevelKey] }));
});

test("travels over a MessageChannel", async () => {
  const { port1, port2 } = new MessageChannel();
  const received = new Promise((resolve) => {
    port2.onmessage = ({ data }) => resolve(data);
  });
  port1.postMessage(await importMac());
  const key = await received;
  port1.close();
  assertEquals((await subtle.sign("HMAC", key, text("data"))).byteLength, 32);
});

test("one that was imported at the top level serves requests", async () => {
  assertEquals(
    hex(await subtle.sign("HMAC", topLevelKey, text("The quick brown fox jumps over the lazy dog"))),
    "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
  );
});
