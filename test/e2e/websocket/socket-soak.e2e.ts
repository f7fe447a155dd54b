/** A short soak, as `npm run soak:websocket` does it for half an hour: connections that end in each way, and nothing is left of them. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { needWholeRun } from "../../support/whole-run.ts";

needWholeRun();

const SOAK = fileURLToPath(new URL("../../soak/sockets.main.ts", import.meta.url));

test("of 300 connections that ended in five ways no isolate, thread or descriptor is left", async () => {
  const args = [SOAK, "0", "--connections", "300", "--alive", "12"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(output).toMatch(/300 connections opened and closed/);
  expect(output).not.toMatch(/grown|wrong:/);
  expect(code, output).toBe(0);
}, 180_000);
