/** Calls of a guest that end later, by an entry of their own: timers, fetches, work on keys. */
import { guestLimitsOf, subrequestLimitsOf } from "@nano/protocol/app-limits";
import { type CacheCommand, parseCacheCommand } from "@nano/protocol/cache-command";
import { type WebSocketLimits, websocketLimitsOf } from "@nano/protocol/manifest";
import type { EgressHead, EgressWebSocket } from "@nano/protocol/messages";
import { GuestEvent, HostOp } from "@nano/web-api/boundary";
import { fetchTarget, passBody } from "./body-passing.ts";
import { isCryptoOp } from "./crypto-ops.ts";
import type { GuestContext, GuestFetch, GuestTimer, GuestValue, Holding } from "./guest-context.ts";
import { GuestCrypto } from "./guest-crypto.ts";
import type { GuestRun } from "./guest-run.ts";
import { isHeaderBlock, isHeaderBlockTooLarge, MAX_HEADER_BLOCK_CHARS } from "./header-block.ts";
import type { AppIsolateOptions, OutboundFetch, OutboundFetchListener } from "./isolate.ts";
import { OutboundSocket, SocketAssembly } from "./outbound-socket.ts";
import type { RunLimits } from "./run-limits.ts";
import { SubrequestMeter } from "./subrequest-meter.ts";
import { countTaken, countWritten } from "./touched-bytes.ts";

const MAX_DELAY_MS = 2 ** 31 - 1;
const MAX_URL_CHARS = 64 * 1024;
/** Of its two words. */
const MAX_MODE_CHARS = 64;
const SWITCHING_PROTOCOLS = 101;
/** In place of the kind of a body: both are messages of a WebSocket. */
const SOCKET_BODY = "socket";
/** What a call of the cache sends: nothing, chunks, or a body that the host has. */
const CACHE_BODY = /^(?:none|stream|-?\d{1,15})$/;
/** As the guest's URL parser serialises it. */
const URL_TEXT = /^[\x21-\x7e]+$/;
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;

export type Enter = (
  context: GuestContext,
  owner: GuestRun | null,
  event: number,
  id: number,
  a?: GuestValue,
  b?: GuestValue,
  c?: GuestValue,
  d?: GuestValue,
) => void;

/** As the guest says it. */
interface AskedFetch {
  readonly method: unknown;
  readonly url: unknown;
  readonly headers: unknown;
  readonly mode: unknown;
  readonly isAsset?: boolean;
  /** It asks the node's cache. */
  readonly cache?: CacheCommand;
}

const HANDLED = new Set<unknown>([
  HostOp.TIMER_SET,
  HostOp.TIMER_CLEAR,
  HostOp.FETCH_START,
  HostOp.FETCH_ASSET,
  HostOp.CURRENT_REQUEST,
  HostOp.CACHE_START,
  HostOp.FETCH_BODY_CHUNK,
  HostOp.FETCH_BODY_END,
  HostOp.FETCH_PULL,
  HostOp.FETCH_CANCEL,
  HostOp.DIAL,
  HostOp.DIAL_SEND,
  HostOp.DIAL_CLOSE,
  HostOp.DIAL_BUFFERED,
]);

export class GuestCalls {
  readonly #options: AppIsolateOptions;
  readonly #enter: Enter;
  readonly #limits: RunLimits;
  readonly #timerCount: number;
  readonly #meter: SubrequestMeter;
  readonly #socketLimits: Required<WebSocketLimits>;
  readonly #assembly = new SocketAssembly();
  /** The timer whose entry is running: set again in it, it is an interval, and stays whose it was. */
  #firing: GuestTimer | null = null;
  readonly #crypto: GuestCrypto;

  constructor(options: AppIsolateOptions, limits: RunLimits, enter: Enter) {
    this.#options = options;
    this.#limits = limits;
    this.#enter = enter;
    const { timerCount, cryptoInFlightCount } = guestLimitsOf(options.limits);
    this.#timerCount = timerCount;
    const { refuse } = limits;
    this.#crypto = new GuestCrypto(enter, {
      app: options.app,
      pool: options.host.cryptoPool,
      inFlightCount: cryptoInFlightCount,
      refuse,
    });
    this.#socketLimits = websocketLimitsOf(options);
    this.#meter = new SubrequestMeter(subrequestLimitsOf(options.limits), this.#socketLimits.maxOutboundCount, refuse);
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
        return this.#startFetch(context, owner, id, { method: a, url: b, headers: c, mode: d });
      case HostOp.FETCH_ASSET:
        return this.#startFetch(context, owner, id, { method: a, url: b, headers: c, mode: d, isAsset: true });
      case HostOp.CURRENT_REQUEST:
        return owner?.id;
      case HostOp.FETCH_BODY_CHUNK: {
        const fetch = context.fetches.get(id);
        if (fetch === undefined || fetch.requestPipe !== null || fetch.socket !== null) return true;
        return a instanceof ArrayBuffer ? sendChunk(owner, fetch, a) : true;
      }
      case HostOp.FETCH_BODY_END: {
        const fetch = context.fetches.get(id);
        if (fetch === undefined || fetch.requestPipe !== null || fetch.socket !== null) return undefined;
        fetch.isBodyEnded = true;
        fetch.call.endBody();
        return undefined;
      }
      case HostOp.FETCH_PULL: {
        const fetch = context.fetches.get(id);
        // A WebSocket asks by itself, when what came before is delivered.
        if (fetch !== undefined && fetch.responsePipe === null && fetch.socket === null) fetch.call.pull();
        return undefined;
      }
      case HostOp.FETCH_CANCEL:
        this.#cancelFetch(context, id);
        return undefined;
      case HostOp.CACHE_START:
        return this.#startCache(context, owner, id, { command: a, url: b, headers: c, body: d });
      case HostOp.DIAL:
        return this.#startFetch(context, owner, id, {
          method: "GET",
          url: a,
          headers: b,
          mode: `${typeof c === "string" ? c : ""} ${SOCKET_BODY}`,
        });
      case HostOp.DIAL_SEND: {
        const socket = context.fetches.get(id)?.socket ?? null;
        return socket !== null && (typeof a === "string" || a instanceof ArrayBuffer) ? socket.send(a) : undefined;
      }
      case HostOp.DIAL_CLOSE:
        context.fetches.get(id)?.socket?.close(a, b);
        return undefined;
      case HostOp.DIAL_BUFFERED:
        return context.fetches.get(id)?.socket?.bufferedBytes ?? 0;
      default:
        return this.#crypto.run(context, owner, id, { code, a, b, c, d });
    }
  }

  #setTimer(context: GuestContext, owner: GuestRun | null, id: number, delayMs: unknown): boolean {
    if (context.timers.has(id)) return false;
    if (context.timers.size >= this.#timerCount) {
      this.#limits.met("timers");
      return false;
    }
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

  /** A call of the node's cache goes the way of a fetch. */
  #startCache(
    context: GuestContext,
    owner: GuestRun | null,
    id: number,
    { command, url, headers, body }: { command: unknown; url: unknown; headers: unknown; body: unknown },
  ): string | undefined {
    const cache = parseCacheCommand(command);
    if (cache === undefined || (cache.response !== null && !isHeaderBlock(cache.response.headers))) {
      return "What the cache is asked for is malformed or too large";
    }
    const kind = typeof body === "string" && CACHE_BODY.test(body) ? body : "none";
    return this.#startFetch(context, owner, id, { method: "GET", url, headers, mode: `follow ${kind}`, cache });
  }

  #startFetch(
    context: GuestContext,
    owner: GuestRun | null,
    id: number,
    { method, url, headers, mode, isAsset = false, cache }: AskedFetch,
  ): string | undefined {
    const { app, egress, host } = this.#options;
    const openAsset = isAsset ? host.openAsset : undefined;
    if (isAsset && openAsset === undefined) return "The app has no assets";
    if (context.fetches.has(id)) return "This fetch call has begun already";
    if (typeof method !== "string" || !METHOD.test(method)) return "The request's method is malformed";
    if (typeof url !== "string") return "The request's URL is malformed";
    const tooLarge = this.#refuseLargeHead(url, headers);
    if (tooLarge !== undefined) return tooLarge;
    if (!URL_TEXT.test(url)) return "The request's URL is malformed";
    if (!isHeaderBlock(headers)) return "The request's headers are malformed";
    const words = typeof mode === "string" && mode.length <= MAX_MODE_CHARS ? mode.split(" ") : [""];
    const [redirect, body = "none"] = words;
    if (redirect !== "follow" && redirect !== "manual" && redirect !== "error")
      return "The request's redirect mode is unknown";
    const isSocket = !isAsset && body === SOCKET_BODY;
    const refusal = this.#meter.refuse(context, owner, isSocket);
    if (refusal !== undefined) return refusal;
    const holding: Holding & Partial<GuestFetch> = context.hold(owner);
    const head: EgressHead = {
      app,
      method,
      url,
      headers,
      redirect,
      allowHosts: egress?.allowHosts,
      webSocket: isSocket ? boundsOf(this.#socketLimits) : undefined,
      cache,
    };
    const listener = this.#listen(context, holding, id);
    const call = this.#meter.open({ holding, isSocket, listener }, (metered) =>
      openAsset === undefined ? host.openFetch(head, metered) : openAsset(head, metered),
    );
    const fetch: GuestFetch = Object.assign(holding, {
      call,
      socket: isSocket ? this.#openSocket(context, holding, { id, call }) : null,
      isBodyEnded: false,
      untakenBytes: 0,
      requestPipe: null,
      responsePipe: null,
      passedTo: null,
      chainCount: 1,
    });
    context.fetches.set(id, fetch);
    if (body === "stream" || isSocket) return undefined;
    if (body === "none") {
      fetch.isBodyEnded = true;
      call.endBody();
      return undefined;
    }
    return this.#passInto(context, { id, fetch, name: Number(body) });
  }

  #refuseLargeHead(url: string, headers: unknown): string | undefined {
    const { refuse } = this.#limits;
    if (url.length > MAX_URL_CHARS) {
      return refuse("subrequest_url", `The request's URL is longer than ${MAX_URL_CHARS} characters`);
    }
    if (!isHeaderBlockTooLarge(headers)) return undefined;
    return refuse("subrequest_headers", `The request's headers are longer than ${MAX_HEADER_BLOCK_CHARS} characters`);
  }

  /** What a fetch sends is a body that the host has. */
  #passInto(
    context: GuestContext,
    { id, fetch, name }: { id: number; fetch: GuestFetch; name: number },
  ): string | undefined {
    const onFailed = (message: string): void => {
      context.forgetFetch(id, fetch);
      fetch.responsePipe?.fail(message);
      this.#enter(context, fetch.owner, GuestEvent.FETCH_ERROR, id, `fetch failed: ${message}`);
    };
    const pipe = passBody(context, name, fetchTarget(fetch, onFailed), fetch);
    if (typeof pipe === "string") {
      this.#cancelFetch(context, id);
      return pipe;
    }
    fetch.requestPipe = pipe;
    pipe.start();
    return undefined;
  }

  #openSocket(
    context: GuestContext,
    holding: Holding,
    { id, call }: { readonly id: number; readonly call: OutboundFetch },
  ): OutboundSocket {
    return new OutboundSocket(call, {
      limits: this.#socketLimits,
      assembly: this.#assembly,
      listener: {
        onMessage: (data) => this.#enter(context, holding.owner, GuestEvent.DIAL_MESSAGE, id, data),
        onClosed: ({ code, reason, isClean }, message) => {
          context.forgetFetch(id, holding);
          const told = isClean ? reason : message;
          this.#enter(context, holding.owner, GuestEvent.DIAL_CLOSED, id, code, told, isClean);
        },
      },
    });
  }

  #cancelFetch(context: GuestContext, id: number): void {
    const fetch = context.fetches.get(id);
    if (fetch === undefined) return;
    context.fetches.delete(id);
    fetch.requestPipe?.cancel();
    fetch.socket?.drop();
    fetch.call.cancel();
    fetch.responsePipe?.fail("The fetch was aborted");
  }

  #listen(context: GuestContext, fetch: Holding & Partial<GuestFetch>, id: number): OutboundFetchListener {
    const enter = this.#enter;
    return {
      onHead: (head) => {
        if (fetch.socket && head.status !== SWITCHING_PROTOCOLS) {
          // It goes on as a fetch without a body.
          fetch.socket = null;
          fetch.isBodyEnded = true;
          fetch.call?.endBody();
        }
        fetch.socket?.open();
        const last = `${head.redirected ? 1 : 0}${head.url}`;
        enter(context, fetch.owner, GuestEvent.FETCH_HEAD, id, head.status, head.statusText, head.headers, last);
      },
      onChunk: (chunk) => {
        if (fetch.responsePipe) fetch.responsePipe.push(chunk);
        else if (fetch.socket) fetch.socket.push(chunk);
        else enter(context, fetch.owner, GuestEvent.FETCH_CHUNK, id, chunk);
      },
      onEnd: () => {
        if (fetch.socket?.isOpen) {
          fetch.socket.ended();
          return;
        }
        context.forgetFetch(id, fetch);
        fetch.requestPipe?.cancel();
        fetch.responsePipe?.end();
        enter(context, fetch.owner, GuestEvent.FETCH_END, id);
      },
      onError: (message) => {
        if (fetch.socket?.isOpen) {
          fetch.socket.lost(message);
          return;
        }
        context.forgetFetch(id, fetch);
        fetch.requestPipe?.cancel();
        fetch.responsePipe?.fail(message);
        enter(context, fetch.owner, GuestEvent.FETCH_ERROR, id, message);
      },
      onBodyDrain: () => {
        if (fetch.requestPipe) fetch.requestPipe.resume();
        else if (fetch.socket) fetch.socket.drain();
        else {
          countTaken(fetch.owner, fetch);
          enter(context, fetch.owner, GuestEvent.FETCH_BODY_PULL, id);
        }
      },
    };
  }
}

/** Sends a chunk of a fetch's body that the guest has. False: there is no room after it. */
function sendChunk(owner: GuestRun | null, fetch: GuestFetch, chunk: ArrayBuffer): boolean {
  const bytes = chunk.byteLength;
  const hasRoom = fetch.call.writeBody(chunk);
  countWritten(owner, { body: fetch, bytes, hasRoom });
  return hasRoom;
}

/** A peer that answers pings is not idle, whether or not the app asked for any. */
function boundsOf({ maxMessageBytes, idleTimeoutMs, pingIntervalMs }: WebSocketLimits): EgressWebSocket {
  return { maxMessageBytes, idleTimeoutMs, pingIntervalMs: pingIntervalMs || Math.ceil(idleTimeoutMs / 2) };
}
