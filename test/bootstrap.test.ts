/** Set-up with the registry's tools faked: each fake notes that it was called and makes what the real one would. */
import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";

const SOURCE = fileURLToPath(new URL("../infra/bootstrap", import.meta.url));
const FAKE_TURBO = `echo turbo >> "$FAKE_LOG"; mkdir -p packages/guest/dist`;
const FAKE_PNPM = `echo "pnpm $1" >> "$FAKE_LOG"
[ -n "$FAKE_FAILURE" ] && { echo "$FAKE_FAILURE" >&2; exit 7; }
mkdir -p node_modules/.pnpm node_modules/.bin
printf '#!/bin/sh\\n${FAKE_TURBO}\\n' > node_modules/.bin/turbo; chmod +x node_modules/.bin/turbo`;
const FAKE_NPM = `echo "npm $1 $2" >> "$FAKE_LOG"
dir=node_modules/@pnpm/exe.linux-${process.arch}; mkdir -p $dir; cp "$FAKE_PNPM_FILE" $dir/pnpm`;
const TASK = `
console.log("served", ...process.argv.slice(2));
process.exit(Number(process.env.FAKE_TASK_CODE ?? 0));`;

let root = "";

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "nano-bootstrap-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  await cp(SOURCE, join(root, "infra/bootstrap"), {
    recursive: true,
    filter: (path) => !path.includes("node_modules") && !path.endsWith("/host"),
  });
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), text);
  };
  await write("package.json", "{}");
  await write("pnpm-workspace.yaml", "packages:\n  - packages/*\n\ncatalog:\n");
  await write("pnpm-lock.yaml", "one");
  await write("packages/guest/package.json", JSON.stringify({ name: "guest", scripts: { build: "x" } }));
  await write("packages/guest/src/main.ts", "one");
  await write("packages/cli/package.json", JSON.stringify({ name: "cli" }));
  await write("packages/cli/src/main.ts", TASK);
  await write("tools/npm", `#!/bin/sh\n${FAKE_NPM}\n`);
  await write("tools/pnpm-file", `#!/bin/sh\n${FAKE_PNPM}\n`);
  await write("tools/redis-server", "#!/bin/sh\n");
  for (const name of ["npm", "pnpm-file", "redis-server"]) await chmod(join(root, "tools", name), 0o755);
});

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Tools that were called. */
  readonly calls: readonly string[];
}

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const log = join(root, "calls.log");
  await writeFile(log, "");
  const tools = join(root, "tools");
  const given = { PATH: `${tools}:/usr/bin:/bin`, FAKE_LOG: log, FAKE_PNPM_FILE: join(tools, "pnpm-file"), ...env };
  const ended = await new Promise<Omit<Ended, "calls">>((resolve) => {
    const script = join(root, "infra/bootstrap/run.mjs");
    const child = execFile(process.execPath, [script, ...args], { env: given }, (_error, stdout, stderr) => {
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr });
    });
  });
  return { ...ended, calls: (await readFile(log, "utf8")).trim().split("\n").filter(Boolean) };
}

describe("set-up", () => {
  test("does each step once, and nothing the second time", async () => {
    const first = await run(["start", "app"]);
    expect(first).toMatchObject({ exitCode: 0, stdout: "served run app\n" });
    expect(first.calls).toEqual(["npm ci --ignore-scripts", "pnpm install", "turbo"]);
    expect(first.stderr).toMatch(/set-up: pnpm \.\.\.\n.*done in .*\n.*dependencies .*\n.*done.*\n.*build .*\n.*done/);
    const second = await run(["start", "app"]);
    expect(second).toEqual({ exitCode: 0, stdout: "served run app\n", stderr: "", calls: [] });
  });

  test("does again what a changed file asks for, and no more", async () => {
    await run(["set-up"]);
    await writeFile(join(root, "packages/guest/src/main.ts"), "two");
    expect((await run(["set-up"])).calls).toEqual(["turbo"]);
    await writeFile(join(root, "pnpm-lock.yaml"), "two");
    expect((await run(["set-up"])).calls).toEqual(["pnpm install", "turbo"]);
    await rm(join(root, "packages/guest/dist"), { recursive: true });
    expect((await run(["set-up"])).calls).toEqual(["turbo"]);
  });

  test("that fails ends with the step's output and exit code, and is tried again", async () => {
    const failed = await run(["start"], { FAKE_FAILURE: "No space left" });
    expect(failed.exitCode).toBe(7);
    expect(failed.stderr).toContain("No space left");
    expect(failed.stdout).toBe("");
    expect((await run(["start"])).calls).toEqual(["pnpm install", "turbo"]);
  });

  test("notices a tool that ends well without having made anything", async () => {
    await writeFile(join(root, "tools/npm"), "#!/bin/sh\n");
    const { exitCode, stderr } = await run(["start"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("check the registry, proxy and certificates");
  });
});

describe("redis-server", () => {
  const isRoot = process.getuid?.() === 0;

  /** A machine without it, and with what `apt-get` is there; answers its path. */
  async function withoutRedis(aptGet: string | null): Promise<string> {
    const bin = join(root, "bin");
    await mkdir(bin);
    await rm(join(root, "tools/redis-server"));
    for (const name of ["sh", "mkdir", "cp", "chmod"]) await symlink(`/bin/${name}`, join(bin, name));
    if (aptGet !== null) {
      await writeFile(join(bin, "apt-get"), `#!/bin/sh\necho "apt-get $1" >> "$FAKE_LOG"\n${aptGet}\n`);
      await chmod(join(bin, "apt-get"), 0o755);
    }
    return `${join(root, "tools")}:${bin}`;
  }

  test.runIf(isRoot)("is installed by root where it is missing, before the tests", async () => {
    const PATH = await withoutRedis(`[ "$1" = update ] && exit 1; cp "$0" "${join(root, "tools")}/redis-server"`);
    const first = await run(["set-up"], { PATH });
    expect(first.exitCode).toBe(0);
    expect(first.calls.slice(-2)).toEqual(["apt-get update", "apt-get install"]);
    expect((await run(["set-up"], { PATH })).calls).toEqual([]);
  });

  test("that cannot be had is said, and is no failure", async () => {
    const { exitCode, stderr } = await run(["set-up"], { PATH: await withoutRedis(isRoot ? "exit 100" : null) });
    expect(exitCode).toBe(0);
    expect(stderr).toContain("tests that need it are not run");
  });

  test("is not looked for by a start", async () => {
    const { exitCode, stderr } = await run(["start", "app"], { PATH: await withoutRedis("exit 100") });
    expect(exitCode).toBe(0);
    expect(stderr).not.toContain("redis");
  });
});

describe("a task", () => {
  test("passes its exit code on", async () => {
    expect((await run(["start"], { FAKE_TASK_CODE: "3" })).exitCode).toBe(3);
  });

  test.each([
    ["", "--config test/apps/nano.config.json"],
    ["--port 8181 --admin-port 9191", "--config test/apps/nano.config.json --port 8181 --admin-port 9191"],
    ["--port=8181 -v", "--config test/apps/nano.config.json --port=8181 -v"],
    ["--port 8181 my-app", "--port 8181 my-app"],
    ["--config=x.json --port 1", "--config=x.json --port 1"],
    ["--entrypoint x.ts", "--entrypoint x.ts"],
    ["--sliver x.sliver", "--sliver x.sliver"],
    ["--help", "--help"],
  ])("start serves the example apps unless it is told what to serve: %s", async (given, passed) => {
    const { stdout } = await run(["start", ...given.split(" ").filter(Boolean)]);
    expect(stdout).toBe(`served run ${passed}\n`);
  });

  test("that is unknown is refused, with those that there are", async () => {
    const { exitCode, stderr, calls } = await run(["deploy"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('"deploy", expected one of start, test, bench');
    expect(calls).toEqual([]);
  });
});
