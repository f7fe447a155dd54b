/** What was measured of NANO, as far as `capacity.ts` reckons with it: each figure with the benchmark that prints it and the row it is in. */

/** A figure in the unit of its name. */
export interface MeasuredFigure {
  readonly value: number;
  readonly what: string;
  /** After `npm run bench --`. */
  readonly bench: string;
  /** Where in what that prints, and what was done with it. */
  readonly row: string;
}

const KIB = 1024;
const MIB = 1024 * KIB;

function figure(value: number, what: string, bench: string, row: string): MeasuredFigure {
  return { value, what, bench, row };
}

export const MEASURED = {
  routerRequestUs: figure(
    39,
    "router CPU of a `hello`",
    "cluster-hello",
    "CPU/request: router, the higher of two rows",
  ),
  appModeRequestUs: figure(25, "worker CPU of a `hello`, `app` mode", "cluster-hello", "CPU/request: worker"),
  requestModeRequestUs: figure(
    645,
    "worker CPU of a `hello`, `request` mode",
    "hello",
    "1,461 requests/CPU-s of all processes, less the router's 39 µs",
  ),
  coldStartUs: figure(
    2_750,
    "worker CPU of a cold start, `hello`",
    "cold-start",
    "cold start, median; one thread from the head to the first frame, so its time is its CPU at the most",
  ),
  idleAppBytes: figure(
    2_361_682,
    "worker memory of an idle app, `hello`, a spare context in it",
    "idle-memory",
    "NANO, idle app, median",
  ),
  routerBytes: figure(117.5 * MIB, "router memory without an app", "cluster-scale", "router: resident before"),
  routerAppBytes: figure(
    ((224.6 - 117.5) * MIB) / 10_000,
    "router memory of an app with two routes",
    "cluster-scale",
    "router: resident with all apps, less before, over 10,000 apps",
  ),
  routerAppHeapBytes: figure(
    ((49.5 - 18.1) * MIB) / 10_000,
    "of it heap",
    "cluster-scale",
    "router: heap with all apps, less before, over 10,000 apps",
  ),
  stateAppHeapBytes: figure(
    1_880,
    "heap of an app's records, one version and two routes, in whoever follows its cell",
    "unit-costs",
    "who follows a cell: heap of an app's records",
  ),
  stateVersionHeapBytes: figure(
    1_232,
    "the same of each further version that is kept",
    "unit-costs",
    "who follows a cell: heap of one more version",
  ),
  stateVersionReadUs: figure(
    20,
    "CPU of reading that version",
    "unit-costs",
    "who follows a cell: CPU of reading that version",
  ),
  routerLinkHeapBytes: figure(
    ((51.7 - 49.5) * MIB) / 200,
    "router heap of a link to a worker",
    "cluster-scale",
    "router: heap with links, less with all apps, over 200 links",
  ),
  routerFirstStateUs: figure(
    63.4,
    "time of a router's start per app",
    "cluster-scale",
    "router: first state, one at a time, over 10,000 apps",
  ),
  routerIdleCellUs: figure(2_000, "router CPU per second of a cell", "cluster-scale", "router: CPU, nobody renews"),
  routerNodeUs: figure(
    140,
    "router CPU per second of an executor that renews",
    "cluster-scale",
    "router: CPU, 100 executors renew, nothing new, less nobody renews",
  ),
  routerChangeUs: figure(
    210,
    "router CPU of a change that it reads",
    "cluster-scale",
    "router: CPU, another load each time, less nothing new, over 100 changes a second",
  ),
  redisAppBytes: figure(
    (12.9 * MIB) / 10_000,
    "Redis memory of an app with one version and two routes",
    "cluster-scale",
    "Redis: memory of all apps, of it records, over 10,000 apps",
  ),
  redisVersionBytes: figure(
    1.6 * KIB,
    "Redis memory of one more version, at the most: the feed's part is in it",
    "cluster-scale",
    "Redis: one deploy, memory",
  ),
  redisDeployUs: figure(
    189 + 145,
    "Redis CPU of a deploy and its activation, nobody reading",
    "cluster-scale",
    "Redis: one deploy, one activate, CPU",
  ),
  redisDeployFileBytes: figure(
    1.9 * KIB + 522,
    "bytes of a deploy and its activation to Redis's file and each replica",
    "cluster-scale",
    "Redis: one deploy, one activate",
  ),
  redisRouterUs: figure(
    1_600,
    "Redis CPU per second of a router that looks",
    "cluster-scale",
    "Redis: nobody renews, over five routers",
  ),
  redisNodeUs: figure(
    820,
    "Redis CPU per second of an executor that looks and renews",
    "cluster-scale",
    "Redis: 100 executors renew, nothing new, less nobody renews",
  ),
  redisReadUs: figure(
    84,
    "Redis CPU of a change that one reader is given",
    "cluster-scale",
    "Redis: another load each time, less nothing new, over 100 changes a second to 105 readers",
  ),
  connectionBytes: figure(
    18.4 * KIB,
    "router memory of an idle keep-alive connection",
    "unit-costs",
    "router: an idle keep-alive connection",
  ),
  socketBytes: figure(
    1_943_246,
    "memory of a WebSocket connection, `shared`, all processes",
    "websocket-memory",
    "5,000 connections, each",
  ),
  socketRouterBytes: figure(
    ((140.3 - 63.5) * MIB) / 4_999,
    "of it the router's",
    "websocket-memory",
    "router at 5,000 connections, less at one, over 4,999",
  ),
  socketOpenUs: figure(
    3_030,
    "worker CPU of opening a WebSocket connection, `shared`",
    "websocket-open",
    "16 at once, CPU/connection: worker",
  ),
  socketRouterMessageUs: figure(
    24,
    "router CPU of a 16 B message there and back",
    "websocket-echo",
    "100 connections, `shared`, CPU/round trip: router",
  ),
  socketWorkerMessageUs: figure(
    80,
    "worker CPU of the same",
    "websocket-echo",
    "100 connections, `shared`, CPU/round trip: worker",
  ),
  registryDeployUs: figure(54_000, "registry CPU of a deploy, `hono-api`", "unit-costs", "registry: CPU of a deploy"),
  builderDeployUs: figure(
    1_365_000,
    "builder CPU of a deploy, `hono-api`, processes for the next one included",
    "unit-costs",
    "builder and its children: CPU of a deploy",
  ),
  artifactBytes: figure(
    1.4 * MIB,
    "artifact storage of a version, `hono-api`",
    "unit-costs",
    "artifact store: bundle and sliver of a deploy",
  ),
  nodeCacheBytes: figure(
    2.3 * MIB,
    "disk of an app in a node's cache, `hono-api`",
    "unit-costs",
    "node's disk cache: unpacked sliver of a deploy",
  ),
  redisReadBytes: figure(
    (10.3 * MIB) / (100 * 105),
    "bytes from Redis of an executor's change to one reader",
    "cluster-scale",
    "Redis: another load each time, out, over 100 changes a second to 105 readers",
  ),
} as const satisfies Readonly<Record<string, MeasuredFigure>>;

/** What `cluster-placement` printed for ten executors, and how it was set: `capacity-placement.ts` has to come out at that. */
export const MEASURED_PLACEMENT = {
  appCount: 10_000,
  workersPerNode: 2,
  capacityCount: 16,
  inFlightCount: 160,
  warmUpCount: 5_000,
  requestCount: 20_000,
  /** By the first and last of the nodes that were there. */
  phases: [
    { name: "10 executors", nodes: [1, 10], knownRatio: 0.9826, busiestToMean: 1.82, unspilledRatio: 2.79 },
    { name: "11 executors", nodes: [1, 11], knownRatio: 0.9917, busiestToMean: 2.07, unspilledRatio: 3.01 },
    { name: "10 executors, another", nodes: [2, 11], knownRatio: 0.989, busiestToMean: 1.8, unspilledRatio: 2.78 },
  ],
} as const;

/** By name, the values alone: put your own in place. */
export type Figures = Readonly<Record<keyof typeof MEASURED, number>>;

export function measuredFigures(): Figures {
  return Object.fromEntries(Object.entries(MEASURED).map(([name, { value }]) => [name, value])) as Figures;
}
