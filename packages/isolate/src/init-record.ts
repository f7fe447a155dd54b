/**
 * What a top level asked its host and was answered, so that a second run without a host can be given the same.
 *
 * I1 Bounded in calls and size: past either the record is `tooLong`, and no heap is made of it.
 */
import { HostOp } from "@nano/web-api/boundary";
import { boundedText } from "./response-ops.ts";

export const MAX_RECORDED_CALLS = 20_000;
const MAX_RECORD_CHARS = 4 * 1024 * 1024;
/** Timers that fire while the app initialises. */
export const MAX_INIT_STEPS = 1_000;

/** Bytes cross as text, a character each. */
export type RecordedValue = string | number | boolean | null | { readonly bytes: string };

export interface RecordedCall {
  /** `describeCall` of it. */
  readonly call: string;
  readonly value?: RecordedValue;
}

export interface InitRecord {
  readonly calls: readonly RecordedCall[];
  /** The timers that fired, in order. */
  readonly steps: readonly number[];
  /** How many did not. */
  readonly timersLeft: number;
  /** Whether WebAssembly was looked at: the second run gets a stand-in. */
  readonly usesWasm: boolean;
  readonly isTooLong: boolean;
  /** Where the host was asked, among the last times before it was too long, as the engine gives it; empty: nobody observed. */
  readonly askedStack: string;
}

/** The first and the last operation whose texts hold keys: what a call was is told to the app's author, and may be kept. */
export const SECRET_CALLS = [HostOp.CRYPTO_IMPORT, HostOp.CRYPTO_EQUALS] as const;

/** Not part of what has to be the same twice. */
const UNRECORDED = new Set<unknown>([
  HostOp.LOG,
  HostOp.INIT_STATE,
  HostOp.INIT_NOTE,
  HostOp.CLOCK_READ,
  HostOp.TOUCHED,
]);

export class InitRecorder {
  readonly #calls: RecordedCall[] = [];
  readonly #steps: number[] = [];
  #chars = 0;
  #isTooLong = false;
  #askedStack = "";

  record(args: readonly unknown[], value: unknown): void {
    const [code, , kind, , stack] = args;
    if (this.#isTooLong) return;
    if (code === HostOp.INIT_NOTE && kind === "asked" && typeof stack === "string") this.#askedStack = stack;
    if (UNRECORDED.has(code)) return;
    const call = describeCall(args);
    const kept = encodeValue(value);
    this.#chars += call.length + (typeof kept === "string" ? kept.length : 0);
    if (typeof kept === "object" && kept !== null) this.#chars += kept.bytes.length;
    if (this.#calls.length >= MAX_RECORDED_CALLS || this.#chars > MAX_RECORD_CHARS) {
      this.#isTooLong = true;
      return;
    }
    this.#calls.push(kept === undefined ? { call } : { call, value: kept });
  }

  step(timer: number): void {
    this.#steps.push(timer);
  }

  end({ timerCount, usesWasm }: { timerCount: number; usesWasm: boolean }): InitRecord {
    return {
      calls: this.#calls,
      steps: this.#steps,
      timersLeft: timerCount,
      usesWasm,
      isTooLong: this.#isTooLong,
      askedStack: boundedText(this.#askedStack),
    };
  }
}

/**
 * Makes what puts a call in words that are the same for the same call: long texts and bytes by their length and FNV-1a hash. Its own text runs
 * in the guest, too (`replay-init.ts`), before tenant code: it uses nothing from around it, and what it makes uses only what it took. Texts of the
 * operations between `firstSecret` and `lastSecret` are never shown.
 */
export function createCallDescriber(firstSecret: number, lastSecret: number): (args: readonly unknown[]) => string {
  const uncurried = Function.prototype.call;
  const charCodeAt = uncurried.bind(String.prototype.charCodeAt) as (text: string, at: number) => number;
  const slice = uncurried.bind(String.prototype.slice) as (text: string, start: number, end: number) => string;
  const byteLength = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength")?.get as () => number;
  const byteLengthOf = uncurried.bind(byteLength) as (buffer: unknown) => number;
  const { stringify } = JSON;
  const { imul } = Math;
  const Bytes = Uint8Array;
  /** Undefined: it is no buffer. */
  const bytesIn = (value: object): number | undefined => {
    try {
      return byteLengthOf(value);
    } catch {
      return undefined;
    }
  };
  const describe = (arg: unknown, isSecret: boolean): string => {
    if (arg === undefined) return "";
    let hash = 2166136261;
    if (typeof arg === "string") {
      for (let at = 0; at < arg.length; at++) hash = imul(hash ^ charCodeAt(arg, at), 16777619);
      if (isSecret) return `${arg.length} characters #${hash}`;
      return `${stringify(slice(arg, 0, 100))}${arg.length > 100 ? `…${arg.length}#${hash}` : ""}`;
    }
    if (typeof arg === "number" || typeof arg === "boolean") return `${arg}`;
    const length = typeof arg === "object" && arg !== null ? bytesIn(arg) : undefined;
    if (length === undefined) return typeof arg;
    const bytes = new Bytes(arg as ArrayBuffer);
    for (let at = 0; at < length; at++) hash = imul(hash ^ (bytes[at] as number), 16777619);
    return `${length} bytes #${hash}`;
  };
  return (args) => {
    let text = "";
    const code = args[0] as number;
    const isOnKeys = code >= firstSecret && code <= lastSecret;
    // Code, id and command are not.
    for (let i = 0; i < args.length; i++) text += `${describe(args[i], isOnKeys && i > 2)},`;
    return text;
  };
}

const describeCall = createCallDescriber(...SECRET_CALLS);

function encodeValue(value: unknown): RecordedValue | undefined {
  if (value instanceof ArrayBuffer) return { bytes: Buffer.from(value).toString("latin1") };
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  return undefined;
}
