/**
 * https://fetch.spec.whatwg.org/#request-class
 *
 * I1 The request that the host hands over costs one object with its strings as they came; headers, body stream and signal
 *    are made when somebody asks for them.
 */
import { isBodyUnusable, isBodyUsed } from "./body.ts";
import { HeaderList } from "./header-list.ts";
import type { Headers } from "./headers.ts";
import { finishInterface } from "./leaf/webidl.ts";
import { TypeErrorCtor } from "./primordials.ts";
import type { RequestSlots } from "./request-slots.ts";
import type { Signal } from "./signal.ts";
import type { ByteStream } from "./stream-state.ts";

interface Modules {
  "./body-read.ts": typeof import("./body-read.ts");
  "./headers.ts": typeof import("./headers.ts");
  "./request-slots.ts": typeof import("./request-slots.ts");
  "./signal.ts": typeof import("./signal.ts");
}
// The build turns this into the call of the module's wrapper: what no request of an app asks for is never evaluated.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

/** A first argument that tenant code cannot have: the constructor then takes over slots instead of converting an init. */
const ADOPT = {};

let slotsOf: (request: Request) => RequestSlots;
/** Whether a value is a Request of this platform, made by a constructor of ours. */
export let isRequest: (value: unknown) => value is Request;

export class Request {
  readonly #slots: RequestSlots;
  #headers: Headers | null = null;

  static {
    slotsOf = (request) => request.#slots;
    isRequest = (value): value is Request => typeof value === "object" && value !== null && #slots in value;
  }

  constructor(input: unknown, init: unknown = undefined) {
    this.#slots =
      input === ADOPT
        ? (init as RequestSlots)
        : require("./request-slots.ts").slotsOfInit(isRequest(input) ? input.#slots : `${input as string}`, init);
  }

  get method(): string {
    return this.#slots.method;
  }

  get url(): string {
    return this.#slots.url;
  }

  get headers(): Headers {
    this.#headers ??= require("./headers.ts").headersOver(this.#slots.headers, this.#slots.areHeadersImmutable);
    return this.#headers;
  }

  get destination(): string {
    return require("./request-slots.ts").passiveMember(this.#slots, "destination") as string;
  }

  get referrer(): string {
    return require("./request-slots.ts").passiveMember(this.#slots, "referrer") as string;
  }

  get referrerPolicy(): string {
    return require("./request-slots.ts").passiveMember(this.#slots, "referrerPolicy") as string;
  }

  get mode(): string {
    return require("./request-slots.ts").passiveMember(this.#slots, "mode") as string;
  }

  get credentials(): string {
    return require("./request-slots.ts").passiveMember(this.#slots, "credentials") as string;
  }

  get cache(): string {
    return require("./request-slots.ts").passiveMember(this.#slots, "cache") as string;
  }

  get redirect(): string {
    return this.#slots.redirect;
  }

  get integrity(): string {
    return require("./request-slots.ts").passiveMember(this.#slots, "integrity") as string;
  }

  get keepalive(): boolean {
    return require("./request-slots.ts").passiveMember(this.#slots, "keepalive") as boolean;
  }

  get isReloadNavigation(): boolean {
    this.#slots;
    return false;
  }

  get isHistoryNavigation(): boolean {
    this.#slots;
    return false;
  }

  get duplex(): string {
    return require("./request-slots.ts").passiveMember(this.#slots, "duplex") as string;
  }

  get signal(): Signal {
    return require("./request-slots.ts").signalOf(this.#slots);
  }

  get body(): ByteStream | null {
    const { body } = this.#slots;
    return body === null ? null : require("./body-read.ts").bodyStream(body);
  }

  get bodyUsed(): boolean {
    return isBodyUsed(this.#slots.body);
  }

  clone(): Request {
    const slots = this.#slots;
    if (isBodyUnusable(slots.body)) throw new TypeErrorCtor("Request.clone: the body was read or is locked");
    const signal = require("./request-slots.ts").signalOf(slots);
    return requestOver({
      ...slots,
      headers: slots.headers.copy(),
      body: slots.body === null ? null : require("./body-read.ts").cloneBody(slots.body),
      signal: null,
      createSignal: () => require("./signal.ts").followingSignal(signal),
    });
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return require("./body-read.ts").consumeBody(this, slotsOf, "arrayBuffer");
  }

  blob(): Promise<unknown> {
    return require("./body-read.ts").consumeBody(this, slotsOf, "blob");
  }

  bytes(): Promise<Uint8Array> {
    return require("./body-read.ts").consumeBody(this, slotsOf, "bytes");
  }

  formData(): Promise<unknown> {
    return require("./body-read.ts").consumeBody(this, slotsOf, "formData");
  }

  json(): Promise<unknown> {
    return require("./body-read.ts").consumeBody(this, slotsOf, "json");
  }

  text(): Promise<string> {
    return require("./body-read.ts").consumeBody(this, slotsOf, "text");
  }

  textStream(): ByteStream {
    return require("./body-read.ts").bodyTextStream(this.#slots);
  }
}
finishInterface(Request, "Request");

/** Slots of a request that the host hands over, without a body. `createSignal` makes the signal that tells of a client gone. */
export function hostSlots(method: string, url: string, headers: string, createSignal: () => Signal): RequestSlots {
  return {
    method,
    url,
    headers: new HeaderList(headers),
    areHeadersImmutable: true,
    body: null,
    signal: null,
    createSignal,
    redirect: "manual",
    passive: null,
  };
}

/** The slots of a Request. @throws TypeError where the value is none */
export function requestSlots(request: Request): RequestSlots {
  return slotsOf(request);
}

/** A Request over slots that exist already. */
export function requestOver(slots: RequestSlots): Request {
  return new Request(ADOPT, slots);
}
