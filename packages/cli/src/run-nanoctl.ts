/** One call of nanoctl, from its arguments to its exit code. */
import { CommanderError } from "commander";
import type { Input } from "./cluster/private-input.ts";
import { ExitCode, exitCodeOf } from "./exit-codes.ts";
import { describeError } from "./output/describe-error.ts";
import { Terminal, type TerminalStream } from "./output/terminal.ts";
import { createProgram } from "./program.ts";

export interface NanoctlOptions {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input: Input;
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
}

/** @param args what follows the program's name */
export async function runNanoctl(args: readonly string[], options: NanoctlOptions): Promise<ExitCode> {
  const { version, env, input, stdout, stderr } = options;
  const output = new Terminal({ stream: stdout, env });
  const problems = new Terminal({ stream: stderr, env });
  let exitCode: ExitCode = ExitCode.OK;
  const program = createProgram({
    version,
    env,
    output,
    problems,
    input,
    help: {
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
    },
    end: (code) => {
      exitCode = code;
    },
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE;
    problems.line(describeError(error, problems));
    return exitCodeOf(error);
  }
}
