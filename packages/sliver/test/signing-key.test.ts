import { chmod, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createSigningKey,
  exportPublicKey,
  importPublicKey,
  keyIdOf,
  loadOrCreateSigningKey,
  loadTrustedKeys,
  trustKey,
} from "@nano/sliver/signing-key";
import { expect, it } from "vitest";
import { temporaryDirectory } from "./temporary-directory.ts";

it("a key is made once, for its owner alone, even when many ask at once", async () => {
  const path = join(await temporaryDirectory(), "keys", "sliver.pem");
  const keys = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateSigningKey(path)));
  expect(new Set(keys.map((key) => key.keyId)).size).toBe(1);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(path, ".."))).toEqual(["sliver.pem"]);
  expect((await loadOrCreateSigningKey(path)).keyId).toBe(keys[0]?.keyId);
});

it("a private key that others can read is refused", async () => {
  const path = join(await temporaryDirectory(), "sliver.pem");
  await loadOrCreateSigningKey(path);
  await chmod(path, 0o640);
  await expect(loadOrCreateSigningKey(path)).rejects.toThrow("found mode 640, expected mode 600");
});

it("a damaged, oversized or foreign key file is refused and not replaced", async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, "sliver.pem");
  await writeFile(path, "-----BEGIN PRIVATE KEY-----\nMC4CAQ", { mode: 0o600 });
  await expect(loadOrCreateSigningKey(path)).rejects.toMatchObject({ code: "SLIVER_KEY_UNUSABLE" });
  await writeFile(path, Buffer.alloc(10_000));
  await expect(loadOrCreateSigningKey(path)).rejects.toMatchObject({ code: "SLIVER_KEY_UNUSABLE" });
  await mkdir(join(directory, "directory.pem"), { mode: 0o700 });
  await expect(loadOrCreateSigningKey(join(directory, "directory.pem"))).rejects.toThrow("no regular file");
});

it("a public key survives export and import with its id", () => {
  const key = createSigningKey();
  expect(keyIdOf(importPublicKey(exportPublicKey(key)))).toBe(key.keyId);
  expect(key.keyId).toMatch(/^[0-9a-f]{16}$/);
});

it("a trusted directory answers its keys by id, and refuses to guess about a bad one", async () => {
  const directory = join(await temporaryDirectory(), "trusted");
  const [one, two] = [createSigningKey(), createSigningKey()];
  await trustKey(directory, one);
  await trustKey(directory, two);
  await trustKey(directory, two);
  await writeFile(join(directory, "README"), "not a key");
  expect([...(await loadTrustedKeys(directory)).keys()].sort()).toEqual([one.keyId, two.keyId].sort());
  await writeFile(join(directory, "zz.pem"), "nonsense");
  await expect(loadTrustedKeys(directory)).rejects.toMatchObject({ code: "SLIVER_KEY_UNUSABLE" });
});
