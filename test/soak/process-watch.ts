/** The processes of a NANO over its life: how much memory each had when, what each has open, and which are left when it has ended. */
import { setTimeout as delay } from "node:timers/promises";
import {
  cpuMsOf,
  descendantsOf,
  descriptorCountOf,
  kindOf,
  type ProcessKind,
  processKinds,
  startTicksOf,
} from "../support/process-table.ts";
import { residentBytesOf } from "../support/resident-watch.ts";
import { type ResidentSample, slopeRatioPerTenMinutes } from "./resident-slope.ts";

const SAMPLE_EVERY_MS = 2_000;
/** More often than for memory: one that lives shortly may leave something, too. */
const LOOK_EVERY_MS = 250;
const GONE_WITHIN_MS = 5_000;
/** From less time, the slope is of the beginning. */
const MIN_SLOPE_MS = 600_000;
/** Some times what the start of a worker takes. */
const SERVING_CPU_MS = 3_000;

export interface ProcessLife {
  readonly pid: number;
  readonly kind: ProcessKind;
  readonly bornMs: number;
  readonly samples: ResidentSample[];
  /** From when on it serves, as the CPU that it took tells: one that stands by takes none. Null: not yet. */
  servesFromMs: number | null;
  isAlive: boolean;
}

export class ProcessWatch {
  readonly #root: number;
  readonly #startMs = performance.now();
  /** By id and start, since ids come again. */
  readonly #lives = new Map<string, ProcessLife>();
  readonly #timer: NodeJS.Timeout;
  #sampledMs = Number.NEGATIVE_INFINITY;

  constructor(root: number) {
    this.#root = root;
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  /** All that were seen, the oldest first. */
  get lives(): readonly ProcessLife[] {
    return [...this.#lives.values()];
  }

  get elapsedMs(): number {
    return performance.now() - this.#startMs;
  }

  /** Resident memory of those that live, by kind, in bytes. */
  residentByKind(): ReadonlyMap<ProcessKind, readonly number[]> {
    const alive = this.lives.filter(({ isAlive }) => isAlive);
    const found = processKinds.map(
      (kind) =>
        [
          kind,
          alive.filter((life) => life.kind === kind).map(({ samples }) => samples.at(-1)?.residentBytes ?? 0),
        ] as const,
    );
    return new Map(found.filter(([, bytes]) => bytes.length > 0));
  }

  /** The load is over: memory at rest is not what is asked. */
  endSamples(): void {
    this.#sampledMs = Number.POSITIVE_INFINITY;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Those that have outlived it all, once they have had the time to end. */
  async findLeft(): Promise<readonly ProcessLife[]> {
    const deadlineMs = performance.now() + GONE_WITHIN_MS;
    for (;;) {
      const left = [...this.#lives].filter(([key, { pid }]) => key === keyOf(pid)).map(([, life]) => life);
      if (left.length === 0 || performance.now() > deadlineMs) return left;
      await delay(LOOK_EVERY_MS);
    }
  }

  #look(): void {
    const nowMs = this.elapsedMs;
    const isSample = nowMs - this.#sampledMs >= SAMPLE_EVERY_MS;
    if (isSample) this.#sampledMs = nowMs;
    const found = new Set<ProcessLife>();
    for (const pid of descendantsOf(this.#root)) {
      const key = keyOf(pid);
      if (key === null) continue;
      const kind = kindOf(pid);
      const known = this.#lives.get(key);
      // It was looked at before it became what it is.
      const life =
        known?.kind === kind ? known : { pid, kind, bornMs: nowMs, samples: [], servesFromMs: null, isAlive: true };
      this.#lives.set(key, life);
      found.add(life);
      if (!isSample) continue;
      life.samples.push({ elapsedMs: nowMs, residentBytes: residentBytesOf(pid) });
      if (life.servesFromMs === null && cpuMsOf(pid) >= SERVING_CPU_MS) life.servesFromMs = nowMs;
    }
    for (const life of this.#lives.values()) life.isAlive = found.has(life);
  }
}

/** Growth of resident memory per ten minutes over the last half of the time that it served, as a share of it; null: it serves for too short a time to tell. */
export function slopeOf({ samples, servesFromMs }: ProcessLife): number | null {
  const lastMs = samples.at(-1)?.elapsedMs ?? 0;
  if (servesFromMs === null || lastMs - servesFromMs < MIN_SLOPE_MS) return null;
  const serving = samples.filter(({ elapsedMs }) => elapsedMs >= servesFromMs);
  return slopeRatioPerTenMinutes(
    serving.map(({ elapsedMs, residentBytes }) => ({ elapsedMs: elapsedMs - servesFromMs, residentBytes })),
  );
}

/** Null: it is gone. */
function keyOf(pid: number): string | null {
  const ticks = startTicksOf(pid);
  return ticks === null ? null : `${pid} ${ticks}`;
}

/** Descriptors of the process of each kind that has the most, and how many there are. */
export interface OpenDescriptors {
  readonly most: Readonly<Partial<Record<ProcessKind, number>>>;
  readonly workerCount: number;
  readonly socketWorkerCount: number;
}

export function countDescriptors(root: number): OpenDescriptors {
  const most: Partial<Record<ProcessKind, number>> = {};
  let workerCount = 0;
  let socketWorkerCount = 0;
  for (const pid of descendantsOf(root)) {
    const kind = kindOf(pid);
    if (kind === "worker" || kind === "WebSocket worker") workerCount += 1;
    if (kind === "WebSocket worker") socketWorkerCount += 1;
    most[kind] = Math.max(most[kind] ?? 0, descriptorCountOf(pid) ?? 0);
  }
  return { most, workerCount, socketWorkerCount };
}
