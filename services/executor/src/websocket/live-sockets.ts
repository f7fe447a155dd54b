/**
 * All connections of a worker: how many of which app, what they hold in messages, and how they ended.
 *
 * I1 What they hold stays under `bufferBytes`, but for what one turn of the event loop adds: who holds the most goes.
 */
import type { AppName, VersionId } from "@nano/protocol/brands";
import { SocketCloseCode } from "@nano/protocol/socket-messages";
import { errors } from "../errors.ts";
import type { SocketStats } from "../worker-messages.ts";
import { SpreadClose } from "./spread-close.ts";

/** Until the supervisor has said it. */
const DEFAULT_BUFFER_BYTES = 64 * 1024 * 1024;

/** A connection, as its worker counts and ends it. */
export interface LiveSocket {
  readonly app: AppName;
  readonly versionId: VersionId;
  /** Messages being assembled, waiting for the app, and waiting to be sent: now. */
  readonly heldBytes: number;
  readonly isOpen: boolean;
  /** Begins the closing handshake, ahead of messages that wait. Nothing where it is not open. */
  close(code: number, reason: string): void;
  /** Gives up the stream, with all that it holds. */
  drop(reason: ReturnType<typeof errors.SOCKET_BUFFERS>): void;
}

export interface LiveSocketsOptions {
  /** Connections of this worker, whatever app they are of. */
  readonly limitCount: number;
}

export class LiveSockets {
  readonly #options: LiveSocketsOptions;
  /** Each with what it was seen to hold last. */
  readonly #heldBytes = new Map<LiveSocket, number>();
  readonly #countByApp = new Map<AppName, number>();
  readonly #spreads = new Set<SpreadClose>();
  readonly #refused: Record<string, number> = {};
  readonly #closed: Record<string, number> = {};
  #bufferBytes = DEFAULT_BUFFER_BYTES;
  #bufferedBytes = 0;
  #isReliefPlanned = false;
  /** Those whose connections are taken; null: of all. */
  apps: ReadonlySet<AppName> | null = null;
  openedCount = 0;
  withoutThreadCount = 0;

  constructor(options: LiveSocketsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#heldBytes.size;
  }

  set bufferBytes(bytes: number) {
    this.#bufferBytes = bytes;
    this.#planRelief();
  }

  /** Why one more of the app cannot be, or null. */
  refusal(app: AppName, maxConnectionCount: number) {
    if (this.apps?.has(app) === false) return errors.WORKER_MOVED({ app }).wire;
    if ((this.#countByApp.get(app) ?? 0) >= maxConnectionCount) {
      return errors.SOCKETS_FULL({ app, limitCount: maxConnectionCount }).wire;
    }
    const { limitCount } = this.#options;
    return this.size >= limitCount ? errors.WORKER_SOCKETS_FULL({ limitCount }).wire : null;
  }

  add(socket: LiveSocket): void {
    this.#heldBytes.set(socket, 0);
    this.#countByApp.set(socket.app, (this.#countByApp.get(socket.app) ?? 0) + 1);
  }

  remove(socket: LiveSocket): void {
    const heldBytes = this.#heldBytes.get(socket);
    if (heldBytes === undefined) return;
    this.#heldBytes.delete(socket);
    this.#bufferedBytes -= heldBytes;
    const count = (this.#countByApp.get(socket.app) ?? 0) - 1;
    if (count > 0) this.#countByApp.set(socket.app, count);
    else this.#countByApp.delete(socket.app);
  }

  /** It holds as much now. */
  holds(socket: LiveSocket, heldBytes: number): void {
    const before = this.#heldBytes.get(socket);
    if (before === undefined || before === heldBytes) return;
    this.#heldBytes.set(socket, heldBytes);
    this.#bufferedBytes += heldBytes - before;
    if (this.#bufferedBytes > this.#bufferBytes) this.#planRelief();
  }

  /** @param reason one of a bounded set: a label of metrics */
  countRefused(reason: string): void {
    this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
  }

  /** @param reason one of a bounded set: a label of metrics */
  countClosed(reason: string): void {
    this.#closed[reason] = (this.#closed[reason] ?? 0) + 1;
  }

  /** Closes those that are there, evenly over the time, with 1001. */
  closeSpread(options: { spreadMs: number; reason: string; versionId?: VersionId | undefined }): void {
    const { versionId, spreadMs, reason } = options;
    const wanted = [...this.#heldBytes.keys()].filter(
      (each) => versionId === undefined || each.versionId === versionId,
    );
    const spread = new SpreadClose({
      sockets: wanted,
      spreadMs,
      close: (socket) => socket.close(SocketCloseCode.GOING_AWAY, reason),
      onDone: () => this.#spreads.delete(spread),
    });
    this.#spreads.add(spread);
    spread.start();
  }

  /** At once, with 1001. Answers how many were open. */
  closeAll(reason: string): number {
    let count = 0;
    for (const socket of this.#heldBytes.keys()) {
      if (!socket.isOpen) continue;
      socket.close(SocketCloseCode.GOING_AWAY, reason);
      count += 1;
    }
    return count;
  }

  stats(threadCount: number): SocketStats {
    return {
      connections: this.size,
      connectionsByApp: Object.fromEntries(this.#countByApp),
      threads: threadCount,
      bufferedBytes: this.#bufferedBytes,
      opened: this.openedCount,
      withoutThread: this.withoutThreadCount,
      refused: this.#refused,
      closed: this.#closed,
    };
  }

  /** Not at once: whoever sends may be inside an isolate, and another's end enters that one's. */
  #planRelief(): void {
    if (this.#isReliefPlanned) return;
    this.#isReliefPlanned = true;
    setImmediate(() => {
      this.#isReliefPlanned = false;
      this.#relieve();
    });
  }

  #relieve(): void {
    for (const socket of this.#heldBytes.keys()) this.holds(socket, socket.heldBytes);
    while (this.#bufferedBytes > this.#bufferBytes) {
      const largest = this.#largest();
      if (largest === null) return;
      const error = errors.SOCKET_BUFFERS({ limitBytes: this.#bufferBytes });
      // One that is closing already has let go of what it could.
      if (largest.isOpen) largest.close(SocketCloseCode.TRY_LATER, error.wire.reason);
      else largest.drop(error);
      this.holds(largest, largest.heldBytes);
    }
  }

  #largest(): LiveSocket | null {
    let largest: LiveSocket | null = null;
    let largestBytes = 0;
    for (const [socket, heldBytes] of this.#heldBytes) {
      if (heldBytes <= largestBytes) continue;
      largest = socket;
      largestBytes = heldBytes;
    }
    return largest;
  }
}
