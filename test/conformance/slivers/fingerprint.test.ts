/**
 * Why an engine fingerprint is needed, and which parts it needs: what V8 does with bytes of another engine, in processes that
 * may die of it. V8 checks its version and nothing else; it dies of what it notices late, and answers wrongly of the rest.
 * Not to be shown on one machine: another platform or architecture, another build of the same V8, another isolated-vm.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const CHILD = fileURLToPath(new URL("engine-child.ts", import.meta.url));
const CHILD_LIMIT_MS = 20_000;
/** A flag that changes what a restore does. */
const OTHER_FLAGS = ["--no-rehash-snapshot"];
const RIGHT = "answer-of-the-app,77,function";

interface Ended {
  /** "died": by a signal of its own. */
  readonly answer: string;
  readonly stderr: string;
}

let directory = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "nano-fingerprint-"));
  await Promise.all([engine("make", "heap"), engine("compile", "code")]);
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** Runs a task in a process of its own. */
function engine(task: string, name: string, options: { flags?: readonly string[]; webApiEdit?: string } = {}) {
  const { flags = [], webApiEdit = "" } = options;
  const args = ["--no-node-snapshot", "--disable-warning=ExperimentalWarning", ...flags];
  return new Promise<Ended>((resolve) => {
    const child = execFile(
      process.execPath,
      [...args, CHILD, task, join(directory, name), webApiEdit],
      { timeout: CHILD_LIMIT_MS, killSignal: "SIGKILL", env: {} },
      (_error, stdout, stderr) => {
        const isDead = child.signalCode !== null && child.signalCode !== "SIGKILL";
        resolve({ answer: isDead ? "died" : stdout, stderr });
      },
    );
  });
}

/** A file beside `name` with other bytes. */
async function altered(name: string, change: (bytes: Buffer) => Buffer): Promise<string> {
  const alteredName = `${name}-altered`;
  await writeFile(join(directory, alteredName), change(await readFile(join(directory, name))));
  return alteredName;
}

function replaceOnce(bytes: Buffer, from: string, to: string): Buffer {
  const at = bytes.indexOf(from, 0, "latin1");
  if (at === -1) throw new Error(`${from} is not in the bytes`);
  bytes.write(to, at, "latin1");
  return bytes;
}

describe("a heap snapshot", () => {
  it("restores in another process of the same engine", async () => {
    expect((await engine("restore", "heap")).answer).toBe(RIGHT);
  });

  it("of another V8 kills the process: V8's version is a part", async () => {
    const { v8 } = process.versions;
    const other = `9${v8.slice(1)}`;
    const { answer, stderr } = await engine("restore", await altered("heap", (bytes) => replaceOnce(bytes, v8, other)));
    expect([answer, stderr]).toEqual(["died", expect.stringContaining("Version mismatch")]);
  });

  it("made under other V8 flags than it is restored under can kill the process: flags are a part", async () => {
    expect((await engine("restore", "heap", { flags: OTHER_FLAGS })).answer).toBe("died");
    await engine("make", "heap-of-flags", { flags: OTHER_FLAGS });
    expect((await engine("restore", "heap-of-flags", { flags: OTHER_FLAGS })).answer).toBe(RIGHT);
  });

  it("made with another web-api is restored without a word and is that one: its text is a part", async () => {
    await engine("make", "heap-of-api", { webApiEdit: "__nano_attach__=>__nano_attach2_" });
    const { answer, stderr } = await engine("restore", "heap-of-api");
    expect([answer, stderr]).toEqual(["", expect.stringContaining("__nano_attach__ is not defined")]);
  });

  it("that was altered is restored without a word, and answers what was put there", async () => {
    const forged = await altered("heap", (bytes) => replaceOnce(bytes, "answer-of-the-app", "answer-of-forgers"));
    expect((await engine("restore", forged)).answer).toBe("answer-of-forgers,77,function");
  });

  it.each([0.01, 0.5, 0.99])("of which only a part of %d is left kills the process", async (ratio) => {
    const cut = await altered("heap", (bytes) => bytes.subarray(0, Math.floor(bytes.length * ratio)));
    expect((await engine("restore", cut)).answer).toBe("died");
  });
});

describe("cached data of a script", () => {
  it("is taken by another process of the same engine", async () => {
    expect((await engine("run", "code")).answer).toBe("answer-of-the-app");
  });

  it.each([["--no-rehash-snapshot"], ["--no-opt"], ["--stack-size=600"]])(
    "is rejected in words under %s, and the script is compiled",
    async (flag) => {
      expect((await engine("run", "code", { flags: [flag] })).answer).toBe("rejected");
    },
  );

  it("that was altered is not rejected, and answers what was put there", async () => {
    const forged = await altered("code", (bytes) => replaceOnce(bytes, "answer-of-the-app", "answer-of-forgers"));
    expect((await engine("run", forged)).answer).toBe("answer-of-forgers");
  });
});
