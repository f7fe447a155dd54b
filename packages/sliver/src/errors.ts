/** Every way in which a sliver, an artifact or a key is refused. README lists the same codes; a test compares. */
import { defineErrors, type ErrorDefinition } from "@nano/protocol/errors";

/** A file that is refused is the platform's to repair: nobody who sends requests can make one. */
function refused<D>(reason: string, message: (details: D) => string): ErrorDefinition<D> {
  return { fault: "platform", retryable: true, httpStatus: 503, reason, message };
}

export const errors = defineErrors("SLIVER", {
  TRUNCATED: refused(
    "sliver_refused",
    (d: { part: string; foundBytes: number; expectedBytes: number }) =>
      `Sliver ends within its ${d.part}: found ${d.foundBytes} bytes, expected ${d.expectedBytes}`,
  ),
  TRAILING_BYTES: refused(
    "sliver_refused",
    (d: { foundBytes: number; expectedBytes: number }) =>
      `Sliver has bytes after its end: found ${d.foundBytes}, expected ${d.expectedBytes}`,
  ),
  BAD_MAGIC: refused(
    "sliver_refused",
    (d: { found: string; expected: string }) => `File is not a sliver: begins with ${d.found}, expected ${d.expected}`,
  ),
  UNKNOWN_FORMAT: refused(
    "sliver_refused",
    (d: { found: number; expected: readonly number[] }) =>
      `Sliver format is unknown: found ${d.found}, expected one of ${d.expected.join(", ")}`,
  ),
  UNTRUSTED_KEY: refused(
    "sliver_refused",
    (d: { found: string; expected: readonly string[] }) =>
      `Sliver is signed by a key that is not trusted: found ${d.found}, expected one of ${d.expected.join(", ") || "none"}`,
  ),
  BAD_SIGNATURE: refused(
    "sliver_refused",
    (d: { keyId: string }) =>
      `Sliver signature does not fit its contents: checked with key ${d.keyId}, expected a match`,
  ),
  DIGEST_MISMATCH: refused(
    "sliver_refused",
    (d: { part: string; found: string; expected: string }) =>
      `Digest of ${d.part} does not match: found ${d.found}, expected ${d.expected}`,
  ),
  LENGTH_MISMATCH: refused(
    "sliver_refused",
    (d: { part: string; foundBytes: number; expectedBytes: number }) =>
      `Length of ${d.part} does not match: found ${d.foundBytes} bytes, expected ${d.expectedBytes}`,
  ),
  TOO_LARGE: refused(
    "sliver_too_large",
    (d: { part: string; foundBytes: number; limitBytes: number }) =>
      `Sliver is too large in its ${d.part}: found ${d.foundBytes} bytes, at most ${d.limitBytes}`,
  ),
  MALFORMED: refused(
    "sliver_refused",
    (d: { part: string; found: string; expected: string }) =>
      `Sliver is malformed in its ${d.part}: found ${d.found}, expected ${d.expected}`,
  ),
  WRONG_ORIGIN: refused(
    "sliver_refused",
    (d: { part: string; found: string; expected: string }) =>
      `Sliver was made for something else, by its ${d.part}: found ${d.found}, expected ${d.expected}`,
  ),
  MISSING_SECTION: refused(
    "sliver_refused",
    (d: { section: string; found: readonly string[] }) =>
      `Sliver has no section ${d.section}: found ${d.found.join(", ") || "none"}`,
  ),
  NOT_FOUND: refused("sliver_missing", (d: { digest: string }) => `Artifact is not in the store: ${d.digest}`),
  ENTRY_DAMAGED: refused(
    "sliver_refused",
    (d: { path: string; part: string; found: string; expected: string }) =>
      `Cache entry ${d.path} is damaged in its ${d.part}: found ${d.found}, expected ${d.expected}`,
  ),
  KEY_UNUSABLE: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "sliver_key",
    message: (d: { path: string; found: string; expected: string }) =>
      `Key file ${d.path} cannot be used: found ${d.found}, expected ${d.expected}`,
  },
  STORE_AWAY: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "store_away",
    message: (d: { operation: string; where: string; attemptCount: number; why: string }) =>
      `Artifact store does not answer: ${d.operation} in ${d.where} failed ${d.attemptCount} times, at last with ${d.why}`,
  },
  STORE_REFUSED: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "store_refused",
    message: (d: { operation: string; where: string; why: string }) =>
      `Artifact store refuses to ${d.operation} in ${d.where}: ${d.why}, check bucket, region, credentials and what they permit`,
  },
  STORE_SETTINGS: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "store_settings",
    message: (d: { name: string; found: string; expected: string }) =>
      `Artifact store cannot be opened by its settings: found ${d.name} ${d.found}, expected ${d.expected}`,
  },
  ASSETS_REFUSED: {
    fault: "tenant",
    retryable: false,
    httpStatus: 422,
    reason: "assets_refused",
    message: (d: { path: string; found: string; expected: string }) =>
      `Asset ${d.path} is refused: found ${d.found}, expected ${d.expected}`,
  },
});
