/** A benchmark on a scale of seconds: that it runs, checks its answers and tells its figures. The figures mean nothing there. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";
import { needWholeRun } from "../support/whole-run.ts";

const MAIN = fileURLToPath(new URL("../bench/main.ts", import.meta.url));
const TIMEOUT_MS = 180_000;
const reportSchema = z.object({
  name: z.string(),
  head: z.array(z.string()).min(2),
  rows: z.array(z.array(z.string())).min(2),
});

/** A test for each of the benchmarks, by the names that `npm run bench` knows. */
export function testSmallBenches(names: readonly string[]): void {
  needWholeRun();
  test.each(names)("the benchmark %s runs on a small scale", { timeout: TIMEOUT_MS }, async (name) => {
    const child = spawn(process.execPath, ["--no-node-snapshot", MAIN, name, "--small"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code, output).toBe(0);
    expect(output).not.toMatch(/NaN|undefined|Infinity/);
    const file = new URL(`../bench/dist/${name}-small.json`, import.meta.url);
    const report = reportSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    for (const row of report.rows) expect(row).toHaveLength(report.head.length);
  });
}
