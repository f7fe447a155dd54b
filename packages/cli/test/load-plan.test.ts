import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { loadPlan, type TargetKind } from "../src/config/load-plan.ts";
import { writeSampleSliver } from "./sample-sliver.ts";

let directory = "";

beforeEach(async () => {
  const parent = await mkdtemp(join(tmpdir(), "nano-plan-"));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  directory = join(parent, "My Folder");
  await mkdir(directory);
  await writeFile(join(directory, "index.ts"), "");
});

async function nameOf(kind: TargetKind, path: string): Promise<string | undefined> {
  return (await loadPlan({ kind, path }, {})).apps[0]?.name;
}

test("an app is called as its package is, its code as its sliver", async () => {
  await writeFile(join(directory, "package.json"), '{"name":"@scope/Shop"}');
  expect(await nameOf("directory", directory)).toBe("shop");
  expect(await nameOf("entrypoint", join(directory, "index.ts"))).toBe("shop");
  expect(await nameOf("sliver", await writeSampleSliver(join(directory, "other.sliver")))).toBe("hello");
});

test.each(["{", "[]", '{"name": 3}'])(
  "and otherwise as its directory, whatever package.json holds: %s",
  async (text) => {
    expect(await nameOf("directory", directory)).toBe("my-folder");
    await writeFile(join(directory, "package.json"), text);
    expect(await nameOf("directory", directory)).toBe("my-folder");
  },
);
