/**
 * The versions that a worker serves. A request for one that it does not know waits, bounded, until the supervisor has sent what it takes to
 * serve it, or has refused it.
 */
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { VersionId } from "@nano/protocol/brands";
import type { WireError } from "@nano/protocol/errors";
import type { RequestHead } from "@nano/protocol/messages";
import { errors } from "../errors.ts";
import { HeldStream } from "./held-stream.ts";
import type { VersionServer } from "./version-server.ts";

/** Versions that may be asked for at once, requests that may wait for one of them, and how long. */
export const MAX_AWAITED_VERSIONS = 256;
export const MAX_HELD_REQUESTS = 1024;
export const ASSIGNMENT_WAIT_MS = 10_000;

export interface VersionTableOptions {
  /** Asks the supervisor for a version. */
  need(versionId: VersionId): void;
}

export class VersionTable {
  readonly #options: VersionTableOptions;
  readonly #servers = new Map<VersionId, VersionServer>();
  readonly #awaited = new Map<VersionId, { held: Set<HeldStream>; timer: NodeJS.Timeout }>();
  #elsewhere: ReadonlySet<VersionId> = new Set();

  constructor(options: VersionTableOptions) {
    this.#options = options;
  }

  get servers(): Iterable<VersionServer> {
    return this.#servers.values();
  }

  get(versionId: VersionId): VersionServer | undefined {
    return this.#servers.get(versionId);
  }

  /** Whether another process serves it. */
  isElsewhere(versionId: VersionId): boolean {
    return this.#elsewhere.has(versionId);
  }

  /** These versions are served by other processes from now on, and no others: what waits for them is refused, what runs ends here. */
  moveElsewhere(versionIds: readonly VersionId[]): void {
    const before = this.#elsewhere;
    this.#elsewhere = new Set(versionIds);
    for (const versionId of this.#elsewhere) {
      if (before.has(versionId)) continue;
      const error = errors.OWN_WORKER({ versionId }).wire;
      this.refuse(versionId, error);
      this.#servers.get(versionId)?.lane.expel?.(error);
    }
  }

  /** Holds a request for a version that is not here yet. */
  hold(stream: LinkStream, head: RequestHead, options: { linkId: number; isEnd: boolean }): StreamListener {
    const held = new HeldStream(stream, head, options);
    let awaited = this.#awaited.get(head.versionId);
    if (awaited === undefined) {
      if (this.#awaited.size >= MAX_AWAITED_VERSIONS) {
        held.refuse(errors.TOO_MANY_VERSIONS({ limitCount: MAX_AWAITED_VERSIONS }).wire);
        return held;
      }
      const expire = (): void =>
        this.refuse(head.versionId, errors.VERSION_UNKNOWN({ versionId: head.versionId }).wire);
      awaited = { held: new Set(), timer: setTimeout(expire, ASSIGNMENT_WAIT_MS) };
      this.#awaited.set(head.versionId, awaited);
      this.#options.need(head.versionId);
    }
    if (awaited.held.size >= MAX_HELD_REQUESTS) {
      const full = { app: head.versionId, queuedCount: awaited.held.size, limitCount: MAX_HELD_REQUESTS };
      held.refuse(errors.QUEUE_FULL(full).wire);
      return held;
    }
    const waiting = awaited.held;
    waiting.add(held);
    held.onGone = () => waiting.delete(held);
    return held;
  }

  /** A version can be served from now on; held requests begin. */
  add(versionId: VersionId, server: VersionServer): void {
    this.#servers.set(versionId, server);
    for (const held of this.#takeHeld(versionId)) held.release(server);
  }

  refuse(versionId: VersionId, error: WireError): void {
    for (const held of this.#takeHeld(versionId)) held.refuse(error);
  }

  delete(versionId: VersionId): void {
    this.#servers.delete(versionId);
  }

  #takeHeld(versionId: VersionId): Iterable<HeldStream> {
    const awaited = this.#awaited.get(versionId);
    if (awaited === undefined) return [];
    clearTimeout(awaited.timer);
    this.#awaited.delete(versionId);
    return awaited.held;
  }
}
