/**
 * Operations of the host for SubtleCrypto: each is answered at once or by an event, and settles the promise that a method gave.
 *
 * I1 No promise of the platform's is awaited: what is not yet a result (a handle) never passes a `then` that tenant code may have replaced.
 */
import { callHost } from "../host.ts";
import { domException } from "../leaf/make-dom-exception.ts";
import {
  MapCtor,
  MapPrototypeDelete,
  MapPrototypeGet,
  MapPrototypeSet,
  PromiseCtor,
  StringPrototypeCharCodeAt,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
} from "../primordials.ts";

/** What the host answers; failures are thrown before. */
export type CryptoAnswer = ArrayBuffer | string | boolean;

const BANG = 0x21;

/** An operation that the host has not answered yet, in place of a step's result. */
class PendingAnswer {
  readonly #id: number;
  readonly #finish: (answer: CryptoAnswer) => unknown;

  constructor(id: number, finish: (answer: CryptoAnswer) => unknown) {
    this.#id = id;
    this.#finish = finish;
  }

  /** The same operation with one more step; undefined where the value is no pending answer. */
  static extend(value: unknown, next: (value: unknown) => unknown): PendingAnswer | undefined {
    if (typeof value !== "object" || value === null || !(#id in value)) return undefined;
    const finish = value.#finish;
    return new PendingAnswer(value.#id, (answer) => next(finish(answer)));
  }

  /** Keeps what is to be done with the answer. False: the value is no pending answer. */
  static keep(value: unknown, resolve: (value: never) => void, reject: (reason: unknown) => void): boolean {
    if (typeof value !== "object" || value === null || !(#id in value)) return false;
    MapPrototypeSet(waiting, value.#id, { finish: value.#finish, resolve, reject });
    return true;
  }
}

interface Waiting {
  readonly finish: (answer: CryptoAnswer) => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
}

/** By their numbers. */
const waiting = new MapCtor<number, Waiting>();
let lastId = 0;

/**
 * Asks the host for an operation, and answers what `finish` makes of its answer: at once, or later, in which case `promiseOf` waits for it.
 * @throws DOMException that the host names
 */
export function askCrypto(
  code: number,
  args: { readonly a?: unknown; readonly b?: unknown; readonly c?: unknown; readonly d?: unknown },
  finish: (answer: CryptoAnswer) => unknown,
): unknown {
  const id = ++lastId;
  const answer = callHost(code, id, args.a, args.b, args.c, args.d);
  return answer === undefined || answer === null
    ? new PendingAnswer(id, finish)
    : finish(resultOf(answer as CryptoAnswer));
}

/** Goes on with what a step answered or waits for. */
export function thenAnswer(value: unknown, next: (value: unknown) => unknown): unknown {
  return PendingAnswer.extend(value, next) ?? next(value);
}

/** A promise of what a step answers or what it waits for; what it throws rejects. */
export function promiseOf<T>(step: () => unknown): Promise<T> {
  return new PromiseCtor<T>((resolve, reject) => advance(step, resolve, reject));
}

/** The host's answer to a call that it did not answer at once. */
export function settleCrypto(id: number, answer: unknown): void {
  const call = MapPrototypeGet(waiting, id);
  if (call === undefined) return;
  MapPrototypeDelete(waiting, id);
  advance(() => call.finish(resultOf(answer as CryptoAnswer)), call.resolve, call.reject);
}

function advance(step: () => unknown, resolve: (value: never) => void, reject: (reason: unknown) => void): void {
  let result: unknown;
  try {
    result = step();
  } catch (reason) {
    reject(reason);
    return;
  }
  if (!PendingAnswer.keep(result, resolve, reject)) resolve(result as never);
}

function resultOf(answer: CryptoAnswer): CryptoAnswer {
  if (typeof answer !== "string" || StringPrototypeCharCodeAt(answer, 0) !== BANG) return answer;
  const space = StringPrototypeIndexOf(answer, " ");
  throw domException(StringPrototypeSlice(answer, 1, space), StringPrototypeSlice(answer, space + 1));
}
