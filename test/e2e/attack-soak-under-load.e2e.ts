/** A short soak, as `npm run soak:attacks` does it for half an hour: attacks at random under mixed load, and nothing of them is left. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { needWholeRun } from "../support/whole-run.ts";

needWholeRun();

const SOAK = fileURLToPath(new URL("../soak/attacks.main.ts", import.meta.url));
/** Of several groups: what burns, grows, kills, floods, breaks builds, and says what two parsers may read differently. */
const ATTACKS = "cpu/loop-after,memory/closures,killers/parsed,floods/timers,init/loop,edge/bare,leaks/global";

test("under twenty seconds of attacks no request of a neighbour fails, and no process, descriptor or isolate is left", async () => {
  const args = ["--no-node-snapshot", SOAK, "0.3", "--seed", "1", "--rate", "20", "--only", ATTACKS];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(output).toMatch(
    /seed 1: \d+ requests in [\d.]+ minutes, 0 failed, .*; (\d+) attacks, \1 contained; 0 processes left/,
  );
  expect(output).not.toMatch(/^wrong:/m);
  expect(code, output).toBe(0);
}, 180_000);
