/**
 * From measured figures (`capacity-figures.ts`) and a demand to counts of everything. Arithmetic alone: nothing here was run at that size,
 * and each step is linear in what was measured but where its function says otherwise.
 */
import type { Figures } from "./capacity-figures.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const US_PER_SECOND = 1e6;
const SECONDS_PER_DAY = 86_400;

/** What is asked of all of it together. */
export interface Demand {
  readonly appCount: number;
  readonly requestsPerSecond: number;
  /** Requests of apps in `request` mode; the others are of apps in `app` mode. */
  readonly requestModeRatio: number;
  /** CPU that apps take beyond what `hello` does. */
  readonly appUs: number;
  /** Keep-alive connections of clients. */
  readonly connectionCount: number;
  readonly deploysPerAppPerDay: number;
  readonly versionsPerApp: number;
}

/** What an operator decides; the defaults of the settings where there are such. */
export interface Layout {
  /** Apps that workers have memory for. */
  readonly residentRatio: number;
  /** Apps of a cell. */
  readonly cellAppCount: number;
  /** Cells that a router serves. */
  readonly cellsPerRouter: number;
  readonly workersPerExecutor: number;
  readonly leastExecutorsPerCell: number;
  readonly leastRoutersPerGroup: number;
  /** `workers.isolateBytes` and `workers.isolateCount` of executors, at the most. */
  readonly isolateBytes: number;
  readonly isolateCount: number;
  /** Memory for isolates over what an even spread of apps over workers would take: they are not spread evenly, and some are on several. */
  readonly roomRatio: number;
  /** `listen.maxConnectionCount` of routers. */
  readonly routerConnectionCount: number;
  /** How often an executor tells routers of another load: once a second is the most. */
  readonly loadChangesPerSecond: number;
  /** Share of a core that is meant to be used, of each. */
  readonly executorUsageRatio: number;
  readonly routerUsageRatio: number;
  readonly redisUsageRatio: number;
  readonly builderUsageRatio: number;
}

export const DEMAND: Demand = {
  appCount: 1_000_000,
  requestsPerSecond: 1_000_000,
  requestModeRatio: 1,
  appUs: 0,
  connectionCount: 1_000_000,
  deploysPerAppPerDay: 1,
  versionsPerApp: 20,
};

export const LAYOUT: Layout = {
  residentRatio: 1,
  cellAppCount: 10_000,
  cellsPerRouter: 5,
  workersPerExecutor: 4,
  leastExecutorsPerCell: 3,
  leastRoutersPerGroup: 2,
  isolateBytes: 2 * GIB,
  isolateCount: 2_000,
  roomRatio: 1.1,
  routerConnectionCount: 16_384,
  loadChangesPerSecond: 1,
  executorUsageRatio: 0.65,
  routerUsageRatio: 0.6,
  redisUsageRatio: 0.6,
  builderUsageRatio: 0.65,
};

/** What the control store keeps of its feed, at the most. */
export const FEED_BYTES = 64 * MIB;
export const FEED_EVENT_COUNT = 10_000;
/** What V8 may take beyond an isolate's limit, and the rest of an executor, by the rule of `infra/README.md`. */
const WORKER_MARGIN_BYTES = GIB;
const EXECUTOR_MARGIN_BYTES = 512 * MIB;
/** `websocket.maxConnectionCount` of a router. */
const SOCKETS_PER_ROUTER = 10_000;
/** Times that a deploy is told: the version, and that it is active. */
const CHANGES_PER_DEPLOY = 2;

export interface Plan {
  readonly missRatio: number;
  readonly coldStartsPerSecond: number;
  readonly worker: {
    readonly usPerRequest: number;
    readonly appsThatFit: number;
    readonly forCpuCount: number;
    readonly forMemoryCount: number;
    readonly count: number;
    /** `workers.isolateBytes` that is enough. */
    readonly isolateBytes: number;
  };
  readonly executor: { readonly perCellCount: number; readonly count: number; readonly bytes: number };
  /** Heap of a supervisor, or of a registry, for the records of its cell. */
  readonly stateHeapBytes: number;
  readonly cellCount: number;
  readonly router: {
    readonly groupCount: number;
    readonly perGroupCount: number;
    readonly count: number;
    /** Share of its core that the control plane takes. */
    readonly controlRatio: number;
    /** Without what requests hold. */
    readonly bytes: number;
    readonly heapBytes: number;
    readonly firstStateSeconds: number;
    readonly linkCount: number;
  };
  /** Of all routers and workers. */
  readonly linkCount: number;
  /** Of one cell. */
  readonly redis: {
    readonly bytes: number;
    readonly usageRatio: number;
    readonly outBytesPerSecond: number;
    /** For how long a reader may be away and still read on. */
    readonly feedSeconds: number;
  };
  readonly redisServerCount: number;
  readonly deploysPerSecond: number;
  readonly builderCoreCount: number;
  readonly registryCoreCount: number;
  readonly artifactBytes: number;
  readonly nodeCacheBytes: number;
  /** The app that is asked for most, and its cell, which has the workers of an average one beside those for it. */
  readonly hottest: {
    readonly requestsPerSecond: number;
    readonly workerCount: number;
    readonly cellExecutorCount: number;
    readonly cellRedisUsageRatio: number;
  };
}

export function planCapacity(figures: Figures, demand: Demand = DEMAND, layout: Layout = LAYOUT): Plan {
  const { appCount, requestsPerSecond } = demand;
  const missRatio = lruMissRatio(appCount, layout.residentRatio * appCount);
  const warmUs =
    demand.requestModeRatio * figures.requestModeRequestUs +
    (1 - demand.requestModeRatio) * figures.appModeRequestUs +
    demand.appUs;
  const usPerRequest = warmUs + missRatio * figures.coldStartUs;
  const appsThatFit = Math.min(layout.isolateCount, Math.floor(layout.isolateBytes / figures.idleAppBytes));
  const workersFor = (rate: number): number =>
    Math.ceil((rate * usPerRequest) / US_PER_SECOND / layout.executorUsageRatio);
  const forCpuCount = workersFor(requestsPerSecond);
  const isolateCount = layout.residentRatio * appCount * layout.roomRatio;
  const forMemoryCount = Math.ceil(isolateCount / appsThatFit);

  const cellCount = Math.ceil(appCount / layout.cellAppCount);
  const workersPerCell = Math.max(forCpuCount, forMemoryCount) / cellCount;
  const nodes = Math.max(layout.leastExecutorsPerCell, Math.ceil(workersPerCell / layout.workersPerExecutor));
  const executorCount = nodes * cellCount;
  const workerCount = executorCount * layout.workersPerExecutor;
  const isolateBytes = (isolateCount * figures.idleAppBytes) / workerCount;

  const groupCount = Math.ceil(cellCount / layout.cellsPerRouter);
  const groupCells = Math.ceil(cellCount / groupCount);
  const changesPerSecond = nodes * layout.loadChangesPerSecond;
  const controlRatio =
    (groupCells *
      (figures.routerIdleCellUs + nodes * figures.routerNodeUs + changesPerSecond * figures.routerChangeUs)) /
    US_PER_SECOND;
  const routersPerGroup = Math.max(
    layout.leastRoutersPerGroup,
    Math.ceil(
      (requestsPerSecond / groupCount) *
        (figures.routerRequestUs / US_PER_SECOND / (layout.routerUsageRatio - controlRatio)),
    ),
    Math.ceil(demand.connectionCount / groupCount / layout.routerConnectionCount),
  );
  const routerCount = routersPerGroup * groupCount;
  const linksPerRouter = groupCells * nodes * layout.workersPerExecutor;
  const appsPerRouter = groupCells * layout.cellAppCount;
  const furtherVersions = demand.versionsPerApp - 1;
  const routerStateBytes = appsPerRouter * furtherVersions * figures.stateVersionHeapBytes;

  const deploysPerSecond = (appCount * demand.deploysPerAppPerDay) / SECONDS_PER_DAY;
  const readerCount = nodes + routersPerGroup;
  const deploysPerCell = deploysPerSecond / cellCount;
  const cellLoad = {
    routerCount: routersPerGroup,
    loadChangesPerSecond: layout.loadChangesPerSecond,
    deploysPerSecond: deploysPerCell,
  };
  const redisUsageRatio = redisUsageRatioOf(figures, { ...cellLoad, nodeCount: nodes });
  const eventsPerSecond = changesPerSecond + CHANGES_PER_DEPLOY * deploysPerCell;
  const hottestRate = requestsPerSecond / harmonic(appCount);
  const hottestWorkers = workersFor(hottestRate);
  const hottestNodes = nodes + Math.ceil(hottestWorkers / layout.workersPerExecutor);
  return {
    missRatio,
    coldStartsPerSecond: missRatio * requestsPerSecond,
    worker: { usPerRequest, appsThatFit, forCpuCount, forMemoryCount, count: workerCount, isolateBytes },
    executor: {
      perCellCount: nodes,
      count: executorCount,
      bytes: layout.workersPerExecutor * (isolateBytes + WORKER_MARGIN_BYTES) + EXECUTOR_MARGIN_BYTES,
    },
    stateHeapBytes: layout.cellAppCount * (figures.stateAppHeapBytes + furtherVersions * figures.stateVersionHeapBytes),
    cellCount,
    router: {
      groupCount,
      perGroupCount: routersPerGroup,
      count: routerCount,
      controlRatio,
      bytes:
        figures.routerBytes +
        appsPerRouter * figures.routerAppBytes +
        routerStateBytes +
        linksPerRouter * figures.routerLinkHeapBytes +
        (demand.connectionCount / routerCount) * figures.connectionBytes,
      heapBytes:
        appsPerRouter * figures.routerAppHeapBytes + routerStateBytes + linksPerRouter * figures.routerLinkHeapBytes,
      firstStateSeconds:
        (appsPerRouter * (figures.routerFirstStateUs + furtherVersions * figures.stateVersionReadUs)) / US_PER_SECOND,
      linkCount: linksPerRouter,
    },
    linkCount: linksPerRouter * routerCount,
    redis: {
      bytes: layout.cellAppCount * (figures.redisAppBytes + furtherVersions * figures.redisVersionBytes) + FEED_BYTES,
      usageRatio: redisUsageRatio,
      outBytesPerSecond: changesPerSecond * readerCount * figures.redisReadBytes,
      feedSeconds: FEED_EVENT_COUNT / eventsPerSecond,
    },
    redisServerCount: Math.ceil((cellCount * redisUsageRatio) / layout.redisUsageRatio),
    deploysPerSecond,
    builderCoreCount: (deploysPerSecond * figures.builderDeployUs) / US_PER_SECOND / layout.builderUsageRatio,
    registryCoreCount: (deploysPerSecond * figures.registryDeployUs) / US_PER_SECOND / layout.builderUsageRatio,
    artifactBytes: appCount * demand.versionsPerApp * figures.artifactBytes,
    nodeCacheBytes: (layout.cellAppCount / nodes) * figures.nodeCacheBytes,
    hottest: {
      requestsPerSecond: hottestRate,
      workerCount: hottestWorkers,
      cellExecutorCount: hottestNodes,
      cellRedisUsageRatio: redisUsageRatioOf(figures, { ...cellLoad, nodeCount: hottestNodes }),
    },
  };
}

export interface CellLoad {
  readonly nodeCount: number;
  /** That serve this cell. */
  readonly routerCount: number;
  readonly loadChangesPerSecond: number;
  readonly deploysPerSecond: number;
}

/**
 * What a cell takes of a core of Redis. Every change is read by every executor and every router of the cell: where executors tell of their
 * load, that grows with the square of their number.
 */
export function redisUsageRatioOf(figures: Figures, load: CellLoad): number {
  const { nodeCount, routerCount, loadChangesPerSecond, deploysPerSecond } = load;
  const changesPerSecond = nodeCount * loadChangesPerSecond + CHANGES_PER_DEPLOY * deploysPerSecond;
  return (
    (nodeCount * figures.redisNodeUs +
      routerCount * figures.redisRouterUs +
      changesPerSecond * (nodeCount + routerCount) * figures.redisReadUs +
      deploysPerSecond * figures.redisDeployUs) /
    US_PER_SECOND
  );
}

/** Executors of a cell at which it takes so much of a core of Redis. */
export function nodesAtRedisUsage(
  figures: Figures,
  { usageRatio, ...load }: Omit<CellLoad, "nodeCount"> & { readonly usageRatio: number },
): number {
  let nodeCount = 0;
  while (redisUsageRatioOf(figures, { ...load, nodeCount: nodeCount + 1 }) <= usageRatio) nodeCount += 1;
  return nodeCount;
}

/** Apps, with so many versions kept of each, at which a router of so many bytes is full, connections and requests aside. */
export function appsAtRouterBytes(
  figures: Figures,
  { bytes, versionsPerApp }: { readonly bytes: number; readonly versionsPerApp: number },
): number {
  const appBytes = figures.routerAppBytes + (versionsPerApp - 1) * figures.stateVersionHeapBytes;
  return Math.max(0, Math.floor((bytes - figures.routerBytes) / appBytes));
}

export interface SocketPlan {
  readonly routerCount: number;
  readonly executorBytes: number;
  readonly routerBytes: number;
  readonly routerCoreCount: number;
  readonly workerCoreCount: number;
  /** Until all are back after all were cut, with so many worker cores. */
  readonly reopenSeconds: number;
}

/** Connections of `shared` apps, each with an isolate of its own. */
export function planSockets(
  figures: Figures,
  { connectionCount, messagesPerSecond }: { readonly connectionCount: number; readonly messagesPerSecond: number },
  layout: Layout = LAYOUT,
): SocketPlan {
  const cores = (us: number, usageRatio: number): number => (messagesPerSecond * us) / US_PER_SECOND / usageRatio;
  const workerCoreCount = Math.max(1, cores(figures.socketWorkerMessageUs, layout.executorUsageRatio));
  return {
    routerCount: Math.ceil(connectionCount / SOCKETS_PER_ROUTER),
    executorBytes: connectionCount * figures.socketBytes,
    routerBytes: connectionCount * figures.socketRouterBytes,
    routerCoreCount: cores(figures.socketRouterMessageUs, layout.routerUsageRatio),
    workerCoreCount,
    reopenSeconds: (connectionCount * figures.socketOpenUs) / US_PER_SECOND / workerCoreCount,
  };
}

interface AppGroup {
  readonly count: number;
  /** Share of the requests that each of them gets. */
  readonly weight: number;
}

/** Below it each app is a group of its own; above it neighbours whose weights differ by a percent at most are one. */
const FIRST_GROUPED_RANK = 2_000;
const GROUP_RATIO = 1.01;

function zipfGroups(appCount: number): AppGroup[] {
  const groups: { count: number; weight: number }[] = [];
  let sum = 0;
  for (let rank = 1; rank <= appCount; ) {
    const end = rank < FIRST_GROUPED_RANK ? rank + 1 : Math.min(appCount + 1, Math.ceil(rank * GROUP_RATIO));
    const count = end - rank;
    const weight = 2 / (rank + end - 1);
    groups.push({ count, weight });
    sum += count * weight;
    rank = end;
  }
  return groups.map(({ count, weight }) => ({ count, weight: weight / sum }));
}

/** What 1/n sums up to. */
function harmonic(count: number): number {
  return 1 / (zipfGroups(count)[0] as AppGroup).weight;
}

/**
 * Share of the requests of a Zipf load (s = 1) that find nothing of their app in an LRU of so many places, by Che's approximation: an app
 * is there if it was asked for within the time in which as many different apps as there are places are.
 */
export function lruMissRatio(appCount: number, placeCount: number): number {
  if (placeCount >= appCount) return 0;
  if (placeCount <= 0) return 1;
  const groups = zipfGroups(appCount);
  const isThere = (weight: number, requests: number): number => 1 - Math.exp(-weight * requests);
  let low = 0;
  let high = 1;
  const kept = (requests: number): number =>
    groups.reduce((sum, { count, weight }) => sum + count * isThere(weight, requests), 0);
  while (kept(high) < placeCount) high *= 2;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (kept(middle) < placeCount) low = middle;
    else high = middle;
  }
  return groups.reduce((sum, { count, weight }) => sum + count * weight * (1 - isThere(weight, low)), 0);
}
