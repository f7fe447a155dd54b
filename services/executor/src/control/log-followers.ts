/**
 * Who follows the output of apps, and what of it goes to whom.
 *
 * I1 No follower holds up an app, a worker or another follower: what is too much for it is dropped, and counted to it.
 * I2 What waits for a follower is bounded, and so are followers.
 * I3 Where nobody follows an app, a line of it costs one look at a map.
 */
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { AppName, VersionId } from "@nano/protocol/brands";
import type { LogLine } from "@nano/protocol/registry-api";
import type { Metrics } from "@nano/service-kit/metrics";
import { errors } from "../errors.ts";

/** Longest text of a line that is passed on: escaped as JSON, six bytes a character at most, it fits every bound on its way. */
export const MAX_TEXT_CHARS = 32 * 1024;

const NO_BYTES = Buffer.alloc(0);

/** A line as it is written to the executor's own output, stacks mapped. */
export interface WrittenLine {
  readonly app: AppName;
  readonly versionId: VersionId;
  readonly time: string;
  readonly level: string;
  readonly text: string;
  readonly requestId: string | null;
}

export interface LogFollowersOptions {
  readonly node: string;
  readonly limitCount: number;
  /** Of what waits for one follower. */
  readonly limitBytes: number;
  readonly metrics: Metrics;
}

export class LogFollowers {
  readonly #options: LogFollowersOptions;
  readonly #byApp = new Map<AppName, Set<LogFollower>>();
  readonly #droppedCount: { inc(): void };
  #count = 0;

  constructor(options: LogFollowersOptions) {
    this.#options = options;
    options.metrics.gauge({
      name: "log_followers_count",
      help: "Streams that follow the output of an app",
      collect: (gauge) => gauge.set(this.#count),
    });
    this.#droppedCount = options.metrics.counter({
      name: "log_lines_not_followed_total",
      help: "Lines of apps that a follower was too slow for",
    });
  }

  get count(): number {
    return this.#count;
  }

  /** Passes an app's lines on over the stream until it is reset; resets it where there are too many. */
  follow(app: AppName, stream: LinkStream): StreamListener {
    const { limitCount, limitBytes, node } = this.#options;
    const follower = new LogFollower(stream, { node, limitBytes, leave: () => this.#remove(app, follower) });
    if (this.#count >= limitCount) {
      stream.reset(errors.TOO_MANY_FOLLOWERS({ limitCount }).wire);
      return follower;
    }
    const followers = this.#byApp.get(app);
    if (followers === undefined) this.#byApp.set(app, new Set([follower]));
    else followers.add(follower);
    this.#count += 1;
    stream.sendHead(NO_BYTES);
    return follower;
  }

  publish(line: WrittenLine): void {
    const followers = this.#byApp.get(line.app);
    if (followers === undefined) return;
    const bytes = encodeLine(line, this.#options.node);
    for (const follower of followers) if (!follower.take(bytes)) this.#droppedCount.inc();
  }

  #remove(app: AppName, follower: LogFollower): void {
    const followers = this.#byApp.get(app);
    if (followers?.delete(follower) !== true) return;
    this.#count -= 1;
    if (followers.size === 0) this.#byApp.delete(app);
  }
}

class LogFollower implements StreamListener {
  readonly #stream: LinkStream;
  readonly #options: { readonly node: string; readonly limitBytes: number; leave(): void };
  #droppedCount = 0;

  constructor(stream: LinkStream, options: { node: string; limitBytes: number; leave(): void }) {
    this.#stream = stream;
    this.#options = options;
  }

  /** False: it was dropped. */
  take(line: Buffer): boolean {
    if (this.#stream.queuedBytes + line.length > this.#options.limitBytes) {
      this.#droppedCount += 1;
      return false;
    }
    this.#tellDropped();
    this.#stream.write(line);
    return true;
  }

  onDrain(): void {
    this.#tellDropped();
  }

  onReset(): void {
    this.#options.leave();
  }

  onHead(): void {}
  onData(): void {}
  onEnd(): void {}

  #tellDropped(): void {
    if (this.#droppedCount === 0) return;
    const dropped: LogLine = { type: "dropped", count: this.#droppedCount, node: this.#options.node };
    this.#droppedCount = 0;
    this.#stream.write(Buffer.from(`${JSON.stringify(dropped)}\n`));
  }
}

function encodeLine({ time, level, text, versionId, requestId }: WrittenLine, node: string): Buffer {
  const isLong = text.length > MAX_TEXT_CHARS;
  const shown = isLong ? `${text.slice(0, MAX_TEXT_CHARS)}… (${text.length - MAX_TEXT_CHARS} more characters)` : text;
  const line: LogLine = { type: "line", time, level, text: shown, version: versionId, node, requestId };
  return Buffer.from(`${JSON.stringify(line)}\n`);
}
