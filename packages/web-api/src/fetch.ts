/**
 * `fetch`: the host performs the request, this turns both its bodies and its events into the standard's objects.
 *
 * I1 A call is in `calls` from FETCH_START to the end of both bodies, and its promise settles exactly once.
 * I2 What nobody reads is not delivered: the host sends a chunk of the response when FETCH_PULL asked for one.
 */
import { type Body, bodyOfSource } from "./body.ts";
import { takeSource } from "./body-read.ts";
import { BodySender, type Failure } from "./body-sender.ts";
import { GuestEvent, HostOp } from "./boundary.ts";
import { HeaderList } from "./header-list.ts";
import { callHost } from "./host.ts";
import { HostSource, type HostSourceOps } from "./host-source.ts";
import { addAbortAlgorithm } from "./leaf/abort-algorithms.ts";
import {
  ArrayBufferPrototypeGetByteLength,
  MapCtor,
  MapPrototypeDelete,
  MapPrototypeGet,
  MapPrototypeSet,
  PromiseCtor,
  PromiseReject,
  StringPrototypeCharCodeAt,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
  TypeErrorCtor,
} from "./primordials.ts";
import { Request, requestSlots } from "./request.ts";
import { type RequestSlots, signalOf } from "./request-slots.ts";
import { isNullBodyStatus, type Response, responseOver } from "./response.ts";
import type { Signal } from "./signal.ts";
import { encodeUtf8 } from "./utf8.ts";

const SOURCE_OPS: HostSourceOps = { pull: HostOp.FETCH_PULL, cancel: HostOp.FETCH_CANCEL, sign: -1 };

const calls = new MapCtor<number, FetchCall>();
let lastId = 0;

/** https://fetch.spec.whatwg.org/#fetch-method */
export function fetch(input: unknown, init: unknown = undefined): Promise<Response> {
  try {
    const slots = requestSlots(new Request(input, init));
    const signal = slots.signal === null && slots.createSignal === null ? null : signalOf(slots);
    if (signal?.aborted) return PromiseReject(signal.reason);
    if (!isHttp(slots.url)) throw new TypeErrorCtor(`fetch: the URL is neither http nor https: ${slots.url}`);
    return new FetchCall(slots, signal).response;
  } catch (reason) {
    return PromiseReject(reason);
  }
}

export function deliver(event: number, id: number, a: unknown, b: unknown, c: unknown, d: unknown): void {
  const call = MapPrototypeGet(calls, id);
  if (call === undefined) return;
  switch (event) {
    case GuestEvent.FETCH_HEAD:
      call.receiveHead(a as number, b as string, c as string, d as string);
      return;
    case GuestEvent.FETCH_CHUNK:
      call.source.push(a as ArrayBuffer);
      return;
    case GuestEvent.FETCH_END:
      call.receiveEnd();
      return;
    case GuestEvent.FETCH_ERROR:
      call.fail(new TypeErrorCtor(`${a as string}`));
      return;
    case GuestEvent.FETCH_BODY_PULL:
      call.resume();
  }
}

class FetchCall {
  readonly response: Promise<Response>;
  readonly source: HostSource;
  readonly #id: number;
  #sender: BodySender | null = null;
  #resolve: (response: Response) => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;
  #removeAbort: (() => void) | null = null;

  constructor(slots: RequestSlots, signal: Signal | null) {
    lastId += 1;
    this.#id = lastId;
    this.source = new HostSource(SOURCE_OPS, this.#id);
    this.response = new PromiseCtor<Response>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.source.isHeld = signal !== null;
    this.#start(slots);
    if (signal === null || MapPrototypeGet(calls, this.#id) === undefined) return;
    const remove = addAbortAlgorithm(signal, () => this.#abort(signal.reason));
    if (typeof remove === "function") this.#removeAbort = remove;
  }

  receiveHead(status: number, statusText: string, block: string, last: string): void {
    const body = isNullBodyStatus(status) ? null : bodyOfSource(this.source);
    this.#resolve(
      responseOver({
        type: "basic",
        url: StringPrototypeSlice(last, 1),
        redirected: StringPrototypeCharCodeAt(last, 0) === 0x31,
        status,
        statusText,
        headers: new HeaderList(block),
        areHeadersImmutable: true,
        body,
        webSocket: null,
      }),
    );
  }

  receiveEnd(): void {
    this.source.end();
    this.#forget();
  }

  /** The host has room for more of the request's body. */
  resume(): void {
    this.#sender?.resume();
  }

  fail(reason: unknown): void {
    this.#forget();
    this.#reject(reason);
    this.source.fail(reason);
    this.#sender?.cancel(reason);
  }

  #start(slots: RequestSlots): void {
    const { body } = slots;
    const data = body === null ? null : body.data;
    const bytes = typeof data === "string" ? encodeUtf8(data) : data;
    // The length is the guest's to know and not the tenant's to claim.
    slots.headers.delete("content-length");
    if (bytes !== null) slots.headers.append("content-length", `${ArrayBufferPrototypeGetByteLength(bytes)}`);
    const sent = body === null ? null : takeSource(body);
    const passed = sent?.pass();
    // Whoever may end what it sends may end what it brings.
    if (sent?.isHeld) this.source.isHeld = true;
    const kind = `${slots.redirect} ${body === null ? "none" : (passed ?? "stream")}`;
    const refusal = callHost(HostOp.FETCH_START, this.#id, slots.method, slots.url, slots.headers.toBlock(), kind);
    if (typeof refusal === "string") {
      this.#reject(new TypeErrorCtor(refusal));
      return;
    }
    MapPrototypeSet(calls, this.#id, this);
    if (bytes !== null) this.#sendWhole(body as Body, bytes);
    else if (body !== null && passed === undefined) this.#send(body, sent);
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
        if (MapPrototypeGet(calls, this.#id) !== undefined) callHost(HostOp.FETCH_BODY_END, this.#id);
      } else this.#abort(failure.reason);
    };
    this.#sender = new BodySender({ body, source, chunkOp: HostOp.FETCH_BODY_CHUNK, id: this.#id, onEnd });
    this.#sender.start();
  }

  #abort(reason: unknown): void {
    if (MapPrototypeGet(calls, this.#id) === undefined) return;
    callHost(HostOp.FETCH_CANCEL, this.#id);
    this.fail(reason);
  }

  #forget(): void {
    MapPrototypeDelete(calls, this.#id);
    this.#removeAbort?.();
    this.#removeAbort = null;
  }
}

function isHttp(url: string): boolean {
  return StringPrototypeIndexOf(url, "http://") === 0 || StringPrototypeIndexOf(url, "https://") === 0;
}
