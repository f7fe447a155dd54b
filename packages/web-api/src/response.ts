/** https://fetch.spec.whatwg.org/#response-class */
import { type Body, bodyOfData, extractBody, isBodyUnusable, isBodyUsed } from "./body.ts";
import { HeaderList } from "./header-list.ts";
import type { Headers } from "./headers.ts";
import { finishInterface } from "./leaf/webidl.ts";
import { JSONStringify, TypeErrorCtor } from "./primordials.ts";
import type { ByteStream } from "./stream-state.ts";
import type { WebSocket } from "./websocket.ts";

interface Modules {
  "./body-read.ts": typeof import("./body-read.ts");
  "./headers.ts": typeof import("./headers.ts");
  "./response-init.ts": typeof import("./response-init.ts");
}
// The build turns this into the call of the module's wrapper: what no response of an app asks for is never evaluated.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

/** The slots of a response. */
export interface ResponseSlots {
  type: "basic" | "default" | "error";
  url: string;
  redirected: boolean;
  status: number;
  statusText: string;
  readonly headers: HeaderList;
  readonly areHeadersImmutable: boolean;
  body: Body | null;
  /** An end of a WebSocketPair that the client gets: the status is 101. */
  webSocket: WebSocket | null;
}

/** A first argument that tenant code cannot have: the constructor then takes over slots instead of converting an init. */
const ADOPT = {};

let slotsOf: (response: Response) => ResponseSlots;
/** Whether a value is a Response of this platform, made by a constructor of ours. */
export let isResponse: (value: unknown) => value is Response;

export class Response {
  readonly #slots: ResponseSlots;
  #headers: Headers | null = null;

  static {
    slotsOf = (response) => response.#slots;
    isResponse = (value): value is Response => typeof value === "object" && value !== null && #slots in value;
  }

  constructor(init: unknown = null, options: unknown = undefined) {
    if (init === ADOPT) {
      this.#slots = options as ResponseSlots;
      return;
    }
    // Converted before the options are.
    const body = init === null || init === undefined ? null : extractBody(init);
    const slots = slotsOfInit(options);
    if (body !== null) setBody(slots, body);
    this.#slots = slots;
  }

  static error(): Response {
    return responseOver({ ...emptySlots(new HeaderList(), true), type: "error", status: 0 });
  }

  static json(data: unknown, options: unknown = undefined): Response {
    const text: unknown = JSONStringify(data);
    if (typeof text !== "string") throw new TypeErrorCtor("Response.json: the value has no JSON form");
    const slots = slotsOfInit(options);
    const body = bodyOfData(text);
    body.contentType = "application/json";
    setBody(slots, body);
    return responseOver(slots);
  }

  static redirect(url: string, status: number = 302): Response {
    const slots = emptySlots(new HeaderList(), true);
    require("./response-init.ts").setRedirect(slots, url, status);
    return responseOver(slots);
  }

  get type(): string {
    return this.#slots.type;
  }

  get url(): string {
    return this.#slots.url;
  }

  get redirected(): boolean {
    return this.#slots.redirected;
  }

  get status(): number {
    return this.#slots.status;
  }

  get ok(): boolean {
    return this.#slots.status >= 200 && this.#slots.status <= 299;
  }

  get statusText(): string {
    return this.#slots.statusText;
  }

  get headers(): Headers {
    this.#headers ??= require("./headers.ts").headersOver(this.#slots.headers, this.#slots.areHeadersImmutable);
    return this.#headers;
  }

  get body(): ByteStream | null {
    const { body } = this.#slots;
    return body === null ? null : require("./body-read.ts").bodyStream(body);
  }

  get webSocket(): WebSocket | null {
    return this.#slots.webSocket;
  }

  get bodyUsed(): boolean {
    return isBodyUsed(this.#slots.body);
  }

  clone(): Response {
    const slots = this.#slots;
    if (slots.webSocket !== null) throw new TypeErrorCtor("Response.clone: a response with a WebSocket has no clone");
    if (isBodyUnusable(slots.body)) throw new TypeErrorCtor("Response.clone: the body was read or is locked");
    const body = slots.body === null ? null : require("./body-read.ts").cloneBody(slots.body);
    return responseOver({ ...slots, headers: slots.headers.copy(), body });
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
finishInterface(Response, "Response");

/** A Response over slots that exist already. */
export function responseOver(slots: ResponseSlots): Response {
  return new Response(ADOPT, slots);
}

/** The slots of a Response. @throws TypeError where the value is none */
export function responseSlots(response: Response): ResponseSlots {
  return slotsOf(response);
}

/** Whether a status forbids a body. */
export function isNullBodyStatus(status: number): boolean {
  return status === 101 || status === 204 || status === 205 || status === 304;
}

function emptySlots(headers: HeaderList, areHeadersImmutable: boolean): ResponseSlots {
  return {
    type: "default",
    url: "",
    redirected: false,
    status: 200,
    statusText: "",
    headers,
    areHeadersImmutable,
    body: null,
    webSocket: null,
  };
}

function slotsOfInit(options: unknown): ResponseSlots {
  const slots = emptySlots(new HeaderList(), false);
  if (options !== undefined && options !== null) require("./response-init.ts").applyResponseInit(slots, options);
  return slots;
}

function setBody(slots: ResponseSlots, body: Body): void {
  if (isNullBodyStatus(slots.status)) throw new TypeErrorCtor(`Response: status ${slots.status} has no body`);
  slots.body = body;
  if (body.contentType !== null && slots.headers.get("content-type") === null) {
    slots.headers.append("content-type", body.contentType);
  }
}
