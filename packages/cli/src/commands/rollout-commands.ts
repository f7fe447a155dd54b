/** `nanoctl activate`, `rollback`, `promote`, `rollout …`. */

import type { AppName } from "@nano/protocol/brands";
import { type Command, InvalidArgumentError } from "commander";
import type { ClusterFlags } from "../cluster/open-cluster.ts";
import { parseVersionPrefix } from "../cluster/pick-version.ts";
import type { RolloutFlags } from "../cluster/rollouts.ts";
import { type CommandContext, onCluster, parseApp, parseCount, parsePercent } from "./command-context.ts";

const VERSION_EXPECTED = "which one: all of it, or its first 4 hex digits or more";

const SET_HELP = `
A client that has the new version keeps it while the share grows; what is not said stays as it is. A client is known by
its address; with --cookie by that cookie's value, and by its address while it sends none. A rollout that was halted
begins again only where --version names it.

Examples:
  $ nanoctl rollout set blog 10 --version v0123456789abcdef
  $ nanoctl rollout set blog 50
  $ nanoctl promote blog`;

export function addRolloutCommands(program: Command, context: CommandContext): void {
  onCluster(
    program
      .command("activate")
      .description("serve a version to all clients; ends a rollout")
      .argument("<app>", "name of the app", parseApp)
      .argument("<version>", VERSION_EXPECTED, parseVersion),
  ).action(async (app: AppName, version: string, flags: ClusterFlags) => {
    const { activate } = await import("../cluster/rollouts.ts");
    await activate({ app, version }, flags, context);
  });

  onCluster(
    program
      .command("rollback")
      .description("serve an earlier version again")
      .argument("<app>", "name of the app", parseApp)
      .argument("[version]", "which one (default: the one that served before)", parseVersion),
  ).action(async (app: AppName, version: string | undefined, flags: ClusterFlags) => {
    const { rollBack } = await import("../cluster/rollouts.ts");
    await rollBack({ app, version: version ?? null }, flags, context);
  });

  onCluster(
    program
      .command("promote")
      .description("serve the version in the rollout to all clients")
      .argument("<app>", "name of the app", parseApp),
  ).action(async (app: AppName, flags: ClusterFlags) => {
    const { promote } = await import("../cluster/rollouts.ts");
    await promote(app, flags, context);
  });

  const rollout = program.command("rollout").description("serve a version to a share of an app's clients");

  onCluster(
    rollout.command("status").description("show the rollout of an app").argument("<app>", "name of the app", parseApp),
  ).action(async (app: AppName, flags: ClusterFlags) => {
    const { showRollout } = await import("../cluster/rollouts.ts");
    await showRollout(app, flags, context);
  });

  onCluster(
    rollout
      .command("set")
      .description("begin a rollout, or change its share")
      .argument("<app>", "name of the app", parseApp)
      .argument("<percent>", "share of clients, 0 to 100", parsePercent)
      .option("--version <version>", "which version (default: the one in the rollout)", parseVersion)
      .option("--cookie <name>", "know a client by this cookie; one without it by its address")
      .option("--halt-percent <percent>", "halt by itself at this share of failed requests", parsePercent)
      .option("--halt-requests <count>", "once there were so many requests", parseCount),
  )
    .addHelpText("after", SET_HELP)
    .action(async (app: AppName, percent: number, flags: RolloutFlags) => {
      const { setRollout } = await import("../cluster/rollouts.ts");
      await setRollout({ app, percent }, flags, context);
    });

  onCluster(
    rollout
      .command("stop")
      .description("end a rollout: all clients get the active version")
      .argument("<app>", "name of the app", parseApp),
  ).action(async (app: AppName, flags: ClusterFlags) => {
    const { stopRollout } = await import("../cluster/rollouts.ts");
    await stopRollout(app, flags, context);
  });
}

function parseVersion(text: string): string {
  const prefix = parseVersionPrefix(text);
  if (prefix !== null) return prefix;
  throw new InvalidArgumentError("Expected a version as nanoctl versions shows it, or its first 4 hex digits or more.");
}
