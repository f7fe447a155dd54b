/** nanoctl: the command line of NANO. */
import { createRequire } from "node:module";
import { runNanoctl } from "./run-nanoctl.ts";

const { version } = createRequire(import.meta.url)("../package.json") as { version: string };

// A reader that goes away (`nanoctl … | head`) ends the output, not the machine.
process.stdout.on("error", () => {});
process.exitCode = await runNanoctl(process.argv.slice(2), {
  version,
  env: process.env,
  input: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});
