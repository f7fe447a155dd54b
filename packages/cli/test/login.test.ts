import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ExitCode } from "../src/exit-codes.ts";
import { createToken, createUser, openCluster, temporaryDirectory } from "./cluster-harness.ts";

test("a token is taken from standard input, a file or the environment, checked, and kept for this user alone", async () => {
  const { url, token, tokenFile } = await openCluster();
  const user = createUser();
  const sources = [
    { args: [], options: { stdin: `${token}\n` } },
    { args: ["--token-file", tokenFile], options: {} },
    { args: [], options: { env: { NANO_TOKEN: token } } },
  ];
  for (const [i, { args, options }] of sources.entries()) {
    const ended = await user.nanoctl(["login", url, "--name", `c${i}`, ...args], options);
    expect([ended.exitCode, ended.stderr]).toEqual([ExitCode.OK, ""]);
    expect(ended.stdout).toContain("operator");
    expect(ended.stdout).not.toContain(token);
  }
  expect(statSync(user.clustersFile).mode & 0o777).toBe(0o600);
  const { stdout } = await user.nanoctl(["whoami", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ cluster: "c2", url, role: "operator", apps: null });
  await user.nanoctl(["clusters", "c0"]);
  expect((await user.nanoctl(["whoami"])).stdout).toMatch(/^cluster +c0$/m);
});

test("a token that the registry does not know is not kept, and shown nowhere", async () => {
  const { url } = await openCluster();
  const user = createUser();
  const wrong = createToken();
  const ended = await user.nanoctl(["login", url], { stdin: wrong });
  expect(ended.exitCode).toBe(ExitCode.ERROR);
  expect(ended.stderr).toContain(`run nanoctl login ${url}`);
  expect(ended.stdout + ended.stderr).not.toContain(wrong.slice(-43));
  expect(existsSync(user.clustersFile)).toBe(false);
});

test.each([
  ["nothing", ""],
  ["two words", "nano_a b"],
  ["a line feed in it", "nano_a\nx: y"],
])("what is no token is refused before it is sent: %s", async (_, stdin) => {
  const { url } = await openCluster();
  const { exitCode, stderr } = await createUser().nanoctl(["login", url], { stdin });
  expect(exitCode).toBe(ExitCode.ERROR);
  expect(stderr).toContain("expected a token as nanoctl token create shows it");
});

test("logout forgets one cluster; without one, commands say what to do", async () => {
  const { url, token } = await openCluster();
  const user = createUser();
  await user.nanoctl(["login", url, "--name", "a"], { stdin: token });
  await user.nanoctl(["login", url, "--name", "b"], { stdin: token });
  expect((await user.nanoctl(["logout"])).stdout).toMatch(/^b: forgotten/);
  expect(readFileSync(user.clustersFile, "utf8").split(token)).toHaveLength(2);
  const ended = await user.nanoctl(["apps"]);
  expect([ended.exitCode, ended.stderr]).toEqual([ExitCode.USAGE, expect.stringContaining("nanoctl login URL")]);
  expect((await user.nanoctl(["apps", "--cluster", "a"])).exitCode).toBe(ExitCode.OK);
  expect((await user.nanoctl(["apps", "--cluster", "z"])).stderr).toContain("Cluster z is not known: found a");
});

test("a token goes to no other registry than its own", async () => {
  const first = await openCluster();
  const second = await openCluster();
  const user = createUser();
  await user.nanoctl(["login", first.url], { stdin: first.token });
  const { exitCode, stderr } = await user.nanoctl(["apps", "--url", second.url]);
  expect([exitCode, stderr]).toEqual([ExitCode.ERROR, expect.stringContaining("it carries no token")]);
});

test("a file of clusters that others may read, or that is damaged, is refused without its content", async () => {
  const { url, token } = await openCluster();
  const user = createUser();
  await user.nanoctl(["login", url], { stdin: token });
  chmodSync(user.clustersFile, 0o644);
  expect((await user.nanoctl(["apps"])).stderr).toContain("found mode 0644, expected 0600");
  chmodSync(user.clustersFile, 0o600);
  writeFileSync(user.clustersFile, readFileSync(user.clustersFile, "utf8").replace('"url"', '"uri"'));
  const { exitCode, stderr } = await user.nanoctl(["apps"]);
  expect(exitCode).toBe(ExitCode.ERROR);
  expect(stderr).toContain("clusters.127.0.0.1.url: found nothing");
  expect(stderr).not.toContain(token);
});

test.each(["ftp://x", "https://user:pass@x", "localhost", "https://x/?a"])(
  "%s is no URL of a registry",
  async (url) => {
    const { exitCode, stderr } = await createUser().nanoctl(["login", url]);
    expect(exitCode).toBe(ExitCode.USAGE);
    expect(stderr).toContain("expected https://HOST[:PORT]");
    expect(stderr).not.toContain("pass@");
  },
);

test("a registry of this machine needs no token, by its socket or by the directory of its run", async () => {
  const { socket } = await openCluster();
  const user = createUser();
  expect((await user.nanoctl(["whoami", "--url", socket])).stdout).toContain(
    "over a Unix socket everybody is an operator",
  );
  const directory = temporaryDirectory();
  expect((await user.nanoctl(["apps", "--data-dir", directory])).stderr).toContain(`Nothing runs on ${directory}`);
  writeFileSync(join(directory, "registry.address"), `${socket.replace("unix:", "")}\n`);
  expect((await user.nanoctl(["apps", "--data-dir", directory])).exitCode).toBe(ExitCode.OK);
});
