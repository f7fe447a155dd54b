import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { OwnedDirectories } from "../src/control/owned-directories.ts";
import { openSupervisor, openSurroundings, startExecutor } from "./executor-fixture.ts";
import { appScript, nextVersionId, temporaryDirectory } from "./sliver-fixture.ts";
import { ask } from "./worker-harness.ts";

const TAKEN = expect.objectContaining({ code: "EXEC_DIRECTORY_TAKEN" });

test("a second executor on the directories of one that runs fails, and the first goes on restoring", async () => {
  const around = await openSurroundings();
  const [first, second] = [nextVersionId(), nextVersionId()];
  for (const id of [first, second]) await around.publish(id, { script: appScript(`return new Response("${id}");`) });
  await around.activate(first);
  await openSupervisor(around, { workers: { count: 1 } });
  const [link] = await around.dialAll();
  if (link === undefined) throw new Error("no worker");
  for (const other of [
    {},
    { run: { directory: join(around.root, "r2") } },
    { cache: { directory: join(around.root, "c2") } },
  ]) {
    await expect(openSupervisor(around, other)).rejects.toEqual(TAKEN);
  }
  expect(readdirSync(join(around.root, "cache", "workers"))).toHaveLength(1);
  await around.activate(second);
  expect((await ask(link, { versionId: second })).text).toBe(second);
});

test("directories of an executor that was killed are free at once", async () => {
  const around = await openSurroundings();
  const server = await around.serve();
  const { child } = await startExecutor(around, { workers: { count: 1 } });
  const directories = [join(around.root, "cache"), join(around.root, "run")];
  expect(() => new OwnedDirectories(directories)).toThrow(TAKEN);
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
  new OwnedDirectories(directories).release();
  await server.close();
});

test("one directory under two names is one, and what was taken is given back where another cannot be", () => {
  const root = temporaryDirectory();
  mkdirSync(join(root, "a"));
  symlinkSync(join(root, "a"), join(root, "b"));
  const owned = new OwnedDirectories([join(root, "a"), join(root, "b")]);
  expect(() => new OwnedDirectories([join(root, "c"), join(root, "b")])).toThrow(TAKEN);
  new OwnedDirectories([join(root, "c")]).release();
  owned.release();
});
