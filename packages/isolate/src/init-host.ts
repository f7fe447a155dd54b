/**
 * The host of a top level: answers what needs no other host, fires timers without waiting for them, and keeps what is said.
 *
 * I1 Everything that it is given is hostile and bounded: arguments, timers, lines, notes. It never throws.
 * I2 Time is virtual: a timer fires when it is asked for, in the order in which timers are due. So asynchronous init ends as soon as it has
 *    run, and twice the same.
 */
import { HostOp } from "@nano/web-api/boundary";
import { PlainKeys } from "./crypto-keys.ts";
import { isCryptoOp, runCrypto } from "./crypto-ops.ts";
import { MAX_TIMERS } from "./guest-context.ts";
import { HashOps } from "./hash-ops.ts";
import { runPureOp } from "./host-ops.ts";
import { boundedText } from "./response-ops.ts";
import { rejectionStack, rejectionText } from "./run-limits.ts";
import { APP_SCRIPT_NAME } from "./script-names.ts";

/** One-shot timers that are due later than this after init began are left to the contexts of requests, as repeating ones are. */
export const INIT_TIMER_HORIZON_MS = 2_000;
/** Lines of a top level's console, and notes of what it drew, that are kept. */
export const MAX_INIT_LINES = 200;
export const MAX_INIT_NOTES = 32;
const MAX_INIT_REJECTIONS = 8;
const APP_PLACE = new RegExp(`${APP_SCRIPT_NAME}:\\d+:\\d+`);
const FETCH_REFUSED =
  "fetch is not available while the app initialises: a sliver would keep the answer for ever. Call it in the handler, and keep what it gives there";
const CACHE_REFUSED =
  "caches is not available while the app initialises: a sliver would keep the answer for ever. Ask it in the handler";

/** How a top level stands, in its own words. */
export interface InitState {
  readonly state: "pending" | "done" | "failed";
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

export interface RefusedFetch {
  readonly url: string;
  /** As the engine gives it; empty: nobody observed. */
  readonly stack: string;
}

/** What the top level read that every restore will share, or did not get. */
export interface InitNote {
  readonly kind: "random" | "clock" | "env" | "fetch";
  readonly what: string;
  /** As the engine gives it: of the bundled script. */
  readonly stack: string;
}

export interface InitHostOptions {
  /** A line of the top level's console. */
  readonly onLine: (level: string, text: string) => void;
}

interface VirtualTimer {
  readonly id: number;
  readonly dueMs: number;
  readonly repeats: boolean;
}

export class InitHost {
  readonly notes: InitNote[] = [];
  /** Whether the top level looked at the name. */
  usesWasm = false;
  /** The first fetch. */
  refusedFetch: RefusedFetch | null = null;
  state: InitState = { state: "pending", name: "", message: "", stack: "" };
  readonly #onLine: InitHostOptions["onLine"];
  readonly #timers = new Map<number, VirtualTimer>();
  readonly #thrown: string[] = [];
  readonly #keys = new PlainKeys();
  readonly #hashes = new HashOps();
  #nowMs = 0;
  #lineCount = 0;

  constructor(options: InitHostOptions) {
    this.#onLine = options.onLine;
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  /** The timer that is due next: any while the top level waits, else one-shot ones up to the horizon. */
  takeTimer(): number | undefined {
    const isWaiting = this.state.state === "pending";
    let next: VirtualTimer | undefined;
    for (const timer of this.#timers.values()) {
      if (!isWaiting && (timer.repeats || timer.dueMs > INIT_TIMER_HORIZON_MS)) continue;
      if (next === undefined || timer.dueMs < next.dueMs) next = timer;
    }
    if (next === undefined) return undefined;
    this.#timers.delete(next.id);
    this.#nowMs = Math.max(this.#nowMs, next.dueMs);
    return next.id;
  }

  answer(code: unknown, id: unknown, a: unknown, b: unknown, c: unknown, d: unknown): unknown {
    switch (code) {
      case HostOp.LOG:
        if (this.#lineCount++ < MAX_INIT_LINES) this.#onLine(boundedText(String(a)), boundedText(String(b)));
        return undefined;
      case HostOp.TIMER_SET:
        return this.#setTimer(id, a, b);
      case HostOp.TIMER_CLEAR:
        if (typeof id === "number") this.#timers.delete(id);
        return undefined;
      case HostOp.FETCH_START:
        return this.#refuseFetch(boundedText(String(b)));
      case HostOp.CACHE_START:
        return CACHE_REFUSED;
      case HostOp.DIAL:
        return this.#refuseFetch(boundedText(String(a)));
      case HostOp.NOW:
        return Date.now();
      case HostOp.INIT_STATE:
        this.state = { state: stateOf(a), name: textOf(b), message: textOf(c), stack: textOf(d) };
        return undefined;
      case HostOp.INIT_NOTE:
        this.#note(a, b, c);
        return undefined;
      default:
        if (this.#hashes.handles(code)) return this.#hashes.run(this, code, id, a, b, c);
        return isCryptoOp(code) ? runCrypto(this.#keys, { code, a, b, c, d }) : runPureOp(code, a, b, c);
    }
  }

  /** What an entry threw: the top level's own end, or a rejection that nobody handled. */
  noteThrown(thrown: unknown): void {
    if (this.#thrown.length >= MAX_INIT_REJECTIONS) return;
    const stack = rejectionStack(thrown);
    const text = rejectionText(thrown);
    this.#thrown.push(boundedText(stack.startsWith(text) ? stack : text));
  }

  /** The top level got to its end: what was thrown beside it goes to its log. */
  tellRejections(): void {
    for (const text of this.#thrown) this.#onLine("error", `Unhandled rejection at the top level: ${text}`);
  }

  /** Told, too: a top level that catches the refusal goes on without what it asked for, for ever. Where it is observed, by a note. */
  #refuseFetch(url: string): string {
    if (this.refusedFetch === null) {
      const note = this.notes.find(({ kind }) => kind === "fetch");
      this.refusedFetch = { url, stack: note?.stack ?? "" };
      if (note === undefined) this.#onLine("warn", `fetch of ${url} at the top level was refused`);
    }
    return FETCH_REFUSED;
  }

  #setTimer(id: unknown, delayMs: unknown, repeats: unknown): boolean {
    if (typeof id !== "number" || this.#timers.size >= MAX_TIMERS) return false;
    const delay = typeof delayMs === "number" && delayMs > 0 ? delayMs : 0;
    this.#timers.set(id, { id, dueMs: this.#nowMs + delay, repeats: repeats === true });
    return true;
  }

  #note(kind: unknown, what: unknown, stack: unknown): void {
    if (kind === "wasm") this.usesWasm = true;
    if (kind !== "random" && kind !== "clock" && kind !== "env" && kind !== "fetch") return;
    const note = { kind, what: textOf(what), stack: textOf(stack) } as const;
    const place = placeOf(note.stack);
    const isKnown = this.notes.some((other) => other.what === note.what && placeOf(other.stack) === place);
    if (!isKnown && this.notes.length < MAX_INIT_NOTES) this.notes.push(note);
  }
}

/** The line that asked: below it may stand different ones of the platform's. */
function placeOf(stack: string): string | undefined {
  return APP_PLACE.exec(stack)?.[0];
}

function stateOf(value: unknown): InitState["state"] {
  return value === "done" || value === "failed" ? value : "pending";
}

function textOf(value: unknown): string {
  return typeof value === "string" ? boundedText(value) : "";
}
