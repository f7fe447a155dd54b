/**
 * What runs when a signal aborts, before its event: kept apart from AbortSignal, which is an EventTarget, because
 * EventTarget itself listens to signals.
 */
import { TypeErrorCtor } from "../primordials.ts";
import {
  SetCtor,
  SetPrototypeAdd,
  SetPrototypeDelete,
  SetPrototypeForEach,
  WeakMapCtor,
  WeakMapPrototypeGet,
  WeakMapPrototypeSet,
} from "./intrinsics.ts";

interface SignalState {
  isAborted: boolean;
  reason: unknown;
  algorithms: Set<() => void> | null;
  /** Called when an algorithm is added. */
  readonly onUsed: () => void;
}

/** Every AbortSignal: tells them from other objects, too. */
const states = new WeakMapCtor<object, SignalState>();

export function registerSignal(signal: object, onUsed: () => void): void {
  WeakMapPrototypeSet(states, signal, { isAborted: false, reason: undefined, algorithms: null, onUsed });
}

export function isAbortSignal(value: unknown): boolean {
  return typeof value === "object" && value !== null && WeakMapPrototypeGet(states, value) !== undefined;
}

/** @throws TypeError where the value is no AbortSignal */
export function signalState(signal: unknown): Readonly<SignalState> {
  const state = typeof signal === "object" && signal !== null ? WeakMapPrototypeGet(states, signal) : undefined;
  if (state === undefined) throw new TypeErrorCtor("Illegal invocation");
  return state;
}

/**
 * Adds what runs once when the signal aborts. Answers what removes it; "aborted" where the signal is, and nothing was added;
 * undefined where the value is no AbortSignal.
 */
export function addAbortAlgorithm(signal: unknown, algorithm: () => void): (() => void) | "aborted" | undefined {
  const state = typeof signal === "object" && signal !== null ? WeakMapPrototypeGet(states, signal) : undefined;
  if (state === undefined) return undefined;
  if (state.isAborted) return "aborted";
  state.algorithms ??= new SetCtor();
  const { algorithms } = state;
  SetPrototypeAdd(algorithms, algorithm);
  state.onUsed();
  return () => {
    SetPrototypeDelete(algorithms, algorithm);
  };
}

/** Marks a signal as aborted and answers what has to run now, or undefined where it was aborted before. */
export function markAborted(signal: object, reason: unknown): (() => void)[] | undefined {
  const state = signalState(signal) as SignalState;
  if (state.isAborted) return undefined;
  state.isAborted = true;
  state.reason = reason;
  const algorithms: (() => void)[] = [];
  if (state.algorithms !== null) {
    SetPrototypeForEach(state.algorithms, (algorithm) => {
      algorithms[algorithms.length] = algorithm;
    });
    state.algorithms = null;
  }
  return algorithms;
}
