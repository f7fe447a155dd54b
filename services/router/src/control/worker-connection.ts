/** One worker as this router knows it: keeps a link to it, redials, and asks its supervisor when a link was lost. */
import { type DialTls, dialLink } from "@nano/link/dial-link";
import type { LinkLimits } from "@nano/link/limits";
import type { Link } from "@nano/link/link";
import type { LinkOutcome } from "@nano/link/link-outcome";
import { type Backoff, runRedial } from "@nano/link/redial";
import type { NodeId, WorkerId } from "@nano/protocol/brands";
import type { PostmortemAnswer } from "@nano/protocol/messages";
import type { WorkerEndpoint } from "@nano/protocol/records";
import type { WorkerSlot } from "../request/pick-worker.ts";
import type { Supervisor } from "./ask-supervisor.ts";
import { Postmortems } from "./postmortem.ts";

/** In which `load` is told. */
const LOAD_STEPS = 10;

export interface WorkerConnectionOptions {
  readonly nodeId: NodeId;
  readonly supervisor: Supervisor;
  /** A name for one connection, never used twice: postmortem questions tell streams apart by it. */
  nextPeerName(): string;
  readonly linkLimits: Partial<LinkLimits>;
  /** For addresses that want it. @default none */
  readonly tls?: (() => DialTls) | undefined;
  readonly backoff: Backoff;
  readonly postmortemTimeoutMs: number;
  /** Requests at once from which a worker counts as loaded that does not say so itself. */
  readonly loadedCount: number;
  onLink(): void;
  onUnavailable(outcome: LinkOutcome | null): void;
  onPostmortem(verdict: "answered" | "unanswered"): void;
}

export class WorkerConnection implements WorkerSlot {
  readonly nodeId: NodeId;
  readonly supervisor: Supervisor;
  #endpoint: WorkerEndpoint;
  #foreignCount = 0;
  readonly #options: WorkerConnectionOptions;
  readonly #abort = new AbortController();
  readonly #postmortems: Postmortems;
  #link: Link | null = null;

  constructor(endpoint: WorkerEndpoint, options: WorkerConnectionOptions) {
    this.#endpoint = endpoint;
    this.nodeId = options.nodeId;
    this.supervisor = options.supervisor;
    this.#options = options;
    this.#postmortems = new Postmortems({ ...options, workerId: endpoint.id, timeoutMs: options.postmortemTimeoutMs });
    this.#estimateForeign();
    void this.#run();
  }

  get endpoint(): WorkerEndpoint {
    return this.#endpoint;
  }

  get id(): WorkerId {
    return this.#endpoint.id;
  }

  get capacity(): number {
    return this.#endpoint.capacity ?? this.#options.loadedCount;
  }

  get foreignCount(): number {
    return this.#foreignCount;
  }

  /** What its node tells of it now; the same endpoint otherwise. */
  hear(endpoint: WorkerEndpoint): void {
    if (endpoint === this.#endpoint) return;
    this.#endpoint = endpoint;
    this.#estimateForeign();
  }

  forgetLoad(): void {
    this.#foreignCount = 0;
  }

  get link(): Link | null {
    return this.#link;
  }

  askPostmortem(link: Link, streamId: number): Promise<PostmortemAnswer | null> {
    return this.#postmortems.ask(link, streamId);
  }

  /** Dials no more. The link takes no new streams and closes when its own have ended. */
  dispose(): void {
    this.#abort.abort();
  }

  /**
   * What is beyond this router's own. It stands until the node tells again, while the own share follows each request: routers that
   * hear of the same full worker keep what they have there, and none of them sees it empty because all have left.
   */
  #estimateForeign(): void {
    const { load = 0 } = this.#endpoint;
    const toldCount = (load / LOAD_STEPS) * this.capacity;
    this.#foreignCount = Math.max(0, toldCount - (this.#link?.streamCount ?? 0));
  }

  async #run(): Promise<void> {
    const { address, credential } = this.#endpoint;
    let peer = "";
    await runRedial(
      {
        dial: (callbacks) => {
          peer = this.#options.nextPeerName();
          return dialLink({
            address,
            credential,
            peer,
            limits: this.#options.linkLimits,
            isPrompt: true,
            tls: this.#options.tls,
            ...callbacks,
          });
        },
        onLink: (link) => {
          this.#postmortems.addLink(link, peer);
          this.#link = link;
          this.#options.onLink();
        },
        onUnavailable: (outcome) => this.#options.onUnavailable(outcome),
        backoff: this.#options.backoff,
      },
      this.#abort.signal,
    );
  }
}
