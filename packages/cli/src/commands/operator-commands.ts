/** `nanoctl nodes`, `quarantine …`, `token …`, `audit`. */
import type { AppName } from "@nano/protocol/brands";
import { type Command, Option } from "commander";
import type { ClusterFlags } from "../cluster/open-cluster.ts";
import type { CreateTokenFlags } from "../cluster/tokens.ts";
import { type CommandContext, collect, onCluster, parseApp, parseCount } from "./command-context.ts";

const DEFAULT_AUDIT_COUNT = 50;

const CREATE_HELP = `
The token is shown this once: the registry keeps its hash alone. operator: everything; deployer: apps, their versions,
secrets and routes; reader: looks at all but secrets.

Examples:
  $ nanoctl token create ci --role deployer --app blog --app shop --expires 90d
  $ nanoctl token create dashboard --role reader`;

export function addOperatorCommands(program: Command, context: CommandContext): void {
  onCluster(program.command("nodes").description("show the executors of a cluster and their load")).action(
    async (flags: ClusterFlags) => {
      const { showNodes } = await import("../cluster/nodes.ts");
      await showNodes(flags, context);
    },
  );

  const quarantine = program
    .command("quarantine")
    .description("show versions that ended workers again and again, and forgive them");

  onCluster(
    quarantine.command("list", { isDefault: true }).description("show them, and which executors know of them"),
  ).action(async (flags: ClusterFlags) => {
    const { listQuarantined } = await import("../cluster/quarantine.ts");
    await listQuarantined(flags, context);
  });

  onCluster(
    quarantine
      .command("lift")
      .description("let an app's versions share workers again, whatever they did until now")
      .argument("<app>", "name of the app", parseApp),
  ).action(async (app: AppName, flags: ClusterFlags) => {
    const { liftQuarantine } = await import("../cluster/quarantine.ts");
    await liftQuarantine(app, flags, context);
  });

  const token = program.command("token").description("make, list and revoke tokens for the registry's API");

  onCluster(
    token
      .command("create")
      .description("make a token")
      .argument("<name>", "whose it is, for lists and the audit log")
      .addOption(
        new Option("--role <role>", "what it may do").choices(["operator", "deployer", "reader"]).makeOptionMandatory(),
      )
      .option(
        "--app <app>",
        "for a deployer: an app that it may change; several times for several (default: all)",
        collect,
      )
      .option("--expires <duration>", "such as 90d, 12h, 30m (default: never)"),
  )
    .addHelpText("after", CREATE_HELP)
    .action(async (name: string, flags: CreateTokenFlags) => {
      const { createToken } = await import("../cluster/tokens.ts");
      await createToken(name, flags, context);
    });

  onCluster(token.command("list").description("show the tokens, never what they are")).action(
    async (flags: ClusterFlags) => {
      const { listTokens } = await import("../cluster/tokens.ts");
      await listTokens(flags, context);
    },
  );

  onCluster(
    token.command("revoke").description("end a token at once").argument("<id>", "as nanoctl token list shows it"),
  ).action(async (id: string, flags: ClusterFlags) => {
    const { revokeToken } = await import("../cluster/tokens.ts");
    await revokeToken(id, flags, context);
  });

  onCluster(
    program
      .command("audit")
      .description("show who changed what, newest first")
      .option("--limit <count>", "so many entries", parseCount, DEFAULT_AUDIT_COUNT),
  ).action(async (flags: ClusterFlags & { limit: number }) => {
    const { showAudit } = await import("../cluster/audit.ts");
    await showAudit(flags, context);
  });
}
