/**
 * The output of apps on one executor, over one link to its supervisor, for as long as somebody follows.
 *
 * I1 One stream for each follower; what a supervisor refuses is asked for again after `ASK_AGAIN_MS`.
 * I2 A node can fill nothing: a line is bounded, and followers are.
 */
import { StringDecoder } from "node:string_decoder";
import { dialLink } from "@nano/link/dial-link";
import type { Link } from "@nano/link/link";
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import { runRedial } from "@nano/link/redial";
import type { WireError } from "@nano/protocol/errors";
import { encodeLogsQuestion } from "@nano/protocol/messages";
import type { NodeRecord } from "@nano/protocol/records";
import { type LogLine, logLineSchema } from "@nano/protocol/registry-api";
import type { ExecutorTls } from "@nano/service-kit/executor-tls";
import type { Logger } from "@nano/service-kit/logger";
import type { LogFollower } from "./log-follower.ts";

/** After a refusal: an executor has too many followers, or is older than the question. */
const ASK_AGAIN_MS = 5_000;
/** Above the longest that an executor sends. */
const MAX_LINE_CHARS = 512 * 1024;
const PEER = "registry";

export interface NodeLogsOptions {
  readonly node: string;
  readonly supervisor: NodeRecord["supervisor"];
  /** @default none: an executor that wants TLS is not reached */
  readonly tls?: ExecutorTls | undefined;
  readonly logger: Logger;
}

export class NodeLogs {
  readonly #options: NodeLogsOptions;
  readonly #closing = new AbortController();
  readonly #streams = new Map<LogFollower, FollowedStream>();
  #link: Link | null = null;

  constructor(options: NodeLogsOptions) {
    this.#options = options;
    const { address, credential } = options.supervisor;
    void runRedial(
      {
        dial: ({ onClose, onDraining }) =>
          dialLink({ address, credential, peer: PEER, tls: options.tls, onClose, onDraining }),
        onLink: (link) => {
          this.#link = link;
          for (const stream of this.#streams.values()) stream.ask(link);
        },
        onUnavailable: (outcome) => {
          this.#link = null;
          if (outcome === null) return;
          const { node, logger } = options;
          logger.debug("executor's output cannot be followed", { node, why: outcome.error.message });
        },
      },
      this.#closing.signal,
    );
  }

  /** Whether its lines come now. */
  get isConnected(): boolean {
    return this.#link !== null;
  }

  add(follower: LogFollower): void {
    if (this.#streams.has(follower)) return;
    const { node, logger } = this.#options;
    const stream = new FollowedStream(follower, { node, logger, currentLink: () => this.#link });
    this.#streams.set(follower, stream);
    if (this.#link !== null) stream.ask(this.#link);
  }

  remove(follower: LogFollower): void {
    this.#streams.get(follower)?.close();
    this.#streams.delete(follower);
  }

  /** Idempotent. */
  close(): void {
    this.#closing.abort();
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
    this.#link?.close();
    this.#link = null;
  }
}

interface FollowedStreamOptions {
  readonly node: string;
  readonly logger: Logger;
  currentLink(): Link | null;
}

class FollowedStream implements StreamListener {
  readonly #follower: LogFollower;
  readonly #options: FollowedStreamOptions;
  #stream: LinkStream | null = null;
  #decoder = new StringDecoder("utf8");
  #rest = "";
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(follower: LogFollower, options: FollowedStreamOptions) {
    this.#follower = follower;
    this.#options = options;
  }

  ask(link: Link): void {
    if (this.#isClosed) return;
    this.#forgetTimer();
    this.#rest = "";
    this.#decoder = new StringDecoder("utf8");
    this.#stream = link.openStream(encodeLogsQuestion({ app: this.#follower.app }), this, { isEnd: true });
    if (this.#stream === null) this.#askLater();
  }

  onHead(): void {}

  onData(chunk: Buffer): void {
    // Credit comes back at once: what waits for a reader is bounded by the follower, which counts what it drops.
    this.#stream?.grant(chunk.length);
    const lines = (this.#rest + this.#decoder.write(chunk)).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const text of lines) {
      const line = parseLine(text);
      if (line !== null) this.#follower.push(line, this.#options.node);
    }
    // No supervisor of ours sends such a line.
    if (this.#rest.length > MAX_LINE_CHARS) this.#rest = "";
  }

  onEnd(): void {
    this.#askLater();
  }

  onReset({ code, message }: WireError): void {
    const isLost = this.#stream?.isLinkLost === true;
    this.#stream = null;
    // A link that was lost is dialled again, and asks by itself.
    if (isLost) return;
    const { node, logger } = this.#options;
    logger.debug("executor refuses to tell an app's output", { node, app: this.#follower.app, code, why: message });
    this.#askLater();
  }

  onDrain(): void {}

  close(): void {
    this.#isClosed = true;
    this.#forgetTimer();
    this.#stream?.reset(LEFT);
    this.#stream = null;
  }

  #askLater(): void {
    if (this.#isClosed || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      const link = this.#options.currentLink();
      if (link !== null) this.ask(link);
    }, ASK_AGAIN_MS);
    this.#timer.unref();
  }

  #forgetTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

const LEFT: WireError = {
  code: "REGISTRY_FOLLOWER_LEFT",
  message: "Nobody follows any more",
  fault: "caller",
  retryable: false,
  httpStatus: 499,
  reason: "cancelled",
  details: {},
};

function parseLine(text: string): LogLine | null {
  try {
    return logLineSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null; // not of a supervisor of ours
  }
}
