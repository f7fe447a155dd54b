/** SECURITY.md claims nothing without a test that there is. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const ROOT = new URL("../", import.meta.url);
const text = readFileSync(new URL("SECURITY.md", ROOT), "utf8");

interface Citation {
  readonly file: string;
  readonly name: string;
}

/** `file`: "name", "name" */
const cited = [...text.matchAll(/`([\w./-]+\.(?:test|e2e)\.ts)`((?::|,)?(?:,?\s+"[^"]+")*)/g)].map(
  ([, file = "", names = ""]) => ({ file, names: [...names.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name) }),
);
const citations: Citation[] = cited.flatMap(({ file, names }) => names.map((name) => ({ file, name })));
const attackFolders = [...text.matchAll(/`(test\/attacks\/[\w-]+)`/g)].map(([, folder = ""]) => folder);

/** Whether a file of tests has one, a table of them, or a group of this name. */
function hasTest({ file, name }: Citation): boolean {
  const path = new URL(file, ROOT);
  if (!existsSync(path)) return false;
  const literal = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`\\(\\s*(["'\`])${literal}\\1\\s*,`).test(readFileSync(path, "utf8"));
}

test("what SECURITY.md cites is there: each file, and each test of that name in it", () => {
  expect(citations.length).toBeGreaterThan(50);
  expect(citations.filter((each) => !hasTest(each))).toEqual([]);
});

test("each file is cited with the name of a test", () => {
  expect(cited.filter(({ names }) => names.length === 0)).toEqual([]);
});

test("each folder of attacks that it names has some", () => {
  expect(attackFolders.length).toBeGreaterThan(3);
  expect(attackFolders.filter((folder) => readdirSync(new URL(folder, ROOT)).length === 0)).toEqual([]);
});

test("each claim of what holds cites one", () => {
  const section = text.split("\n## What holds")[1]?.split("\n## ")[0] ?? "";
  const claims = section.split("\n- ").slice(1);
  expect(claims.length).toBeGreaterThan(20);
  expect(claims.filter((claim) => !/`[\w./-]+\.(test|e2e)\.ts`:\s+"/.test(claim))).toEqual([]);
});
