import { createServer } from "node:http";
import type { AppAnswer, RolloutRequest } from "@nano/protocol/registry-api";
import { listenOn } from "@nano/service-kit/listen";
import { expect, onTestFinished, test } from "vitest";
import { ExitCode } from "../src/exit-codes.ts";
import { createUser, HELLO, openCluster, writeApp } from "./cluster-harness.ts";

const ACTIVE = "v1111111111111111";
const FAILING = "v2222222222222222";

/** A registry whose app has a rollout that was halted. */
async function openHalted() {
  const requests: RolloutRequest[] = [];
  const app = {
    name: "blog",
    activeVersion: ACTIVE,
    previousVersion: null,
    rollout: {
      version: FAILING,
      percent: 50,
      stickyBy: { type: "cookie", name: "sid" },
      haltAt: { errorRate: 0.2, requestCount: 70 },
      startedAt: "2026-11-22T10:00:00.000Z",
      halted: { at: "2026-11-22T10:01:00.000Z", requestCount: 80, errorCount: 41 },
    },
    pendingVersions: [],
    versionCount: 2,
    hasSecrets: false,
  } as unknown as AppAnswer;
  const server = createServer(async (req, res) => {
    if (req.method === "PUT") requests.push(JSON.parse(Buffer.concat(await req.toArray()).toString()));
    res.end(JSON.stringify(req.method === "GET" ? { apps: [app] } : app));
  });
  const address = await listenOn(server, "127.0.0.1:0");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { nanoctl } = createUser();
  return { requests, run: (...args: string[]) => nanoctl([...args, "--url", `http://${address}`]) };
}

test("a version that was halted begins again only where it is named, and as it was", async () => {
  const { run, requests } = await openHalted();
  const refused = await run("rollout", "set", "blog", "60");
  expect([refused.exitCode, refused.stderr]).toEqual([
    ExitCode.ERROR,
    expect.stringContaining(`was halted after 41 of 80 requests failed: give --version ${FAILING} to begin it again`),
  ]);
  expect(requests).toEqual([]);
  expect((await run("rollout", "set", "blog", "60", "--version", FAILING)).exitCode).toBe(ExitCode.OK);
  expect(requests).toEqual([
    {
      version: FAILING,
      percent: 60,
      stickyBy: { type: "cookie", name: "sid" },
      haltAt: { errorRate: 0.2, requestCount: 70 },
    },
  ]);
});

test("of a rollout that was halted it is told that nobody gets its version", async () => {
  const { run } = await openHalted();
  const { stdout } = await run("rollout", "status", "blog");
  expect(stdout).toMatch(/^share +0 % \(halted, was 50 %\)$/m);
  expect(stdout).toMatch(new RegExp(`^all clients +${ACTIVE}$`, "m"));
  expect(stdout).not.toContain("the others");
});

test("a version that was only built is activated, by as much of it as tells it from the others", async () => {
  const { socket } = await openCluster();
  const { nanoctl } = createUser();
  const run = (...args: string[]) => nanoctl([...args, "--url", socket]);
  await run("deploy", writeApp("blog", HELLO));
  const other = writeApp("blog", { "index.js": `${HELLO["index.js"]}//` });
  const { version } = JSON.parse((await run("deploy", other, "--no-activate", "--json")).stdout);
  const activated = await run("activate", "blog", version.slice(1, 8));
  expect([activated.exitCode, activated.stdout]).toEqual([
    ExitCode.OK,
    `✓ blog: all clients get ${version} (active: ${version})\n`,
  ]);
  expect(JSON.parse((await run("activate", "blog", version, "--json")).stdout)).toMatchObject({
    name: "blog",
    activeVersion: version,
  });
  const none = version.startsWith("v0000") ? "v1111" : "v0000";
  const unknown = await run("rollback", "blog", none);
  expect([unknown.exitCode, unknown.stderr]).toEqual([
    ExitCode.ERROR,
    expect.stringContaining(`Version ${none} of app blog is not one: found none`),
  ]);
  expect((await run("activate", "blog", "v59")).stderr).toContain("first 4 hex digits or more");
});
