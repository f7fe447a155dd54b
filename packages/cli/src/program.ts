/** The commands of nanoctl and their options. */
import { Command, InvalidArgumentError, Option } from "commander";
import type { Target } from "./config/load-plan.ts";
import { errors } from "./errors.ts";
import { ExitCode } from "./exit-codes.ts";
import type { Terminal } from "./output/terminal.ts";

export interface ProgramOptions {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: Terminal;
  /** Takes the exit code of a command that ended without an error. */
  end(code: ExitCode): void;
}

interface RunFlags {
  readonly entrypoint?: string;
  readonly config?: string;
  readonly sliver?: string;
  readonly host?: string;
  readonly port?: number;
  readonly adminPort?: number;
  readonly dataDir?: string;
  readonly verbose?: boolean;
}

const RUN_HELP = `
Names one thing to serve: a directory (the current one by default), one file, a config file, or a ready sliver.
A directory's entry is named by its nano.json or package.json, or is index.ts; files below assets/ are answered first.

Examples:
  $ nanoctl run ./my-app --port 3000
  $ nanoctl run --config nano.config.json`;

const CREATE_HELP = `
A sliver holds the app's initialised heap and its isolation. The heap has the env_vars that the top level was given, as
plain text. Assets, limits, websocket and the handler's env stay behind: they come from the config file that serves the
sliver; assets are served from a directory alone.

Example:
  $ nanoctl sliver create ./my-app -o my-app.sliver`;

const LIST_HELP = `
Shows what a run has deployed. A file that sliver create wrote is listed once a run has served it; until then, look
at it with sliver inspect. A run keeps its state beside what it serves: name that directory's .nano where it is not the
current one's.
Last used: when a worker was last given the sliver, to serve or to be ready.

Example:
  $ nanoctl sliver list --data-dir ./my-app/.nano`;

const EXIT_HELP = `
Exit codes: ${ExitCode.OK} done, ${ExitCode.ERROR} error, ${ExitCode.USAGE} usage, ${ExitCode.CONFIG} config, ${ExitCode.SLIVER} sliver, ${ExitCode.INTERRUPTED} interrupted`;

// Commands are loaded when they run, so that `--help` costs no more than this file.
export function createProgram({ version, env, output, end }: ProgramOptions): Command {
  const program = new Command("nanoctl")
    .description("Runs many small JavaScript applications, each in its own V8 isolate, started from a sliver.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help of a command")
    .addHelpText("after", EXIT_HELP)
    .showHelpAfterError("(--help shows what there is)")
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });

  program
    .command("run")
    .description("serve apps on this machine")
    .argument("[directory]", "directory of an app")
    .option("--entrypoint <file>", "entry module of an app")
    .option("--config <file>", "config file with any number of apps")
    .option("--sliver <file>", "ready sliver")
    .option("--host <address>", "address to listen on (default: 127.0.0.1)")
    .option("--port <number>", "port to listen on, 0 for any (default: 8080)", parsePort)
    .option("--admin-port <number>", "port of /metrics, /healthz and /readyz on localhost (default: 9090)", parsePort)
    .option("--data-dir <directory>", "where state is kept (default: .nano beside what is served)")
    .option("-v, --verbose", "show every line that the services log")
    .addHelpText("after", RUN_HELP)
    .action(async (directory: string | undefined, flags: RunFlags) => {
      const target = pickTarget(directory, flags);
      const { runMachine } = await import("./run/run-command.ts");
      end(
        await runMachine({
          target,
          overrides: { host: flags.host, port: flags.port, adminPort: flags.adminPort },
          dataDirectory: flags.dataDir ?? null,
          isVerbose: flags.verbose === true,
          terminal: output,
          env,
        }),
      );
    });

  const sliver = program.command("sliver").description("make, read, check and list slivers");
  const dataDir = () =>
    new Option("--data-dir <directory>", "where the signing key and the trusted keys are (default: once per user)");

  sliver
    .command("create")
    .description("build an app into a sliver")
    .argument("<directory>", "directory of an app, or its entry module")
    .requiredOption("-o, --output <file>", "where the sliver goes")
    .addOption(dataDir())
    .addHelpText("after", CREATE_HELP)
    .action(async (path: string, flags: { output: string; dataDir?: string }) => {
      const { createSliver } = await import("./sliver/create-sliver.ts");
      const dataDirectory = flags.dataDir ?? null;
      end(await createSliver({ path, output: flags.output, dataDirectory, terminal: output, env }));
    });

  sliver
    .command("inspect")
    .description("show what a sliver says about itself; it need not be trusted")
    .argument("<file>", "sliver file")
    .option("--json", "as JSON")
    .action(async (path: string, flags: { json?: boolean }) => {
      const { inspectSliver } = await import("./sliver/inspect-sliver.ts");
      await inspectSliver({ path, asJson: flags.json === true, terminal: output });
    });

  sliver
    .command("verify")
    .description("check signature and digests of a sliver")
    .argument("<file>", "sliver file")
    .addOption(dataDir())
    .action(async (path: string, flags: { dataDir?: string }) => {
      const { verifySliver } = await import("./sliver/verify-sliver.ts");
      await verifySliver({ path, dataDirectory: flags.dataDir ?? null, terminal: output, env });
    });

  sliver
    .command("list")
    .description("show which slivers this machine holds, whether or not it serves them now")
    .addOption(new Option("--data-dir <directory>", "where the state of a run is kept (default: .nano)"))
    .option("--json", "as JSON")
    .addHelpText("after", LIST_HELP)
    .action(async (flags: { dataDir?: string; json?: boolean }) => {
      const { listSlivers } = await import("./sliver/list-slivers.ts");
      const dataDirectory = flags.dataDir ?? null;
      await listSlivers({ dataDirectory, asJson: flags.json === true, terminal: output, nowMs: Date.now() });
    });

  return program;
}

/** @throws CTL_USAGE where more than one thing is named */
function pickTarget(directory: string | undefined, flags: RunFlags): Target {
  const named: readonly Target[] = [
    ...(directory === undefined ? [] : [{ kind: "directory", path: directory } as const]),
    ...(flags.entrypoint === undefined ? [] : [{ kind: "entrypoint", path: flags.entrypoint } as const]),
    ...(flags.config === undefined ? [] : [{ kind: "config", path: flags.config } as const]),
    ...(flags.sliver === undefined ? [] : [{ kind: "sliver", path: flags.sliver } as const]),
  ];
  if (named.length > 1) {
    throw errors.USAGE({ why: `Only one thing can be served: found ${named.map((each) => each.kind).join(" and ")}` });
  }
  return named[0] ?? { kind: "directory", path: "." };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("Expected a number from 0 to 65535.");
}
