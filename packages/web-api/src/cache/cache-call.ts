/**
 * One call of the node's cache: it goes the way of a fetch, with its events.
 *
 * I1 A call is open (`calls.ts`) from CACHE_START to the end of both bodies, and its promise settles exactly once.
 */
import { type Body, bodyOfSource } from "../body.ts";
import { consumeBody, takeSource } from "../body-read.ts";
import { BodySender, type Failure } from "../body-sender.ts";
import { GuestEvent, HostOp } from "../boundary.ts";
import { addCall, type Call, isCallOpen, nextCallId, removeCall } from "../calls.ts";
import { HeaderList } from "../header-list.ts";
import { callHost } from "../host.ts";
import { HostSource, type HostSourceOps } from "../host-source.ts";
import {
  ArrayBufferPrototypeGetByteLength,
  JSONStringify,
  PromiseCtor,
  StringPrototypeCharCodeAt,
  StringPrototypeSlice,
  TypeErrorCtor,
} from "../primordials.ts";
import { type Response, responseOver } from "../response.ts";
import { encodeUtf8 } from "../utf8.ts";

const SOURCE_OPS: HostSourceOps = { pull: HostOp.FETCH_PULL, cancel: HostOp.FETCH_CANCEL, sign: -1 };
const PLUS = 0x2b;
const ONE = 0x31;
/** In place of a URL where none is asked for. */
const NO_URL = "-";

/** As `CacheCommand` of the protocol has it: without prototypes, since an app may have put `toJSON` on one. */
export type Command = Readonly<Record<string, unknown>> & { readonly __proto__: null };

/** What of a request the cache looks at. */
export interface AskedFor {
  readonly url: string;
  readonly headers: string;
}

const NOTHING: AskedFor = { url: NO_URL, headers: "" };

/** What is asked beside the command. */
export interface Asked {
  readonly request?: AskedFor;
  /** What `put` keeps. */
  readonly body?: Body | null;
}

const NO_MORE = { __proto__: null } as Asked;

/** Asks the cache, and answers what `finish` makes of what it has, or of null: it has nothing. */
export function askCache<T>(
  command: Command,
  finish: (answer: CacheAnswer | null) => T | Promise<T>,
  asked: Asked = NO_MORE,
): Promise<T> {
  const { request = NOTHING, body = null } = asked;
  // What waits is in no promise: an app may have put `then` on the prototype of all objects.
  return new PromiseCtor<T>((resolve, reject) => {
    const settle = (answer: CacheAnswer | null): void => {
      try {
        resolve(finish(answer));
      } catch (reason) {
        reject(reason);
      }
    };
    new CacheCall(settle, reject).start(command, request, body);
  });
}

/** What the cache has. */
export class CacheAnswer {
  readonly #head: readonly [status: number, statusText: string, headers: string, last: string];
  readonly #source: HostSource;

  constructor(head: readonly [number, string, string, string], source: HostSource) {
    this.#head = head;
    this.#source = source;
  }

  toResponse(): Response {
    const [status, statusText, headers, last] = this.#head;
    const url = StringPrototypeSlice(last, 2);
    return responseOver({
      type: url === "" ? "default" : "basic",
      url,
      redirected: StringPrototypeCharCodeAt(last, 0) === ONE,
      status,
      statusText,
      headers: new HeaderList(headers),
      areHeadersImmutable: true,
      body: StringPrototypeCharCodeAt(last, 1) === PLUS ? bodyOfSource(this.#source) : null,
      webSocket: null,
    });
  }

  /** What the cache says, where that is no response of the app. */
  readJson(): Promise<unknown> {
    const slots = { body: bodyOfSource(this.#source), headers: new HeaderList() };
    return consumeBody(slots, (self) => self, "json");
  }
}

class CacheCall implements Call {
  readonly #settle: (answer: CacheAnswer | null) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #id = nextCallId();
  readonly #source: HostSource;
  #sender: BodySender | null = null;

  constructor(settle: (answer: CacheAnswer | null) => void, reject: (reason: unknown) => void) {
    this.#settle = settle;
    this.#reject = reject;
    this.#source = new HostSource(SOURCE_OPS, this.#id);
  }

  /** @throws Error while the app initialises without a host */
  start(command: Command, { url, headers }: AskedFor, body: Body | null): void {
    const data = body === null ? null : body.data;
    const bytes = typeof data === "string" ? encodeUtf8(data) : data;
    const sent = body === null ? null : takeSource(body);
    const kind = body === null ? "none" : `${sent?.pass() ?? "stream"}`;
    const refusal = callHost(HostOp.CACHE_START, this.#id, JSONStringify(command), url, headers, kind);
    if (typeof refusal === "string") {
      this.#reject(new TypeErrorCtor(refusal));
      return;
    }
    addCall(this.#id, this);
    if (body === null) return;
    if (bytes !== null) {
      body.isUsed = true;
      if (ArrayBufferPrototypeGetByteLength(bytes) > 0) callHost(HostOp.FETCH_BODY_CHUNK, this.#id, bytes);
      callHost(HostOp.FETCH_BODY_END, this.#id);
    } else if (kind === "stream") this.#send(body, sent);
  }

  receive(event: number, a: unknown, b: unknown, c: unknown, d: unknown): void {
    switch (event) {
      case GuestEvent.FETCH_HEAD:
        this.#settle(
          a === 0 ? null : new CacheAnswer([a as number, b as string, c as string, d as string], this.#source),
        );
        return;
      case GuestEvent.FETCH_CHUNK:
        this.#source.push(a as ArrayBuffer);
        return;
      case GuestEvent.FETCH_END:
        removeCall(this.#id);
        this.#source.end();
        this.#sender?.cancel(undefined);
        return;
      case GuestEvent.FETCH_ERROR:
        this.#fail(new TypeErrorCtor(a as string));
        return;
      case GuestEvent.FETCH_BODY_PULL:
        this.#sender?.resume();
    }
  }

  #send(body: Body, source: HostSource | null): void {
    const onEnd = (failure: Failure | undefined): void => {
      if (!isCallOpen(this.#id)) return;
      if (failure === undefined) callHost(HostOp.FETCH_BODY_END, this.#id);
      else {
        callHost(HostOp.FETCH_CANCEL, this.#id);
        this.#fail(failure.reason);
      }
    };
    this.#sender = new BodySender({ body, source, chunkOp: HostOp.FETCH_BODY_CHUNK, id: this.#id, onEnd });
    this.#sender.start();
  }

  #fail(reason: unknown): void {
    removeCall(this.#id);
    this.#reject(reason);
    this.#source.fail(reason);
    this.#sender?.cancel(reason);
  }
}
