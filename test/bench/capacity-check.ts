/** What of `capacity.ts` a simulation can check: placement beside what was measured of it, and one cell as it is planned. */
import { DEMAND, LAYOUT, lruMissRatio, planCapacity } from "./capacity.ts";
import { MEASURED_PLACEMENT, measuredFigures } from "./capacity-figures.ts";
import { namedWorkers, type PlacementFigures, PlacementSimulation } from "./capacity-placement.ts";
import type { Report } from "./report.ts";
import { formatCount, formatRatio } from "./table.ts";
import { Zipf } from "./zipf.ts";

/** `workers.capacityCount` of executors, and how much of it is in flight. */
const CAPACITY_COUNT = 64;
const IN_FLIGHT_RATIO = 0.5;
/** Memory beyond what an even spread of apps would take. */
const ROOM_RATIOS = [1, LAYOUT.roomRatio];
const EFFORT = { appCount: LAYOUT.cellAppCount, requestCount: 300_000 };
const SMALL_EFFORT = { appCount: 500, requestCount: 5_000 };

function formatPercent(ratio: number): string {
  return `${(ratio * 100).toFixed(2)} %`;
}

export interface SimulatedPhase {
  readonly name: string;
  readonly measured: { readonly knownRatio: number; readonly busiestToMean: number; readonly unspilledRatio: number };
  readonly simulated: { readonly knownRatio: number; readonly busiestToMean: number; readonly unspilledRatio: number };
}

/** `cluster-placement` again, without processes. */
export function simulatePhases(): SimulatedPhase[] {
  const { appCount, workersPerNode, capacityCount, inFlightCount, warmUpCount, requestCount } = MEASURED_PLACEMENT;
  const zipf = new Zipf(appCount);
  return MEASURED_PLACEMENT.phases.map(({ name, nodes, ...measured }) => {
    const [first, last] = nodes;
    const simulation = new PlacementSimulation({
      appCount,
      workers: namedWorkers(last, workersPerNode).slice((first - 1) * workersPerNode),
      capacityCount,
      inFlightCount,
      isolateCount: appCount,
    });
    simulation.askAll();
    simulation.run(zipf, warmUpCount);
    const { knownRatio, busiestToMean } = simulation.run(zipf, requestCount);
    return {
      name,
      measured,
      simulated: { knownRatio, busiestToMean, unspilledRatio: simulation.unspilledRatio(zipf) },
    };
  });
}

export function simulateMeasured(): Report {
  const phases = simulatePhases();
  return {
    title: "capacity, check: what `cluster-placement` measured, and the same simulated",
    head: ["phase", "found the app warm", "simulated", "busiest ÷ mean", "simulated", "without spilling", "simulated"],
    rows: phases.map(({ name, measured, simulated }) => [
      name,
      formatPercent(measured.knownRatio),
      formatPercent(simulated.knownRatio),
      formatRatio(measured.busiestToMean),
      formatRatio(simulated.busiestToMean),
      formatRatio(measured.unspilledRatio),
      formatRatio(simulated.unspilledRatio),
    ]),
    data: phases,
  };
}

export interface CellOptions {
  readonly isSmall: boolean;
  readonly residentRatios: readonly number[];
}

/** One cell as it is planned, its load placed request by request. */
export function simulateCell({ isSmall, residentRatios }: CellOptions): Report {
  const effort = isSmall ? SMALL_EFFORT : EFFORT;
  const rows = residentRatios.map((residentRatio) => {
    const plan = planCapacity(measuredFigures(), DEMAND, { ...LAYOUT, residentRatio });
    const workerCount = plan.executor.perCellCount * LAYOUT.workersPerExecutor;
    const evenCount = (effort.appCount * residentRatio) / workerCount;
    const [even, roomy] = ROOM_RATIOS.map((ratio) => simulate(effort, workerCount, Math.ceil(evenCount * ratio)));
    if (even === undefined || roomy === undefined) throw new Error("Nothing was simulated");
    return { residentRatio, workerCount, evenCount, even, roomy };
  });
  return {
    title: `capacity, placement: a Zipf load of ${formatCount(effort.requestCount)} requests over one cell of ${formatCount(effort.appCount)} apps, simulated; in flight half of what all workers take before they are loaded`,
    head: [
      "apps resident",
      "workers",
      "isolates of each",
      "wait for a restore",
      "with a tenth more isolates",
      "reckoned: one LRU for all",
      "busiest worker ÷ mean",
      "apps of a worker: mean, most",
      "workers of an app",
    ],
    rows: rows.map(({ residentRatio, workerCount, evenCount, even, roomy }) => [
      formatPercent(residentRatio),
      formatCount(workerCount),
      formatCount(Math.ceil(evenCount)),
      formatPercent(even.restoredRatio),
      formatPercent(roomy.restoredRatio),
      formatPercent(lruMissRatio(effort.appCount, residentRatio * effort.appCount)),
      formatRatio(even.busiestToMean),
      `${formatCount(even.appsPerWorker.mean)}, ${formatCount(even.appsPerWorker.most)}`,
      even.workersPerApp.toFixed(3),
    ]),
    data: rows,
  };
}

function simulate(
  { appCount, requestCount }: typeof EFFORT,
  workerCount: number,
  isolateCount: number,
): PlacementFigures {
  const { workersPerExecutor } = LAYOUT;
  const simulation = new PlacementSimulation({
    appCount,
    workers: namedWorkers(workerCount / workersPerExecutor, workersPerExecutor),
    capacityCount: CAPACITY_COUNT,
    inFlightCount: Math.round(workerCount * CAPACITY_COUNT * IN_FLIGHT_RATIO),
    isolateCount,
  });
  const zipf = new Zipf(appCount);
  simulation.askAll();
  simulation.run(zipf, requestCount);
  return simulation.run(zipf, requestCount);
}
