/**
 * The workers of one moment where nodes have a cordon (`NodeRecord.cordon`): apps with long entries get those that are for them, all others the rest.
 *
 * I1 An app is not refused for a cordon: where none of its own part can be reached, or others than heavy ones were refused there, any worker takes it.
 */
import type { AppName, WorkerId } from "@nano/protocol/brands";
import type { NodeRecord } from "@nano/protocol/records";
import { WorkerSet, type WorkerSlot } from "./pick-worker.ts";

export interface Cordons {
  readonly apps: ReadonlySet<AppName>;
  readonly workers: ReadonlySet<WorkerId>;
}

/** Of all nodes; null: none has one. */
export function cordonsOf(nodes: Iterable<NodeRecord>): Cordons | null {
  const apps = new Set<AppName>();
  const workers = new Set<WorkerId>();
  for (const { cordon, draining } of nodes) {
    if (cordon === undefined || draining) continue;
    for (const app of cordon.apps) apps.add(app);
    for (const worker of cordon.workers) workers.add(worker);
  }
  return apps.size === 0 || workers.size === 0 ? null : { apps, workers };
}

export function isSameCordons(a: Cordons | null, b: Cordons | null): boolean {
  if (a === null || b === null) return a === b;
  return isSameSet(a.apps, b.apps) && isSameSet(a.workers, b.workers);
}

function isSameSet<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean {
  return a.size === b.size && [...a].every((each) => b.has(each));
}

/** As a `WorkerSet`. */
export type WorkerChoice = Pick<WorkerSet, "pick" | "rankNodes" | "usedBy" | "forgetIdle">;

export class CordonedWorkers implements WorkerChoice {
  readonly #apps: ReadonlySet<AppName>;
  readonly #all: WorkerSet;
  readonly #quiet: WorkerSet;
  readonly #heavy: WorkerSet;
  readonly #heavySlots: readonly WorkerSlot[];

  constructor(slots: Iterable<WorkerSlot>, { apps, workers }: Cordons) {
    const all = [...slots];
    this.#apps = apps;
    this.#all = new WorkerSet(all);
    this.#heavySlots = all.filter(({ id }) => workers.has(id));
    this.#heavy = new WorkerSet(this.#heavySlots);
    this.#quiet = new WorkerSet(all.filter(({ id }) => !workers.has(id)));
  }

  pick(app: AppName, workerCount: number, tried: readonly WorkerSlot[] | null): WorkerSlot | null {
    const picked = this.#partOf(app).pick(app, workerCount, tried);
    if (picked !== null) return picked;
    const mayLeave = !this.#apps.has(app) || !this.#heavySlots.some(({ link }) => link?.isOpen === true);
    return mayLeave ? this.#all.pick(app, workerCount, tried) : null;
  }

  rankNodes(app: AppName): readonly WorkerSlot[] {
    return this.#all.rankNodes(app);
  }

  usedBy(app: AppName, workerCount: number): readonly WorkerSlot[] {
    return [...new Set([this.#partOf(app), this.#all].flatMap((part) => part.usedBy(app, workerCount)))];
  }

  forgetIdle(): void {
    for (const part of [this.#all, this.#quiet, this.#heavy]) part.forgetIdle();
  }

  #partOf(app: AppName): WorkerSet {
    return this.#apps.has(app) ? this.#heavy : this.#quiet;
  }
}
