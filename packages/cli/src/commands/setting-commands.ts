/** `nanoctl secret …`, `routes …`. */

import type { AppName } from "@nano/protocol/brands";
import type { Command } from "commander";
import type { ClusterFlags } from "../cluster/open-cluster.ts";
import type { SetRoutesFlags } from "../cluster/routes.ts";
import { type CommandContext, onCluster, parseApp } from "./command-context.ts";

const SECRET_HELP = `
The value is asked for without echo, or comes from --file or standard input; never from the command line, which others
can read. It is never shown again. The app has it with its next request.

Examples:
  $ nanoctl secret set blog API_KEY
  $ nanoctl secret set blog API_KEY --file ./api-key`;

const ROUTES_HELP = `
A route is HOST or HOST/PATH: shop.example.com, *.example.com, example.com/api. The set replaces the app's routes;
nanoctl deploy --route adds to them.

Example:
  $ nanoctl routes set blog example.com/blog www.example.com/blog`;

export function addSettingCommands(program: Command, context: CommandContext): void {
  const secret = program.command("secret").description("set, list and remove the secrets of an app");

  onCluster(
    secret
      .command("set")
      .description("set one secret")
      .argument("<app>", "name of the app", parseApp)
      .argument("<name>", "its name, as of an environment variable")
      .option("--file <file>", "file that holds the value"),
  )
    .addHelpText("after", SECRET_HELP)
    .action(async (app: AppName, name: string, flags: ClusterFlags & { file?: string }) => {
      const { setSecret } = await import("../cluster/secrets.ts");
      await setSecret({ app, name }, flags, context);
    });

  onCluster(
    secret
      .command("list")
      .description("show the names of an app's secrets; their values are never shown")
      .argument("<app>", "name of the app", parseApp),
  ).action(async (app: AppName, flags: ClusterFlags) => {
    const { listSecrets } = await import("../cluster/secrets.ts");
    await listSecrets(app, flags, context);
  });

  onCluster(
    secret
      .command("rm")
      .description("remove one secret")
      .argument("<app>", "name of the app", parseApp)
      .argument("<name>", "its name"),
  ).action(async (app: AppName, name: string, flags: ClusterFlags) => {
    const { removeSecret } = await import("../cluster/secrets.ts");
    await removeSecret({ app, name }, flags, context);
  });

  const routes = program.command("routes").description("show and set which hosts and paths lead to which app");

  onCluster(
    routes
      .command("list", { isDefault: true })
      .description("show the routes of an app, or all")
      .argument("[app]", "name of the app", parseApp),
  ).action(async (app: AppName | undefined, flags: ClusterFlags) => {
    const { listRoutes } = await import("../cluster/routes.ts");
    await listRoutes(app ?? null, flags, context);
  });

  onCluster(
    routes
      .command("set")
      .description("replace the routes of an app")
      .argument("<app>", "name of the app", parseApp)
      .argument("[routes...]", "HOST or HOST/PATH")
      .option("--none", "remove all: it is not to be reached"),
  )
    .addHelpText("after", ROUTES_HELP)
    .action(async (app: AppName, given: readonly string[], flags: SetRoutesFlags) => {
      const { setRoutes } = await import("../cluster/routes.ts");
      await setRoutes({ app, routes: given }, flags, context);
    });
}
