/**
 * One fetch of an app: waits for a slot, goes out hop by hop, and streams the answer back.
 *
 * I1 The sink hears either `onHead` … `onEnd`, or an `onFailed` that ends it, and nothing after its end or `cancel()`.
 * I2 Slot, pool lease, timers and body are let go on every way out (`#finish`).
 * I3 Nothing is buffered beyond a stream's high-water mark: a sink that answers false pauses the socket.
 */
import { isNanoError, type NanoError } from "@nano/protocol/errors";
import {
  type EgressHead,
  type EgressResponseHead,
  type EgressWebSocket,
  encodeHeaderBlock,
} from "@nano/protocol/messages";
import type { RelayConnection } from "@nano/socket-relay/websocket-relay";
import type { WebSocketRelays } from "@nano/socket-relay/websocket-relays";
import type { Slots } from "../linked/slots.ts";
import type { AgentLease, AppAgents } from "./app-agents.ts";
import { BodyDecoder, contentCodings } from "./content-decoding.ts";
import type { EgressConfig } from "./egress-config.ts";
import type { EgressCounters, FetchOutcome } from "./egress-counters.ts";
import { egressErrors } from "./errors.ts";
import { type Exchange, Hop, type HopListener, type HopResponse } from "./hop.ts";
import {
  isRedirectStatus,
  type OutboundRequest,
  parseOutboundRequest,
  redirectRequest,
  type TargetRules,
} from "./outbound-request.ts";
import type { RefusalLog } from "./refusal-log.ts";
import { RequestBody } from "./request-body.ts";
import { responseHeaders } from "./request-headers.ts";
import { WebSocketHop } from "./web-socket-hop.ts";

/** What all fetches of the process share. */
export interface FetchContext {
  readonly config: EgressConfig;
  readonly slots: Slots;
  /** Of WebSockets: they stay, and fetches shall find room beside them. */
  readonly socketSlots: Slots;
  readonly relays: WebSocketRelays;
  readonly agents: AppAgents;
  readonly counters: EgressCounters;
  readonly refusals: RefusalLog;
}

/** Where a fetch's answer goes. */
export interface FetchSink {
  onHead(head: EgressResponseHead, isEnd: boolean): void;
  /** In place of all else: the answer is a WebSocket. */
  onUpgraded(upgraded: UpgradedFetch): void;
  /** False: wait for `OutboundFetch.resume()`. */
  onChunk(chunk: Buffer): boolean;
  onEnd(): void;
  onFailed(error: NanoError): void;
  /** So many bytes of the request body are on their way. */
  onBodyConsumed(bytes: number): void;
}

/** A WebSocket that a fetch became. */
export interface UpgradedFetch {
  readonly head: EgressResponseHead;
  readonly connection: RelayConnection;
  readonly limits: EgressWebSocket;
  /** To be called once the connection is closed. */
  readonly onClosed: () => void;
}

/** Statuses whose response has no body, whatever its headers say. */
const NULL_BODY_STATUSES = new Set([204, 205, 304]);

export class OutboundFetch {
  readonly #head: EgressHead;
  readonly #context: FetchContext;
  readonly #sink: FetchSink;
  readonly #body: RequestBody | null;
  readonly #rules: TargetRules;
  readonly #abort = new AbortController();
  #request: OutboundRequest | null = null;
  #slot: Disposable | null = null;
  #lease: AgentLease | null = null;
  #hop: Exchange | null = null;
  #decoder: BodyDecoder | null = null;
  #idleTimer: NodeJS.Timeout | null = null;
  #redirectCount = 0;
  #responseBytes = 0;
  #isHeadSent = false;
  #isEndSent = false;
  #isOver = false;

  constructor(head: EgressHead, hasBody: boolean, options: { context: FetchContext; sink: FetchSink }) {
    this.#head = head;
    this.#context = options.context;
    this.#sink = options.sink;
    const { replayBytes, deniedPorts } = options.context.config;
    this.#rules = { deniedPorts, allowHosts: head.allowHosts };
    this.#body = hasBody
      ? new RequestBody({ replayBytes, onConsumed: (bytes) => this.#sink.onBodyConsumed(bytes) })
      : null;
  }

  /** Runs until the sink has heard its end. Never rejects. */
  async run(): Promise<void> {
    try {
      this.#request = parseOutboundRequest(this.#head, { hasBody: this.#body !== null, rules: this.#rules });
      const { slots, socketSlots } = this.#context;
      const wanted = this.#head.webSocket === undefined ? slots : socketSlots;
      this.#slot = await wanted.acquire(this.#head.app, this.#abort.signal);
      if (this.#isOver) {
        this.#slot[Symbol.dispose]();
        return;
      }
      this.#lease = this.#context.agents.lease(this.#head.app);
      if (this.#body !== null && !this.#body.isEnded) this.#watchIdle();
      this.#startHop(this.#request);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @param chunk is kept for a while */
  pushBody(chunk: Buffer): void {
    if (this.#isOver || this.#body === null) {
      this.#sink.onBodyConsumed(chunk.length);
      return;
    }
    this.#context.counters.requestBodyBytes += chunk.length;
    this.#idleTimer?.refresh();
    this.#body.push(chunk);
  }

  endBody(): void {
    this.#body?.end();
    // From here on undici counts the time until the head.
    if (!this.#isHeadSent) this.#stopIdleTimer();
  }

  /** The sink takes chunks again. */
  resume(): void {
    this.#idleTimer?.refresh();
    if (this.#decoder !== null) this.#decoder.resume();
    else this.#hop?.resume();
  }

  /** Nobody wants the answer any more. */
  cancel(): void {
    if (this.#isOver) return;
    this.#finish("cancelled");
  }

  #startHop(request: OutboundRequest): void {
    let body = null;
    if (request.hasBody && this.#body !== null) {
      body = this.#body.open();
      if (body === null) {
        const rule = `the request body is over ${this.#context.config.replayBytes} bytes and cannot be sent again`;
        throw egressErrors.REDIRECT_REFUSED({ rule });
      }
    }
    const { config } = this.#context;
    const { webSocket } = this.#head;
    const lease = this.#lease as AgentLease;
    const listener: HopListener = {
      onResponse: (response) => this.#guarded(hop, () => this.#takeResponse(request, response)),
      onChunk: (chunk) => this.#guarded(hop, () => this.#takeChunk(chunk)),
      onEnd: () => this.#guarded(hop, () => (this.#decoder === null ? this.#end() : this.#decoder.end())),
      onFailed: (error) => this.#guarded(hop, () => this.#fail(error)),
    };
    let hop: Exchange;
    if (webSocket === undefined) {
      const exchange = new Hop(request.url.hostname, config.headersTimeoutMs, listener);
      hop = this.#hop = exchange;
      exchange.start(lease.agent, request, body);
      return;
    }
    const handshake = new WebSocketHop(request, {
      limits: webSocket,
      config,
      listener: {
        ...listener,
        onUpgraded: (response, connection) => {
          if (this.#isOver || hop !== this.#hop) connection.ws.terminate();
          else this.#upgrade(request, response, { connection, limits: webSocket });
        },
      },
    });
    hop = this.#hop = handshake;
    handshake.start((url) => lease.connect(url));
  }

  /** Slot and lease stay with the connection. */
  #upgrade(
    request: OutboundRequest,
    response: HopResponse,
    socket: Pick<UpgradedFetch, "connection" | "limits">,
  ): void {
    this.#isOver = true;
    this.#hop = null;
    this.#stopIdleTimer();
    this.#context.counters.countOutcome("answered");
    this.#sink.onUpgraded({
      ...socket,
      head: this.#headOf(request, response, false),
      onClosed: () => {
        this.#lease?.[Symbol.dispose]();
        this.#slot?.[Symbol.dispose]();
      },
    });
  }

  #headOf(request: OutboundRequest, response: HopResponse, isDecoded: boolean): EgressResponseHead {
    return {
      status: response.status,
      statusText: response.statusText,
      headers: encodeHeaderBlock(responseHeaders(response.headers, isDecoded)),
      url: request.url.href,
      redirected: this.#redirectCount > 0,
    };
  }

  /** Runs what a hop reports, unless it is not the current one any more; what that throws ends the fetch. */
  #guarded(hop: Exchange, take: () => void): void {
    if (this.#isOver || hop !== this.#hop) return;
    try {
      take();
    } catch (error) {
      this.#fail(error);
    }
  }

  #takeResponse(request: OutboundRequest, response: HopResponse): void {
    if (isRedirectStatus(response.status) && this.#head.redirect !== "manual") {
      if (this.#head.redirect === "error") {
        throw egressErrors.REDIRECT_REFUSED({ rule: `the response is a ${response.status} and redirect is "error"` });
      }
      const next = redirectRequest(request, response, this.#rules);
      if (next !== null) {
        this.#followRedirect(next);
        return;
      }
    }
    this.#answer(request, response);
  }

  #followRedirect(next: OutboundRequest): void {
    const { redirectCount } = this.#context.config;
    if (this.#redirectCount >= redirectCount) {
      throw egressErrors.REDIRECT_REFUSED({ rule: `more than ${redirectCount} of them` });
    }
    this.#redirectCount += 1;
    this.#context.counters.redirects += 1;
    const left = this.#hop;
    if (!next.hasBody) this.#body?.destroy();
    this.#startHop(next);
    left?.leave();
  }

  #answer(request: OutboundRequest, response: HopResponse): void {
    const hasNoBody = request.method === "HEAD" || NULL_BODY_STATUSES.has(response.status);
    const codings = hasNoBody ? [] : contentCodings(response.headers);
    if (codings.length > 0) this.#decoder = this.#createDecoder(codings);
    this.#isHeadSent = true;
    this.#isEndSent = hasNoBody;
    this.#watchIdle();
    this.#sink.onHead(this.#headOf(request, response, codings.length > 0), hasNoBody);
  }

  #createDecoder(codings: readonly string[]): BodyDecoder {
    return new BodyDecoder(codings, {
      onChunk: (chunk) => this.#sendChunk(chunk),
      onEnd: () => this.#end(),
      onError: (coding, cause) => this.#fail(egressErrors.DECODE_FAILED({ coding }, cause)),
      onDrain: () => this.#hop?.resume(),
    });
  }

  #takeChunk(chunk: Buffer): void {
    if (this.#decoder === null) this.#sendChunk(chunk);
    else if (!this.#decoder.write(chunk)) this.#hop?.pause();
  }

  #sendChunk(chunk: Buffer): void {
    if (this.#isOver || this.#isEndSent) return;
    this.#responseBytes += chunk.length;
    this.#context.counters.responseBodyBytes += chunk.length;
    const limitBytes = this.#context.config.responseBytes;
    if (this.#responseBytes > limitBytes) {
      this.#fail(egressErrors.RESPONSE_TOO_LARGE({ limitBytes }));
      return;
    }
    this.#idleTimer?.refresh();
    if (this.#sink.onChunk(chunk)) return;
    if (this.#decoder !== null) this.#decoder.pause();
    else this.#hop?.pause();
  }

  #end(): void {
    if (this.#isOver) return;
    const isEndDue = !this.#isEndSent;
    this.#finish("answered");
    if (isEndDue) this.#sink.onEnd();
  }

  #fail(thrown: unknown): void {
    if (this.#isOver) return;
    const host = this.#request?.url.hostname ?? "";
    const error = isNanoError(thrown)
      ? thrown
      : egressErrors.RESPONSE_BROKEN({ host, cause: "internal error" }, thrown);
    this.#context.refusals.note(this.#head.app, error);
    const isTold = !this.#isEndSent;
    this.#finish(outcomeOf(error));
    if (isTold) this.#sink.onFailed(error);
  }

  #finish(outcome: FetchOutcome): void {
    this.#isOver = true;
    this.#context.counters.countOutcome(outcome);
    this.#stopIdleTimer();
    this.#abort.abort();
    this.#decoder?.destroy();
    // Before the body: destroying a body that undici reads would be reported as a failure of its own.
    if (outcome !== "answered") this.#hop?.abort();
    this.#hop = null;
    this.#body?.destroy();
    this.#lease?.[Symbol.dispose]();
    this.#slot?.[Symbol.dispose]();
  }

  #watchIdle(): void {
    this.#stopIdleTimer();
    const limitMs = this.#context.config.idleTimeoutMs;
    const host = this.#request?.url.hostname ?? "";
    this.#idleTimer = setTimeout(() => this.#fail(egressErrors.TIMEOUT({ host, phase: "idle", limitMs })), limitMs);
  }

  #stopIdleTimer(): void {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    this.#idleTimer = null;
  }
}

function outcomeOf(error: NanoError): FetchOutcome {
  if (error.wire.reason === "fetch_limit") return "limited";
  return error.code.endsWith("_REFUSED") ? "refused" : "failed";
}
