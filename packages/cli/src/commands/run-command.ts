/** `nanoctl run`. */
import { type Command, InvalidArgumentError } from "commander";
import { ADDRESS_RANGE_WORDS, isAddressRange } from "../config/address-range.ts";
import type { Target } from "../config/load-plan.ts";
import { errors } from "../errors.ts";
import { type CommandContext, parsePort } from "./command-context.ts";

interface RunFlags {
  readonly entrypoint?: string;
  readonly config?: string;
  readonly sliver?: string;
  readonly host?: string;
  readonly port?: number;
  readonly adminPort?: number;
  readonly dataDir?: string;
  readonly verbose?: boolean;
  readonly debugHeaders?: boolean;
  readonly egressAllow?: readonly string[];
}

const RUN_HELP = `
Names one thing to serve: a directory (the current one by default), one file, a config file, or a ready sliver.
A directory's entry is named by its nano.json or package.json, or is index.ts, index.js or the like, also below src/;
files below assets/ are answered first.

Examples:
  $ nanoctl run ./my-app --port 3000
  $ nanoctl run --config nano.config.json`;

export function addRunCommand(program: Command, { env, output, end }: CommandContext): void {
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
    .option("--debug-headers", "say in responses which version, worker and rung they are from, and how that started")
    .option("--egress-allow <range>", "addresses that apps may fetch from, such as 127.0.0.0/8; repeatable", addRange)
    .addHelpText("after", RUN_HELP)
    .action(async (directory: string | undefined, flags: RunFlags) => {
      const target = pickTarget(directory, flags);
      const { runMachine } = await import("../run/run-command.ts");
      end(
        await runMachine({
          target,
          overrides: {
            host: flags.host,
            port: flags.port,
            adminPort: flags.adminPort,
            debugHeaders: flags.debugHeaders,
            egressAllowedRanges: flags.egressAllow,
          },
          dataDirectory: flags.dataDir ?? null,
          isVerbose: flags.verbose === true,
          terminal: output,
          env,
        }),
      );
    });
}

function addRange(text: string, ranges: readonly string[] = []): readonly string[] {
  if (!isAddressRange(text)) throw new InvalidArgumentError(`Found ${text}, expected ${ADDRESS_RANGE_WORDS}.`);
  return [...ranges, text];
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
