/**
 * Writes log lines to a descriptor without blocking, bounded, and without end when its reader is gone.
 *
 * I1 At most `MAX_BUFFERED_LOG_BYTES` wait; further lines are dropped and counted in a line of their own later.
 * I2 A reader that is gone (EPIPE) ends the writing for good, also in `flush`. pino's own destination (sonic-boom) retries that for ever in its
 *    synchronous flush, so that a service whose parent was killed never left.
 */
import { write, writeSync } from "node:fs";

/** Log lines that wait for a reader that does not read; older ones are kept, newer ones dropped. */
export const MAX_BUFFERED_LOG_BYTES = 4 * 1024 * 1024;
const RETRY_DELAY_MS = 10;
/** How often a last flush asks a reader that takes nothing. */
const MAX_FLUSH_RETRIES = 20;

export class LineSink {
  readonly #fd: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #droppedCount = 0;
  #isWriting = false;
  #isBroken = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(line: string): void {
    if (this.#isBroken) return;
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > MAX_BUFFERED_LOG_BYTES) {
      this.#droppedCount += 1;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!this.#isWriting) this.#writeNext();
  }

  /** Writes what waits, for the moment before the process ends; gives up where nobody reads. */
  flush(): void {
    let bytes = this.#takeWaiting();
    for (let retries = 0; bytes.length > 0 && !this.#isBroken && retries < MAX_FLUSH_RETRIES; ) {
      try {
        bytes = bytes.subarray(writeSync(this.#fd, bytes));
      } catch (error) {
        if (!isBusy(error)) this.#isBroken = true;
        retries += 1;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_DELAY_MS);
      }
    }
  }

  #writeNext(): void {
    const bytes = this.#takeWaiting();
    this.#isWriting = bytes.length > 0 && !this.#isBroken;
    if (this.#isWriting) this.#writeRest(bytes);
  }

  #writeRest(bytes: Buffer): void {
    write(this.#fd, bytes, (error, writtenBytes) => {
      if (error !== null && !isBusy(error)) {
        this.#isBroken = true;
        this.#isWriting = false;
        this.#takeWaiting();
        return;
      }
      const rest = error === null ? bytes.subarray(writtenBytes) : bytes;
      if (rest.length === 0) this.#writeNext();
      else setTimeout(() => this.#writeRest(rest), RETRY_DELAY_MS).unref();
    });
  }

  #takeWaiting(): Buffer {
    const dropped = this.#droppedCount;
    if (dropped > 0) {
      this.#droppedCount = 0;
      this.#waiting.push(Buffer.from(`${JSON.stringify({ level: "warn", msg: "log lines dropped", dropped })}\n`));
    }
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    return bytes;
  }
}

function isBusy(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EAGAIN" || code === "EBUSY";
}
