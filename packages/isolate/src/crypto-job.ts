/** What an operation on keys comes to: an answer, or work that may leave the thread. */

/** As the guest is given it: bytes, truth, text, or a refusal (`refusalText`). */
export type CryptoAnswer = ArrayBuffer | boolean | string;

/** Work with two ways to the same answer. Both throw, or reject with, whatever goes wrong: `answerOfFailure` says what the guest is told. */
export interface CryptoJob {
  /** Whether it is cheaper on the thread than an event is. */
  readonly isQuick: boolean;
  /** Whether it may take more than a few milliseconds: one at a time of an app, never on the thread of a request. */
  readonly isLong: boolean;
  /** What it keeps alive while it waits. */
  readonly heldBytes: number;
  run(): CryptoAnswer;
  runLater(): Promise<CryptoAnswer>;
}

/** Inputs up to here are worked on at once; longer ones off the thread. */
export const QUICK_INPUT_BYTES = 64 * 1024;
/** Of one operation. */
export const MAX_CRYPTO_INPUT_BYTES = 32 * 1024 * 1024;

/** Why the guest does not get what it asked for, by the name of its DOMException. */
export class CryptoRefusal extends Error {
  readonly domName: string;

  constructor(domName: string, message: string) {
    super(message);
    this.domName = domName;
  }
}

/** What was thrown is not told: it may say more of a key than its owner should know. */
export function answerOfFailure(thrown: unknown): string {
  if (thrown instanceof CryptoRefusal) return refusalText(thrown.domName, thrown.message);
  return refusalText("OperationError", "The operation failed");
}

export function refusalText(domName: string, message: string): string {
  return `!${domName} ${message}`;
}

export function isJob(value: CryptoAnswer | CryptoJob): value is CryptoJob {
  return typeof value === "object" && "runLater" in value;
}
