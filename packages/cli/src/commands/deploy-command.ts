/** `nanoctl deploy`. */

import type { AppName } from "@nano/protocol/brands";
import type { Command } from "commander";
import type { DeployFlags } from "../cluster/deploy.ts";
import { type CommandContext, collect, onCluster, parseApp, parsePercent } from "./command-context.ts";

const DEPLOY_HELP = `
The app is called as its package.json or directory is, unless --app names it. Its manifest is nano.json; files below
assets/ are answered first. Routes come from --route, or from "routes" of nano.json, and are added to those that it has.
Nothing changes for clients before the version is built: what fails or is interrupted leaves what serves.

Examples:
  $ nanoctl deploy ./my-app --route my-app.example.com
  $ nanoctl deploy --percent 10 --cookie session
  $ nanoctl deploy --no-activate --json`;

export function addDeployCommand(program: Command, context: CommandContext): void {
  onCluster(
    program
      .command("deploy")
      .description("bundle an app, build it on a cluster and serve it")
      .argument("[directory]", "directory of an app, or its entry module", ".")
      .option("--app <name>", "name of the app", parseApp)
      .option("--route <route>", "HOST or HOST/PATH that leads to it; several times for several", collect)
      .option("--percent <percent>", "serve it to a share of clients first (see nanoctl rollout)", parsePercent)
      .option("--cookie <name>", "with --percent: know a client by this cookie; one without it by its address")
      .option("--no-activate", "build it, and serve what was served before"),
  )
    .addHelpText("after", DEPLOY_HELP)
    .action(async (path: string, flags: DeployFlags & { app?: AppName }) => {
      const { deployApp } = await import("../cluster/deploy.ts");
      context.end(await deployApp(path, flags, context));
    });
}
