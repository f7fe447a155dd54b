/** Several registries over one Redis: each a process of its own, with artifacts and keys in common. */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BullBuildQueue } from "@nano/control-store/bull-build-queue";
import { resolveRedisConfig } from "@nano/control-store/redis-config";
import { RedisControlStore } from "@nano/control-store/redis-control-store";
import type { AppName, EngineFingerprint, NodeId, VersionId } from "@nano/protocol/brands";
import { newTokenAnswerSchema, type Route, registryPaths, routesBodySchema } from "@nano/protocol/registry-api";
import type { ReadyMessage } from "@nano/service-kit/run-service";
import { DirectoryStore } from "@nano/sliver/directory-store";
import { hasRedisServer, needRedisServer, RedisServer } from "@nano/test-kit/redis-server";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { ApiClient } from "./api-client.ts";
import { ENGINE, HandBuilder } from "./hand-builder.ts";
import { temporaryDirectory, writeOperatorToken } from "./open-test-registry.ts";

const MAIN = new URL("../src/main.ts", import.meta.url);
const SHOP = "shop" as AppName;
const BLOG = "blog" as AppName;
/** Of what takes a registry seconds by design. */
const SOON = { timeout: 15_000, interval: 50 };

const serverDirectory = mkdtempSync(join(tmpdir(), "nano-"));
const server = new RedisServer({ directory: serverDirectory, args: ["--save", "", "--appendonly", "no"] });

needRedisServer();
beforeAll(async () => {
  if (hasRedisServer) await server.start();
});
afterAll(async () => {
  await server.stop();
  rmSync(serverDirectory, { recursive: true, force: true });
});

interface Process {
  readonly api: ApiClient;
  /** Lines of its log that tell of errors. */
  readonly errorLines: readonly string[];
  kill(): Promise<void>;
}

async function startRegistry(common: string, cell: string): Promise<Process> {
  const env = {
    REGISTRY_DATA_DIRECTORY: temporaryDirectory(),
    REGISTRY_ARTIFACTS_DIRECTORY: join(common, "artifacts"),
    REGISTRY_SECRETS_KEY_FILE: join(common, "secrets.key"),
    REGISTRY_TOKENS_BOOTSTRAP_FILE: writeOperatorToken(common),
    REGISTRY_HTTP_ADDRESS: "127.0.0.1:0",
    REGISTRY_CONTROL_STORE_REDIS_URLS: server.url,
    REGISTRY_CONTROL_STORE_REDIS_CELL: cell,
  };
  const child: ChildProcess = fork(MAIN, [], { execArgv: [], env, stdio: ["ignore", "pipe", "ignore", "ipc"] });
  const gone = once(child, "exit");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await gone;
  };
  onTestFinished(kill);
  const errorLines: string[] = [];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    errorLines.push(...text.split("\n").filter((line) => line.includes('"level":"error"')));
  });
  const [ready] = (await once(child, "message")) as [ReadyMessage];
  return { api: new ApiClient(`http://${ready.addresses.http}`), errorLines, kill };
}

async function openPair() {
  const common = temporaryDirectory();
  mkdirSync(join(common, "artifacts"));
  const cell = `t${randomBytes(6).toString("hex")}`;
  const config = resolveRedisConfig({ urls: [server.url], cell });
  const queue = new BullBuildQueue(config);
  const taker = queue.openBuilder();
  const store = new RedisControlStore(config);
  onTestFinished(async () => {
    await taker.close();
    await Promise.all([queue.close(), store.close()]);
  });
  // One after the other: the first makes the key file.
  const start = () => startRegistry(common, cell);
  const [first, second] = [await start(), await start()];
  const builder = new HandBuilder({ queue: taker, artifacts: new DirectoryStore(join(common, "artifacts")) });
  return { first, second, builder, store, start };
}

const untilBuilt = (api: ApiClient, version: VersionId) =>
  vi.waitFor(async () => expect(await api.version(SHOP, version)).toMatchObject({ state: "built" }), SOON);

test("what is deployed at one is seen, built and served at both, and neither complains", async () => {
  const { first, second, builder } = await openPair();
  const { version } = await first.api.deploy(SHOP, "bundle");
  await vi.waitFor(async () => expect((await second.api.version(SHOP, version)).state).not.toBe("built"), SOON);
  const events = second.api.events(SHOP, version);
  await builder.report(version, "init");
  await builder.finish(version);
  expect((await events).at(-1)).toMatchObject({ type: "built" });
  for (const { api } of [first, second]) {
    await untilBuilt(api, version);
    expect(await api.activeVersion(SHOP)).toBe(version);
  }
  const { body } = await second.api.send("GET", registryPaths.audit);
  const { entries } = body as { entries: { action: string }[] };
  expect(entries.map(({ action }) => action)).toEqual(["version.built", "version.deploy"]);
  expect(await builder.takeNext(500), "built once").toBeNull();
  expect([...first.errorLines, ...second.errorLines]).toEqual([]);
});

test.each(["queued", "building"] as const)(
  "a registry that is killed while its build is %s leaves it to the other",
  async (state) => {
    const { first, second, builder } = await openPair();
    const { version } = await first.api.deploy(SHOP, "bundle");
    if (state === "building") await builder.report(version, "init");
    await vi.waitFor(async () => expect(await second.api.version(SHOP, version)).toMatchObject({ state }), SOON);
    await first.kill();
    await builder.finish(version);
    await untilBuilt(second.api, version);
    expect(await second.api.activeVersion(SHOP)).toBe(version);
    expect(second.errorLines).toEqual([]);
  },
);

test("a build that ended while no registry lived is taken up by the next one, and not built again", async () => {
  const { first, second, builder, start } = await openPair();
  const { version } = await first.api.deploy(SHOP, "bundle");
  await builder.takeUntil(version);
  await Promise.all([first.kill(), second.kill()]);
  await builder.finish(version);
  const third = await start();
  await untilBuilt(third.api, version);
  expect(await third.api.activeVersion(SHOP)).toBe(version);
  expect(await builder.takeNext(500)).toBeNull();
});

test("of two deploys of an app at once one serves, everywhere, and the other is told", async () => {
  const { first, second, builder } = await openPair();
  const deployed = await Promise.all([first.api.deploy(SHOP, "one"), second.api.deploy(SHOP, "two")]);
  for (const { version } of deployed) await builder.finish(version);
  for (const { version } of deployed) await untilBuilt(first.api, version);
  const active = await first.api.activeVersion(SHOP);
  await vi.waitFor(async () => expect(await second.api.activeVersion(SHOP)).toBe(active), SOON);
  const shown = await Promise.all(deployed.map(({ version }) => first.api.version(SHOP, version)));
  expect(shown.filter(({ isActive }) => isActive).map(({ version }) => version)).toEqual([active]);
  expect(shown.some(({ isPending }) => isPending)).toBe(false);
});

test("a request that was made at one is known at the other, under its key", async () => {
  const { first, second } = await openPair();
  const request = { body: { name: "ci", role: "operator" }, headers: { "idempotency-key": "once" } };
  const made = await first.api.send("POST", registryPaths.tokens, request);
  const { id, token } = newTokenAnswerSchema.parse(made.body);
  const again = await second.api.send("POST", registryPaths.tokens, request);
  expect(again).toMatchObject({ status: 409, body: { code: "REGISTRY_TOKEN_TOLD_ONCE", details: { id } } });
  const whoAmI = async () => (await second.api.as(token).send("GET", registryPaths.whoAmI)).status;
  await vi.waitFor(async () => expect(await whoAmI()).toBe(200), SOON);
  await first.api.send("DELETE", registryPaths.token(id));
  await vi.waitFor(async () => expect(await whoAmI()).toBe(401), SOON);
});

test("route maps that are put at once do not mix, and one route is given to one app", async () => {
  const { first, second } = await openPair();
  for (const app of [SHOP, BLOG]) await first.api.send("PUT", registryPaths.app(app));
  const mapOf = (app: AppName, round: number): Route[] =>
    [0, 1, 2].map((number) => ({ host: `${app}-${round}-${number}.test`, path: "/", app }));
  for (let round = 0; round < 10; round++) {
    const [one, other] = [mapOf(SHOP, round), mapOf(BLOG, round)];
    await Promise.all([first.api.putRoutes({ routes: one }), second.api.putRoutes({ routes: other })]);
    await vi.waitFor(async () => {
      const [a, b] = await Promise.all([first, second].map(({ api }) => api.send("GET", registryPaths.routes)));
      expect(a).toEqual(b);
      expect([one, other]).toContainEqual(routesBodySchema.parse(a?.body).routes);
    }, SOON);
  }
  const wanted = { body: { routes: [{ host: "wanted.test" }] } };
  const answers = await Promise.all([
    first.api.send("PUT", registryPaths.appRoutes(SHOP), wanted),
    second.api.send("PUT", registryPaths.appRoutes(BLOG), wanted),
  ]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ code: "REGISTRY_ROUTE_TAKEN" });
});

test("what serves is built again for a new engine once, or once for each registry at most", async () => {
  const { first, second, builder, store } = await openPair();
  const { version } = await first.api.deploy(SHOP, "bundle");
  await builder.finish(version);
  for (const { api } of [first, second]) await untilBuilt(api, version);
  const engine = "f".repeat(32) as EngineFingerprint;
  const supervisor = { address: "/run/supervisor.sock", credential: "c" };
  await store.renewLease({ kind: "node", id: "n" as NodeId, engine, supervisor, workers: [], draining: false }, 60_000);
  let buildCount = 0;
  for (let next = await builder.takeNext(10_000); next !== null; next = await builder.takeNext(1000)) {
    await builder.finish(next, engine);
    buildCount += 1;
  }
  expect(buildCount).toBeGreaterThanOrEqual(1);
  expect(buildCount).toBeLessThanOrEqual(2);
  for (const { api } of [first, second]) {
    expect(Object.keys((await api.version(SHOP, version)).slivers).sort()).toEqual([ENGINE, engine].sort());
  }
  expect([...first.errorLines, ...second.errorLines]).toEqual([]);
});
