import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { findKeyPlaces, openKeys } from "../src/config/key-places.ts";
import { LOCK_FILE, lockDataDirectory } from "../src/run/data-lock.ts";

let parent = "";

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "nano-data-"));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
});

test("a data directory that is made is this user's alone, and git leaves it out", async () => {
  const directory = join(parent, "app/.nano");
  lockDataDirectory(directory).release();
  expect(await readFile(join(directory, ".gitignore"), "utf8")).toBe("*\n");
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  lockDataDirectory(directory).release();
});

test("so is one that is made for keys", async () => {
  const directory = join(parent, "keys-of-mine");
  await openKeys(findKeyPlaces({ chosenDataDirectory: directory, dataDirectory: directory, env: {} }));
  expect(await readFile(join(directory, ".gitignore"), "utf8")).toBe("*\n");
});

test("one that is there is left as it is, but for the file of the lock, which stays", async () => {
  const directory = join(parent, "mine");
  await mkdir(directory);
  const before = await stat(directory);
  lockDataDirectory(directory).release();
  expect(await readdir(directory)).toEqual([LOCK_FILE]);
  expect((await stat(directory)).mode).toBe(before.mode);
});

test("a second launcher is told whose directory it is, under whatever name it has it; the first one's end lets go", async () => {
  const directory = join(parent, "mine");
  const link = join(parent, "link");
  const lock = lockDataDirectory(directory);
  await symlink(directory, link);
  for (const name of [directory, link]) {
    expect(() => lockDataDirectory(name)).toThrow(
      expect.objectContaining({ code: "CTL_DATA_DIR_IN_USE", message: expect.stringContaining(name) }),
    );
  }
  lock.release();
  lockDataDirectory(link).release();
});
