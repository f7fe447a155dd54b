/** `nanoctl logs`. */

import type { AppName } from "@nano/protocol/brands";
import type { Command } from "commander";
import type { ClusterFlags } from "../cluster/open-cluster.ts";
import { type CommandContext, onCluster, parseApp } from "./command-context.ts";

const LOGS_HELP = `
Shows what the app writes from now on, on all executors, until Ctrl-C; nothing is kept to be shown later. Lines that
came faster than they could be passed on are counted.

Examples:
  $ nanoctl logs blog --follow
  $ nanoctl logs blog --follow --json | jq .text`;

export function addLogsCommand(program: Command, context: CommandContext): void {
  onCluster(
    program
      .command("logs")
      .description("follow the output of an app")
      .argument("<app>", "name of the app", parseApp)
      .option("-f, --follow", "go on until Ctrl-C; it does so without it, too"),
  )
    .addHelpText("after", LOGS_HELP)
    .action(async (app: AppName, flags: ClusterFlags) => {
      const { followLogs } = await import("../cluster/follow-logs.ts");
      context.end(await followLogs(app, flags, context));
    });
}
