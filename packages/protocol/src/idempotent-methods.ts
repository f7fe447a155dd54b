const IDEMPOTENT_METHODS = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** Whether a request with this method may have begun before and be run again. */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT_METHODS.has(method);
}
