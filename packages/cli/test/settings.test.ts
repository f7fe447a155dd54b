import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ExitCode } from "../src/exit-codes.ts";
import { createUser, HELLO, openCluster, temporaryDirectory, writeApp } from "./cluster-harness.ts";

const HUSH = "hush-1c0ffee1";

async function openBlog() {
  const cluster = await openCluster();
  const { nanoctl } = createUser();
  const env = { NANO_URL: cluster.url, NANO_TOKEN: cluster.token };
  const run = (args: readonly string[], stdin = "") => nanoctl(args, { stdin, env });
  await run(["deploy", writeApp("blog", HELLO)]);
  return { ...cluster, nanoctl, run };
}

test("a secret comes from standard input or a file, and only its name is ever told", async () => {
  const { run } = await openBlog();
  const file = join(temporaryDirectory(), "secret");
  writeFileSync(file, `${HUSH}\n`);
  const ended = [
    await run(["secret", "set", "blog", "A"], `${HUSH}\n`),
    await run(["secret", "set", "blog", "B", "--file", file]),
    await run(["secret", "list", "blog"]),
    await run(["secret", "rm", "blog", "A"]),
    await run(["secret", "list", "blog", "--json"]),
  ];
  for (const { exitCode, stdout, stderr } of ended) {
    expect([exitCode, stderr]).toEqual([ExitCode.OK, ""]);
    expect(stdout).not.toContain(HUSH);
  }
  expect(ended[2]?.stdout).toMatch(/^A\nB\nrevision 2/);
  expect(JSON.parse(ended[4]?.stdout ?? "")).toMatchObject({ app: "blog", names: ["B"] });
});

test.each([
  [["A"], "", "Standard input is empty"],
  [["A"], "\n", "found an empty one"],
  [["A"], "x".repeat(65 * 1024), "expected 1 to 65536 bytes"],
  [["A", "--file", "/nowhere"], "", "found no file there"],
  [[`A=${HUSH}`], "x", "Name of a secret is none"],
])("a value that cannot be used is refused without it: %j", async (args, stdin, words) => {
  const { nanoctl } = createUser();
  const { exitCode, stderr } = await nanoctl(["secret", "set", "blog", ...args, "--url", "unix:/nowhere"], { stdin });
  expect(exitCode).not.toBe(ExitCode.OK);
  expect(stderr).toContain(words);
  expect(stderr).not.toContain(HUSH);
});

test("routes of an app are replaced as a whole; one of another app is refused, with who has it", async () => {
  const { run } = await openBlog();
  await run(["deploy", writeApp("shop", HELLO), "--route", "shop.example.com"]);
  const set = await run(["routes", "set", "blog", "Example.com/blog/", "www.example.com"]);
  expect(set.stdout).toMatch(/^example\.com +\/blog +blog$/m);
  const taken = await run(["routes", "set", "blog", "shop.example.com"]);
  expect([taken.exitCode, taken.stderr]).toEqual([ExitCode.ERROR, expect.stringContaining("shop.example.com")]);
  const { routes } = JSON.parse((await run(["routes", "--json"])).stdout);
  expect(routes.map(({ host }: { host: string }) => host)).toEqual([
    "example.com",
    "shop.example.com",
    "www.example.com",
  ]);
  const unsaid = await run(["routes", "set", "blog"]);
  expect([unsaid.exitCode, unsaid.stderr]).toEqual([ExitCode.USAGE, expect.stringContaining("--none")]);
  expect((await run(["routes", "set", "blog", "www.example.com"])).stdout).toMatch(/^removed example\.com\/blog$/m);
  expect((await run(["routes", "set", "blog", "--none"])).stdout).toBe("No routes\nremoved www.example.com/\n");
});

test("a token is told once, lets in as far as its role goes, and is revoked by its id", async () => {
  const { run, nanoctl, url } = await openBlog();
  const made = await run(["token", "create", "ci", "--role", "deployer", "--app", "blog", "--expires", "1d"]);
  expect(made.stderr).toMatch(/✓ [0-9a-f]{16}: ci, deployer; shown this once/);
  const env = { NANO_URL: url, NANO_TOKEN: made.stdout.trim() };
  expect(JSON.parse((await nanoctl(["whoami", "--json"], { env })).stdout)).toMatchObject({
    role: "deployer",
    apps: ["blog"],
  });
  const refused = await nanoctl(["deploy", writeApp("shop", HELLO)], { env });
  expect([refused.exitCode, refused.stderr]).toEqual([ExitCode.ERROR, expect.stringContaining("nanoctl whoami shows")]);
  const { stdout: list } = await run(["token", "list"]);
  expect(list).toMatch(/^[0-9a-f]{16} +ci +deployer +blog/m);
  expect(list).not.toContain(made.stdout.trim().slice(-43));
  expect((await run(["token", "revoke", made.stdout.trim()])).exitCode).toBe(ExitCode.OK);
  expect((await nanoctl(["whoami"], { env })).stderr).toContain("refused the token");
  expect((await run(["audit", "--limit", "5"])).stdout).toContain("bootstrap");
});

test.each([
  [["--role", "king"], "Allowed choices"],
  [["--role", "reader", "--app", "blog"], "--app is for a deployer"],
  [["--role", "reader", "--expires", "soon"], "expected such as 90d"],
  [["--role", "reader", "--expires", "5s"], "expected at least 60s"],
])("a token that cannot be is a fault of usage: %j", async (args, words) => {
  const { nanoctl } = createUser();
  const { exitCode, stderr } = await nanoctl(["token", "create", "x", ...args, "--url", "unix:/nowhere"]);
  expect([exitCode, stderr]).toEqual([ExitCode.USAGE, expect.stringContaining(words)]);
});

test("an app is deleted when that is said twice", async () => {
  const { run } = await openBlog();
  const once = await run(["delete", "blog"]);
  expect([once.exitCode, once.stderr]).toEqual([ExitCode.USAGE, expect.stringContaining("--yes")]);
  expect((await run(["delete", "blog", "--yes"])).stdout).toBe("✓ blog: deleted\n");
  expect((await run(["apps"])).stdout).toMatch(/^No apps/);
  expect((await run(["versions", "blog"])).exitCode).toBe(ExitCode.ERROR);
});

test("nodes are listed, where there are some", async () => {
  const { run } = await openBlog();
  expect((await run(["nodes"])).stdout).toBe("No executors\n");
  expect(JSON.parse((await run(["nodes", "--json"])).stdout)).toEqual({ nodes: [] });
});
