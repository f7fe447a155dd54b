/**
 * Apps whose long entries keep a worker's thread from others. They get a part of the node's workers among themselves, the cordon, and routers send
 * others elsewhere: who waits behind a long entry is then somebody who makes long entries.
 *
 *   ──`busyRatio` of a worker's time in long entries, beside somebody──▶ in the cordon ──`CALM_MS` far below it, or with nobody beside──▶ as any other
 *
 * I1 Nobody is cordoned where nobody else is there: all workers are theirs.
 * I2 A node with one worker has no cordon.
 */
import type { AppName, WorkerId } from "@nano/protocol/brands";
import type { NodeCordon } from "@nano/protocol/records";
import type { ThreadUseReport } from "../worker-messages.ts";

/** Over which an app's share is taken: one burst is none. */
export const WINDOW_MS = 5_000;
/** Before an app is let out, and the cordon ended. */
export const CALM_MS = 60_000;
/** Of `busyRatio`: an app at the border does not come and go. */
const CALM_PART = 0.25;
/** Of the node's workers, one at the least. */
const WORKERS_PART = 0.25;
/** Named in the node's record; further ones stay where they are. */
export const MAX_CORDONED_APPS = 64;
/** Shares below are forgotten. */
const FORGET_RATIO = 0.002;

export interface CordonOptions {
  /** Share of one worker's time, 0 to 1. 0: there is no cordon */
  readonly busyRatio: number;
  /** @default a clock that is never set */
  nowMs?(): number;
  onChange(change: CordonChange, app: AppName, ratio: number): void;
}

export type CordonChange = "cordoned" | "freed";

export class Cordon {
  readonly #options: CordonOptions;
  /** By worker: what each app takes of it. */
  readonly #ratios = new Map<WorkerId, Map<AppName, number>>();
  /** With when each was last busy enough to stay. */
  readonly #cordoned = new Map<AppName, number>();
  #workers: readonly WorkerId[] = [];
  /** When somebody was last there who makes no long entries. */
  #neededMs = Number.NEGATIVE_INFINITY;

  constructor(options: CordonOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#cordoned.size;
  }

  /** Takes what a worker says of its time. */
  report(id: WorkerId, { elapsedMs, busyMsByApp, activeAppCount }: ThreadUseReport): void {
    const { busyRatio } = this.#options;
    if (busyRatio === 0 || elapsedMs <= 0) return;
    const nowMs = this.#nowMs();
    this.#average(id, elapsedMs, busyMsByApp);
    if (activeAppCount > Object.keys(busyMsByApp).length) this.#neededMs = nowMs;
    const isNeeded = nowMs - this.#neededMs < WINDOW_MS;
    for (const app of Object.keys(busyMsByApp) as AppName[]) {
      const ratio = this.#ratioOf(app);
      if (this.#cordoned.has(app)) {
        if (ratio >= busyRatio * CALM_PART) this.#cordoned.set(app, nowMs);
      } else if (isNeeded && ratio >= busyRatio && this.#cordoned.size < MAX_CORDONED_APPS) {
        this.#cordoned.set(app, nowMs);
        this.#options.onChange("cordoned", app, ratio);
      }
    }
    const isOver = nowMs - this.#neededMs >= CALM_MS;
    for (const [app, busyMs] of this.#cordoned) if (isOver || nowMs - busyMs >= CALM_MS) this.#free(app);
  }

  /** The worker is gone. */
  forget(id: WorkerId): void {
    this.#ratios.delete(id);
  }

  /** For the node's record; null: there is none. @param workers those that serve */
  place(workers: readonly WorkerId[]): NodeCordon | null {
    if (this.#cordoned.size === 0 || workers.length < 2) {
      this.#workers = [];
      return null;
    }
    const count = Math.max(1, Math.floor(workers.length * WORKERS_PART));
    const kept = this.#workers.filter((id) => workers.includes(id)).slice(0, count);
    // Where they are already, they are warm.
    const further = workers.filter((id) => !kept.includes(id)).sort((a, b) => this.#busyOf(b) - this.#busyOf(a));
    this.#workers = [...kept, ...further].slice(0, count);
    return { workers: this.#workers, apps: [...this.#cordoned.keys()] };
  }

  /** Each report weighs as much as its time is of the window. */
  #average(id: WorkerId, elapsedMs: number, busyMsByApp: ThreadUseReport["busyMsByApp"]): void {
    const ratios = this.#ratios.get(id) ?? new Map<AppName, number>();
    this.#ratios.set(id, ratios);
    const weight = 1 - Math.exp(-elapsedMs / WINDOW_MS);
    for (const app of new Set([...ratios.keys(), ...(Object.keys(busyMsByApp) as AppName[])])) {
      const before = ratios.get(app) ?? 0;
      const ratio = before + ((busyMsByApp[app] ?? 0) / elapsedMs - before) * weight;
      if (ratio < FORGET_RATIO) ratios.delete(app);
      else ratios.set(app, ratio);
    }
  }

  /** On all workers together: it is the same before it is cordoned and after. */
  #ratioOf(app: AppName): number {
    let sum = 0;
    for (const ratios of this.#ratios.values()) sum += ratios.get(app) ?? 0;
    return sum;
  }

  #busyOf(id: WorkerId): number {
    let sum = 0;
    for (const [app, ratio] of this.#ratios.get(id) ?? []) if (this.#cordoned.has(app)) sum += ratio;
    return sum;
  }

  #free(app: AppName): void {
    this.#cordoned.delete(app);
    this.#options.onChange("freed", app, this.#ratioOf(app));
  }

  #nowMs(): number {
    return this.#options.nowMs?.() ?? performance.now();
  }
}
