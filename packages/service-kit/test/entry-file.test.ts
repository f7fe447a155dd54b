/** What is run for an entry, in a package of the test's own. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildEntries } from "@nano/service-kit/build-entries";
import { expect, onTestFinished, test, vi } from "vitest";

/** A package with an entry that says what it imports, and where it is. */
async function makePackage() {
  const root = mkdtempSync(join(tmpdir(), "nano-entry-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const folder = join(root, "services/own");
  mkdirSync(join(folder, "src/deep"), { recursive: true });
  writeFileSync(join(root, "pnpm-lock.yaml"), "lockfileVersion: 9\n");
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const imported = join(folder, "src/imported.ts");
  writeFileSync(imported, 'export const WORD: string = "first";\n');
  const source = join(folder, "src/deep/own.main.ts");
  writeFileSync(
    source,
    'import { WORD } from "../imported.ts";\nconsole.log(WORD, new URL("beside.txt", import.meta.url).pathname);\n',
  );
  await buildEntries(folder, ["src/deep/own.main.ts"]);
  return { folder, source, imported, built: join(folder, "dist/own.main.js") };
}

/** As a process that begins now has it. */
async function choose(source: string): Promise<string> {
  vi.resetModules();
  const { entryFile } = await import("@nano/service-kit/entry-file");
  return fileURLToPath(entryFile(pathToFileURL(source)));
}

test("what was built is run, and finds what lies beside its source", async () => {
  const { folder, source, built } = await makePackage();
  expect(await choose(source)).toBe(built);
  const printed = execFileSync(process.execPath, [built], { encoding: "utf8" });
  expect(printed).toBe(`first ${join(folder, "src/deep/beside.txt")}\n`);
});

test("a source is run where it, or what it imports, is not what was built", async () => {
  const { source, imported } = await makePackage();
  writeFileSync(imported, 'export const WORD: string = "another";\n');
  utimesSync(imported, 0, 0);
  expect(await choose(source)).toBe(source);
  writeFileSync(imported, 'export const WORD: string = "other";\n');
  const later = Date.now() / 1_000 + 60;
  utimesSync(imported, later, later);
  expect(await choose(source)).toBe(source);
  rmSync(imported);
  expect(await choose(source)).toBe(source);
});

test("a source is run where nothing was built", async () => {
  const { folder, source } = await makePackage();
  rmSync(join(folder, "dist"), { recursive: true });
  expect(await choose(source)).toBe(source);
});
