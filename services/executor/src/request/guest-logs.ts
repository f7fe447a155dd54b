/**
 * Output of apps on its way to the supervisor: batched by turns of the event loop, and bounded per app and second. Lines over the quota are
 * counted and dropped; one line in their place says how many, at the end of their second.
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

/** What an app logged in this window. */
interface Share {
  usedBytes: number;
  droppedCount: number;
  /** By which lines were dropped. */
  limit: string;
}

export class GuestLogs {
  readonly #options: GuestLogsOptions;
  #batch: AppLogLine[] = [];
  /** At most one entry per app that logs in this window. */
  readonly #shares = new Map<AppName, Share>();
  /** The last line that was dropped of each app with such: whose version the count is told as. */
  readonly #dropped = new Map<AppName, Pick<AppLogLine, "app" | "versionId">>();
  #noticeTimer: NodeJS.Timeout | null = null;
  #windowStartMs = 0;
  #droppedCount = 0;

  constructor(options: GuestLogsOptions) {
    this.#options = options;
  }

  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** @param appBytesPerSecond of its app, where that is less than what the worker lets through */
  add(line: AppLogLine, appBytesPerSecond: number = Number.POSITIVE_INFINITY): void {
    const nowMs = performance.now();
    if (nowMs - this.#windowStartMs >= QUOTA_WINDOW_MS) this.#beginWindow(nowMs);
    let share = this.#shares.get(line.app);
    if (share === undefined) {
      share = { usedBytes: 0, droppedCount: 0, limit: "" };
      this.#shares.set(line.app, share);
    }
    const usedBytes = share.usedBytes + LINE_BYTES + line.text.length + (line.stack?.length ?? 0);
    if (usedBytes > Math.min(appBytesPerSecond, this.#options.bytesPerSecond)) {
      share.limit = limitText(appBytesPerSecond, this.#options.bytesPerSecond);
      this.#drop(line, share, nowMs);
      return;
    }
    share.usedBytes = usedBytes;
    this.#push(line);
  }

  #drop({ app, versionId }: AppLogLine, share: Share, nowMs: number): void {
    this.#droppedCount += 1;
    share.droppedCount += 1;
    this.#dropped.set(app, { app, versionId });
    this.#noticeTimer ??= setTimeout(
      () => this.#beginWindow(performance.now()),
      this.#windowStartMs + QUOTA_WINDOW_MS - nowMs,
    ).unref();
  }

  #beginWindow(nowMs: number): void {
    if (this.#noticeTimer !== null) clearTimeout(this.#noticeTimer);
    this.#noticeTimer = null;
    for (const { app, versionId } of this.#dropped.values()) {
      const share = this.#shares.get(app);
      if (share !== undefined) this.#push({ app, versionId, requestId: null, level: "warn", text: noticeOf(share) });
    }
    this.#dropped.clear();
    this.#shares.clear();
    this.#windowStartMs = nowMs;
  }

  #push(line: AppLogLine): void {
    if (this.#batch.push(line) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const lines = this.#batch;
    this.#batch = [];
    this.#options.send(lines);
  }
}

function noticeOf({ droppedCount, limit }: Share): string {
  const lines = droppedCount === 1 ? "1 line of this app was" : `${droppedCount} lines of this app were`;
  return `${lines} dropped within a second: a worker passes ${limit}`;
}

function limitText(appBytesPerSecond: number, workerBytesPerSecond: number): string {
  return appBytesPerSecond < workerBytesPerSecond
    ? `${appBytesPerSecond} bytes of this app's log on per second (limits.log_bytes_per_second)`
    : `${workerBytesPerSecond} bytes of an app's log on per second (workers.logBytesPerSecond)`;
}
