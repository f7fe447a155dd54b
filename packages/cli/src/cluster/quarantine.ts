/** `nanoctl quarantine …`. */
import type { AppName } from "@nano/protocol/brands";
import type { CommandContext } from "../commands/command-context.ts";
import { showJson, showTable } from "../output/data-table.ts";
import type { ClusterFlags } from "./open-cluster.ts";
import { withCluster } from "./with-cluster.ts";

export async function listQuarantined(flags: ClusterFlags, context: CommandContext): Promise<void> {
  await withCluster(flags, context, async (client) => {
    const versions = await client.listQuarantined();
    if (flags.json === true) return showJson({ versions }, context.output);
    const rows = versions.map(({ app, version, isServed, at, nodes }) => [
      app,
      version,
      isServed ? "served apart" : "not served",
      at,
      nodes.join(", "),
    ]);
    const head = ["app", "version", "state", "last ended a worker", "nodes"];
    showTable({ head, rows, nothing: "Nothing is in quarantine" }, context.output);
  });
}

export async function liftQuarantine(app: AppName, flags: ClusterFlags, context: CommandContext): Promise<void> {
  const { output } = context;
  await withCluster(flags, context, async (client) => {
    const answer = await client.liftQuarantine(app);
    if (flags.json === true) return showJson(answer, output);
    output.line(`${output.paint("green", "✓")} ${app}: what its versions did to workers is forgiven`);
  });
}
