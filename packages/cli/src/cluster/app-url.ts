/** Where an app of a cluster is asked, as a browser would write it. */
import type { ClusterPlace } from "./open-cluster.ts";
import type { AppRoute } from "./routes.ts";

/**
 * Scheme and port are those of `--apps-url`; without it `https`, and `http` for names of this machine: the registry
 * does not know what stands in front of the routers.
 */
export function urlOfRoute({ host, path }: AppRoute, { appsUrl }: Pick<ClusterPlace, "appsUrl">): string {
  const name = host.startsWith("*.") ? `any${host.slice(1)}` : host;
  if (appsUrl !== null) {
    const { protocol, port } = new URL(appsUrl);
    return `${protocol}//${name}${port === "" ? "" : `:${port}`}${path}`;
  }
  return `${isThisMachine(name) ? "http" : "https"}://${name}${path}`;
}

function isThisMachine(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost") || name.startsWith("127.") || name === "[::1]";
}
