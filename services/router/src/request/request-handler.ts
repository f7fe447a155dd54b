/** What every request goes through before it is forwarded: admission, target, route, size. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { RequestId } from "@nano/protocol/brands";
import type { NanoError } from "@nano/protocol/errors";
import { MAX_PAYLOAD_BYTES } from "@nano/protocol/frames";
import { isIdempotent } from "@nano/protocol/idempotent-methods";
import { encodeHeaderBlock, encodeRequestHead } from "@nano/protocol/messages";
import { errors } from "../errors.ts";
import { TargetCanonicalizer } from "./canonical-target.ts";
import type { Client, ClientConnection, ClientConnections, Trust } from "./client-connection.ts";
import { ALLOWED_METHODS, sendErrorResponse } from "./error-response.ts";
import { type ForwardContext, ForwardedRequest } from "./forwarded-request.ts";
import { discardBody, RequestBody } from "./request-body.ts";
import { findExcess } from "./request-head-limits.ts";
import { type RequestHeaders, readRequestHeaders } from "./request-headers.ts";
import { limitReasonOf, type RequestOutcome } from "./request-metrics.ts";
import { isInShare } from "./rollout-share.ts";
import type { AppTarget } from "./routing-state.ts";
import { findHandshakeError, headersOfUpgrade } from "./websocket-handshake.ts";
import type { WebSocketUpgrade } from "./websocket-upgrade.ts";
import type { UpgradeOutcome } from "./websockets.ts";

export interface RequestHandlerOptions extends ForwardContext {
  /** What request ids begin with: unique to this process. */
  readonly requestIdPrefix: string;
  readonly connections: ClientConnections;
  readonly trust: Trust;
  readonly maxInFlightCount: number;
  readonly maxPipelinedCount: number;
  readonly retryBufferBytes: number;
  readonly discardBytes: number;
  /** Whether a host without a route leads nowhere; before that nobody knows. */
  hasRoutes(): boolean;
}

/** The app's target for a client: of its rollout, or of everybody else. */
function chooseTarget(target: AppTarget, client: Client, headers: RequestHeaders): AppTarget {
  const { rollout } = target;
  if (rollout === null) return target;
  return isInShare(rollout.share, client.address, headers.forwarded) ? rollout.target : target;
}

/** Of a request that asks for a WebSocket and was not taken for one. */
function refusedHandshake(req: IncomingMessage): NanoError {
  return (
    findHandshakeError(req) ?? errors.BAD_HANDSHAKE({ what: "it came before the answer to the request in front of it" })
  );
}

function upgradeOutcomeOf(outcome: RequestOutcome, status: number): UpgradeOutcome {
  if (outcome !== "responded") return outcome === "cut" ? "declined" : outcome;
  return status === 101 ? "accepted" : "declined";
}

/** Node's server reads on from a socket that is paused, unless it has paused it itself: which it knows by this mark, that it does not document. */
function stopReading(socket: Socket): void {
  (socket as Socket & { _paused?: boolean })._paused = true;
  socket.pause();
}

/** What a client that sent `Expect` waits for: `100 Continue`, or something that nobody knows. */
export type Expectation = "none" | "continue" | "unknown";

/** How far the router is on its way out. */
const Phase = { OPEN: 0, ANNOUNCING: 1, ENDING: 2 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

export class RequestHandler {
  readonly #options: RequestHandlerOptions;
  readonly #httpTargets = new TargetCanonicalizer("http");
  readonly #httpsTargets = new TargetCanonicalizer("https");
  readonly #inFlight = new Set<ServerResponse>();
  #requestCount = 0;
  #phase: Phase = Phase.OPEN;

  constructor(options: RequestHandlerOptions) {
    this.#options = options;
  }

  get inFlightCount(): number {
    return this.#inFlight.size;
  }

  /** From here on each response tells its client to use another connection. */
  announceClose(): void {
    this.#phase = Phase.ANNOUNCING;
    for (const res of this.#inFlight) {
      const connection = this.#options.connections.of(res.req.socket);
      if (connection.latestResponse !== res) continue;
      res.shouldKeepAlive = false;
      connection.isEnding ||= !res.headersSent;
    }
  }

  /** From here on each response ends its connection, also where its head had left before `announceClose`. */
  endConnections(): void {
    this.announceClose();
    this.#phase = Phase.ENDING;
  }

  /** A handshake whose socket has left the parser: see `isUpgrade` of the server. */
  handleUpgrade(req: IncomingMessage, upgrade: WebSocketUpgrade): void {
    this.handle(req, upgrade.res, "none", upgrade);
  }

  handle(
    req: IncomingMessage,
    res: ServerResponse,
    expectation: Expectation,
    upgrade: WebSocketUpgrade | null = null,
  ): void {
    const connection = this.#options.connections.of(req.socket);
    if (connection.isEnding) {
      // What precedes it came whole. A client that sends on would have each of its requests parsed, and taken down with its connection.
      stopReading(req.socket);
      return;
    }
    const startedMs = performance.now();
    this.#requestCount += 1;
    if (this.#phase !== Phase.OPEN) {
      res.shouldKeepAlive = false;
      connection.isEnding = true;
    }
    const requestId = `${this.#options.requestIdPrefix}-${this.#requestCount.toString(36)}` as RequestId;
    connection.latestRequest = req;
    connection.latestResponse = res;
    connection.pendingCount += 1;
    const forwarded = this.#admit(req, res, { requestId, expectation, connection, upgrade });
    connection.latestForwarded = forwarded;
    this.#inFlight.add(res);
    res.on("close", () => {
      this.#inFlight.delete(res);
      connection.pendingCount -= 1;
      if (upgrade !== null && res.statusCode === 101) connection.forgetRequests();
      if (this.#phase === Phase.ENDING && connection.latestResponse === res) req.socket.end();
      forwarded?.close();
      const outcome: RequestOutcome = forwarded === null ? "refused" : forwarded.outcome;
      this.#options.metrics.finished(outcome, res.statusCode, performance.now() - startedMs);
      if (upgrade !== null && forwarded !== null) {
        this.#options.webSockets.endUpgrade(upgradeOutcomeOf(outcome, res.statusCode));
      }
    });
  }

  /** Null: it was answered here. */
  #admit(
    req: IncomingMessage,
    res: ServerResponse,
    request: {
      requestId: RequestId;
      expectation: Expectation;
      connection: ClientConnection;
      upgrade: WebSocketUpgrade | null;
    },
  ): ForwardedRequest | null {
    const options = this.#options;
    const refuse = (
      error: NanoError,
      more: { allow?: string; isFramingDoubtful?: boolean; isLast?: boolean } = {},
    ): null => {
      // A client that waits for `100 Continue` may or may not send its body after another answer: nobody can tell where the next request begins.
      const isClosing = request.expectation !== "none" || more.isFramingDoubtful === true || more.isLast === true;
      request.connection.isEnding ||= isClosing;
      this.#countLimit(error);
      sendErrorResponse(res, error.wire, { requestId: request.requestId, isClosing, ...more });
      discardBody(req, options.discardBytes);
      return null;
    };
    const limitCount = options.maxInFlightCount;
    if (this.#inFlight.size >= limitCount) return refuse(errors.OVERLOADED({ limitCount }));
    // One connection holds no more of that than its share; what it has sent besides is not a request any more.
    if (request.connection.pendingCount > options.maxPipelinedCount) {
      return refuse(errors.PIPELINE_FULL({ limitCount: options.maxPipelinedCount }), { isLast: true });
    }
    if (request.expectation === "unknown") return refuse(errors.EXPECTATION_FAILED({}));
    const version = req.httpVersion;
    // The parser lets 0.9 and 2.0 through, which frame their messages in other ways.
    if (req.httpVersionMajor !== 1) return refuse(errors.VERSION_UNSUPPORTED({ version }), { isFramingDoubtful: true });
    const method = req.method ?? "GET";
    // It would show what proxies on the way have added, credentials among it.
    if (method === "TRACE") return refuse(errors.METHOD_NOT_ALLOWED({ method }), { allow: ALLOWED_METHODS });
    const headers = readRequestHeaders(req.rawHeaders);
    if (headers.host === null) return refuse(errors.BAD_REQUEST({ what: "expected exactly one Host header" }));
    const { transferCoding } = headers;
    if (transferCoding !== null) {
      // RFC 9112, 6.1: a proxy of the past that passed it on does not know where it ends.
      const isFramingDoubtful = true;
      if (req.httpVersionMinor === 0) {
        return refuse(errors.BAD_REQUEST({ what: "HTTP/1.0 has no transfer codings" }), { isFramingDoubtful });
      }
      if (transferCoding !== "chunked") return refuse(errors.CODING_UNSUPPORTED({}), { isFramingDoubtful });
    }
    if (method === "OPTIONS" && req.url === "*") {
      // RFC 9110, 9.3.7: it asks what the server can, not what an app can.
      res.writeHead(204, ["allow", ALLOWED_METHODS, "x-nano-request-id", request.requestId]);
      res.end();
      discardBody(req, options.discardBytes);
      return null;
    }
    const client = this.#clientOf(request.connection, headers);
    const targets = client.scheme === "https" ? this.#httpsTargets : this.#httpTargets;
    const target = targets.canonicalize(req.url ?? "", headers.host, client.host);
    if ("refused" in target) return refuse(errors.BAD_REQUEST({ what: target.refused }));
    const entry = options.routing.find(target.host, target.path);
    if (entry === null) return refuse(options.hasRoutes() ? errors.UNKNOWN_HOST({}) : errors.NO_ROUTES({}));
    const app = chooseTarget(entry.target, client, headers);
    if (app.versionId === null) return refuse(errors.NOT_BUILT({ app: app.app }));
    const { upgrade } = request;
    if (headers.wantsWebSocket) {
      // What its client sends next may be frames.
      if (upgrade === null) return refuse(refusedHandshake(req), { isFramingDoubtful: true });
      headers.forwarded = headersOfUpgrade(headers.forwarded);
    }
    const excess = findExcess(app, req.url ?? "", req.rawHeaders);
    if (excess !== null) return refuse(excess);
    const limitBytes = app.requestBodyBytes;
    if (headers.contentLengthBytes > limitBytes) return refuse(errors.BODY_TOO_LARGE({ limitBytes }));

    headers.forwarded.push("host", target.authority, ...client.headers);
    const head = encodeRequestHead({
      requestId: request.requestId,
      versionId: app.versionId,
      method,
      url: target.url,
      headers: encodeHeaderBlock(headers.forwarded),
    });
    // On the link a byte above 0x7F is two, and a `%` that begins no escape is three.
    if (head.length > MAX_PAYLOAD_BYTES)
      return refuse(errors.HEADERS_TOO_LARGE({ limit: `${MAX_PAYLOAD_BYTES} bytes` }));
    const full = headers.wantsWebSocket ? options.webSockets.beginUpgrade() : null;
    if (full !== null) return refuse(full);
    const forwarded = new ForwardedRequest(options, res, {
      requestId: request.requestId,
      target: app,
      head,
      isHeadRequest: method === "HEAD",
      isIdempotent: isIdempotent(method),
      upgrade,
    });
    // Node ends the connection after a response that comes without: nobody can tell whether the body still comes.
    const onWanted = request.expectation === "continue" ? () => res.writeContinue() : null;
    forwarded.start(headers.hasBody ? this.#openBody(req, forwarded, { headers, app, onWanted }) : null);
    return forwarded;
  }

  #countLimit(error: NanoError): void {
    const reason = limitReasonOf(error.wire);
    if (reason !== null) this.#options.metrics.limitEnded(reason);
  }

  #clientOf(connection: ClientConnection, headers: RequestHeaders): Client {
    if (!connection.isTrusted || headers.claims === null) return connection;
    return connection.resolve(headers.claims, this.#options.trust);
  }

  #openBody(
    req: IncomingMessage,
    forwarded: ForwardedRequest,
    request: { headers: RequestHeaders; app: AppTarget; onWanted: (() => void) | null },
  ): RequestBody {
    const limitBytes = request.app.requestBodyBytes;
    return new RequestBody(req, {
      limitBytes,
      retryBufferBytes: this.#options.retryBufferBytes,
      discardBytes: this.#options.discardBytes,
      contentLengthBytes: request.headers.contentLengthBytes,
      onTooLarge: () => {
        const error = errors.BODY_TOO_LARGE({ limitBytes });
        this.#countLimit(error);
        forwarded.refuse(error.wire);
      },
      onWanted: request.onWanted,
    });
  }
}
