/** https://fetch.spec.whatwg.org/#response-class */
import {
  type Body,
  bodyOfData,
  bodyStream,
  cloneBody,
  consumeBody,
  extractBody,
  isBodyUnusable,
  isBodyUsed,
} from "./body.ts";
import { toArrayBuffer, toBlob, toBytes, toFormData, toJson, toText } from "./body-convert.ts";
import { HeaderList } from "./header-list.ts";
import { fillHeaderList, type Headers, headersOver } from "./headers.ts";
import { finishInterface, toDictionary, toUnsignedInteger } from "./leaf/webidl.ts";
import { parseUrl } from "./parse-url.ts";
import { JSONStringify, RangeErrorCtor, StringPrototypeCharCodeAt, TypeErrorCtor } from "./primordials.ts";
import type { ByteStream } from "./streams.ts";

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
    const slots = slotsOfInit(options);
    if (init !== null && init !== undefined) setBody(slots, extractBody(init));
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
    const location = parseUrl(`${url}`);
    if (location === undefined) throw new TypeErrorCtor(`Response.redirect: invalid URL: ${url}`);
    const code = toUnsignedInteger(status, 16);
    if (code !== 301 && code !== 302 && code !== 303 && code !== 307 && code !== 308) {
      throw new RangeErrorCtor(`Response.redirect: ${code} is not a redirect status`);
    }
    const headers = new HeaderList();
    headers.append("location", location);
    return responseOver({ ...emptySlots(headers, true), status: code });
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
    this.#headers ??= headersOver(this.#slots.headers, this.#slots.areHeadersImmutable);
    return this.#headers;
  }

  get body(): ByteStream | null {
    const { body } = this.#slots;
    return body === null ? null : bodyStream(body);
  }

  get bodyUsed(): boolean {
    return isBodyUsed(this.#slots.body);
  }

  clone(): Response {
    const slots = this.#slots;
    if (isBodyUnusable(slots.body)) throw new TypeErrorCtor("Response.clone: the body was read or is locked");
    const body = slots.body === null ? null : cloneBody(slots.body);
    return responseOver({ ...slots, headers: slots.headers.copy(), body });
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return consumeBody<Response, ArrayBuffer>(this, bodyOf, toArrayBuffer);
  }

  blob(): Promise<unknown> {
    return consumeBody<Response, unknown>(this, bodyOf, (data, self) => toBlob(data, contentTypeOf(self)));
  }

  bytes(): Promise<Uint8Array> {
    return consumeBody<Response, Uint8Array>(this, bodyOf, toBytes);
  }

  formData(): Promise<unknown> {
    return consumeBody<Response, unknown>(this, bodyOf, (data, self) => toFormData(data, contentTypeOf(self)));
  }

  json(): Promise<unknown> {
    return consumeBody<Response, unknown>(this, bodyOf, toJson);
  }

  text(): Promise<string> {
    return consumeBody<Response, string>(this, bodyOf, toText);
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

function bodyOf(self: Response): Body | null {
  return slotsOf(self).body;
}

function contentTypeOf(self: Response): string | null {
  return slotsOf(self).headers.get("content-type");
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
  };
}

function slotsOfInit(options: unknown): ResponseSlots {
  const slots = emptySlots(new HeaderList(), false);
  if (options === undefined || options === null) return slots;
  const { headers, status, statusText } = toDictionary(options, "Response");
  if (status !== undefined) {
    const code = toUnsignedInteger(status, 16);
    if (code < 200 || code > 599) throw new RangeErrorCtor(`Response: status ${code} is not within 200 to 599`);
    slots.status = code;
  }
  if (statusText !== undefined) slots.statusText = reasonPhrase(statusText);
  if (headers !== undefined) fillHeaderList(slots.headers, headers);
  return slots;
}

function setBody(slots: ResponseSlots, body: Body): void {
  if (isNullBodyStatus(slots.status)) throw new TypeErrorCtor(`Response: status ${slots.status} has no body`);
  slots.body = body;
  if (body.contentType !== null && slots.headers.get("content-type") === null) {
    slots.headers.append("content-type", body.contentType);
  }
}

function reasonPhrase(value: unknown): string {
  const text = `${value as string}`;
  for (let i = 0; i < text.length; i++) {
    const unit = StringPrototypeCharCodeAt(text, i);
    if ((unit < 0x20 && unit !== 0x09) || unit === 0x7f || unit > 0xff) {
      throw new TypeErrorCtor("Response: the status text holds what HTTP cannot carry");
    }
  }
  return text;
}
