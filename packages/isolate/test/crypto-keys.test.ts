import { createSecretKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import { MAX_OPEN_KEYS, PlainKeys, SealedKeys } from "../src/crypto-keys.ts";

const secret = (bytes: number, fill = 7): KeyObject => createSecretKey(Buffer.alloc(bytes, fill));
const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

describe("a sealed handle", () => {
  test.each([
    ["a secret", secret(32)],
    ["an empty secret", secret(0)],
    ["a private key", privateKey],
    ["a public key", publicKey],
  ])("opens to %s again, and to whether it is extractable, once it is not among those kept open", (_, key) => {
    for (const extractable of [true, false]) {
      const keys = new SealedKeys();
      const handle = keys.keep({ key, extractable });
      for (let i = 0; i < MAX_OPEN_KEYS; i++) keys.keep({ key: secret(16, i), extractable });
      const opened = keys.open(handle);
      expect(opened?.key).not.toBe(key);
      expect(opened?.key.equals(key)).toBe(true);
      expect(opened?.extractable).toBe(extractable);
    }
  });

  test("does not hold the key as it is, and is another each time", () => {
    const keys = new SealedKeys();
    const handles = [1, 2].map(() => keys.keep({ key: secret(32), extractable: true }));
    expect(handles[0]).not.toBe(handles[1]);
    expect(Buffer.from(handles[0]?.slice(1) ?? "", "base64").includes(Buffer.alloc(8, 7))).toBe(false);
  });

  test("of another isolate opens to nothing", () => {
    const handle = new SealedKeys().keep({ key: secret(32), extractable: true });
    const other = new SealedKeys();
    expect(other.open(handle)).toBeUndefined();
    other.keep({ key: secret(32), extractable: true });
    expect(other.open(handle)).toBeUndefined();
  });

  test("that was changed anywhere opens to nothing", () => {
    const keys = new SealedKeys();
    const handle = keys.keep({ key: secret(32), extractable: false });
    const bytes = Buffer.from(handle.slice(1), "base64");
    for (let i = 0; i < bytes.length; i++) {
      const changed = Buffer.from(bytes);
      changed[i] = (changed[i] ?? 0) ^ 1;
      expect(keys.open(`1${changed.toString("base64")}`)).toBeUndefined();
    }
    expect(keys.open(handle)).toBeDefined();
  });

  test.each([undefined, null, 5, "", "1", "0", "2AAAA", "1AAAA", "0AQE=", `0${"A".repeat(30_000)}`, {}])(
    "that is none opens to nothing: %s",
    (handle) => {
      expect(new SealedKeys().open(handle)).toBeUndefined();
      expect(new PlainKeys().open(handle)).toBeUndefined();
    },
  );
});

test("at most so many keys are open at once, those that were used last", () => {
  const keys = new SealedKeys();
  const first = keys.keep({ key: secret(1), extractable: true });
  const opened = keys.open(first);
  for (let i = 0; i < 3 * MAX_OPEN_KEYS; i++) {
    keys.keep({ key: secret(16, i), extractable: true });
    if (i < MAX_OPEN_KEYS) expect(keys.open(first)?.key).toBe(opened?.key);
  }
  expect(keys.openCount).toBe(MAX_OPEN_KEYS);
  expect(keys.open(first)?.key).not.toBe(opened?.key);
});

test("a handle of init is the same each time, and opens in every isolate", () => {
  const [one, other] = [new PlainKeys(), new PlainKeys()].map((keys) =>
    keys.keep({ key: privateKey, extractable: false }),
  );
  expect(one).toBe(other);
  const opened = new SealedKeys().open(one);
  expect(opened?.key.equals(privateKey)).toBe(true);
  expect(opened?.extractable).toBe(false);
});

test("a key of a kind or size that no operation takes is not opened, whoever made its handle", () => {
  const keep = (key: KeyObject): string => new PlainKeys().keep({ key, extractable: true });
  const odd = [
    generateKeyPairSync("rsa-pss", { modulusLength: 1024 }),
    generateKeyPairSync("ec", { namedCurve: "secp256k1" }),
    generateKeyPairSync("ed448", {}),
  ];
  for (const pair of odd) expect(new SealedKeys().open(keep(pair.privateKey))).toBeUndefined();
});
