/** A short churn, as `npm run churn` does it for half an hour: many isolates of different slivers, restored and disposed of in one process. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { needWholeRun } from "../support/whole-run.ts";

needWholeRun();

const CHURN = fileURLToPath(new URL("../soak/main.ts", import.meta.url));

test("500 restores of 20 slivers, 20 alive, in one process get no wrong answer and no crash", async () => {
  const args = [CHURN, "0", "--slivers", "20", "--alive", "20", "--restores", "500"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(output).toContain("500 restores, 666 answers, 0 wrong");
  expect(output).not.toMatch(/^(wrong|crashed under way)/m);
  expect(code).toBe(0);
}, 120_000);
