// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/**
 * AbortController and AbortSignal of the DOM standard.
 *
 * A signal made by `any` is known to its sources weakly until somebody listens to it, and strongly from then on: what nobody
 * holds or hears goes, although its sources stay.
 */
import { TypeErrorCtor } from "../primordials.ts";
import { startTimer } from "../timers.ts";
import { isAbortSignal, markAborted, registerSignal, signalState } from "./abort-algorithms.ts";
import { Event } from "./event.ts";
import { defineEventHandler, EventTarget, eventTargetAccess } from "./event-target.ts";
import {
  MathMin,
  MathTrunc,
  SetCtor,
  SetPrototypeAdd,
  SetPrototypeForEach,
  SetPrototypeHas,
  WeakRefCtor,
  WeakRefPrototypeDeref,
} from "./intrinsics.ts";
import { domException } from "./make-dom-exception.ts";
import { finishInterface } from "./webidl.ts";
import { requireArguments, toSequence } from "./webidl-convert.ts";

/** What the constructor of AbortSignal wants to see: held here alone. */
const CREATE = Symbol();
/** Up to how many dependents a source is not searched for dead ones. */
const FIRST_SWEEP_COUNT = 16;
/** What a timer of the host takes: about 25 days, after which a longer timeout is over as well. */
const MAX_TIMER_MS = 0x7fffffff;
const { MAX_SAFE_INTEGER } = Number;

export let createSignal: () => AbortSignal;
export let abortSignal: (signal: AbortSignal, reason: unknown) => void;

export class AbortSignal extends EventTarget {
  /** Of a signal made by `any`: the signals that it follows, none of which follows another. */
  #sources: Set<AbortSignal> | null = null;
  #dependents: WeakRef<AbortSignal>[] = [];
  #retained: Set<AbortSignal> | null = null;
  #sweepCount = FIRST_SWEEP_COUNT;

  static {
    createSignal = () => new AbortSignal(CREATE);
    abortSignal = (signal, reason) => signal.#abort(reason);
  }

  constructor(token: unknown = undefined) {
    if (token !== CREATE) throw new TypeErrorCtor("Illegal constructor");
    super();
    const retain = (): void => this.#retain();
    registerSignal(this, retain);
    eventTargetAccess.onListenerAdded(this, retain);
  }

  static abort(reason: unknown = undefined): AbortSignal {
    const signal = createSignal();
    markAborted(signal, reasonOrDefault(reason));
    return signal;
  }

  static timeout(milliseconds: unknown): AbortSignal {
    requireArguments(arguments.length, 1, "AbortSignal.timeout");
    const delayMs = +(milliseconds as number);
    if (!(delayMs > -1 && delayMs <= MAX_SAFE_INTEGER)) {
      throw new TypeErrorCtor("AbortSignal.timeout: the time is not a number of milliseconds from 0");
    }
    const signal = createSignal();
    startTimer(MathMin(MathTrunc(delayMs), MAX_TIMER_MS), () =>
      signal.#abort(domException("TimeoutError", "The operation was aborted due to timeout")),
    );
    return signal;
  }

  static any(signals: unknown): AbortSignal {
    requireArguments(arguments.length, 1, "AbortSignal.any");
    const list = toSequence(signals, "AbortSignal.any") as AbortSignal[];
    for (let i = 0; i < list.length; i++) {
      if (!isAbortSignal(list[i])) throw new TypeErrorCtor("AbortSignal.any: an element is no AbortSignal");
    }
    const result = createSignal();
    for (let i = 0; i < list.length; i++) {
      const state = signalState(list[i]);
      if (!state.isAborted) continue;
      markAborted(result, state.reason);
      return result;
    }
    result.#sources = new SetCtor();
    for (let i = 0; i < list.length; i++) {
      const signal = list[i] as AbortSignal;
      if (signal.#sources === null) result.#follow(signal);
      else SetPrototypeForEach(signal.#sources, (source) => result.#follow(source));
    }
    return result;
  }

  get aborted(): boolean {
    return signalState(this).isAborted;
  }

  get reason(): unknown {
    return signalState(this).reason;
  }

  throwIfAborted(): void {
    const state = signalState(this);
    if (state.isAborted) throw state.reason;
  }

  #follow(source: AbortSignal): void {
    const sources = this.#sources as Set<AbortSignal>;
    if (SetPrototypeHas(sources, source)) return;
    SetPrototypeAdd(sources, source);
    source.#dependents[source.#dependents.length] = new WeakRefCtor(this);
    if (source.#dependents.length < source.#sweepCount) return;
    const alive: WeakRef<AbortSignal>[] = [];
    for (let i = 0; i < source.#dependents.length; i++) {
      const reference = source.#dependents[i] as WeakRef<AbortSignal>;
      if (WeakRefPrototypeDeref(reference) !== undefined) alive[alive.length] = reference;
    }
    source.#dependents = alive;
    source.#sweepCount = alive.length * 2 + FIRST_SWEEP_COUNT;
  }

  #retain(): void {
    if (this.#sources === null) return;
    SetPrototypeForEach(this.#sources, (source) => {
      source.#retained ??= new SetCtor();
      SetPrototypeAdd(source.#retained, this);
    });
  }

  #abort(reason: unknown): void {
    const finalReason = reasonOrDefault(reason);
    const algorithms = markAborted(this, finalReason);
    if (algorithms === undefined) return;
    // Every dependent has the reason before any of them, or of this one's algorithms, runs.
    const dependents: [AbortSignal, (() => void)[]][] = [];
    for (let i = 0; i < this.#dependents.length; i++) {
      const dependent = WeakRefPrototypeDeref(this.#dependents[i] as WeakRef<AbortSignal>) as AbortSignal | undefined;
      if (dependent === undefined) continue;
      const dependentAlgorithms = markAborted(dependent, finalReason);
      if (dependentAlgorithms !== undefined) dependents[dependents.length] = [dependent, dependentAlgorithms];
    }
    this.#dependents = [];
    this.#retained = null;
    fireAbort(this, algorithms);
    for (let i = 0; i < dependents.length; i++) {
      const dependent = dependents[i] as [AbortSignal, (() => void)[]];
      fireAbort(dependent[0], dependent[1]);
    }
  }
}

finishInterface(AbortSignal, "AbortSignal");
defineEventHandler(AbortSignal.prototype, "abort", undefined, signalState);

export class AbortController {
  readonly #signal = createSignal();

  get signal(): AbortSignal {
    return this.#signal;
  }

  abort(reason: unknown = undefined): void {
    abortSignal(this.#signal, reason);
  }
}

finishInterface(AbortController, "AbortController");

function reasonOrDefault(reason: unknown): unknown {
  return reason === undefined ? domException("AbortError", "This operation was aborted") : reason;
}

function fireAbort(signal: AbortSignal, algorithms: readonly (() => void)[]): void {
  for (let i = 0; i < algorithms.length; i++) (algorithms[i] as () => void)();
  if (eventTargetAccess.hasListeners(signal, "abort")) eventTargetAccess.dispatch(signal, new Event("abort"));
}
