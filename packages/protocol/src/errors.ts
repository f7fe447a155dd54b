/**
 * One error class with many codes, and its wire form.
 *
 * I1 `code` is the type: nobody subclasses `NanoError` or tests it with `instanceof`.
 * I2 The wire form survives every hop: a code that the receiver does not know is kept as it came.
 */

/** Who has to act: the client that sent it, the app's author, or whoever runs NANO. */
export type Fault = "caller" | "tenant" | "platform";

/** What crosses a process or a thread in place of an error. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly fault: Fault;
  /** Whether the same request may be tried on another worker. */
  readonly retryable: boolean;
  readonly httpStatus: number;
  /** The lower-case word in `x-nano-error` and in close reasons. */
  readonly reason: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** A row of an `errors.ts` table. */
export interface ErrorDefinition<Details> {
  readonly fault: Fault;
  readonly retryable: boolean;
  readonly httpStatus: number;
  readonly reason: string;
  readonly message: (details: Details) => string;
}

const NANO_ERROR = Symbol.for("nano.error");

export class NanoError extends Error {
  readonly wire: WireError;

  constructor(wire: WireError, cause?: unknown) {
    super(wire.message, cause === undefined ? undefined : { cause });
    this.name = "NanoError";
    this.wire = wire;
    Object.defineProperty(this, NANO_ERROR, { value: true });
  }

  get code(): string {
    return this.wire.code;
  }
}

export function isNanoError(value: unknown): value is NanoError {
  return typeof value === "object" && value !== null && (value as { [NANO_ERROR]?: boolean })[NANO_ERROR] === true;
}

type AnyDefinition = ErrorDefinition<never>;
type DetailsOf<D> = D extends ErrorDefinition<infer Details> ? Details : never;

export type ErrorTable<T extends Record<string, AnyDefinition>> = {
  readonly [K in keyof T]: ((details: DetailsOf<T[K]>, cause?: unknown) => NanoError) & {
    readonly definition: T[K];
    readonly code: string;
  };
};

/**
 * Builds the constructors of a service's or package's error table.
 *
 * @param prefix what every code of the table begins with: `EXEC` gives `EXEC_AT_CAPACITY`
 */
export function defineErrors<T extends Record<string, AnyDefinition>>(prefix: string, table: T): ErrorTable<T> {
  const built: Record<string, unknown> = {};
  for (const [name, definition] of Object.entries(table)) {
    const code = `${prefix}_${name}`;
    const create = (details: never, cause?: unknown): NanoError =>
      new NanoError(
        {
          code,
          message: definition.message(details),
          fault: definition.fault,
          retryable: definition.retryable,
          httpStatus: definition.httpStatus,
          reason: definition.reason,
          details: details ?? {},
        },
        cause,
      );
    built[name] = Object.assign(create, { definition, code });
  }
  return built as ErrorTable<T>;
}

/** The wire form of anything thrown; what is not ours becomes `NANO_INTERNAL`, without its stack. */
export function toWireError(thrown: unknown): WireError {
  if (isNanoError(thrown)) return thrown.wire;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return {
    code: "NANO_INTERNAL",
    message,
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "internal",
    details: {},
  };
}

/** Rebuilds an error from its wire form. */
export function fromWireError(wire: WireError): NanoError {
  return new NanoError(wire);
}
