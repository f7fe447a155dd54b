/**
 * One request from its first attempt to its end: the listener of its stream, and the owner of its retries.
 *
 *   attempting ──stream──▶ forwarding ──head──▶ responding ──▶ over
 *       ▲                      │ refused, or lost and the verdict allows it
 *       └──────────────────────┘
 *
 * I1 The client gets exactly one response, or a cut connection where one had begun.
 * I2 At most one stream of the request is open at a time; whatever ends the request resets it.
 * I3 Nothing runs again once a byte of a response has left.
 */
import type { ServerResponse } from "node:http";
import type { Link } from "@nano/link/link";
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { VersionId } from "@nano/protocol/brands";
import { toWireError, type WireError } from "@nano/protocol/errors";
import { errors } from "../errors.ts";
import { sendErrorResponse } from "./error-response.ts";
import type { HeldHeads } from "./held-heads.ts";
import type { WorkerSlot } from "./pick-worker.ts";
import type { RequestBody } from "./request-body.ts";
import type { RequestMetrics, RequestOutcome } from "./request-metrics.ts";
import { type ResponseProblem, ResponseWriter, readUpgradeHead } from "./response-writer.ts";
import { decideAfterLoss } from "./retry.ts";
import type { AppTarget, RoutingReference } from "./routing-state.ts";
import type { WebSocketUpgrade } from "./websocket-upgrade.ts";
import type { WebSockets } from "./websockets.ts";

/** What a body that nobody may see can hold before its stream is given up. */
const BODYLESS_DISCARD_BYTES = 64 * 1024;
/** Workers that may say no to one request; where so many are full, asking the rest makes it worse. */
const MAX_REFUSALS = 8;
/** Reason of a WebSocket worker that an app has left for another of the same node: that one is asked for again, and the node not passed over. */
const WORKER_MOVED = "worker_moved";
/** Reason of a worker that refuses a version in quarantine: a worker of its own has it. */
const QUARANTINED = "quarantined";

/** What all requests share. */
export interface ForwardContext {
  readonly routing: RoutingReference;
  readonly metrics: RequestMetrics;
  readonly heldHeads: HeldHeads;
  readonly webSockets: WebSockets;
  /** How long a request waits for a worker that can be reached. */
  readonly noWorkerWaitMs: number;
  /** How long the workers of a supervisor that could not be asked are left alone: where it died, they are about to. */
  readonly supervisorSilenceMs: number;
}

export interface ForwardedRequestOptions {
  readonly requestId: string;
  readonly target: AppTarget;
  readonly head: Buffer;
  readonly isHeadRequest: boolean;
  /** By its method. */
  readonly isIdempotent: boolean;
  /** Where the app may answer with a WebSocket. */
  readonly upgrade: WebSocketUpgrade | null;
}

export class ForwardedRequest implements StreamListener {
  readonly #context: ForwardContext;
  readonly #res: ServerResponse;
  readonly #options: ForwardedRequestOptions;
  readonly #writer: ResponseWriter;
  #body: RequestBody | null = null;
  #stream: LinkStream | null = null;
  #slot: WorkerSlot | null = null;
  #link: Link | null = null;
  #tried: WorkerSlot[] | null = null;
  /** A worker has said so ahead of its node's record. */
  #isQuarantined = false;
  #refusal: WireError | null = null;
  #refusalCount = 0;
  #lostCount = 0;
  /** Credential of the supervisor that could not be asked, and until when its workers are left alone. */
  #silentSupervisor = "";
  #silentUntilMs = 0;
  #waitUntilMs = 0;
  #owedBytes = 0;
  #isDrainAwaited = false;
  #discardedBytes = 0;
  #isOver = false;
  #outcome: RequestOutcome = "client_gone";

  constructor(context: ForwardContext, res: ServerResponse, options: ForwardedRequestOptions) {
    this.#context = context;
    this.#res = res;
    this.#options = options;
    this.#writer = new ResponseWriter(res, options);
  }

  /** How it ended, once the response is closed. */
  get outcome(): RequestOutcome {
    return this.#outcome;
  }

  /** @param body null: there is none */
  start(body: RequestBody | null): void {
    this.#body = body;
    this.#attempt();
  }

  /** Answers so, where no answer has begun; else cuts it. */
  refuse(error: WireError): void {
    if (this.#isOver) return;
    this.#resetStream(error);
    this.#body?.discard();
    if (this.#writer.hasStarted) {
      this.#cut();
      return;
    }
    this.#isOver = true;
    this.#outcome = "refused";
    sendErrorResponse(this.#res, error, this.#options);
  }

  /** The response is closed: sent to its end, or the client is gone. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#resetStream(errors.CLIENT_GONE({}).wire);
  }

  // --- attempts ---

  #attempt(): void {
    const isEnd = this.#body === null && this.#options.upgrade === null;
    for (let slot = this.#pick(); slot !== null; slot = this.#pick()) {
      if (slot === "asked") {
        this.#runAsync(this.#attemptWhenAnswered());
        return;
      }
      if ("code" in slot) {
        this.refuse(slot);
        return;
      }
      const stream = this.#isLeftAlone(slot)
        ? null
        : (slot.link?.openStream(this.#options.head, this, { isEnd }) ?? null);
      if (stream !== null) {
        this.#slot = slot;
        this.#link = slot.link;
        this.#stream = stream;
        this.#body?.attach(stream);
        return;
      }
      this.#markTried(slot);
    }
    if (this.#refusal !== null) this.refuse(this.#refusal);
    else this.#runAsync(this.#attemptLater());
  }

  #pick(): WorkerSlot | WireError | "asked" | null {
    const { target, upgrade } = this.#options;
    const { app, cell, workerCount } = target;
    if (upgrade !== null) return cell.webSocketWorkers.pick(app, cell.workers.rankNodes(app), this.#tried);
    const versionId = this.#versionInQuarantine();
    if (versionId === null) return cell.workers.pick(app, workerCount, this.#tried);
    return cell.ownWorkers.pick(versionId, cell.workers.rankNodes(app), this.#tried);
  }

  /** Null: any worker takes it. */
  #versionInQuarantine(): VersionId | null {
    const { cell, versionId } = this.#options.target;
    if (versionId === null) return null;
    return this.#isQuarantined || cell.isQuarantined(versionId) ? versionId : null;
  }

  async #attemptLater(): Promise<void> {
    const leftMs = this.#waitLeftMs();
    if (leftMs <= 0) {
      this.refuse(errors.NO_WORKER({ app: this.#options.target.app }).wire);
      return;
    }
    const silentMs = this.#silentUntilMs - performance.now();
    await this.#context.routing.waitForWorker(silentMs > 0 ? Math.min(leftMs, silentMs) : leftMs);
    if (this.#isOver) return;
    this.#tried = null;
    this.#attempt();
  }

  async #attemptWhenAnswered(): Promise<void> {
    const { app, cell } = this.#options.target;
    const leftMs = this.#waitLeftMs();
    if (leftMs <= 0) {
      this.refuse(this.#refusal ?? errors.NO_WORKER({ app }).wire);
      return;
    }
    const versionId = this.#options.upgrade === null ? this.#versionInQuarantine() : null;
    if (versionId === null) await cell.webSocketWorkers.waitForAnswer(app, leftMs);
    else await cell.ownWorkers.waitForAnswer(versionId, leftMs);
    if (!this.#isOver) this.#attempt();
  }

  #waitLeftMs(): number {
    const nowMs = performance.now();
    const { noWorkerWaitMs, webSockets } = this.#context;
    // A process may have to start.
    const isAsked = this.#options.upgrade !== null || this.#versionInQuarantine() !== null;
    const waitMs = isAsked ? webSockets.workerWaitMs : noWorkerWaitMs;
    if (this.#waitUntilMs === 0) this.#waitUntilMs = nowMs + waitMs;
    return this.#waitUntilMs - nowMs;
  }

  #isLeftAlone({ supervisor }: WorkerSlot): boolean {
    return supervisor.credential === this.#silentSupervisor && performance.now() < this.#silentUntilMs;
  }

  #markTried(slot: WorkerSlot): void {
    this.#tried ??= [];
    this.#tried.push(slot);
  }

  /** The worker never entered it and says that another may. */
  #attemptElsewhere(slot: WorkerSlot, refusal: WireError): void {
    // A worker that is ending is no sign of load: its replacement is worth waiting for.
    if (refusal.reason !== "draining") this.#refusal = refusal;
    this.#refusalCount += 1;
    if (this.#refusalCount >= MAX_REFUSALS) {
      this.refuse(refusal);
      return;
    }
    const { app, cell } = this.#options.target;
    if (refusal.reason === WORKER_MOVED) cell.webSocketWorkers.forget(app, slot);
    else this.#markTried(slot);
    if (refusal.reason === QUARANTINED) this.#isQuarantined = true;
    this.#context.metrics.retried("worker_refused");
    this.#attempt();
  }

  async #recover(lost: { slot: WorkerSlot; link: Link; streamId: number }): Promise<void> {
    this.#lostCount += 1;
    const { slot, link, streamId } = lost;
    const wasWritten = link.wasWritten(streamId);
    const postmortem = wasWritten ? await slot.askPostmortem(link, streamId) : null;
    if (this.#isOver) return;
    if (wasWritten && postmortem === null) {
      this.#silentSupervisor = slot.supervisor.credential;
      this.#silentUntilMs = performance.now() + this.#context.supervisorSilenceMs;
    }
    const isReplayable = this.#body?.isReplayable ?? true;
    const error = decideAfterLoss({
      streamId,
      wasWritten,
      postmortem,
      isIdempotent: this.#options.isIdempotent,
      isReplayable,
      lostCount: this.#lostCount,
    });
    if (error !== null) {
      this.refuse(error.wire);
      return;
    }
    this.#context.metrics.retried("worker_lost");
    this.#attempt();
  }

  // --- as listener of the stream ---

  onHead(payload: Buffer, isEnd: boolean): void {
    const { upgrade } = this.#options;
    if (upgrade !== null) {
      const stream = this.#stream;
      const acceptance = isEnd ? null : readUpgradeHead(payload);
      if (acceptance !== null && stream !== null) {
        this.#accept(upgrade, stream, acceptance);
        return;
      }
      // Another answer: nothing follows from here.
      stream?.end();
    }
    if (this.#failOn(this.#writer.hold(payload))) return;
    if (isEnd || this.#writer.isBodyless) {
      if (!this.#failOn(this.#writer.sendWhole(null))) this.#finish(isEnd);
    } else this.#context.heldHeads.add(this);
  }

  onData(chunk: Buffer, isEnd: boolean): void {
    if (this.#writer.isBodyless) {
      this.#discard(chunk);
      return;
    }
    if (this.#isOver) return;
    if (this.#writer.isHeld) {
      if (isEnd) {
        if (!this.#failOn(this.#writer.sendWhole(chunk))) this.#finish(true);
        return;
      }
      if (this.#failOn(this.#writer.start())) return;
    }
    const canGoOn = this.#writer.write(chunk);
    if (canGoOn === null) this.#cut();
    else if (canGoOn) this.#stream?.grant(chunk.length);
    else this.#grantAfterDrain(chunk.length);
  }

  onEnd(): void {
    if (this.#isOver) return;
    if (this.#writer.isHeld) {
      if (!this.#failOn(this.#writer.sendWhole(null))) this.#finish(true);
    } else if (this.#writer.end()) this.#finish(true);
    else this.#cut();
  }

  onReset(error: WireError): void {
    const lost = { slot: this.#slot, link: this.#link, streamId: this.#stream?.id ?? 0 };
    const isLinkLost = this.#stream?.isLinkLost ?? false;
    this.#stream = null;
    this.#body?.detach();
    if (this.#isOver) return;
    if (this.#writer.hasStarted) {
      this.#cut();
      return;
    }
    this.#writer.drop();
    const { slot, link, streamId } = lost;
    if (slot === null || link === null) return;
    if (isLinkLost) this.#runAsync(this.#recover({ slot, link, streamId }));
    else if (error.retryable === true && (this.#body?.isReplayable ?? true)) this.#attemptElsewhere(slot, error);
    else this.refuse(error);
  }

  onDrain(): void {
    this.#body?.resume();
  }

  /** The frames that came with the head were looked at: it goes out, and the body follows. */
  sendHeldHead(): void {
    if (this.#isOver || !this.#writer.isHeld || this.#failOn(this.#writer.start())) return;
    this.#res.flushHeaders();
  }

  // --- ends ---

  #finish(isStreamEnded: boolean): void {
    this.#isOver = true;
    this.#outcome = "responded";
    if (this.#body !== null && !this.#body.isEnded) {
      this.#resetStream(errors.REQUEST_OVER({}).wire);
      this.#body.discard();
    } else if (isStreamEnded) this.#stream = null;
  }

  #cut(): void {
    this.#isOver = true;
    this.#outcome = "cut";
    this.#resetStream(errors.BAD_RESPONSE({ what: "it broke off" }).wire);
    const { socket } = this.#res;
    // A body without length and chunks ends with its connection: only a reset tells that it is not whole.
    const isUnframed = !this.#writer.hasLength && !this.#res.chunkedEncoding;
    if (isUnframed && socket !== null && !("encrypted" in socket)) socket.resetAndDestroy();
    this.#res.destroy();
  }

  #accept(upgrade: WebSocketUpgrade, stream: LinkStream, headers: readonly string[]): void {
    const { webSockets } = this.#context;
    const { websocket: limits } = this.#options.target;
    const { requestId } = this.#options;
    const { closeTimeoutMs } = webSockets;
    this.#isOver = true;
    this.#outcome = "responded";
    const result = upgrade.complete(headers, { requestId, maxMessageBytes: limits.maxMessageBytes, closeTimeoutMs });
    if (typeof result === "string") {
      this.#isOver = false;
      this.refuse(errors.BAD_UPGRADE({ what: result }).wire);
      return;
    }
    this.#stream = null;
    if (result === null) stream.reset(errors.CLIENT_GONE({}).wire);
    else webSockets.relay(result, { stream, limits });
  }

  #failOn(problem: ResponseProblem | null): boolean {
    if (problem === null) return false;
    this.#writer.drop();
    this.refuse(errors.BAD_RESPONSE(problem).wire);
    return true;
  }

  #resetStream(reason: WireError): void {
    const stream = this.#stream;
    this.#stream = null;
    stream?.reset(reason);
  }

  /** A body after HEAD, 204 or 304: the response is out; a short one may end by itself, a long one is stopped. */
  #discard(chunk: Buffer): void {
    this.#discardedBytes += chunk.length;
    if (this.#discardedBytes > BODYLESS_DISCARD_BYTES) this.#resetStream(errors.REQUEST_OVER({}).wire);
  }

  #grantAfterDrain(bytes: number): void {
    this.#owedBytes += bytes;
    if (this.#isDrainAwaited) return;
    this.#isDrainAwaited = true;
    this.#res.once("drain", () => {
      this.#isDrainAwaited = false;
      const owedBytes = this.#owedBytes;
      this.#owedBytes = 0;
      this.#stream?.grant(owedBytes);
    });
  }

  #runAsync(work: Promise<void>): void {
    work.catch((thrown: unknown) => this.refuse(toWireError(thrown)));
  }
}
