/** Errors as Node makes them: with a code, which packages ask for. */

export function nodeError(code: string, message: string, Base: ErrorConstructor = Error): Error & { code: string } {
  return Object.assign(new Base(message), { code });
}

export function invalidArgument(name: string, expected: string, value: unknown): Error {
  const found = value === null || value === undefined ? String(value) : `type ${typeof value}`;
  const text = `The "${name}" argument must be ${expected}. Received ${found}`;
  return nodeError("ERR_INVALID_ARG_TYPE", text, TypeError);
}

export function abortError(signal: AbortSignal | undefined): Error {
  const error = new Error("The operation was aborted", { cause: signal?.reason });
  return Object.assign(error, { name: "AbortError", code: "ABORT_ERR" });
}

export function checkFunction(name: string, value: unknown): asserts value is (...args: never[]) => unknown {
  if (typeof value !== "function") throw invalidArgument(name, "of type function", value);
}
