import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { lockDirectory } from "../src/directory-lock.ts";

const FILE = "subject.lock";
let directory = "";

beforeEach(() => {
  const parent = mkdtempSync(join(tmpdir(), "nano-lock-"));
  onTestFinished(() => rmSync(parent, { recursive: true }));
  directory = join(parent, "below", "it");
});

/** Another process that tries to lock the directory, and lives on. */
async function openHolder(): Promise<{ child: ChildProcess; said: unknown }> {
  const holder = new URL("./fixtures/directory-holder.ts", import.meta.url);
  const child = fork(holder, [directory, FILE], { execArgv: [] });
  const exited = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const [said] = await once(child, "message");
  return { child, said };
}

test("a directory that a process has locked is refused, until that is killed", async () => {
  const { child, said } = await openHolder();
  expect(said).toBe("held");
  expect(readdirSync(directory)).toEqual([FILE]);
  expect(lockDirectory(directory, FILE)).toBeNull();
  expect(lockDirectory(directory, FILE), "who was refused has not taken the lock from its holder").toBeNull();
  child.kill("SIGKILL");
  await once(child, "exit");
  const lock = lockDirectory(directory, FILE);
  expect(lock).not.toBeNull();
  lock?.release();
  expect(readdirSync(directory), "one empty file is all that stays").toEqual([FILE]);
});

test("another process is refused what this one has, and gets it once it is released, though the file stays", async () => {
  const lock = lockDirectory(directory, FILE);
  expect((await openHolder()).said).toBe("refused");
  lock?.release();
  lock?.release();
  expect((await openHolder()).said).toBe("held");
});

test("two names in a directory are two locks", () => {
  const locks = [lockDirectory(directory, FILE), lockDirectory(directory, "another.lock")];
  expect(locks).not.toContain(null);
  for (const lock of locks) lock?.release();
});

test("a directory that cannot be locked is named, with the reason", () => {
  mkdirSync(join(directory, FILE), { recursive: true });
  const unusable = {
    code: "KIT_DIRECTORY_UNUSABLE",
    message: expect.stringContaining(`${directory} is not usable: unable`),
  };
  expect(() => lockDirectory(directory, FILE)).toThrow(expect.objectContaining(unusable));
});
