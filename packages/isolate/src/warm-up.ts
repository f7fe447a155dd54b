/**
 * Warming an app up while its sliver is built. Its warm-up requests are run twice: in an ordinary isolate, under limits, where the host answers
 * what needs no other host, and what it answered is kept; then in the snapshot's warm-up, which has no host, from these answers. So
 * the code behind a `new URL(request.url)` or a timer leaves its bytecode in the sliver, and no state: both contexts are thrown away.
 *
 * I1 The list of answers is bounded in number and size; past it the host answers nothing.
 * I2 Answers are given by operation, in order. A warm-up that asks otherwise than the first run did is answered undefined, and warms less.
 */
import type { WarmUpRequest } from "@nano/protocol/manifest";
import { encodeHeaderBlock } from "@nano/protocol/messages";
import { SocketCloseCode } from "@nano/protocol/socket-messages";
import { ATTACH_GLOBAL, GuestEvent, HostOp } from "@nano/web-api/boundary";
import ivm from "isolated-vm";
import { isJob } from "./crypto-job.ts";
import { PlainKeys } from "./crypto-keys.ts";
import { beginCrypto, type CryptoArguments, isCryptoOp, runJob } from "./crypto-ops.ts";
import { ownBuffer, runPureOp } from "./host-ops.ts";
import { boundedText } from "./response-ops.ts";
import { parseTouchedModules } from "./touched-modules.ts";

const HOST = "warm-up.invalid";
/** Where a manifest names none. */
const DEFAULT_REQUESTS: readonly WarmUpRequest[] = [{ method: "GET", path: "/", headers: { accept: "*/*" } }];
/** Beside them, of an app that makes WebSockets: each connection has an isolate of its own, so all that is compiled late is compiled for each. */
const UPGRADE_REQUEST: WarmUpRequest = {
  method: "GET",
  path: "/",
  headers: { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" },
};
/** What a script holds that makes one, minified or not. */
const SOCKET_MAKER = "WebSocketPair";
/** And of one that may ask for its files: whether there are any, a builder is not told. */
const ASSETS_NAME = "ASSETS";
/** The one message that a connection of the warm-up hears. */
const SOCKET_TEXT = "";
/** A request that takes longer in one entry has touched what it touches first. */
const ENTRY_LIMIT_MS = 1_000;
const REPORT_LIMIT_MS = 100;
/** Timers that are fired, at once, and the time that all of it may take. */
const MAX_TIMER_ENTRIES = 64;
const WARM_UP_LIMIT_MS = 2_000;
/** Turns of the microtask queue that a request has for itself before the next begins. */
const TURNS_PER_REQUEST = 64;
export const MAX_WARM_UP_ANSWERS = 512;
const MAX_ANSWER_CHARS = 64 * 1024;

/** What the host answered: text, truth, or bytes. */
export interface WarmUpAnswer {
  readonly code: number;
  readonly value: string | number | boolean | readonly number[] | null;
}

/** A request of the manifest that was not answered. */
export interface WarmUpFailure {
  /** `POST /orders`. */
  readonly request: string;
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

export interface WarmUpRecord {
  /** Lazy modules of the web-api that were loaded at the end. */
  readonly touchedModules: readonly number[];
  readonly answers: readonly WarmUpAnswer[];
  /** There is an `env.ASSETS`, which never answers. */
  readonly hasAssets: boolean;
  /** As the guest is entered with them. */
  readonly requests: readonly WarmUpEntry[];
  /** At most one of each request that the manifest names. */
  readonly failures: readonly WarmUpFailure[];
}

/** Method, URL, header block, and the body as text. */
export type WarmUpEntry = readonly [string, string, string, string | undefined];

export interface RecordWarmUpOptions {
  readonly attachSecret: string;
  readonly envJson: string;
  /** Empty: one GET of `/`, and an upgrade where `script` makes WebSockets. */
  readonly requests: readonly WarmUpRequest[];
  readonly script: string;
}

/** Gives an app that was initialised in `context` its requests. Never throws, but may end the process, as any tenant code may. */
export function recordWarmUp(context: ivm.Context, options: RecordWarmUpOptions): WarmUpRecord {
  const chosen = options.requests.length === 0 ? defaultRequests(options.script) : options.requests;
  const requests = chosen.map(toEntry);
  const hasAssets = options.script.includes(ASSETS_NAME);
  const recorder = new AnswerRecorder(requests.length);
  const op = new ivm.Callback((code: unknown, id: unknown, a: unknown, b: unknown, c: unknown, d: unknown) =>
    recorder.answer(code, id, a, b, c, d),
  );
  try {
    const attach = context.global.getSync(ATTACH_GLOBAL, { reference: true });
    const args = [options.attachSecret, op, options.envJson, false, hasAssets];
    const enter = attach.applySync(undefined, args, { result: { reference: true } });
    const enterGuest = (timeout: number, ...args: unknown[]): void => {
      try {
        enter.applySync(undefined, args, { timeout, arguments: { copy: true } });
      } catch {
        // An unhandled rejection, or too slow: what it touched counts. Of an isolate that is gone, the next entry tells.
      }
    };
    const endMs = performance.now() + WARM_UP_LIMIT_MS;
    let entries = 0;
    for (const [i, [method, url, headers, body]] of requests.entries()) {
      if (performance.now() >= endMs) break;
      const bytes = body === undefined ? undefined : ownBuffer(Buffer.from(body));
      enterGuest(ENTRY_LIMIT_MS, GuestEvent.REQUEST, i + 1, method, url, headers, bytes);
      if (recorder.isUpgraded(i + 1)) {
        enterGuest(ENTRY_LIMIT_MS, GuestEvent.SOCKET_MESSAGE, i + 1, SOCKET_TEXT);
        enterGuest(ENTRY_LIMIT_MS, GuestEvent.SOCKET_CLOSED, i + 1, SocketCloseCode.NORMAL, "", true);
      }
      for (; entries < MAX_TIMER_ENTRIES && performance.now() < endMs; entries++) {
        const timer = recorder.takeTimer();
        if (timer === undefined) break;
        enterGuest(ENTRY_LIMIT_MS, GuestEvent.TIMER, timer);
      }
    }
    recorder.endAnswers();
    enter.applySync(undefined, [GuestEvent.TOUCHED, 0], { timeout: REPORT_LIMIT_MS });
  } catch {
    // The snapshot is made without: nothing but time is lost.
  }
  const { touchedModules, answers, thrown } = recorder;
  const failures = options.requests.flatMap(({ method, path }, i) => {
    const failure = thrown.get(i + 1);
    return failure === undefined ? [] : [{ request: boundedText(`${method} ${path}`), ...failure }];
  });
  return { touchedModules, answers, hasAssets, requests, failures };
}

function defaultRequests(script: string): readonly WarmUpRequest[] {
  return script.includes(SOCKET_MAKER) ? [...DEFAULT_REQUESTS, UPGRADE_REQUEST] : DEFAULT_REQUESTS;
}

function toEntry({ method, path, headers, body }: WarmUpRequest): WarmUpEntry {
  return [method, `http://${HOST}${path}`, encodeHeaderBlock(["host", HOST, ...Object.entries(headers).flat()]), body];
}

class AnswerRecorder {
  readonly answers: WarmUpAnswer[] = [];
  /** What handlers threw, by the numbers of requests. */
  readonly thrown = new Map<number, Omit<WarmUpFailure, "request">>();
  touchedModules: readonly number[] = [];
  readonly #timers: number[] = [];
  readonly #upgraded = new Set<unknown>();
  readonly #keys = new PlainKeys();
  #chars = 0;
  #isOver = false;
  readonly #requestCount: number;

  constructor(requestCount: number) {
    this.#requestCount = requestCount;
  }

  /** Whether a request was answered with a WebSocket. */
  isUpgraded(id: number): boolean {
    return this.#upgraded.has(id);
  }

  takeTimer(): number | undefined {
    return this.#timers.shift();
  }

  endAnswers(): void {
    this.#isOver = true;
  }

  answer(code: unknown, id: unknown, a: unknown, b: unknown, c: unknown, d: unknown): unknown {
    if (code === HostOp.TOUCHED) {
      this.touchedModules = parseTouchedModules(a);
      return undefined;
    }
    if (code === HostOp.THREW) {
      const isRequest = typeof id === "number" && id >= 1 && id <= this.#requestCount;
      if (isRequest) this.thrown.set(id, { name: boundedText(a), message: boundedText(b), stack: boundedText(c) });
      return undefined;
    }
    if (this.#isOver || typeof code !== "number") return undefined;
    if (code === HostOp.TIMER_SET) {
      if (typeof id === "number" && this.#timers.length < MAX_TIMER_ENTRIES) this.#timers.push(id);
      return true;
    }
    if (code === HostOp.UPGRADE) {
      if (this.#upgraded.size < this.#requestCount) this.#upgraded.add(id);
      return true;
    }
    if (code === HostOp.SOCKET_SEND || code === HostOp.SOCKET_BUFFERED) return 0;
    if (code === HostOp.RESPONSE_CHUNK) return true;
    const value = isCryptoOp(code) ? this.#workOnKeys({ code, a, b, c, d }) : runPureOp(code, a, b, c);
    return this.#keep(code, value) ? value : undefined;
  }

  /** What is long is never answered: a warm-up is of what requests do first. */
  #workOnKeys(args: CryptoArguments): unknown {
    const begun = beginCrypto(this.#keys, args);
    if (!isJob(begun)) return begun;
    return begun.isLong ? undefined : runJob(begun);
  }

  #keep(code: number, value: unknown): boolean {
    if (value === undefined) return true;
    const kept = value instanceof ArrayBuffer ? [...new Uint8Array(value.slice(0, MAX_ANSWER_CHARS))] : value;
    const chars = typeof kept === "string" || Array.isArray(kept) ? kept.length : 1;
    if (this.answers.length >= MAX_WARM_UP_ANSWERS || this.#chars + chars > MAX_ANSWER_CHARS) return false;
    this.#chars += chars;
    this.answers.push({ code, value: kept as WarmUpAnswer["value"] });
    return true;
  }
}

/**
 * The script by which `createSnapshot` warms an app up, in a context of its own. Timers fire at once, between microtasks. The app may have
 * changed what all code stands on: little of that is called, and what fails all the same costs the warm-up, not the heap.
 */
export function warmUpScript(options: { attachSecret: string; envJson: string; warmUp: WarmUpRecord }): string {
  const byCode: Record<number, WarmUpAnswer["value"][]> = {};
  for (const { code, value } of options.warmUp.answers) {
    byCode[code] ??= [];
    byCode[code].push(value);
  }
  const requests = options.warmUp.requests.map(withByteList);
  return `{
  const answers = ${JSON.stringify(byCode)};
  const given = { __proto__: null };
  const timers = { __proto__: null };
  let timerCount = 0;
  let firedCount = 0;
  let upgraded = 0;
  const bytesOf = (codes) => {
    const bytes = new Uint8Array(codes.length);
    for (let i = 0; i < codes.length; i++) bytes[i] = codes[i];
    return bytes.buffer;
  };
  const op = (code, id) => {
    if (code === ${HostOp.TIMER_SET}) {
      if (timerCount >= ${MAX_TIMER_ENTRIES}) return false;
      timers[timerCount++] = id;
      return true;
    }
    if (code === ${HostOp.UPGRADE}) {
      upgraded = id;
      return true;
    }
    if (code === ${HostOp.SOCKET_SEND} || code === ${HostOp.SOCKET_BUFFERED}) return 0;
    if (code === ${HostOp.RESPONSE_CHUNK}) return true;
    const at = given[code] ?? 0;
    given[code] = at + 1;
    const answer = answers[code]?.[at];
    return typeof answer === "object" && answer !== null ? bytesOf(answer) : answer;
  };
  const requests = ${JSON.stringify(requests)};
  const warmUp = async () => {
    try {
      const enter = ${ATTACH_GLOBAL}(${JSON.stringify(options.attachSecret)}, op, ${JSON.stringify(options.envJson)}, false, ${options.warmUp.hasAssets});
      if (!enter) return;
      let next = 0;
      for (let turns = 0; turns < ${4 * MAX_TIMER_ENTRIES + requests.length * TURNS_PER_REQUEST}; turns++) {
        if (upgraded > 0) {
          const id = upgraded;
          upgraded = 0;
          enter(${GuestEvent.SOCKET_MESSAGE}, id, ${JSON.stringify(SOCKET_TEXT)});
          enter(${GuestEvent.SOCKET_CLOSED}, id, ${SocketCloseCode.NORMAL}, "", true);
        } else if (firedCount < timerCount) enter(${GuestEvent.TIMER}, timers[firedCount++]);
        else if (turns >= next * ${TURNS_PER_REQUEST} && next < ${requests.length}) {
          const request = requests[next++];
          const body = request[3];
          enter(${GuestEvent.REQUEST}, next, request[0], request[1], request[2], body === null ? undefined : bytesOf(body));
        }
        await undefined;
      }
    } catch {
      // Warmed up less.
    }
  };
  warmUp();
}`;
}

function withByteList([method, url, headers, body]: WarmUpEntry): unknown[] {
  return [method, url, headers, body === undefined ? null : [...Buffer.from(body)]];
}
