/** nanoctl as a whole: its command groups, one file each in `commands/`. */
import { Command, type OutputConfiguration } from "commander";
import { addAppCommands } from "./commands/app-commands.ts";
import { addAuthorCommands } from "./commands/author-commands.ts";
import type { CommandContext } from "./commands/command-context.ts";
import { addDeployCommand } from "./commands/deploy-command.ts";
import { addLoginCommands } from "./commands/login-commands.ts";
import { addLogsCommand } from "./commands/logs-command.ts";
import { addOperatorCommands } from "./commands/operator-commands.ts";
import { addRolloutCommands } from "./commands/rollout-commands.ts";
import { addRunCommand } from "./commands/run-command.ts";
import { addSettingCommands } from "./commands/setting-commands.ts";
import { addSliverCommands } from "./commands/sliver-commands.ts";
import { ExitCode } from "./exit-codes.ts";

export interface ProgramOptions extends CommandContext {
  readonly version: string;
  /** Where help, and what is wrong with the arguments, are written. */
  readonly help: Pick<OutputConfiguration, "writeOut" | "writeErr">;
}

const EXIT_HELP = `
Exit codes: ${ExitCode.OK} done, ${ExitCode.ERROR} error, ${ExitCode.USAGE} usage, ${ExitCode.CONFIG} config, ${ExitCode.SLIVER} sliver, ${ExitCode.INTERRUPTED} interrupted`;

// Commands are loaded when they run, so that `--help` costs no more than their options.
export function createProgram({ version, help, ...context }: ProgramOptions): Command {
  const program = new Command("nanoctl")
    .description("Runs many small JavaScript applications, each in its own V8 isolate, started from a sliver.")
    .version(version, "-V, --version", "print the version")
    // Otherwise that one is taken from commands with a --version of their own.
    .enablePositionalOptions()
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .addHelpText("after", EXIT_HELP)
    .showHelpAfterError("(--help shows what there is)")
    .exitOverride()
    .configureOutput(help)
    .configureHelp({ showGlobalOptions: true });

  program.commandsGroup("For authors:");
  addAuthorCommands(program, context);
  program.commandsGroup("On this machine:");
  addRunCommand(program, context);
  addSliverCommands(program, context);
  program.commandsGroup("On a cluster:");
  addLoginCommands(program, context);
  addDeployCommand(program, context);
  addAppCommands(program, context);
  addRolloutCommands(program, context);
  addSettingCommands(program, context);
  addLogsCommand(program, context);
  addOperatorCommands(program, context);
  program.commandsGroup("Help:");
  addHelpCommand(program);
  return program;
}

/** Commander's own looks one level deep. */
function addHelpCommand(program: Command): void {
  program
    .command("help")
    .description("print help of a command")
    .argument("[command...]")
    .action((names: readonly string[]) => {
      let found = program;
      for (const name of names) {
        const next = found.commands.find((each) => each.name() === name || each.aliases().includes(name));
        if (next === undefined) return void found.error(`error: unknown command '${name}'`);
        found = next;
      }
      found.outputHelp();
    });
}
