import { mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { findKeyPlaces, openKeys } from "../src/config/key-places.ts";
import { lockDataDirectory } from "../src/run/data-lock.ts";

let parent = "";

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "nano-data-"));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
});

test("a data directory that is made is this user's alone, and git leaves it out", async () => {
  const directory = join(parent, "app/.nano");
  (await lockDataDirectory(directory)).release();
  expect(await readFile(join(directory, ".gitignore"), "utf8")).toBe("*\n");
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  (await lockDataDirectory(directory)).release();
});

test("so is one that is made for keys", async () => {
  const directory = join(parent, "keys-of-mine");
  await openKeys(findKeyPlaces({ chosenDataDirectory: directory, dataDirectory: directory, env: {} }));
  expect(await readFile(join(directory, ".gitignore"), "utf8")).toBe("*\n");
});

test("one that is there is left as it is", async () => {
  const directory = join(parent, "mine");
  await mkdir(directory);
  (await lockDataDirectory(directory)).release();
  expect(await readdir(directory)).toEqual([]);
});
