/** What every request goes through before it is forwarded: admission, target, route, size. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestId } from "@nano/protocol/brands";
import type { NanoError } from "@nano/protocol/errors";
import { encodeHeaderBlock, encodeRequestHead } from "@nano/protocol/messages";
import { errors } from "../errors.ts";
import { TargetCanonicalizer } from "./canonical-target.ts";
import { sendErrorResponse } from "./error-response.ts";
import { type ForwardContext, ForwardedRequest } from "./forwarded-request.ts";
import { discardBody, RequestBody } from "./request-body.ts";
import { type RequestHeaders, readRequestHeaders } from "./request-headers.ts";
import type { RequestOutcome } from "./request-metrics.ts";
import type { AppTarget } from "./routing-state.ts";

export interface RequestHandlerOptions extends ForwardContext {
  /** What request ids begin with: unique to this process. */
  readonly requestIdPrefix: string;
  /** What clients use to reach the router. */
  readonly scheme: "http" | "https";
  readonly maxInFlightCount: number;
  readonly retryBufferBytes: number;
  readonly discardBytes: number;
}

export class RequestHandler {
  readonly #options: RequestHandlerOptions;
  readonly #targets: TargetCanonicalizer;
  readonly #inFlight = new Set<ServerResponse>();
  #requestCount = 0;
  #isClosing = false;

  constructor(options: RequestHandlerOptions) {
    this.#options = options;
    this.#targets = new TargetCanonicalizer(options.scheme);
  }

  get inFlightCount(): number {
    return this.#inFlight.size;
  }

  /** From here on each response ends its connection. */
  close(): void {
    this.#isClosing = true;
    for (const res of this.#inFlight) res.shouldKeepAlive = false;
  }

  /** @param isContinueExpected the client waits for `100 Continue` before it sends its body */
  handle(req: IncomingMessage, res: ServerResponse, isContinueExpected: boolean): void {
    const startedMs = performance.now();
    this.#requestCount += 1;
    if (this.#isClosing) res.shouldKeepAlive = false;
    const requestId = `${this.#options.requestIdPrefix}-${this.#requestCount.toString(36)}` as RequestId;
    const forwarded = this.#admit(req, res, { requestId, isContinueExpected });
    this.#inFlight.add(res);
    res.on("close", () => {
      this.#inFlight.delete(res);
      if (this.#isClosing) req.socket.end();
      forwarded?.close();
      const outcome: RequestOutcome = forwarded === null ? "refused" : forwarded.outcome;
      this.#options.metrics.finished(outcome, res.statusCode, performance.now() - startedMs);
    });
  }

  /** Null: it was answered here. */
  #admit(
    req: IncomingMessage,
    res: ServerResponse,
    request: { requestId: RequestId; isContinueExpected: boolean },
  ): ForwardedRequest | null {
    const options = this.#options;
    const refuse = (error: NanoError): null => {
      // A client that waits for `100 Continue` may or may not send its body after another answer: nobody can tell where the next request begins.
      sendErrorResponse(res, error.wire, { requestId: request.requestId, isClosing: request.isContinueExpected });
      discardBody(req, options.discardBytes);
      return null;
    };
    const limitCount = options.maxInFlightCount;
    if (this.#inFlight.size >= limitCount) return refuse(errors.OVERLOADED({ limitCount }));
    const headers = readRequestHeaders(req.rawHeaders);
    if (headers.host === null) return refuse(errors.BAD_REQUEST({ what: "expected exactly one Host header" }));
    const target = this.#targets.canonicalize(req.url ?? "", headers.host);
    if ("refused" in target) return refuse(errors.BAD_REQUEST({ what: target.refused }));
    const state = options.routing.current;
    const app = state.routes.find(target.host, target.path);
    if (app === null) return refuse(errors.UNKNOWN_HOST({}));
    if (app.versionId === null) return refuse(errors.NOT_BUILT({ app: app.app }));
    if (headers.isWebSocketUpgrade) return refuse(errors.WEBSOCKET_UNSUPPORTED({}));
    const limitBytes = app.requestBodyBytes;
    if (headers.contentLengthBytes > limitBytes) return refuse(errors.BODY_TOO_LARGE({ limitBytes }));

    const method = req.method ?? "GET";
    headers.forwarded.push("host", target.authority);
    const head = encodeRequestHead({
      requestId: request.requestId,
      versionId: app.versionId,
      method,
      url: target.url,
      headers: encodeHeaderBlock(headers.forwarded),
    });
    const forwarded = new ForwardedRequest(options, res, {
      requestId: request.requestId,
      target: app,
      head,
      isHeadRequest: method === "HEAD",
    });
    if (request.isContinueExpected) res.writeContinue();
    forwarded.start(state, headers.hasBody ? this.#openBody(req, forwarded, { headers, app }) : null);
    return forwarded;
  }

  #openBody(
    req: IncomingMessage,
    forwarded: ForwardedRequest,
    request: { headers: RequestHeaders; app: AppTarget },
  ): RequestBody {
    const limitBytes = request.app.requestBodyBytes;
    return new RequestBody(req, {
      limitBytes,
      retryBufferBytes: this.#options.retryBufferBytes,
      discardBytes: this.#options.discardBytes,
      contentLengthBytes: request.headers.contentLengthBytes,
      onTooLarge: () => forwarded.refuseBody(limitBytes),
    });
  }
}
