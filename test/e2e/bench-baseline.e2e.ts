/** A short run of the benchmarks beside the ratios that are checked in. It has the machine alone: see `TIMED` of `vitest.config.ts`. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { needWholeRun } from "../support/whole-run.ts";

const MAIN = fileURLToPath(new URL("../bench/main.ts", import.meta.url));
/** It takes a minute and a half, and as long again where every row is measured once more. */
const TIMEOUT_MS = 600_000;

needWholeRun();

test("no ratio is clearly worse than the one that is checked in", { timeout: TIMEOUT_MS }, async () => {
  const child = spawn(process.execPath, ["--no-node-snapshot", MAIN, "--quick"], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(code, output).toBe(0);
});
