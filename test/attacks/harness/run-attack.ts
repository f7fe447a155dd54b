/** One attack for a while, arriving once a second for each worker, while the neighbours are loaded. */
import type { NanoProcess } from "../../support/nano-process.ts";
import type { AttackTarget, Outcome } from "./attack.ts";
import type { NamedAttack } from "./corpus.ts";
import { type EchoingSockets, isBlastRadius, loadNeighbours, type NeighbourReport } from "./neighbours.ts";

const ARRIVAL_INTERVAL_MS = 1_000;
/** An arrival that has not ended by then is not contained. */
const CONTAINED_WITHIN_MS = 50_000;
/** For neighbours of what kills or hangs a process. */
const HARMED_P99_MS = 2_000;
const CPU_FACTOR = 2;
const CPU_GRACE_MS = 50;

export interface AttackReport {
  readonly id: string;
  readonly tries: string;
  readonly arrivals: number;
  /** What became of its arrivals, and how often. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly medianMs: number;
  readonly maxMs: number;
  readonly neighbours: NeighbourReport;
  readonly p99BoundMs: number;
  /** What was not as it must be. */
  readonly wrong: readonly string[];
}

export interface RunAttackOptions {
  readonly nano: NanoProcess;
  readonly sockets: EchoingSockets;
  readonly durationMs: number;
  /** Of any app that is served. */
  readonly longestCpuMs: number;
}

export async function runAttack(
  attack: NamedAttack,
  target: AttackTarget,
  options: RunAttackOptions,
): Promise<AttackReport> {
  const { nano, sockets, durationMs, longestCpuMs } = options;
  const workerCount = await nano.metric("router_links_count");
  const strikes: Promise<void>[] = [];
  const outcomes: Record<string, number> = {};
  const wrong = new Set<string>();
  const tookMs: number[] = [];

  const strike = async (): Promise<void> => {
    const begunMs = performance.now();
    const { isContained, what } = await strikeOnce(attack, target);
    tookMs.push(performance.now() - begunMs);
    outcomes[what] = (outcomes[what] ?? 0) + 1;
    if (!isContained) wrong.add(`not contained: ${what}`);
  };
  const arrive = (): void => {
    for (let i = 0; i < Math.max(1, workerCount); i++) strikes.push(strike());
  };
  arrive();
  const timer = setInterval(arrive, ARRIVAL_INTERVAL_MS);
  const neighbours = await loadNeighbours(nano, { sockets, durationMs });
  clearInterval(timer);
  await Promise.all(strikes);

  const p99BoundMs = attack.harm === undefined ? CPU_FACTOR * longestCpuMs + CPU_GRACE_MS : HARMED_P99_MS;
  for (const fault of findFaults(attack, neighbours, p99BoundMs)) wrong.add(fault);
  tookMs.sort((a, b) => a - b);
  return {
    id: attack.id,
    tries: attack.tries,
    arrivals: strikes.length,
    outcomes,
    medianMs: tookMs[Math.floor(tookMs.length / 2)] ?? 0,
    maxMs: tookMs.at(-1) ?? 0,
    neighbours,
    p99BoundMs,
    wrong: [...wrong],
  };
}

/** Never rejects: what throws is not contained. */
export async function strikeOnce(attack: NamedAttack, target: AttackTarget): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Outcome>((resolve) => {
    timer = setTimeout(resolve, CONTAINED_WITHIN_MS, { isContained: false, what: "nothing came" });
  });
  const struck = attack
    .strike(target)
    .catch((error: Error) => ({ isContained: false, what: `threw ${error.message}` }));
  const outcome = await Promise.race([struck, late]);
  clearTimeout(timer);
  return outcome;
}

function findFaults(
  attack: NamedAttack,
  { quick, waiting, brokenSockets }: NeighbourReport,
  p99BoundMs: number,
): string[] {
  const faults: string[] = [];
  for (const [name, load] of Object.entries({ quick, waiting })) {
    const [first] = load.failures;
    if (first !== undefined)
      faults.push(`${load.failures.length} requests of ${name} failed: ${first.what.split("\n")[0]}`);
    if (load.p99Ms > p99BoundMs) faults.push(`p99 of ${name} is ${Math.round(load.p99Ms)} ms`);
  }
  const outsideRadius = brokenSockets.filter((end) => !isBlastRadius(attack, end));
  if (outsideRadius.length > 0) faults.push(`sockets closed: ${outsideRadius.join(", ")}`);
  return faults;
}
