/** nanoctl: the command line of NANO. */
import { createRequire } from "node:module";
import { CommanderError } from "commander";
import { ExitCode, exitCodeOf } from "./exit-codes.ts";
import { describeError } from "./output/describe-error.ts";
import { Terminal } from "./output/terminal.ts";
import { createProgram } from "./program.ts";

const { version } = createRequire(import.meta.url)("../package.json") as { version: string };

async function main(): Promise<ExitCode> {
  const { env } = process;
  const output = new Terminal({ stream: process.stdout, env });
  const problems = new Terminal({ stream: process.stderr, env });
  let exitCode: ExitCode = ExitCode.OK;
  const program = createProgram({
    version,
    env,
    output,
    problems,
    input: process.stdin,
    end: (code) => {
      exitCode = code;
    },
  });
  try {
    await program.parseAsync(process.argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE;
    problems.line(describeError(error, problems));
    return exitCodeOf(error);
  }
}

// A reader that goes away (`nanoctl … | head`) ends the output, not the machine.
process.stdout.on("error", () => {});
process.exitCode = await main();
