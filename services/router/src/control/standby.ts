/**
 * Has workers hold a version ready before clients are moved to it: those that serve the app now restore its isolate, while
 * requests go on to the version before.
 *
 *   held ──every worker has answered, or is lost──▶ moved
 *     └──── prepareMs are over ─────────────────────▶ moved
 *
 * I1 No change of one app holds back another, nor the workers.
 * I2 An app that is to serve nothing new is moved at once; so is one that nobody has asked for of late, and what is beyond `MAX_HELD_APPS`.
 */
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { RequestId, VersionId } from "@nano/protocol/brands";
import { decodeResponseHead, encodePrepareHead } from "@nano/protocol/messages";
import type { FeedPosition } from "@nano/protocol/records";
import { errors } from "../errors.ts";
import type { WorkerSlot } from "../request/pick-worker.ts";
import type { AppEntry, AppTarget } from "../request/routing-state.ts";
import { versionsOf } from "./app-target.ts";

/** Apps that are held at once: where very many change together, workers have no time to prepare them all. */
export const MAX_HELD_APPS = 256;

export const standbyOutcomes = [
  /** Every worker that was asked has it. */
  "ready",
  /** A worker could not, does not know how, or was lost. */
  "failed",
  /** The time was over first. */
  "late",
  /** Another change of the app came first. */
  "superseded",
] as const;
export type StandbyOutcome = (typeof standbyOutcomes)[number];

export interface StandbyOptions {
  /** 0: clients are moved at once. */
  readonly prepareMs: number;
  /** @param elapsedMs for which clients were held back */
  onEnd(outcome: StandbyOutcome, elapsedMs: number): void;
}

/** An app that control may move. */
export interface MovableEntry extends AppEntry {
  target: AppTarget;
}

interface Held {
  next: AppTarget;
  /** Up to where in the feed requests saw changes when it began. */
  readonly before: FeedPosition | null;
  readonly sinceMs: number;
  readonly preparation: Preparation;
}

export class Standby {
  readonly #options: StandbyOptions;
  /** Oldest first. */
  readonly #held = new Map<MovableEntry, Held>();
  #askedCount = 0;

  constructor(options: StandbyOptions) {
    this.#options = options;
  }

  get heldCount(): number {
    return this.#held.size;
  }

  /** Up to where in the feed requests see changes, where an app is held back; else null. */
  get visible(): { readonly position: FeedPosition | null } | null {
    for (const { before } of this.#held.values()) return { position: before };
    return null;
  }

  /** Moves an app's clients, now or when workers are ready. @param before up to where in the feed requests see changes now */
  move(entry: MovableEntry, next: AppTarget, before: FeedPosition | null): void {
    const fresh = versionsOf(next).filter((version) => !versionsOf(entry.target).includes(version));
    const held = this.#held.get(entry);
    if (held !== undefined) {
      if (isSame(fresh, held.preparation.versions)) {
        held.next = next;
        return;
      }
      held.preparation.cancel();
      this.#options.onEnd("superseded", performance.now() - held.sinceMs);
    }
    const workers = fresh.length === 0 ? [] : this.#workersOf(entry.target);
    if (workers.length === 0 || (held === undefined && this.#held.size >= MAX_HELD_APPS)) {
      this.#held.delete(entry);
      entry.target = next;
      return;
    }
    const preparation = new Preparation(fresh, this.#options.prepareMs, (outcome) => {
      const ended = this.#held.get(entry);
      if (ended === undefined) return;
      this.#held.delete(entry);
      entry.target = ended.next;
      this.#options.onEnd(outcome, performance.now() - ended.sinceMs);
    });
    // In the place of one that it supersedes: that change is not seen before this one either.
    const seenBefore = held === undefined ? before : held.before;
    this.#held.set(entry, { next, before: seenBefore, sinceMs: performance.now(), preparation });
    for (const worker of workers) {
      for (const version of fresh) preparation.ask(worker, version, this.#nextId());
    }
    preparation.begin();
  }

  /** The route is gone, or the router goes. */
  drop(entry: MovableEntry): void {
    this.#held.get(entry)?.preparation.cancel();
    this.#held.delete(entry);
  }

  dispose(): void {
    for (const entry of [...this.#held.keys()]) this.drop(entry);
  }

  #workersOf(target: AppTarget): readonly WorkerSlot[] {
    if (this.#options.prepareMs === 0 || target.versionId === null) return [];
    const { app, cell, workerCount } = target;
    return cell.workers.usedBy(app, workerCount).filter(({ link }) => link?.isOpen === true);
  }

  #nextId(): RequestId {
    this.#askedCount += 1;
    return `prepare-${this.#askedCount}` as RequestId;
  }
}

class Preparation {
  readonly versions: readonly VersionId[];
  readonly #onEnd: (outcome: StandbyOutcome) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #open = new Set<LinkStream>();
  #isBegun = false;
  #isOver = false;
  #hasFailed = false;

  constructor(versions: readonly VersionId[], limitMs: number, onEnd: (outcome: StandbyOutcome) => void) {
    this.versions = versions;
    this.#onEnd = onEnd;
    this.#timer = setTimeout(() => this.#end("late"), limitMs);
  }

  ask({ link }: WorkerSlot, version: VersionId, requestId: RequestId): void {
    let stream: LinkStream | null = null;
    const answered = (isReady: boolean): void => {
      if (!isReady) this.#hasFailed = true;
      if (stream !== null) this.#open.delete(stream);
      this.#endWhenAnswered();
    };
    stream = link?.openStream(encodePrepareHead(requestId, version), new Answer(answered), { isEnd: true }) ?? null;
    if (stream === null) this.#hasFailed = true;
    else this.#open.add(stream);
  }

  /** All are asked. */
  begin(): void {
    this.#isBegun = true;
    this.#endWhenAnswered();
  }

  /** Ends without a word. */
  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    for (const stream of this.#open) stream.reset(errors.REQUEST_OVER({}).wire);
    this.#open.clear();
  }

  #endWhenAnswered(): void {
    if (this.#isBegun && this.#open.size === 0) this.#end(this.#hasFailed ? "failed" : "ready");
  }

  #end(outcome: StandbyOutcome): void {
    if (this.#isOver) return;
    this.cancel();
    this.#onEnd(outcome);
  }
}

/** Hears what a worker says, once. */
class Answer implements StreamListener {
  readonly #answered: (isReady: boolean) => void;
  #isReady = false;

  constructor(answered: (isReady: boolean) => void) {
    this.#answered = answered;
  }

  onHead(payload: Buffer): void {
    this.#isReady = decodeResponseHead(payload).status < 300;
  }
  onData(): void {}
  onEnd(): void {
    this.#answered(this.#isReady);
  }
  onReset(): void {
    this.#answered(false);
  }
  onDrain(): void {}
}

function isSame(a: readonly VersionId[], b: readonly VersionId[]): boolean {
  return a.length === b.length && a.every((version) => b.includes(version));
}
