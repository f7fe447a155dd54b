/** `nanoctl apps`, `versions`, `delete`. */

import type { AppName } from "@nano/protocol/brands";
import type { Command } from "commander";
import type { ClusterFlags } from "../cluster/open-cluster.ts";
import { type CommandContext, onCluster, parseApp } from "./command-context.ts";

const DELETE_HELP = `
It goes with its versions, routes and secrets, and is not to be had back. On a terminal it is asked for once more.

Example:
  $ nanoctl delete old-shop --yes`;

export function addAppCommands(program: Command, context: CommandContext): void {
  onCluster(program.command("apps").description("show the apps of a cluster")).action(async (flags: ClusterFlags) => {
    const { showApps } = await import("../cluster/apps.ts");
    await showApps(flags, context);
  });

  onCluster(
    program
      .command("versions")
      .description("show the versions of an app, newest first")
      .argument("<app>", "name of the app", parseApp),
  ).action(async (app: AppName, flags: ClusterFlags) => {
    const { showVersions } = await import("../cluster/apps.ts");
    await showVersions(app, flags, context);
  });

  onCluster(
    program
      .command("delete")
      .description("delete an app and all that belongs to it")
      .argument("<app>", "name of the app", parseApp)
      .option("--yes", "do not ask"),
  )
    .addHelpText("after", DELETE_HELP)
    .action(async (app: AppName, flags: ClusterFlags & { yes?: boolean }) => {
      const { deleteApp } = await import("../cluster/apps.ts");
      await deleteApp(app, flags, context);
    });
}
