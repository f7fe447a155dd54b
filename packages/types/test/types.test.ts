import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test.each([
  ["with the types", "tsconfig.json"],
  ["with Node's types beside them", "node.tsconfig.json"],
])("an app compiles %s, and what it may not write does not", (_, config) => {
  const project = fileURLToPath(new URL(`fixture/${config}`, import.meta.url));
  const tsc = fileURLToPath(new URL("../../../node_modules/.bin/tsc", import.meta.url));
  const { status, stdout, stderr } = spawnSync(tsc, ["-p", project], { encoding: "utf8" });
  expect(`${stdout}${stderr}`).toBe("");
  expect(status).toBe(0);
});
