/**
 * Output of apps on its way to the supervisor: batched by turns of the event loop, and bounded per app and second. Lines over the quota are
 * counted and dropped.
 */
import type { AppName } from "@nano/protocol/brands";
import type { AppLogLine } from "../worker-messages.ts";

const QUOTA_WINDOW_MS = 1_000;
/** What a line costs beside its text. */
const LINE_BYTES = 128;

export interface GuestLogsOptions {
  readonly bytesPerSecond: number;
  send(lines: readonly AppLogLine[]): void;
}

export class GuestLogs {
  readonly #options: GuestLogsOptions;
  #batch: AppLogLine[] = [];
  /** Bytes of this window by app; at most one entry per app that logs in it. */
  readonly #usedBytes = new Map<AppName, number>();
  #windowStartMs = 0;
  #droppedCount = 0;

  constructor(options: GuestLogsOptions) {
    this.#options = options;
  }

  get droppedCount(): number {
    return this.#droppedCount;
  }

  add(line: AppLogLine): void {
    const nowMs = performance.now();
    if (nowMs - this.#windowStartMs >= QUOTA_WINDOW_MS) {
      this.#windowStartMs = nowMs;
      this.#usedBytes.clear();
    }
    const usedBytes = (this.#usedBytes.get(line.app) ?? 0) + LINE_BYTES + line.text.length + (line.stack?.length ?? 0);
    if (usedBytes > this.#options.bytesPerSecond) {
      this.#droppedCount += 1;
      return;
    }
    this.#usedBytes.set(line.app, usedBytes);
    if (this.#batch.push(line) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const lines = this.#batch;
    this.#batch = [];
    this.#options.send(lines);
  }
}
