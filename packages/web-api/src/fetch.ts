/**
 * `fetch`: the host performs the request, this turns both its bodies and its events into the standard's objects.
 *
 * I1 A call is open (`calls.ts`) from FETCH_START or DIAL to the end of both bodies or of its WebSocket, and its promise settles exactly once.
 * I2 What nobody reads is not delivered: the host sends a chunk of the response when FETCH_PULL asked for one.
 */
import { type Body, bodyOfSource } from "./body.ts";
import { takeSource } from "./body-read.ts";
import { BodySender, type Failure } from "./body-sender.ts";
import { GuestEvent, HostOp } from "./boundary.ts";
import { addCall, type Call, isCallOpen, nextCallId, removeCall } from "./calls.ts";
import { HeaderList } from "./header-list.ts";
import { callHost } from "./host.ts";
import { HostSource, type HostSourceOps } from "./host-source.ts";
import { addAbortAlgorithm } from "./leaf/abort-algorithms.ts";
import {
  ArrayBufferPrototypeGetByteLength,
  PromiseCtor,
  PromiseReject,
  PromiseResolve,
  StringPrototypeCharCodeAt,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
  StringPrototypeToLowerCase,
  TypeErrorCtor,
} from "./primordials.ts";
import { Request, requestSlots } from "./request.ts";
import { type RequestSlots, signalOf } from "./request-slots.ts";
import { isNullBodyStatus, type Response, responseOver } from "./response.ts";
import type { Signal } from "./signal.ts";
import type { SocketEnd } from "./socket-end.ts";
import { encodeUtf8 } from "./utf8.ts";
import type { WebSocket } from "./websocket.ts";

interface Modules {
  "./dial.ts": typeof import("./dial.ts");
  "./fetch-local.ts": typeof import("./fetch-local.ts");
  "./websocket.ts": typeof import("./websocket.ts");
}
// The build turns this into the call of the module's wrapper: most apps fetch from servers, and no WebSockets.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

const SWITCHING_PROTOCOLS = 101;

const SOURCE_OPS: HostSourceOps = { pull: HostOp.FETCH_PULL, cancel: HostOp.FETCH_CANCEL, sign: -1 };

/** https://fetch.spec.whatwg.org/#fetch-method. A method, since functions that are declared can be constructed. */
export const { fetch } = {
  fetch(input: unknown, init: unknown = undefined): Promise<Response> {
    try {
      const slots = requestSlots(new Request(input, init));
      const signal = slots.signal === null && slots.createSignal === null ? null : signalOf(slots);
      if (signal?.aborted) return PromiseReject(signal.reason);
      if (!isHttp(slots.url)) return PromiseResolve(require("./fetch-local.ts").fetchLocal(slots));
      return new FetchCall(slots, signal, HostOp.FETCH_START).response;
    } catch (reason) {
      return PromiseReject(reason);
    }
  },
};

/** `fetch` of a file of the app's own, whatever host the URL names. */
export function fetchAsset(input: unknown, init: unknown): Promise<Response> {
  try {
    const slots = requestSlots(new Request(input, init));
    const signal = slots.signal === null && slots.createSignal === null ? null : signalOf(slots);
    if (signal?.aborted) return PromiseReject(signal.reason);
    return new FetchCall(slots, signal, HostOp.FETCH_ASSET).response;
  } catch (reason) {
    return PromiseReject(reason);
  }
}

class FetchCall implements Call {
  readonly response: Promise<Response>;
  readonly source: HostSource;
  readonly #id: number;
  /** FETCH_START or FETCH_ASSET. */
  readonly #op: number;
  #sender: BodySender | null = null;
  #resolve: (response: Response) => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;
  #removeAbort: (() => void) | null = null;
  #wantsSocket = false;
  #socketEnd: SocketEnd | null = null;

  constructor(slots: RequestSlots, signal: Signal | null, op: number) {
    this.#id = nextCallId();
    this.#op = op;
    this.source = new HostSource(SOURCE_OPS, this.#id);
    this.response = new PromiseCtor<Response>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.source.isHeld = signal !== null;
    this.#start(slots);
    if (signal === null || !isCallOpen(this.#id)) return;
    const remove = addAbortAlgorithm(signal, () => this.#abort(signal.reason));
    if (typeof remove === "function") this.#removeAbort = remove;
  }

  receive(event: number, a: unknown, b: unknown, c: unknown, d: unknown): void {
    switch (event) {
      case GuestEvent.FETCH_HEAD:
        this.#receiveHead(a as number, b as string, c as string, d as string);
        return;
      case GuestEvent.FETCH_CHUNK:
        this.source.push(a as ArrayBuffer);
        return;
      case GuestEvent.FETCH_END:
        this.source.end();
        this.#forget();
        return;
      case GuestEvent.FETCH_ERROR:
        this.#fail(new TypeErrorCtor(`${a as string}`));
        return;
      case GuestEvent.FETCH_BODY_PULL:
        // The host has room for more of the request's body.
        this.#sender?.resume();
        return;
      case GuestEvent.DIAL_CLOSED:
        removeCall(this.#id);
    }
    if (this.#socketEnd !== null) require("./dial.ts").receiveDialed(this.#socketEnd, event, a, b, c);
  }

  #receiveHead(status: number, statusText: string, block: string, last: string): void {
    const body = isNullBodyStatus(status) ? null : bodyOfSource(this.source);
    const headers = new HeaderList(block);
    const webSocket = this.#wantsSocket && status === SWITCHING_PROTOCOLS ? this.#takeSocket(headers) : null;
    this.#resolve(
      responseOver({
        type: "basic",
        url: StringPrototypeSlice(last, 1),
        redirected: StringPrototypeCharCodeAt(last, 0) === 0x31,
        status,
        statusText,
        headers,
        areHeadersImmutable: true,
        body,
        webSocket,
      }),
    );
  }

  /** The call goes on as a WebSocket: its signal has no say any more. */
  #takeSocket(headers: HeaderList): WebSocket {
    this.#removeAbort?.();
    this.#removeAbort = null;
    this.#socketEnd = require("./dial.ts").dialedEnd(this.#id, headers);
    return require("./websocket.ts").socketOver(this.#socketEnd);
  }

  #fail(reason: unknown): void {
    this.#forget();
    this.#reject(reason);
    this.source.fail(reason);
    this.#sender?.cancel(reason);
  }

  #start(slots: RequestSlots): void {
    const { body } = slots;
    const data = body === null ? null : body.data;
    const bytes = typeof data === "string" ? encodeUtf8(data) : data;
    const upgrade = slots.headers.get("upgrade");
    if (upgrade !== null && StringPrototypeToLowerCase(upgrade) === "websocket" && this.#op === HostOp.FETCH_START) {
      this.#dial(slots);
      return;
    }
    // The length is the guest's to know and not the tenant's to claim.
    slots.headers.delete("content-length");
    if (bytes !== null) slots.headers.append("content-length", `${ArrayBufferPrototypeGetByteLength(bytes)}`);
    const sent = body === null ? null : takeSource(body);
    const passed = sent?.pass();
    // Whoever may end what it sends may end what it brings.
    if (sent?.isHeld) this.source.isHeld = true;
    const kind = `${slots.redirect} ${body === null ? "none" : (passed ?? "stream")}`;
    const refusal = callHost(this.#op, this.#id, slots.method, slots.url, slots.headers.toBlock(), kind);
    if (typeof refusal === "string") {
      this.#reject(new TypeErrorCtor(refusal));
      return;
    }
    addCall(this.#id, this);
    if (bytes !== null) this.#sendWhole(body as Body, bytes);
    else if (body !== null && passed === undefined) this.#send(body, sent);
  }

  #dial(slots: RequestSlots): void {
    if (slots.method !== "GET") throw new TypeErrorCtor("fetch: a WebSocket is asked for with GET");
    this.#wantsSocket = true;
    const refusal = callHost(HostOp.DIAL, this.#id, slots.url, slots.headers.toBlock(), slots.redirect);
    if (typeof refusal === "string") this.#reject(new TypeErrorCtor(refusal));
    else addCall(this.#id, this);
  }

  #sendWhole(body: Body, bytes: ArrayBuffer): void {
    body.isUsed = true;
    if (ArrayBufferPrototypeGetByteLength(bytes) > 0) callHost(HostOp.FETCH_BODY_CHUNK, this.#id, bytes);
    callHost(HostOp.FETCH_BODY_END, this.#id);
  }

  #send(body: Body, source: HostSource | null): void {
    const wasHeld = this.source.isHeld;
    this.source.isHeld = true;
    const onEnd = (failure: Failure | undefined): void => {
      this.source.isHeld = wasHeld;
      if (failure === undefined) {
        if (isCallOpen(this.#id)) callHost(HostOp.FETCH_BODY_END, this.#id);
      } else this.#abort(failure.reason);
    };
    this.#sender = new BodySender({ body, source, chunkOp: HostOp.FETCH_BODY_CHUNK, id: this.#id, onEnd });
    this.#sender.start();
  }

  #abort(reason: unknown): void {
    if (!isCallOpen(this.#id)) return;
    callHost(HostOp.FETCH_CANCEL, this.#id);
    this.#fail(reason);
  }

  #forget(): void {
    removeCall(this.#id);
    this.#removeAbort?.();
    this.#removeAbort = null;
  }
}

function isHttp(url: string): boolean {
  return StringPrototypeIndexOf(url, "http://") === 0 || StringPrototypeIndexOf(url, "https://") === 0;
}
