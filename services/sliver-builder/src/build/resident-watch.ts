/**
 * Watches the resident memory of a process from outside. `createSnapshot` has no memory limit of its own and V8's
 * heap flags do not reach its isolate; address space cannot be limited either, V8 reserves too much of it.
 */
import { readResidentBytes } from "@nano/service-kit/resident-bytes";

/** A process that allocates as fast as memory allows takes some 50 MB in this time. */
const POLL_MS = 15;

export class ResidentWatch {
  readonly #timer: NodeJS.Timeout;
  #peakBytes = 0;

  /** @param onExceeded called once */
  constructor(pid: number, limitBytes: number, onExceeded: (residentBytes: number) => void) {
    this.#timer = setInterval(() => {
      const residentBytes = readResidentBytes(pid);
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
}
