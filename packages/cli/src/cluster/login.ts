/** `nanoctl login`, `logout`, `whoami`, `clusters`. */
import { resolve } from "node:path";
import type { WhoAmIAnswer } from "@nano/protocol/registry-api";
import type { CommandContext } from "../commands/command-context.ts";
import { errors } from "../errors.ts";
import { showFields, showJson, showTable } from "../output/data-table.ts";
import { type Endpoint, isPrivate, parseEndpoint } from "../registry/endpoint.ts";
import { clusterFilePath, clusterNameSchema, readClusters, writeClusters } from "./cluster-file.ts";
import { type ClusterFlags, connect, endpointOrRefuse, openCluster } from "./open-cluster.ts";
import { readToken } from "./token-source.ts";

export interface LoginOptions {
  readonly url: string;
  readonly name?: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly appsUrl?: string;
  readonly json?: boolean;
}

/** Keeps nothing unless the registry knows the token. */
export async function logIn(options: LoginOptions, { env, output, problems, input }: CommandContext): Promise<void> {
  const endpoint = endpointOrRefuse(options.url);
  const name = nameOf(options.name, endpoint);
  const appsUrl = options.appsUrl === undefined ? null : appsUrlOrRefuse(options.appsUrl);
  const ca = options.ca === undefined ? null : resolve(options.ca);
  const path = clusterFilePath(env);
  // A file that cannot be used is told before anything is typed.
  readClusters(path);
  if (!isPrivate(endpoint)) {
    problems.line(
      problems.paint("yellow", `${endpoint.text} is not encrypted: everybody on the way can read the token`),
    );
  }
  const isSocket = "socketPath" in endpoint.target;
  const token = isSocket ? null : await readToken({ tokenFile: options.tokenFile ?? null, env, input, problems });
  const { client, close } = connect({ name, endpoint, token, ca, appsUrl });
  let who: WhoAmIAnswer;
  try {
    who = await client.whoAmI();
  } finally {
    close();
  }
  const file = readClusters(path);
  const cluster = { url: endpoint.text, token, ca, apps_url: appsUrl };
  writeClusters(path, { current: name, clusters: { ...file.clusters, [name]: cluster } });
  if (options.json === true) return showJson({ cluster: name, url: endpoint.text, ...who }, output);
  output.line(`${output.paint("green", "✓")} ${name}: ${describeWho(who)} at ${endpoint.text}`);
}

export function logOut(chosen: string | null, { env, output }: CommandContext): void {
  const path = clusterFilePath(env);
  const { current, clusters } = readClusters(path);
  const name = chosen ?? current;
  if (name === null) throw errors.NO_CLUSTER({});
  const { [name]: removed, ...rest } = clusters;
  if (removed === undefined) throw errors.CLUSTER_UNKNOWN({ name, known: Object.keys(clusters) });
  writeClusters(path, { current: current === name ? null : current, clusters: rest });
  output.line(`${name}: forgotten; its token stays valid until it expires or is revoked`);
}

export function showClusters(
  { chosen, asJson }: { readonly chosen: string | null; readonly asJson: boolean },
  { env, output }: CommandContext,
): void {
  const path = clusterFilePath(env);
  const file = readClusters(path);
  if (chosen !== null && !Object.hasOwn(file.clusters, chosen)) {
    throw errors.CLUSTER_UNKNOWN({ name: chosen, known: Object.keys(file.clusters) });
  }
  const current = chosen ?? file.current;
  if (chosen !== null) writeClusters(path, { ...file, current });
  const clusters = Object.entries(file.clusters).map(([name, { url }]) => ({ name, url, isCurrent: name === current }));
  if (asJson) {
    showJson({ clusters }, output);
    return;
  }
  const rows = clusters.map(({ name, url, isCurrent }) => [isCurrent ? "*" : "", name, url]);
  showTable({ head: ["", "cluster", "url"], rows, nothing: "No clusters: nanoctl login URL" }, output);
}

export async function showWhoAmI(flags: ClusterFlags, { env, output }: CommandContext): Promise<void> {
  const { place, client, close } = openCluster(flags, { env });
  try {
    const who = await client.whoAmI();
    const { name: cluster, endpoint } = place;
    if (flags.json === true) return showJson({ cluster, url: endpoint.text, ...who }, output);
    showFields(
      [
        ["cluster", cluster ?? "–"],
        ["url", endpoint.text],
        ["name", who.name],
        ["role", who.role],
        ["apps", who.apps === null ? "all" : who.apps.join(", ")],
        ["token", who.id ?? "none: over a Unix socket everybody is an operator"],
        ["expires", who.expiresAt ?? "never"],
      ],
      output,
    );
  } finally {
    close();
  }
}

function describeWho({ name, role, apps }: WhoAmIAnswer): string {
  return `${name}, ${role}${apps === null ? "" : ` of ${apps.join(", ")}`}`;
}

function nameOf(chosen: string | undefined, { target }: Endpoint): string {
  const name = chosen ?? ("host" in target ? target.host : "local");
  if (clusterNameSchema.safeParse(name).success) return name;
  throw errors.USAGE({
    why: `Cluster cannot be called ${name}: choose a name of letters, digits, \`.\`, \`_\` and \`-\` by --name`,
  });
}

function appsUrlOrRefuse(url: string): string {
  const endpoint = parseEndpoint(url);
  if (endpoint !== null && "host" in endpoint.target && endpoint.prefix === "") return endpoint.text;
  throw errors.USAGE({
    why: `--apps-url cannot be used: found ${url}, expected https://HOST[:PORT] or http://HOST[:PORT]`,
  });
}
