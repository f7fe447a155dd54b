/** One command against one registry, its connections ended whatever comes of it. */
import type { CommandContext } from "../commands/command-context.ts";
import { type ClusterFlags, type OpenCluster, openCluster } from "./open-cluster.ts";

export async function withCluster<T>(
  flags: ClusterFlags,
  { env }: Pick<CommandContext, "env">,
  work: (client: OpenCluster["client"], place: OpenCluster["place"]) => Promise<T>,
): Promise<T> {
  const cluster = openCluster(flags, { env });
  try {
    return await work(cluster.client, cluster.place);
  } finally {
    cluster.close();
  }
}
