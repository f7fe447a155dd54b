/**
 * How long entries that workers are in were seen to run, or to sleep, and not to wait for a core: an entry of a loaded machine takes its time, and does
 * not hang. Where the machine is loaded it is seen late, too; what it did before nobody knows.
 */
import { readFileSync } from "node:fs";

const MS_PER_NS = 1e-6;

/** An entry by what names it: its process, its thread in that, and when it began. */
export interface WatchedEntry {
  readonly pid: number;
  /** The kernel's number of its thread; 0: not known. */
  readonly taskId: number;
  readonly beganMs: number;
  /** How long ago that is. */
  readonly runMs: number;
}

interface SeenEntry extends Pick<WatchedEntry, "beganMs" | "runMs"> {
  /** What its thread had waited when it was first seen. */
  readonly waitedMs: number;
}

export class CoreWaits {
  #seen = new Map<string, SeenEntry>();
  #next = new Map<string, SeenEntry>();

  /** Since it was first seen. Every entry is asked for between two `turn`s, or is taken for new. */
  ownMs({ pid, taskId, beganMs, runMs }: WatchedEntry): number {
    if (taskId === 0) return runMs;
    const countsPath = `/proc/${pid}/task/${taskId}/schedstat`;
    const known = this.#seen.get(countsPath);
    const waitedMs = readWaitedMs(countsPath);
    const first = known?.beganMs === beganMs ? known : { beganMs, runMs, waitedMs };
    this.#next.set(countsPath, first);
    return runMs - first.runMs - (waitedMs - first.waitedMs);
  }

  /** All entries that there are have been asked for. */
  turn(): void {
    this.#seen = this.#next;
    this.#next = new Map();
  }
}

/** The second of the kernel's counts: ns in which it could have run, and another did. */
function readWaitedMs(countsPath: string): number {
  try {
    return Number(readFileSync(countsPath, "latin1").split(" ")[1] ?? 0) * MS_PER_NS;
  } catch {
    return 0; // it is gone
  }
}
