/**
 * Workers that a cell's nodes name when they are asked, and start where they have none: for the connections of apps, or for versions in quarantine.
 * One link to each, and what it was named for.
 *
 *   unknown ──pick──▶ asking the node's supervisor ──▶ dialling ──▶ known ──goaway, or the link ends──▶ unknown
 *                        └────── none named, none reached ──────▶ passed over for `questionPauseMs`
 *
 * I1 One question at a time per node and name, and at most `MAX_QUESTION_COUNT` in all.
 * I2 A worker is dialled once: one that is gone is never dialled again, what it had is asked for anew.
 */
import { type DialTls, dialLink } from "@nano/link/dial-link";
import type { LinkLimits } from "@nano/link/limits";
import type { Link } from "@nano/link/link";
import type { LinkOutcome } from "@nano/link/link-outcome";
import type { NodeId, WorkerId } from "@nano/protocol/brands";
import type { WireError } from "@nano/protocol/errors";
import { decodeSocketWorkerAnswer, type PostmortemAnswer, type SocketWorkerAnswer } from "@nano/protocol/messages";
import type { WorkerSlot } from "../request/pick-worker.ts";
import type { AskedWorkerSource } from "../request/routing-state.ts";
import { askSupervisor, type Supervisor } from "./ask-supervisor.ts";
import { Postmortems } from "./postmortem.ts";

/** Questions at once. */
const MAX_QUESTION_COUNT = 256;
/** Nodes and names that are passed over; those whose time is over go when there are so many. */
const MAX_PAUSED_COUNT = 4_096;

export interface AskedWorkersOptions<Name extends string> {
  /** Asks a supervisor for the worker of that name's app or version; it answers as `SocketWorkerAnswer`. */
  encodeQuestion(name: Name): Buffer;
  /** A name for one connection, never used twice. */
  nextPeerName(): string;
  readonly linkLimits: Partial<LinkLimits>;
  readonly tls?: (() => DialTls) | undefined;
  readonly questionTimeoutMs: number;
  readonly questionPauseMs: number;
  readonly postmortemTimeoutMs: number;
  onUnavailable(outcome: LinkOutcome | null): void;
  onPostmortem(verdict: "answered" | "unanswered"): void;
}

export class AskedWorkers<Name extends string> implements AskedWorkerSource<Name> {
  readonly #options: AskedWorkersOptions<Name>;
  readonly #workers = new Map<WorkerId, Promise<AskedWorker | null>>();
  /** By node and name: of workers whose links are open. */
  readonly #known = new Map<string, AskedWorker>();
  readonly #asked = new Set<string>();
  /** By node and name: until when it is not asked. */
  readonly #paused = new Map<string, Pause>();
  /** Bounded by the requests under way. */
  readonly #waiting = new Map<Name, Set<() => void>>();

  constructor(options: AskedWorkersOptions<Name>) {
    this.#options = options;
  }

  get openCount(): number {
    return new Set(this.#known.values()).size;
  }

  pick(
    name: Name,
    nodes: readonly WorkerSlot[],
    tried: readonly WorkerSlot[] | null,
  ): WorkerSlot | WireError | "asked" | null {
    let paused: Pause | null = null;
    for (const node of nodes) {
      const key = `${node.nodeId} ${name}`;
      const known = this.#known.get(key);
      if (known?.link.isOpen === true) {
        if (tried?.includes(known) === true) continue;
        return known;
      }
      if (this.#asked.has(key)) return "asked";
      const pause = this.#findPause(key);
      if (pause !== null) {
        // It waits for its next worker there, for what it did: another node would only lose one, too.
        if (pause.error?.fault === "tenant") return pause.error;
        paused ??= pause;
        continue;
      }
      if (this.#asked.size < MAX_QUESTION_COUNT) void this.#find(name, node, key);
      return "asked";
    }
    // Who was refused elsewhere is told that.
    if (paused === null || tried !== null) return null;
    return paused.error ?? "asked";
  }

  forget(name: Name, worker: WorkerSlot): void {
    const key = `${worker.nodeId} ${name}`;
    if (this.#known.get(key) === worker) this.#known.delete(key);
  }

  waitForAnswer(name: Name, waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(name) ?? new Set();
      this.#waiting.set(name, waiting);
      const finish = (): void => {
        clearTimeout(timer);
        waiting.delete(finish);
        if (waiting.size === 0 && this.#waiting.get(name) === waiting) this.#waiting.delete(name);
        resolve();
      };
      const timer = setTimeout(finish, Math.min(waitMs, this.#options.questionPauseMs));
      waiting.add(finish);
    });
  }

  /** Links take no further streams and close when their own have ended. */
  dispose(): void {
    for (const { link } of new Set(this.#known.values())) link.goaway();
  }

  async #find(name: Name, node: WorkerSlot, key: string): Promise<void> {
    const wasFull = this.#asked.size + 1 >= MAX_QUESTION_COUNT;
    this.#asked.add(key);
    const { nodeId, supervisor } = node;
    const found = await this.#ask(name, { nodeId, supervisor });
    this.#asked.delete(key);
    if (found instanceof AskedWorker && found.link.isOpen) this.#known.set(key, found);
    else this.#pause(key, found instanceof AskedWorker ? null : found);
    for (const finish of [...(this.#waiting.get(name) ?? [])]) finish();
    // Others may have found no place for their question.
    if (wasFull) for (const waiting of [...this.#waiting.values()]) for (const finish of [...waiting]) finish();
  }

  async #ask(
    name: Name,
    node: { readonly nodeId: NodeId; readonly supervisor: Supervisor },
  ): Promise<AskedWorker | WireError | null> {
    const { encodeQuestion, nextPeerName, questionTimeoutMs: timeoutMs, tls } = this.#options;
    const question = { supervisor: node.supervisor, timeoutMs, peer: nextPeerName(), tls };
    const result = await askSupervisor(encodeQuestion(name), parseAnswer, question);
    if (result.type !== "answered") return result.type === "refused" ? result.error : null;
    const { answer } = result;
    const known = this.#workers.get(answer.workerId);
    if (known !== undefined) return await known;
    const dialled = this.#dial(answer, node);
    this.#workers.set(answer.workerId, dialled);
    const worker = await dialled;
    if (worker === null) this.#workers.delete(answer.workerId);
    return worker;
  }

  async #dial(
    answer: SocketWorkerAnswer,
    node: { readonly nodeId: NodeId; readonly supervisor: Supervisor },
  ): Promise<AskedWorker | null> {
    const { linkLimits, tls, nextPeerName, onUnavailable } = this.#options;
    const { workerId, address, credential } = answer;
    const peer = nextPeerName();
    const result = await dialLink({
      address,
      credential,
      peer,
      limits: linkLimits,
      isPrompt: true,
      tls,
      onDraining: () => this.#forget(workerId),
      onClose: (outcome) => {
        this.#forget(workerId);
        onUnavailable(outcome);
      },
    });
    if (result.type === "ended") {
      onUnavailable(result.outcome);
      return null;
    }
    const postmortems = new Postmortems({
      ...this.#options,
      workerId,
      supervisor: node.supervisor,
      timeoutMs: this.#options.postmortemTimeoutMs,
    });
    postmortems.addLink(result.link, peer);
    return new AskedWorker(workerId, result.link, { ...node, postmortems });
  }

  #forget(workerId: WorkerId): void {
    this.#workers.delete(workerId);
    for (const [key, worker] of this.#known) if (worker.id === workerId) this.#known.delete(key);
  }

  #findPause(key: string): Pause | null {
    const pause = this.#paused.get(key);
    if (pause === undefined) return null;
    if (performance.now() < pause.untilMs) return pause;
    this.#paused.delete(key);
    return null;
  }

  #pause(key: string, error: WireError | null): void {
    const nowMs = performance.now();
    if (this.#paused.size >= MAX_PAUSED_COUNT) {
      for (const [other, { untilMs }] of this.#paused) if (untilMs <= nowMs) this.#paused.delete(other);
    }
    if (this.#paused.size >= MAX_PAUSED_COUNT) return;
    // A node that is ending is no sign of load: its replacement is worth waiting for.
    const told = error?.reason === "draining" ? null : error;
    this.#paused.set(key, { untilMs: nowMs + this.#options.questionPauseMs, error: told });
  }
}

/** A node that is not asked for it. */
interface Pause {
  readonly untilMs: number;
  /** Why it has no worker for it; null: it did not say. */
  readonly error: WireError | null;
}

/** A worker with its one link. It is gone when that is. */
class AskedWorker implements WorkerSlot {
  readonly id: WorkerId;
  readonly nodeId: NodeId;
  readonly supervisor: Supervisor;
  readonly link: Link;
  /** What it has room for is its own to say: by refusing. */
  readonly capacity = Number.POSITIVE_INFINITY;
  readonly foreignCount = 0;
  readonly #postmortems: Postmortems;

  constructor(
    id: WorkerId,
    link: Link,
    node: { readonly nodeId: NodeId; readonly supervisor: Supervisor; readonly postmortems: Postmortems },
  ) {
    this.id = id;
    this.link = link;
    this.nodeId = node.nodeId;
    this.supervisor = node.supervisor;
    this.#postmortems = node.postmortems;
  }

  askPostmortem(link: Link, streamId: number): Promise<PostmortemAnswer | null> {
    return this.#postmortems.ask(link, streamId);
  }
}

function parseAnswer(payload: Buffer): SocketWorkerAnswer | null {
  const answer = decodeSocketWorkerAnswer(payload);
  const isAnswer = [answer.workerId, answer.address, answer.credential].every((field) => typeof field === "string");
  return isAnswer ? answer : null;
}
