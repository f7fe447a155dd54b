/** `nanoctl nodes`. */
import type { CommandContext } from "../commands/command-context.ts";
import { showJson, showTable } from "../output/data-table.ts";
import type { ClusterFlags } from "./open-cluster.ts";
import { withCluster } from "./with-cluster.ts";

export async function showNodes(flags: ClusterFlags, context: CommandContext): Promise<void> {
  await withCluster(flags, context, async (client) => {
    const nodes = await client.listNodes();
    if (flags.json === true) return showJson({ nodes }, context.output);
    const rows = nodes.map((node) => [
      node.id,
      node.isDraining ? "draining" : "serving",
      String(node.workerCount),
      node.load === null ? "unknown" : `${Math.round(node.load * 100)} %`,
      node.engine.slice(0, 12),
      node.badSliverCount === 0 ? "" : String(node.badSliverCount),
      node.address,
    ]);
    const head = ["node", "state", "workers", "load", "engine", "bad slivers", "address"];
    showTable({ head, rows, nothing: "No executors" }, context.output);
  });
}
