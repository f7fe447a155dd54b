/** `nanoctl sliver …`. */
import { type Command, Option } from "commander";
import type { CommandContext } from "./command-context.ts";

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

export function addSliverCommands(program: Command, { env, output, end }: CommandContext): void {
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
      const { createSliver } = await import("../sliver/create-sliver.ts");
      const dataDirectory = flags.dataDir ?? null;
      end(await createSliver({ path, output: flags.output, dataDirectory, terminal: output, env }));
    });

  sliver
    .command("inspect")
    .description("show what a sliver says about itself; it need not be trusted")
    .argument("<file>", "sliver file")
    .option("--json", "as JSON")
    .action(async (path: string, flags: { json?: boolean }) => {
      const { inspectSliver } = await import("../sliver/inspect-sliver.ts");
      await inspectSliver({ path, asJson: flags.json === true, terminal: output });
    });

  sliver
    .command("verify")
    .description("check signature and digests of a sliver")
    .argument("<file>", "sliver file")
    .addOption(dataDir())
    .action(async (path: string, flags: { dataDir?: string }) => {
      const { verifySliver } = await import("../sliver/verify-sliver.ts");
      await verifySliver({ path, dataDirectory: flags.dataDir ?? null, terminal: output, env });
    });

  sliver
    .command("list")
    .description("show which slivers this machine holds, whether or not it serves them now")
    .addOption(new Option("--data-dir <directory>", "where the state of a run is kept (default: .nano)"))
    .option("--json", "as JSON")
    .addHelpText("after", LIST_HELP)
    .action(async (flags: { dataDir?: string; json?: boolean }) => {
      const { listSlivers } = await import("../sliver/list-slivers.ts");
      const dataDirectory = flags.dataDir ?? null;
      await listSlivers({ dataDirectory, asJson: flags.json === true, terminal: output, nowMs: Date.now() });
    });
}
