/** What a failed assertion throws, and how its sentence is made. */
import { inspect } from "./inspect.guest.ts";

export interface Failure {
  readonly actual?: unknown;
  readonly expected?: unknown;
  readonly operator?: string | undefined;
  readonly message?: unknown;
  /** Above what a stack begins. */
  readonly stackStartFn?: unknown;
}

const SENTENCES: Readonly<Record<string, string>> = {
  deepStrictEqual: "Expected values to be strictly deep-equal:",
  strictEqual: "Expected values to be strictly equal:",
  deepEqual: "Expected values to be loosely deep-equal:",
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  notStrictEqual: 'Expected "actual" to be strictly unequal to:',
  notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
};

export class AssertionError extends Error {
  readonly code = "ERR_ASSERTION";
  readonly generatedMessage: boolean;
  readonly actual: unknown;
  readonly expected: unknown;
  readonly operator: string | undefined;

  constructor({ actual, expected, operator, message, stackStartFn }: Failure) {
    super(message === undefined ? describe(actual, expected, operator) : String(message));
    this.generatedMessage = message === undefined;
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
    Object.defineProperty(this, "name", { value: "AssertionError", writable: true, configurable: true });
    if (typeof stackStartFn === "function") Error.captureStackTrace(this, stackStartFn as () => void);
  }

  override toString(): string {
    return `${this.name} [${this.code}]: ${this.message}`;
  }
}

function describe(actual: unknown, expected: unknown, operator: string | undefined): string {
  const sentence = SENTENCES[operator ?? ""];
  if (sentence === undefined) return `${inspect(actual)} ${operator ?? "fail"} ${inspect(expected)}`;
  if (operator?.startsWith("not")) return `${sentence}\n\n${inspect(actual)}`;
  return `${sentence}\n\n${inspect(actual)}\n\nshould equal\n\n${inspect(expected)}`;
}
