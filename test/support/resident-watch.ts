/** The most memory that processes had since it began, looked at from time to time. */
import { readFileSync } from "node:fs";

const LOOK_INTERVAL_MS = 20;
const PAGE_BYTES = 4096;

export class ResidentWatch {
  readonly #pids: readonly number[];
  readonly #peakBytes = new Map<number, number>();
  readonly #firstBytes = new Map<number, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(pids: readonly number[]) {
    this.#pids = pids;
    for (const pid of pids) this.#firstBytes.set(pid, residentBytesOf(pid));
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL_MS);
  }

  /** By how much the one that grew the most did. */
  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    const grown = this.#pids.map((pid) => (this.#peakBytes.get(pid) ?? 0) - (this.#firstBytes.get(pid) ?? 0));
    return Math.max(0, ...grown);
  }

  #look(): void {
    for (const pid of this.#pids) {
      this.#peakBytes.set(pid, Math.max(this.#peakBytes.get(pid) ?? 0, residentBytesOf(pid)));
    }
  }
}

/** 0: it is gone. */
export function residentBytesOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES;
  } catch {
    return 0;
  }
}
