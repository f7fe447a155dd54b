/**
 * CPU of entries, on the thread that makes them. isolated-vm's `cpuTime` does not serve: it runs on while the thread is off its
 * core, and stands still while the host works for the guest.
 *
 * I1 An entry is never charged more than the time that it took.
 * I2 The kernel brings a thread's count up to date at its ticks and when the thread leaves its core. So an entry of up to
 *    `READING_MS` is charged the time that it took, and a longer one what the kernel says, which is right to
 *    `CPU_CLOCK_SLACK_MS`.
 */

/** A reading costs 0.4 µs: one is used again for so long. */
const READING_MS = 1;
/** A tick, with the age that a reading may have. */
export const CPU_CLOCK_SLACK_MS = 5;

export class CpuClock {
  #readAtMs = Number.NEGATIVE_INFINITY;
  #cpuMs = 0;

  /** Before an entry. */
  begin(nowMs: number): void {
    if (nowMs - this.#readAtMs > READING_MS) this.#read(nowMs);
  }

  /** CPU of the entry that began at `startedMs` and is over. */
  end(startedMs: number, nowMs: number): number {
    const elapsedMs = nowMs - startedMs;
    if (elapsedMs <= READING_MS) return elapsedMs;
    const beforeMs = this.#cpuMs;
    this.#read(nowMs);
    return Math.min(elapsedMs, this.#cpuMs - beforeMs);
  }

  #read(nowMs: number): void {
    const { user, system } = process.threadCpuUsage();
    this.#cpuMs = (user + system) / 1_000;
    this.#readAtMs = nowMs;
  }
}
