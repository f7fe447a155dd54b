/** Backup and restore of the control store with the commands of README, as they stand there. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ControlStore } from "@nano/control-store/control-store";
import { openControlStore } from "@nano/control-store/open-control-store";
import { openEmbedded } from "@nano/control-store/open-embedded";
import type { AppName } from "@nano/protocol/brands";
import type { StoreChange } from "@nano/protocol/records";
import { hasRedisServer, NO_REDIS, RedisServer } from "@nano/test-kit/redis-server";
import { expect, onTestFinished, test } from "vitest";
import { readText } from "./yaml-files.ts";

const REDIS_ARGS = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""];

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "nano-restore-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** The block of README whose first line is this. */
function readCommands(firstLine: string): string {
  const block = readText("infra/README.md").split(`\`\`\`sh\n${firstLine}\n`)[1]?.split("```")[0];
  if (block === undefined) throw new Error(`README has no block that begins with: ${firstLine}`);
  return `${firstLine}\n${block}`;
}

function routeOf(app: string): StoreChange {
  const record = { kind: "route", host: `${app}.example.com`, path: "/", app: app as AppName } as const;
  return { key: `route/${record.host}/`, record };
}

async function hostsOf(store: ControlStore): Promise<string[]> {
  const { records } = await store.loadSnapshot();
  return records.flatMap((record) => (record.kind === "route" ? [record.host] : []));
}

test("Redis is as it was at the backup, in another epoch", async (context) => {
  if (!hasRedisServer) context.skip(NO_REDIS);
  const directory = temporaryDirectory();
  const tools = join(directory, "bin");
  const server = new RedisServer({ directory: join(directory, "data"), args: REDIS_ARGS });
  onTestFinished(() => server.stop());
  await server.start();
  // README's commands ask the server of their machine.
  mkdirSync(tools);
  writeFileSync(join(tools, "redis-cli"), `#!/bin/sh\nPATH=\${PATH#*:} exec redis-cli -s ${server.socketPath} "$@"\n`);
  chmodSync(join(tools, "redis-cli"), 0o755);
  const run = (commands: string): string =>
    execFileSync("sh", ["-ec", commands], {
      cwd: server.options.directory,
      env: { ...process.env, PATH: `${tools}:${process.env.PATH}` },
      encoding: "utf8",
    });
  const store = await openControlStore({ redis: { urls: [server.url], cell: "default" } });
  onTestFinished(() => store.close());

  const { epoch } = await store.commit([routeOf("before")]);
  run(readCommands("redis-cli save"));
  await store.commit([routeOf("after")]);
  expect((await store.loadSnapshot()).epoch).toBe(epoch);
  await server.stop("SIGTERM");
  run(readCommands("rm -rf appendonlydir"));
  await server.start();

  expect(await hostsOf(store)).toEqual(["before.example.com"]);
  expect((await store.loadSnapshot()).epoch).not.toBe(epoch);
  // And goes on from there, over another restart.
  await store.commit([routeOf("later")]);
  await server.stop("SIGTERM");
  await server.start();
  expect((await hostsOf(store)).sort()).toEqual(["before.example.com", "later.example.com"]);
});

test("the embedded store is as it was at the backup", async () => {
  const directory = temporaryDirectory();
  const path = join(directory, "store.sqlite");
  const run = (commands: string): unknown => execFileSync("sh", ["-ec", commands], { cwd: directory });
  const commit = async (app: string): Promise<void> => {
    const { store, close } = openEmbedded(path);
    await store.commit([routeOf(app)]);
    await close();
  };
  await commit("before");
  run(readCommands("mkdir -p backup"));
  await commit("after");
  run(readCommands("rm -f store.sqlite*"));
  const { store, close } = openEmbedded(path);
  onTestFinished(close);
  expect(await hostsOf(store)).toEqual(["before.example.com"]);
});
