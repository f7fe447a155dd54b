/** `nanoctl login`, `logout`, `whoami`, `clusters`. */
import type { Command } from "commander";
import type { ClusterFlags } from "../cluster/open-cluster.ts";
import { type CommandContext, onCluster } from "./command-context.ts";

const LOGIN_HELP = `
The token is asked for without echo, or comes from --token-file, NANO_TOKEN, or standard input; never from the command
line, which others can read. It is kept in ~/.config/nano/clusters.json for this user alone. The cluster becomes the
current one.

Examples:
  $ nanoctl login https://registry.example.com
  $ nanoctl login https://registry.example.com --name prod --token-file ./token --apps-url https://example.com`;

interface LoginFlags {
  readonly name?: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly appsUrl?: string;
  readonly json?: boolean;
}

export function addLoginCommands(program: Command, context: CommandContext): void {
  program
    .command("login")
    .description("sign in to a cluster")
    .argument("<url>", "URL of its app-registry")
    .option("--name <name>", "what to call it (default: its host)")
    .option("--token-file <file>", "file that holds the token")
    .option("--ca <file>", "certificates in PEM to trust, in place of the system's")
    .option("--apps-url <url>", "scheme and port at which apps are asked, for the URLs that deploy prints")
    .option("--json", "as JSON, for programs")
    .addHelpText("after", LOGIN_HELP)
    .action(async (url: string, flags: LoginFlags) => {
      const { logIn } = await import("../cluster/login.ts");
      await logIn({ url, ...flags }, context);
    });

  program
    .command("logout")
    .description("forget a cluster and its token; the token stays valid")
    .argument("[name]", "which one (default: the current one)")
    .action(async (name: string | undefined) => {
      const { logOut } = await import("../cluster/login.ts");
      logOut(name ?? null, context);
    });

  program
    .command("clusters")
    .description("show the clusters that you are logged in to, or choose the current one")
    .argument("[name]", "the one to become the current one")
    .option("--json", "as JSON, for programs")
    .action(async (name: string | undefined, flags: { json?: boolean }) => {
      const { showClusters } = await import("../cluster/login.ts");
      showClusters({ chosen: name ?? null, asJson: flags.json === true }, context);
    });

  onCluster(program.command("whoami").description("show who the registry takes you for")).action(
    async (flags: ClusterFlags) => {
      const { showWhoAmI } = await import("../cluster/login.ts");
      await showWhoAmI(flags, context);
    },
  );
}
