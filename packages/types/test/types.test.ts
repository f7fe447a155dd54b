import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("an app compiles with the types, and what it may not write does not", () => {
  const project = fileURLToPath(new URL("fixture/", import.meta.url));
  const tsc = fileURLToPath(new URL("../../../node_modules/.bin/tsc", import.meta.url));
  const { status, stdout, stderr } = spawnSync(tsc, ["-p", project], { encoding: "utf8" });
  expect(`${stdout}${stderr}`).toBe("");
  expect(status).toBe(0);
});
