/** Calls of a guest that end later, by an entry of their own: timers, fetches, work on keys. */
import { GuestEvent, HostOp } from "@nano/web-api/boundary";
import { fetchTarget, passBody } from "./body-passing.ts";
import { isCryptoOp } from "./crypto-ops.ts";
import {
  type GuestContext,
  type GuestFetch,
  type GuestTimer,
  type GuestValue,
  type Holding,
  MAX_TIMERS,
} from "./guest-context.ts";
import { GuestCrypto } from "./guest-crypto.ts";
import type { GuestRun } from "./guest-run.ts";
import { isHeaderBlock } from "./header-block.ts";
import type { AppIsolateOptions, OutboundFetchListener } from "./isolate.ts";

const MAX_DELAY_MS = 2 ** 31 - 1;
const MAX_URL_CHARS = 64 * 1024;
/** As the guest's URL parser serialises it. */
const URL_TEXT = /^[\x21-\x7e]+$/;
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;

type Enter = (
  context: GuestContext,
  owner: GuestRun | null,
  event: number,
  id: number,
  a?: GuestValue,
  b?: GuestValue,
  c?: GuestValue,
  d?: GuestValue,
) => void;

const HANDLED = new Set<unknown>([
  HostOp.TIMER_SET,
  HostOp.TIMER_CLEAR,
  HostOp.FETCH_START,
  HostOp.FETCH_BODY_CHUNK,
  HostOp.FETCH_BODY_END,
  HostOp.FETCH_PULL,
  HostOp.FETCH_CANCEL,
]);

export class GuestCalls {
  readonly #options: AppIsolateOptions;
  readonly #enter: Enter;
  /** The timer whose entry is running: set again in it, it is an interval, and stays whose it was. */
  #firing: GuestTimer | null = null;
  readonly #crypto: GuestCrypto;

  constructor(options: AppIsolateOptions, enter: Enter) {
    this.#options = options;
    this.#enter = enter;
    this.#crypto = new GuestCrypto(options.app, enter, options.host.cryptoPool);
  }

  handles(code: unknown): boolean {
    return HANDLED.has(code) || isCryptoOp(code);
  }

  /** Arguments are hostile (boundary I4). */
  run(
    context: GuestContext,
    owner: GuestRun | null,
    code: unknown,
    id: number,
    a: unknown,
    b: unknown,
    c: unknown,
    d: unknown,
  ): unknown {
    switch (code) {
      case HostOp.TIMER_SET:
        // Of init: on nobody's behalf.
        return this.#setTimer(context, c === true ? null : owner, id, a);
      case HostOp.TIMER_CLEAR: {
        context.timers.get(id)?.cancel();
        context.timers.delete(id);
        return undefined;
      }
      case HostOp.FETCH_START:
        return this.#startFetch(context, owner, id, a, b, c, d);
      case HostOp.FETCH_BODY_CHUNK: {
        const fetch = context.fetches.get(id);
        if (fetch === undefined || fetch.requestPipe !== null) return true;
        return a instanceof ArrayBuffer ? fetch.call.writeBody(a) : true;
      }
      case HostOp.FETCH_BODY_END: {
        const fetch = context.fetches.get(id);
        if (fetch === undefined || fetch.requestPipe !== null) return undefined;
        fetch.isBodyEnded = true;
        fetch.call.endBody();
        return undefined;
      }
      case HostOp.FETCH_PULL: {
        const fetch = context.fetches.get(id);
        if (fetch !== undefined && fetch.responsePipe === null) fetch.call.pull();
        return undefined;
      }
      case HostOp.FETCH_CANCEL:
        this.#cancelFetch(context, id);
        return undefined;
      default:
        return this.#crypto.run(context, owner, id, { code, a, b, c, d });
    }
  }

  #setTimer(context: GuestContext, owner: GuestRun | null, id: number, delayMs: unknown): boolean {
    if (context.timers.size >= MAX_TIMERS || context.timers.has(id)) return false;
    const fire = (): void => {
      context.timers.delete(id);
      this.#firing = timer;
      this.#enter(context, timer.owner, GuestEvent.TIMER, id);
      this.#firing = null;
    };
    const delay = typeof delayMs === "number" && delayMs > 0 ? Math.min(delayMs, MAX_DELAY_MS) : 0;
    let cancel: () => void;
    if (delay === 0) {
      const immediate = setImmediate(fire);
      cancel = () => clearImmediate(immediate);
    } else {
      const timeout = setTimeout(fire, delay);
      cancel = () => clearTimeout(timeout);
    }
    const firing = this.#firing;
    const holding = firing !== null && firing.id === id ? firing : context.hold(owner);
    const timer: GuestTimer = { owner: holding.owner, newestRunId: holding.newestRunId, id, cancel };
    context.timers.set(id, timer);
    return true;
  }

  #startFetch(
    context: GuestContext,
    owner: GuestRun | null,
    id: number,
    method: unknown,
    url: unknown,
    headers: unknown,
    mode: unknown,
  ): string | undefined {
    const { app, limits, host } = this.#options;
    if (context.fetches.has(id)) return "This fetch call has begun already";
    if (typeof method !== "string" || !METHOD.test(method)) return "The request's method is malformed";
    if (typeof url !== "string" || url.length > MAX_URL_CHARS)
      return `The request's URL is longer than ${MAX_URL_CHARS} characters`;
    if (!URL_TEXT.test(url)) return "The request's URL is malformed";
    if (!isHeaderBlock(headers)) return "The request's headers are malformed or too large";
    const [redirect = "follow", body = "none"] = String(mode).split(" ");
    if (redirect !== "follow" && redirect !== "manual" && redirect !== "error")
      return "The request's redirect mode is unknown";
    if (owner !== null) {
      const refusal = refuseSubrequest(context, owner, limits.subrequestCount);
      if (refusal !== undefined) return refusal;
      owner.subrequestCount += 1;
    }
    const holding = context.hold(owner);
    const call = host.openFetch({ app, method, url, headers, redirect }, this.#listen(context, holding, id));
    const fetch: GuestFetch = Object.assign(holding, {
      call,
      isBodyEnded: false,
      requestPipe: null,
      responsePipe: null,
      passedTo: null,
    });
    context.fetches.set(id, fetch);
    if (body === "stream") return undefined;
    if (body === "none") {
      fetch.isBodyEnded = true;
      call.endBody();
      return undefined;
    }
    return this.#passInto(context, { id, fetch, name: Number(body) });
  }

  /** What a fetch sends is a body that the host has. */
  #passInto(
    context: GuestContext,
    { id, fetch, name }: { id: number; fetch: GuestFetch; name: number },
  ): string | undefined {
    const onFailed = (message: string): void => {
      context.fetches.delete(id);
      fetch.responsePipe?.fail(message);
      this.#enter(context, fetch.owner, GuestEvent.FETCH_ERROR, id, `fetch failed: ${message}`);
    };
    const pipe = passBody(context, name, fetchTarget(fetch, onFailed));
    if (typeof pipe === "string") {
      this.#cancelFetch(context, id);
      return pipe;
    }
    fetch.requestPipe = pipe;
    const from = context.fetches.get(-name);
    if (from !== undefined) from.passedTo = fetch;
    pipe.start();
    return undefined;
  }

  #cancelFetch(context: GuestContext, id: number): void {
    const fetch = context.fetches.get(id);
    if (fetch === undefined) return;
    context.fetches.delete(id);
    fetch.requestPipe?.cancel();
    fetch.call.cancel();
    fetch.responsePipe?.fail("The fetch was aborted");
  }

  #listen(context: GuestContext, fetch: Holding & Partial<GuestFetch>, id: number): OutboundFetchListener {
    const enter = this.#enter;
    return {
      onHead: (head) => {
        const last = `${head.redirected ? 1 : 0}${head.url}`;
        enter(context, fetch.owner, GuestEvent.FETCH_HEAD, id, head.status, head.statusText, head.headers, last);
      },
      onChunk: (chunk) => {
        if (fetch.responsePipe) fetch.responsePipe.push(chunk);
        else enter(context, fetch.owner, GuestEvent.FETCH_CHUNK, id, chunk);
      },
      onEnd: () => {
        context.fetches.delete(id);
        fetch.requestPipe?.cancel();
        fetch.responsePipe?.end();
        enter(context, fetch.owner, GuestEvent.FETCH_END, id);
      },
      onError: (message) => {
        context.fetches.delete(id);
        fetch.requestPipe?.cancel();
        fetch.responsePipe?.fail(message);
        enter(context, fetch.owner, GuestEvent.FETCH_ERROR, id, message);
      },
      onBodyDrain: () => {
        if (fetch.requestPipe) fetch.requestPipe.resume();
        else enter(context, fetch.owner, GuestEvent.FETCH_BODY_PULL, id);
      },
    };
  }
}

/** A request has so many in all. A connection lives for long: it has so many at once. */
function refuseSubrequest(context: GuestContext, owner: GuestRun, limitCount: number): string | undefined {
  if (!owner.isUpgraded) {
    if (owner.subrequestCount < limitCount) return undefined;
    return `Too many subrequests: one request may make ${limitCount} (limits.subrequests)`;
  }
  if (context.fetches.size < limitCount) return undefined;
  return `Too many subrequests: one connection may make ${limitCount} at once (limits.subrequests)`;
}
