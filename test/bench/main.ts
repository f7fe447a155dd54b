/** `npm run bench -- NAME`: runs one benchmark, or with no name all of them. `--small`: only to see that it runs, where it can. */
import { benchApi } from "./api.bench.ts";
import { benchCluster, type ClusterPart, clusterParts } from "./cluster.bench.ts";
import { benchColdStart } from "./cold-start.bench.ts";
import { benchHello } from "./hello.bench.ts";
import { benchSlivers } from "./slivers.bench.ts";
import { benchWebSocket, type WebSocketPart, webSocketParts } from "./websocket.bench.ts";

type Bench = (options: { readonly isSmall: boolean }) => Promise<void>;

const SMALL = "--small";
const benches: Readonly<Record<string, Bench>> = {
  "cold-start": benchColdStart,
  slivers: benchSlivers,
  hello: benchHello,
  api: benchApi,
  cluster: (options) => benchCluster(clusterParts, options),
  websocket: (options) => benchWebSocket(webSocketParts, options),
};
/** Parts that can be run alone. */
const parts: Readonly<Record<string, Bench>> = Object.fromEntries([
  ...clusterParts.map((part: ClusterPart): [string, Bench] => [
    `cluster-${part}`,
    (options) => benchCluster([part], options),
  ]),
  ...webSocketParts.map((part: WebSocketPart): [string, Bench] => [
    `websocket-${part}`,
    (options) => benchWebSocket([part], options),
  ]),
]);

const args = process.argv.slice(2);
const names = args.filter((arg) => arg !== SMALL);
const known: Readonly<Record<string, Bench>> = { ...benches, ...parts };
const unknown = names.filter((name) => !(name in known));
if (unknown.length > 0) {
  process.stderr.write(`Unknown benchmark ${unknown.join(", ")}: expected one of ${Object.keys(known).join(", ")}\n`);
  process.exit(2);
}
const options = { isSmall: args.includes(SMALL) };
for (const name of names.length > 0 ? names : Object.keys(benches)) await known[name]?.(options);
