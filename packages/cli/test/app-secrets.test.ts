import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AppName } from "@nano/protocol/brands";
import type { SecretValues } from "@nano/protocol/secrets";
import { expect, onTestFinished, test, vi } from "vitest";
import { AppSecrets } from "../src/run/app-secrets.ts";

/** On a busy machine, too. */
const WAIT = { timeout: 10_000 };

function open(files: readonly string[], hasSecrets = false) {
  const directory = mkdtempSync(join(tmpdir(), "nano-secrets-"));
  const paths = Object.fromEntries(files.map((name) => [name, join(directory, name)]));
  for (const path of Object.values(paths)) writeFileSync(path, "first\n");
  const put: SecretValues[] = [];
  const told: string[] = [];
  const secrets = new AppSecrets({
    app: "shop" as AppName,
    sources: { files: paths, dotEnv: { path: join(directory, ".env"), takenNames: ["TAKEN"] } },
    registry: { replaceSecrets: async (_, values) => void put.push({ ...values }) },
    hasSecrets,
    onApplied: (names) => told.push(`applied ${names.join()}`),
    onRefused: (error) => told.push(String(error)),
  });
  onTestFinished(async () => {
    await secrets.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return { directory, secrets, put, told, pathOf: (name: string) => join(directory, name) };
}

test("a set is put once, and again when a file of it has changed", async () => {
  const { secrets, put, told, pathOf } = open(["A", "B"]);
  await secrets.apply();
  await secrets.apply();
  expect(put).toEqual([{ A: "first", B: "first" }]);
  writeFileSync(pathOf("B.new"), "second");
  renameSync(pathOf("B.new"), pathOf("B"));
  await vi.waitFor(() => expect(put.at(-1)).toEqual({ A: "first", B: "second" }), WAIT);
  await vi.waitFor(() => expect(told).toEqual(["applied A,B"]), WAIT);
});

test("a file that is a link to a replaced directory beside it is seen to change, as mounted secrets do", async () => {
  const { directory, secrets, put, pathOf } = open([]);
  for (const content of ["old", "new"]) {
    mkdirSync(pathOf(content));
    writeFileSync(join(pathOf(content), "KEY"), content);
  }
  symlinkSync("old", pathOf("..data"));
  symlinkSync("..data/KEY", pathOf("KEY"));
  secrets.setSources({ files: { KEY: join(directory, "KEY") }, dotEnv: null });
  await secrets.apply();
  symlinkSync("new", pathOf("..data_tmp"));
  renameSync(pathOf("..data_tmp"), pathOf("..data"));
  await vi.waitFor(() => expect(put).toEqual([{ KEY: "old" }, { KEY: "new" }]), WAIT);
});

test("a change that cannot be read is told without the content, and changes nothing", async () => {
  const { secrets, put, told, pathOf } = open(["A"]);
  await secrets.apply();
  writeFileSync(pathOf("A"), "");
  await vi.waitFor(() => expect(told[0]).toMatch(/Secret file of A cannot be used: found one/), WAIT);
  writeFileSync(pathOf("A"), "first");
  rmSync(pathOf("A"));
  await vi.waitFor(() => expect(told.at(-1)).toMatch(/no file there/), WAIT);
  expect(put).toHaveLength(1);
});

test("secrets from an earlier run are ended where the plan has none, and nothing is put where there were none", async () => {
  const fresh = open([]);
  expect(await fresh.secrets.apply()).toBe(false);
  expect(fresh.put).toEqual([]);
  const left = open([], true);
  await left.secrets.apply();
  expect(left.put).toEqual([{}]);
});

test("what .env says goes to the app where nothing else says it, and a change of it is taken up", async () => {
  const { secrets, put, told, pathOf } = open(["A"]);
  writeFileSync(pathOf(".env"), "# mine\nA=other\nexport B='two words'\nEMPTY=\nTAKEN=1\n");
  expect(await secrets.apply()).toBe(true);
  expect(put).toEqual([{ A: "first", B: "two words" }]);
  writeFileSync(pathOf(".env"), "B=3\n");
  await vi.waitFor(() => expect(put.at(-1)).toEqual({ A: "first", B: "3" }), WAIT);
  await vi.waitFor(() => expect(told).toEqual(["applied B,A"]), WAIT);
  rmSync(pathOf(".env"));
  await vi.waitFor(() => expect(put.at(-1)).toEqual({ A: "first" }), WAIT);
});

test("an .env that cannot be used is told without its values", async () => {
  const { secrets, put, pathOf } = open([]);
  writeFileSync(pathOf(".env"), "not-a-name=hush\n");
  await expect(secrets.apply()).rejects.toMatchObject({ code: "CTL_DOT_ENV_UNREADABLE" });
  await expect(secrets.apply()).rejects.not.toThrow(/hush/);
  writeFileSync(pathOf(".env"), "x".repeat(2 * 1024 * 1024));
  await expect(secrets.apply()).rejects.toThrow("2097152 bytes");
  expect(put).toEqual([]);
});
