import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleApp } from "@nano/bundle/bundle-app";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { writeAuthorFiles } from "../src/author/author-files.ts";
import { initApp, templateNames } from "../src/author/init-app.ts";
import { openShownTerminal } from "./shown-terminal.ts";

const TSC = fileURLToPath(new URL("../../../node_modules/.bin/tsc", import.meta.url));

let directory: string;

beforeEach(() => {
  const parent = mkdtempSync(join(tmpdir(), "nano-init-"));
  onTestFinished(() => rmSync(parent, { recursive: true }));
  directory = join(parent, "My Shop");
});

describe.each(templateNames)("a new %s app", (template) => {
  test("compiles with its types, bundles under its directory's name, and keeps .env out of git", async () => {
    const { terminal, shown } = openShownTerminal();
    await initApp({ directory, template, terminal });
    const { status, stdout } = spawnSync(TSC, ["-p", directory], { encoding: "utf8" });
    expect(stdout).toBe("");
    expect(status).toBe(0);
    const app = await bundleApp({ dir: directory });
    expect(app).toMatchObject({ name: "my-shop", manifest: { env_vars: { GREETING: "Hello from my-shop" } } });
    expect(app.assetsDir === null).toBe(template !== "assets");
    expect(readFileSync(join(directory, ".gitignore"), "utf8").split("\n")).toContain(".env");
    expect(shown()).toContain("nanoctl run");
  });
});

test("nothing is written into a directory that holds something", async () => {
  const { terminal } = openShownTerminal();
  await initApp({ directory, template: "http", terminal });
  await expect(initApp({ directory, template: "assets", terminal })).rejects.toMatchObject({
    code: "CTL_DIRECTORY_NOT_EMPTY",
  });
});

test("types and schema are written anew", async () => {
  const { terminal } = openShownTerminal();
  await initApp({ directory, template: "http", terminal });
  const before = readFileSync(join(directory, "nano.schema.json"), "utf8");
  writeFileSync(join(directory, "nano.schema.json"), "{}");
  await writeAuthorFiles(directory, terminal);
  expect(readFileSync(join(directory, "nano.schema.json"), "utf8")).toBe(before);
});
