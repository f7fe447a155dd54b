/** What an error of the S3 client means, in words that carry neither credentials nor what a server sent as text. */

export type S3Failure =
  | { readonly kind: "missing" }
  /** It may work the next time. */
  | { readonly kind: "away"; readonly why: string; readonly cause?: unknown }
  /** It will not, until someone changes a setting or a permission. */
  | { readonly kind: "refused"; readonly why: string };

/** Of those the status alone would say otherwise. A digest that does not fit was damaged on its way. */
const PASSING = new Set([
  "BadDigest",
  "ConditionalRequestConflict",
  "IncompleteBody",
  "OperationAborted",
  "RequestTimeTooSkewed",
  "RequestTimeout",
  "SlowDown",
  "Throttling",
  "XAmzContentSHA256Mismatch",
]);
const MAX_WORD_LENGTH = 100;

interface ClientError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

export function describeS3Failure(error: unknown): S3Failure {
  const { name, code, $metadata } = (typeof error === "object" && error !== null ? error : {}) as ClientError;
  const status = $metadata?.httpStatusCode;
  const word = plainWord(name);
  if (status === undefined) {
    if (word === "CredentialsProviderError") return { kind: "refused", why: word };
    // Never that of an answer: a refused signature comes with the text that was signed.
    return { kind: "away", why: plainWord(code ?? name), cause: error };
  }
  const why = `${word} (HTTP ${status})`;
  if (status === 404 && word !== "NoSuchBucket") return { kind: "missing" };
  // An answer below 300 that the client does not understand is not S3's.
  const isPassing = status >= 500 || status === 429 || status < 300 || PASSING.has(word);
  return isPassing ? { kind: "away", why } : { kind: "refused", why };
}

function plainWord(value: unknown): string {
  const word = String(value ?? "unknown error")
    .replaceAll(/[^\w.:-]+/g, " ")
    .trim();
  return word.slice(0, MAX_WORD_LENGTH) || "unknown error";
}
