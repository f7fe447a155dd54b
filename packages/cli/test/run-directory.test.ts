import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createRunDirectory } from "../src/run/run-directory.ts";

const MODULE = new URL("../src/run/run-directory.ts", import.meta.url).href;

function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), "rundir-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A run of its own process, up to its directory. */
async function startRun(parent: string) {
  const script = `const { createRunDirectory } = await import(${JSON.stringify(MODULE)});
    createRunDirectory({ XDG_RUNTIME_DIR: ${JSON.stringify(parent)} }); process.stdout.write("up"); setInterval(() => {}, 1e6);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return async (): Promise<void> => {
    child.kill("SIGKILL");
    await once(child, "exit");
  };
}

test("a run's directory is its user's alone, and gone when it is disposed", () => {
  const parent = temporaryDirectory();
  const run = createRunDirectory({ XDG_RUNTIME_DIR: parent });
  expect(statSync(run.path).mode & 0o777).toBe(0o700);
  run.dispose();
  run.dispose();
  expect(readdirSync(parent)).toEqual([]);
});

test("what a killed run left goes at the next start; what lives, is another's, or says nothing, stays", async () => {
  const parent = temporaryDirectory();
  const kill = await startRun(parent);
  const [abandoned = ""] = readdirSync(parent);
  await startRun(parent);
  mkdirSync(join(parent, "nano-silent"));
  mkdirSync(join(parent, "nano-Silent"));
  symlinkSync(join(parent, abandoned), join(parent, "nano-linked"));
  const before = readdirSync(parent);
  await kill();
  const run = createRunDirectory({ XDG_RUNTIME_DIR: parent });
  expect(existsSync(join(parent, abandoned))).toBe(false);
  expect(readdirSync(parent).toSorted()).toEqual(
    [...before.filter((name) => name !== abandoned), run.path.slice(parent.length + 1)].toSorted(),
  );
  run.dispose();
});
