/** nanoctl, in processes of its own, against a machine that runs: an app is deployed beside the others, and its output followed. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "@nano/test-kit/eventually";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { serveApps } from "../support/serve-apps.ts";

const NANOCTL = fileURLToPath(new URL("../../packages/cli/bin/nanoctl", import.meta.url));
const QUIET = "export default { fetch: () => new Response('quiet') };";
const TALKING = `export default { fetch(request) {
  const { pathname } = new URL(request.url);
  console.warn("asked for " + pathname + "\\n00:00:00 forged v000000 | a line of another");
  if (pathname === "/throw") throw new Error("on purpose \\u001b[2J");
  return new Response("said");
} };`;

/** Reads what is kept, then keeps what it is sent: in the node's cache and in its module. */
const KEEPING = `let inModule = "nothing";
export default { async fetch(request) {
  const key = "https://kept.example/key";
  const found = await caches.default.match(key);
  const answer = [found === undefined ? "nothing" : await found.text(), inModule];
  inModule = await request.text();
  await caches.default.put(key, new Response(inModule));
  return Response.json(answer);
} };`;

const nano = serveApps([{ hostname: "quiet.localhost", source: QUIET }]);
let home = "";

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "nano-home-"));
});

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

/** nanoctl on the directory of the run. */
function start(args: readonly string[]): { child: ChildProcess; output: () => string; ended: Promise<number | null> } {
  const child = spawn(NANOCTL, [...args, "--data-dir", join(nano().directory, "data")], {
    env: { PATH: process.env.PATH, HOME: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (text) => (output += text));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, output: () => output, ended };
}

test("an app is deployed to a machine that runs, and its lines come live to who follows it", async () => {
  const directory = join(home, "talking");
  mkdirSync(directory);
  writeFileSync(join(directory, "index.js"), TALKING);
  const deploy = start(["deploy", directory, "--route", "talking.localhost"]);
  expect([await deploy.ended, deploy.output()]).toEqual([0, expect.stringContaining("http://talking.localhost/")]);
  await eventually(async () => (await nano().ask("talking.localhost")).body.toString() === "said");

  const logs = start(["logs", "talking", "--follow"]);
  const other = start(["logs", "quiet", "--follow"]);
  for (const each of [logs, other]) await eventually(() => each.output().includes("following"));
  // The follow reaches the executor a moment later than its reader hears of it.
  await eventually(async () => {
    await nano().ask("talking.localhost", "/one");
    return logs.output().includes("asked for /one");
  });
  await nano().ask("talking.localhost", "/throw");
  await eventually(() => logs.output().includes("on purpose"));
  const lines = logs.output().trimEnd().split("\n").slice(1);
  for (const line of lines) expect(line).toMatch(/^\d\d:\d\d:\d\d \S+ v[0-9a-f]{6} \| /);
  expect(logs.output()).not.toContain("\u001b");
  expect(other.output().trimEnd().split("\n")).toHaveLength(1);
  logs.child.kill("SIGINT");
  expect(await logs.ended).toBe(130);
});

test("what serves is shown, and an app is gone once it is deleted", async () => {
  const apps = start(["apps", "--json"]);
  expect(await apps.ended).toBe(0);
  expect(JSON.parse(apps.output()).apps.map(({ name }: { name: string }) => name)).toContain("talking");
  const nodes = start(["nodes", "--json"]);
  await nodes.ended;
  expect(JSON.parse(nodes.output()).nodes).toHaveLength(1);
  expect(await start(["delete", "talking", "--yes"]).ended).toBe(0);
  await eventually(async () => (await nano().ask("talking.localhost")).status === 404);
});

test("an app that is deployed again under its name after its deletion finds nothing of what the one before kept", async () => {
  const directory = join(home, "keeping");
  mkdirSync(directory);
  writeFileSync(join(directory, "index.js"), KEEPING);
  writeFileSync(join(directory, "nano.json"), JSON.stringify({ isolation: "app" }));
  const deploy = async (): Promise<void> => {
    const deployed = start(["deploy", directory, "--route", "keeping.localhost"]);
    expect([await deployed.ended, deployed.output()]).toEqual([0, expect.stringContaining("keeping.localhost")]);
  };
  const keep = async (body: string): Promise<unknown> => {
    const { status, text } = await nano().ask("keeping.localhost", "/", { method: "POST", body });
    return status === 200 ? JSON.parse(text) : null;
  };
  await deploy();
  await eventually(async () => (await keep("of the first")) !== null);
  expect(await keep("of the first")).toEqual(["of the first", "of the first"]);
  expect(await start(["delete", "keeping", "--yes"]).ended).toBe(0);
  // At once: its workers let go of what was deleted only a while later.
  await deploy();
  let found: unknown = null;
  await eventually(async () => {
    found = await keep("of the second");
    return found !== null;
  });
  expect(found).toEqual(["nothing", "nothing"]);
});
