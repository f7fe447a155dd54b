/** One command against one registry, its connections ended whatever comes of it. */
import type { CommandContext } from "../commands/command-context.ts";
import { printable } from "../output/terminal.ts";
import { type ClusterFlags, type OpenCluster, openCluster } from "./open-cluster.ts";

export async function withCluster<T>(
  flags: ClusterFlags,
  { env, problems }: Pick<CommandContext, "env" | "problems">,
  work: (client: OpenCluster["client"], place: OpenCluster["place"]) => Promise<T>,
): Promise<T> {
  const cluster = openCluster(flags, {
    env,
    onWait: (text) => void problems.line(problems.paint("yellow", printable(text))),
  });
  try {
    return await work(cluster.client, cluster.place);
  } finally {
    cluster.close();
  }
}
