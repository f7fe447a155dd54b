import { execFile } from "node:child_process";
import { mkdtemp, readdir, realpath, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ExitCode } from "../src/exit-codes.ts";
import { writeSampleSliver } from "./sample-sliver.ts";

const NANOCTL = fileURLToPath(new URL("../bin/nanoctl", import.meta.url));

let directory = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "nano-cli-"));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function nanoctl(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH ?? "", HOME: directory };
    const child = execFile(NANOCTL, args, { cwd: directory, env }, (_error, stdout, stderr) => {
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

describe("nanoctl", () => {
  test("prints its version and help", async () => {
    expect(await nanoctl("--version")).toEqual({ exitCode: ExitCode.OK, stdout: "0.1.0\n", stderr: "" });
    const { exitCode, stdout } = await nanoctl("run", "--help");
    expect(exitCode).toBe(ExitCode.OK);
    expect(stdout).toContain("--admin-port");
  });

  test.each([
    [["help"], "nanoctl [options] [command]"],
    [["help", "run"], "--admin-port"],
    [["help", "sliver"], "inspect"],
    [["sliver", "help", "create"], "The heap has the env_vars that the top level was given"],
    [["help", "sliver", "create"], "The heap has the env_vars that the top level was given"],
  ])("prints help by a command, too: %j", async (args, shown) => {
    const { exitCode, stdout } = await nanoctl(...args);
    expect([exitCode, stdout]).toEqual([ExitCode.OK, expect.stringContaining(shown)]);
  });

  test.each([
    [[]],
    [["serve"]],
    [["run", "--colour"]],
    [["run", "--port", "many"]],
    [["run", "--egress-allow", "127.0.0.1"]],
    [["run", ".", "--config", "x.json"]],
    [["sliver", "create", "."]],
  ])("ends with the code for usage: %j", async (args) => {
    const { exitCode, stdout } = await nanoctl(...args);
    expect(exitCode).toBe(ExitCode.USAGE);
    expect(stdout).toBe("");
  });

  test("ends with the code for a bad config and lists all of its problems", async () => {
    const file = join(directory, "bad.json");
    await writeFile(file, JSON.stringify({ server: { port: -1 }, apps: [{ hostname: "a b" }] }));
    const { exitCode, stderr } = await nanoctl("run", "--config", file);
    expect(exitCode).toBe(ExitCode.CONFIG);
    expect(stderr).toBe(
      [
        `Config ${file} has 3 problems`,
        "  server.port: found -1, expected at least 0",
        '  apps[0].hostname: found "a b", expected a hostname, `*.` and a hostname, or an IP address; no port',
        "  apps[0].entrypoint: found nothing, expected one of `entrypoint` and `sliver`",
        "",
      ].join("\n"),
    );
  });

  test.each([
    ["is not there", "nowhere.json"],
    ["is a directory", "."],
  ])("ends with the code for a bad config that %s", async (_, path) => {
    const { exitCode, stderr } = await nanoctl("run", "--config", path);
    expect(exitCode).toBe(ExitCode.CONFIG);
    expect(stderr).toMatch(
      /^Config .* has 1 problem\n {2}\(file\): found .*, expected a config file that can be read\n$/,
    );
  });

  test("ends with the code for errors where what it is to serve is not there", async () => {
    const { exitCode, stderr } = await nanoctl("run", "nowhere");
    expect(exitCode).toBe(ExitCode.ERROR);
    expect(stderr).toContain("Cannot read");
  });
});

describe("nanoctl sliver", () => {
  test("creates none of a file that is no module", async () => {
    const file = join(directory, "nano.config.json");
    await writeFile(file, '{"apps":[]}');
    const { exitCode, stderr } = await nanoctl("sliver", "create", file, "-o", join(directory, "x.sliver"));
    expect(exitCode).toBe(ExitCode.ERROR);
    expect(stderr).toMatch(/nano\.config\.json, which is no JavaScript or TypeScript, expected a module/);
  });

  test("inspects a sliver in words and as JSON, without its secret", async () => {
    const file = await writeSampleSliver(join(directory, "good.sliver"));
    const words = await nanoctl("sliver", "inspect", file);
    expect(words.exitCode).toBe(ExitCode.OK);
    expect(words.stdout).toMatch(/^app\s+hello$/m);
    const json = await nanoctl("sliver", "inspect", file, "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ manifest: { app: "hello", rung: "heap" } });
    expect(words.stdout + json.stdout).not.toContain("5ec2e7");
  });

  test("inspects what a start costs, which rungs were not reached and why, and what is to be known", async () => {
    const file = await writeSampleSliver(join(directory, "told.sliver"), {
      skippedRungs: [{ rung: "heap", reason: "Its top level holds an Intl.Segmenter" }],
      rung: "bytecode",
      snapshotBytes: 2_048,
      restoreMs: 0.7,
      contextMs: 6.25,
      contextBytes: 300_000,
      warnings: ["Math.random() at init (src/a.ts:3): every restore\nshares it", "Date.now() at init (src/b.ts:9)"],
    });
    const { stdout } = await nanoctl("sliver", "inspect", file);
    const rows = Object.fromEntries(stdout.split("\n").map((line) => line.split(/ {2,}(.*)/s)));
    expect(rows).toMatchObject({
      init: "12.3 ms at build, and again for each context",
      snapshot: "2.0 KiB, the web API's heap alone",
      restore: "0.70 ms for an isolate",
      context: "6.25 ms for each request, 293.0 KiB of memory while it lives",
      warnings: "Math.random() at init (src/a.ts:3): every restore shares it",
    });
    expect(stdout).toMatch(/^ {2}not by heap {2,}Its top level holds an Intl.Segmenter$/m);
    expect(stdout).toMatch(/^ +Date.now\(\) at init \(src\/b.ts:9\)$/m);
    const json = await nanoctl("sliver", "inspect", file, "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ format: 2, manifest: { restoreMs: 0.7, contextBytes: 300_000 } });
    expect(json.stdout).not.toMatch(/attachSecret|5ec2e7/);
  });

  test("lists nothing where nothing was served, and writes nothing", async () => {
    expect(await nanoctl("sliver", "list")).toEqual({
      exitCode: ExitCode.OK,
      stdout: `No slivers in ${await realpath(directory)}/.nano\n`,
      stderr: "",
    });
    const { stdout } = await nanoctl("sliver", "list", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ slivers: [] });
    expect(await readdir(directory)).not.toContain(".nano");
    expect((await nanoctl("sliver", "list", "--data-dir", "absent")).exitCode).toBe(ExitCode.ERROR);
  });

  test("refuses a sliver of an unknown key, saying which", async () => {
    const { exitCode, stderr } = await nanoctl(
      "sliver",
      "verify",
      await writeSampleSliver(join(directory, "foreign.sliver")),
    );
    expect(exitCode).toBe(ExitCode.SLIVER);
    expect(stderr).toContain("signed by a key that is not trusted");
  });

  test.each(["inspect", "verify"])(
    "%s refuses a truncated sliver and what is none, with the reason",
    async (command) => {
      const cut = await writeSampleSliver(join(directory, `cut-${command}.sliver`));
      await truncate(cut, 300);
      const truncated = await nanoctl("sliver", command, cut);
      expect(truncated.exitCode).toBe(ExitCode.SLIVER);
      expect(truncated.stderr).toMatch(/ends within|not trusted/);
      const other = join(directory, "other.sliver");
      await writeFile(other, "not a sliver at all");
      const refused = await nanoctl("sliver", command, other);
      expect(refused.exitCode).toBe(ExitCode.SLIVER);
      expect(refused.stderr).toContain("File is not a sliver");
    },
  );

  test("run ends with the code for slivers where the one to serve is bad", async () => {
    const other = join(directory, "run.sliver");
    await writeFile(other, "not a sliver at all");
    const { exitCode } = await nanoctl("run", "--sliver", other);
    expect(exitCode).toBe(ExitCode.SLIVER);
  });
});
