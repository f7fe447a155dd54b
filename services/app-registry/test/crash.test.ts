/** The registry as a real process, killed while it works. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { EmbeddedBuildQueue } from "@nano/control-store/embedded-build-queue";
import { EmbeddedControlStore } from "@nano/control-store/embedded-control-store";
import type { EngineFingerprint, NodeId } from "@nano/protocol/brands";
import type { ReadyMessage } from "@nano/service-kit/run-service";
import { DirectoryStore } from "@nano/sliver/directory-store";
import { expect, onTestFinished, test } from "vitest";
import { ApiClient } from "./api-client.ts";
import { HandBuilder, sliverOf } from "./hand-builder.ts";
import { temporaryDirectory, writeOperatorToken } from "./open-test-registry.ts";

/** As one deploy is acknowledged, those of the other clients are under way. */
const CLIENT_COUNT = 3;
const ENOUGH_DEPLOYS = 5;
const MAIN = new URL("../src/main.ts", import.meta.url);

async function startRegistry(directory: string) {
  const env = {
    REGISTRY_DATA_DIRECTORY: directory,
    REGISTRY_HTTP_ADDRESS: "127.0.0.1:0",
    REGISTRY_TOKENS_BOOTSTRAP_FILE: writeOperatorToken(directory),
    REGISTRY_LOG_LEVEL: "error",
  };
  const child: ChildProcess = fork(MAIN, [], { execArgv: [], env });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [ready] = (await once(child, "message")) as [ReadyMessage];
  return {
    api: new ApiClient(`http://${ready.addresses.http}`),
    async kill() {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
}

function artifactsIn(directory: string): DirectoryStore {
  return new DirectoryStore(join(directory, "artifacts"));
}

test("a kill loses no deploy that was acknowledged, and builds under way go on after the restart", async () => {
  const directory = temporaryDirectory();
  const first = await startRegistry(directory);
  const { version } = await first.api.deploy("built-later", "bundle");
  const assets = await first.api.uploadAssets("assets");
  const acknowledged: string[] = [];
  const isEnough = Promise.withResolvers<void>();
  const deploying = Array.from({ length: CLIENT_COUNT }, async (_, client) => {
    for (let number = 0; ; number++) {
      const app = `app-${client}-${number}`;
      await first.api.deployAs(app, { manifest: {}, assets, activate: true });
      acknowledged.push(app);
      if (acknowledged.length >= ENOUGH_DEPLOYS) isEnough.resolve();
    }
  });
  const ends = Promise.allSettled(deploying);
  await Promise.race([isEnough.promise, ends]);
  await first.kill();
  for (const end of await ends)
    expect(end).toMatchObject({ reason: { message: expect.stringMatching(/^(?:fetch failed|terminated)$/) } });

  const second = await startRegistry(directory);
  const active = await Promise.all(acknowledged.map((app) => second.api.activeVersion(app)));
  expect(active).not.toContain(null);
  const queue = new EmbeddedBuildQueue(join(directory, "store.sock"));
  onTestFinished(() => queue.close());
  const events = second.api.events("built-later", version);
  await new HandBuilder({ queue, artifacts: artifactsIn(directory) }).finish(version);
  expect((await events).at(-1)).toMatchObject({ type: "built" });
  expect(await second.api.activeVersion("built-later")).toBe(version);
});

test("what was being built again for a new engine at the kill is after the restart", async () => {
  const directory = temporaryDirectory();
  const first = await startRegistry(directory);
  const socketPath = join(directory, "store.sock");
  const [store, queue] = [new EmbeddedControlStore(socketPath), new EmbeddedBuildQueue(socketPath)];
  onTestFinished(() => Promise.all([store.close(), queue.close()]).then(() => undefined));
  const builder = new HandBuilder({ queue, artifacts: artifactsIn(directory) });
  const { version } = await first.api.deploy("shop", "bundle");
  const built = first.api.events("shop", version);
  await builder.finish(version);
  await built;
  const engine = "f".repeat(32) as EngineFingerprint;
  const supervisor = { address: "/run/supervisor.sock", credential: "c" };
  const node = { kind: "node", id: "n" as NodeId, engine, supervisor, workers: [], draining: false } as const;
  await store.renewLease(node, 60_000);
  await builder.takeUntil(version);
  await first.kill();

  const second = await startRegistry(directory);
  expect(await second.api.version("shop", version)).toMatchObject({ state: "built", isActive: true });
  const rebuilt = second.api.events("shop", version);
  await builder.finish(version, engine);
  await rebuilt;
  expect((await second.api.version("shop", version)).slivers).toMatchObject({ [engine]: sliverOf(version, engine) });
});

test("a second registry on the same data is refused with what is wrong", async () => {
  const directory = temporaryDirectory();
  await startRegistry(directory);
  const env = { REGISTRY_DATA_DIRECTORY: directory, REGISTRY_HTTP_ADDRESS: "127.0.0.1:0" };
  const child = fork(MAIN, [], { execArgv: [], env, stdio: ["ignore", "pipe", "ignore", "ipc"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stdout = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  const [code] = await once(child, "close");
  expect(code).toBe(1);
  expect(stdout).toContain("STORE_IN_USE");
});
