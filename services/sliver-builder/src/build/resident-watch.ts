/**
 * Watches the resident memory of a process from outside. `createSnapshot` has no memory limit of its own and V8's
 * heap flags do not reach its isolate; address space cannot be limited either, V8 reserves too much of it.
 */
import { readFileSync } from "node:fs";

/** A process that allocates as fast as memory allows takes some 50 MB in this time. */
const POLL_MS = 15;
const RESIDENT_LINE = /^VmRSS:\s+(\d+) kB$/m;

export class ResidentWatch {
  readonly #path: string;
  readonly #timer: NodeJS.Timeout;
  #peakBytes = 0;

  /** @param onExceeded called once */
  constructor(pid: number, limitBytes: number, onExceeded: (residentBytes: number) => void) {
    this.#path = `/proc/${pid}/status`;
    this.#timer = setInterval(() => {
      const residentBytes = this.#read();
      this.#peakBytes = Math.max(this.#peakBytes, residentBytes);
      if (residentBytes <= limitBytes) return;
      this.stop();
      onExceeded(residentBytes);
    }, POLL_MS);
  }

  /** The most that was seen. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** 0 where the process is gone, or the system has no such file. */
  #read(): number {
    try {
      const found = RESIDENT_LINE.exec(readFileSync(this.#path, "latin1"));
      return found === null ? 0 : Number(found[1]) * 1024;
    } catch {
      return 0; // ended between two looks: its exit is reported elsewhere
    }
  }
}
