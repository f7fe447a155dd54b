/** `nanoctl audit`. */
import type { CommandContext } from "../commands/command-context.ts";
import { showJson, showTable } from "../output/data-table.ts";
import type { ClusterFlags } from "./open-cluster.ts";
import { withCluster } from "./with-cluster.ts";

export async function showAudit(
  flags: ClusterFlags & { readonly limit: number },
  context: CommandContext,
): Promise<void> {
  await withCluster(flags, context, async (client) => {
    const entries = await client.readAudit(flags.limit);
    if (flags.json === true) return showJson({ entries }, context.output);
    const rows = entries.map(({ at, actor, tokenId, action, subject, details }) => [
      at,
      tokenId === null ? actor : `${actor} (${tokenId})`,
      action,
      subject,
      Object.entries(details)
        .map(([name, value]) => `${name}=${value}`)
        .join(" "),
    ]);
    showTable({ head: ["at", "who", "did", "to", ""], rows, nothing: "Nothing was changed yet" }, context.output);
  });
}
