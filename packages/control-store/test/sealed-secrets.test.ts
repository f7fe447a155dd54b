import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { AppName } from "@nano/protocol/brands";
import { expect, test } from "vitest";
import { createSealKey, loadOrCreateSealKey, loadSealKey } from "../src/seal-key.ts";
import { openSecrets, sealSecrets } from "../src/sealed-secrets.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const app = "shop" as AppName;
const secrets = { API_KEY: "hush-hush-é\n", OTHER: "x" };
const key = createSealKey();
const sealed = sealSecrets(secrets, { app, key });
const unreadable = expect.objectContaining({ code: "STORE_SECRETS_UNREADABLE" });

function thrownBy(work: () => unknown): unknown {
  try {
    return `nothing thrown: ${JSON.stringify(work())}`;
  } catch (thrown) {
    return thrown;
  }
}

test("sealed secrets open with their key, show neither names nor values, and differ each time", () => {
  expect(openSecrets(sealed, { app, key })).toEqual(secrets);
  const bytes = Buffer.from(sealed, "base64").toString("latin1");
  for (const text of ["API_KEY", "hush"]) expect(sealed + bytes).not.toContain(text);
  expect(sealSecrets(secrets, { app, key })).not.toBe(sealed);
});

test("secrets of one app open for no other", () => {
  expect(thrownBy(() => openSecrets(sealed, { app: "thief" as AppName, key }))).toEqual(unreadable);
});

test("another key is named as the reason", () => {
  const thrown = thrownBy(() => openSecrets(sealed, { app, key: createSealKey() }));
  expect(thrown).toEqual(unreadable);
  expect(String(thrown)).toMatch(/shop.*another key/);
});

test("one altered bit anywhere, and any shorter text, is refused without a word of the content", () => {
  const bytes = Buffer.from(sealed, "base64");
  for (let i = 0; i < bytes.length; i++) {
    const altered = Buffer.from(bytes);
    altered[i] = (altered[i] ?? 0) ^ 1;
    for (const wrong of [altered, bytes.subarray(0, i)]) {
      const thrown = thrownBy(() => openSecrets(wrong.toString("base64"), { app, key }));
      expect(thrown).toEqual(unreadable);
      expect(String(thrown)).not.toMatch(/API_KEY|hush/);
      expect((thrown as Error).cause).toBeUndefined();
    }
  }
});

test("a key file is made once, for its user alone, and read again", () => {
  const path = join(temporaryDirectory(), "keys/secrets.key");
  const made = loadOrCreateSealKey(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(dirname(path))).toEqual(["secrets.key"]);
  for (const again of [loadOrCreateSealKey(path), loadSealKey(path)]) {
    expect(openSecrets(sealSecrets(secrets, { app, key: made }), { app, key: again })).toEqual(secrets);
  }
});

test("a key file that others may read, or that is none, is refused with its path and without its content", () => {
  const path = join(temporaryDirectory(), "secrets.key");
  expect(thrownBy(() => loadSealKey(path))).toMatchObject({ code: "STORE_SEAL_KEY_UNUSABLE" });
  writeFileSync(path, "not a key at all", { mode: 0o600 });
  expect(String(thrownBy(() => loadOrCreateSealKey(path)))).toMatch(/secrets\.key.*something else/);
  expect(String(thrownBy(() => loadSealKey(path)))).not.toContain("not a key");
  writeFileSync(path, `${"a".repeat(64)}\n`);
  chmodSync(path, 0o640);
  expect(String(thrownBy(() => loadSealKey(path)))).toMatch(/mode 640.*mode 600/);
  const directory = join(temporaryDirectory(), "key");
  mkdirSync(directory);
  expect(String(thrownBy(() => loadSealKey(directory)))).toMatch(/no regular file/);
});
