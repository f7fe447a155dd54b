/**
 * One request in the guest, from REQUEST to SETTLED.
 *
 * I1 A handler that answers without waiting, with a body that is there whole, costs one call of the host
 *    (RESPOND_SETTLED) and no promise.
 * I2 The host is told of the end exactly once, after the response ended and every `waitUntil` settled, however the handler
 *    ended.
 * I3 A run is known to events (`runs`) only from the moment on which one could come for it.
 */
import { type Body, bodyOfData, bodyOfSource, isBodyUnusable } from "./body.ts";
import type { Failure } from "./body-sender.ts";
import { HostOp } from "./boundary.ts";
import { callHost } from "./host.ts";
import type { HostSource } from "./host-source.ts";
import {
  MapCtor,
  MapPrototypeDelete,
  MapPrototypeGet,
  MapPrototypeSet,
  PromisePrototypeThen,
  PromiseResolve,
  TypeErrorCtor,
} from "./primordials.ts";
import { hostSlots, type Request, requestOver } from "./request.ts";
import { isNullBodyStatus, isResponse, responseSlots } from "./response.ts";
import type { Controller, Signal } from "./signal.ts";
import type { SocketEnd } from "./socket-end.ts";
import type { StreamedAnswer } from "./streamed-answer.ts";

interface Modules {
  "./host-source.ts": typeof import("./host-source.ts");
  "./log.ts": typeof import("./log.ts");
  "./signal.ts": typeof import("./signal.ts");
  "./streamed-answer.ts": typeof import("./streamed-answer.ts");
  "./thrown.ts": typeof import("./thrown.ts");
  "./websocket.ts": typeof import("./websocket.ts");
}
// The build turns this into the call of the module's wrapper: what most requests do without is never evaluated.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

const runs = new MapCtor<number, RequestRun>();
/** The one that began last: it may be in `runs` not yet. */
let latestRun: RequestRun | null = null;
/** The one that became a connection last: each message of its client is for it. */
let connectedRun: RequestRun | null = null;

/** The run that an event is for, or undefined where it is over. */
export function findRun(id: number): RequestRun | undefined {
  return MapPrototypeGet(runs, id);
}

/** The request whose entry is running, for whoever was given none. Undefined: there is none. */
export function currentRun(): RequestRun | undefined {
  const id = callHost(HostOp.CURRENT_REQUEST);
  if (latestRun !== null && latestRun.id === id) return latestRun;
  return typeof id === "number" ? findRun(id) : undefined;
}

/** A message of a connection's client; one for what is over is dropped. */
export function receiveMessage(id: number, data: string | ArrayBuffer): void {
  const run = connectedRun !== null && connectedRun.id === id ? connectedRun : findRun(id);
  if (run !== undefined && run.socket !== null) run.socket.receive(data);
}

export class RequestRun {
  readonly id: number;
  /** Where the rest of the request's body comes from, if it was not there whole. */
  source: HostSource | null = null;
  /** The end of a WebSocketPair that its client has. */
  socket: SocketEnd | null = null;
  #controller: Controller | null = null;
  #abortReason: Failure | null = null;
  #answer: StreamedAnswer | null = null;
  #pendingCount = 0;
  #isResponseOver = false;
  #isSettled = false;
  #isKnown = false;

  constructor(id: number) {
    this.id = id;
    latestRun = this;
  }

  /** The request as the handler sees it. */
  createRequest(method: string, url: string, headers: string, body: unknown): Request {
    const slots = hostSlots(method, url, headers, () => this.#createSignal());
    if (body !== undefined) slots.body = this.#bodyOf(body);
    return requestOver(slots);
  }

  /** Takes what the handler returned: a Response, or a promise of one. Never throws. */
  settleWith(result: unknown): void {
    try {
      if (isResponse(result) || typeof result !== "object" || result === null) {
        this.#respond(result);
        return;
      }
      this.#remember();
      PromisePrototypeThen(
        PromiseResolve(result),
        (response) => {
          try {
            this.#respond(response);
          } catch (reason) {
            this.fail(reason);
          }
        },
        (reason) => this.fail(reason),
      );
    } catch (reason) {
      this.fail(reason);
    }
  }

  /** Ends the request without a response: the handler threw. */
  fail(reason: unknown): void {
    const { name, message, stack } = require("./thrown.ts").describeThrown(reason);
    callHost(HostOp.THREW, this.id, name, message, stack);
    this.#endResponse();
  }

  /** Keeps the request open until the promise settles, unless it is over; a failure is logged. */
  waitUntil(promise: unknown): void {
    this.#pendingCount++;
    if (!this.#isSettled) this.#remember();
    PromisePrototypeThen(
      PromiseResolve(promise),
      () => this.#onWaited(),
      (reason) => {
        const text = `waitUntil: ${require("./thrown.ts").formatThrown(reason)}`;
        // Another request may have settled it.
        require("./log.ts").writeLog("error", text, this.id);
        this.#onWaited();
      },
    );
  }

  /** The host has room for more of the response. */
  resume(): void {
    this.#answer?.resume();
  }

  /** The host has passed the response's body on. */
  endPassing(): void {
    this.#answer?.cancel(undefined);
  }

  /** The client went away: what was under way for it stops, what `waitUntil` keeps goes on. */
  abort(message: unknown): void {
    if (this.#abortReason !== null) return;
    const reason = require("./signal.ts").abortError(`${message as string}`);
    this.#abortReason = { reason };
    this.source?.fail(reason);
    this.#controller?.abort(reason);
    this.#answer?.cancel(reason);
  }

  /** The connection that it became is over. */
  endSocket(code: number, reason: string, wasClean: boolean): void {
    const { socket } = this;
    if (socket === null) return;
    this.socket = null;
    if (connectedRun === this) connectedRun = null;
    socket.end({ code, reason, wasClean });
    this.#endResponse();
  }

  /** What `waitUntil` kept has settled. */
  #onWaited(): void {
    this.#pendingCount--;
    this.#settle();
  }

  #respond(result: unknown): void {
    if (!isResponse(result)) throw new TypeErrorCtor("The fetch handler did not answer with a Response");
    const slots = responseSlots(result);
    const { body, status } = slots;
    if (status === 0) throw new TypeErrorCtor("The fetch handler answered with Response.error()");
    if (isBodyUnusable(body)) throw new TypeErrorCtor("The body of the response was already read, or is locked");
    const block = slots.headers.toBlock();
    if (slots.webSocket !== null) {
      const end = require("./websocket.ts").socketEnd(slots.webSocket);
      end.connect(this.id, block, slots.headers.get("sec-websocket-protocol") ?? "");
      this.#remember();
      this.socket = end;
      connectedRun = this;
      return;
    }
    if (body === null || body.data !== null || isNullBodyStatus(status)) {
      const data = body === null ? null : body.data;
      if (body !== null) body.isUsed = true;
      if (this.#pendingCount === 0) {
        this.#forget();
        callHost(HostOp.RESPOND_SETTLED, this.id, status, slots.statusText, block, data);
        return;
      }
      callHost(HostOp.RESPOND, this.id, status, slots.statusText, block, data);
      this.#endResponse();
      return;
    }
    this.#remember();
    this.#answer = require("./streamed-answer.ts").sendAnswer({
      id: this.id,
      slots,
      body,
      headerBlock: block,
      isWatched: this.#controller !== null,
      abort: this.#abortReason,
      onEnd: (failure) => {
        if (failure !== undefined) {
          const { describeThrown, headlineOf } = require("./thrown.ts");
          const thrown = describeThrown(failure.reason);
          callHost(HostOp.RESPONSE_ERROR, this.id, headlineOf(thrown), thrown.stack);
        } else if (this.#abortReason === null) callHost(HostOp.RESPONSE_END, this.id);
        this.#endResponse();
      },
    });
  }

  #endResponse(): void {
    this.#isResponseOver = true;
    this.#settle();
  }

  #settle(): void {
    if (!this.#isResponseOver || this.#isSettled || this.#pendingCount > 0) return;
    this.#forget();
    callHost(HostOp.SETTLED, this.id);
  }

  #remember(): void {
    if (this.#isKnown) return;
    this.#isKnown = true;
    MapPrototypeSet(runs, this.id, this);
  }

  #forget(): void {
    this.#isSettled = true;
    if (this.#isKnown) MapPrototypeDelete(runs, this.id);
  }

  #bodyOf(body: unknown): Body {
    if (body !== true) return bodyOfData(body as ArrayBuffer);
    this.#remember();
    this.source = new (require("./host-source.ts").HostSource)(
      { pull: HostOp.REQUEST_BODY_PULL, cancel: HostOp.REQUEST_BODY_CANCEL, sign: 1 },
      this.id,
    );
    return bodyOfSource(this.source);
  }

  #createSignal(): Signal {
    this.#controller = require("./signal.ts").createController();
    if (this.#abortReason !== null) this.#controller.abort(this.#abortReason.reason);
    return this.#controller.signal;
  }
}
