/** What a control store or a build queue answers instead of doing what it was asked. */
import { defineErrors, isNanoError } from "@nano/protocol/errors";

export const errors = defineErrors("STORE", {
  LOST: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "store_lost",
    message: (d: { what: string; why: string }) => `Control store was lost during ${d.what}: ${d.why}`,
  },
  FEED_GAP: {
    fault: "platform",
    retryable: true,
    httpStatus: 409,
    reason: "feed_gap",
    message: (d: { epoch: string; seq: number; oldestSeq: number; newestSeq: number; storeEpoch: string }) =>
      `Feed cannot be served after ${d.epoch}/${d.seq}: the store holds ${d.storeEpoch}/${d.oldestSeq} to ${d.newestSeq}, reload the snapshot`,
  },
  CONFLICT: {
    fault: "caller",
    retryable: true,
    httpStatus: 409,
    reason: "store_conflict",
    message: (d: { key: string }) => `Record ${d.key} is not as the commit expects: read it again and retry`,
  },
  NOT_ACKNOWLEDGED: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "store_not_acknowledged",
    message: (d: { seq: number; ackCount: number; wantedCount: number; timeoutMs: number }) =>
      `Commit ${d.seq} was written but not acknowledged: ${d.ackCount} of ${d.wantedCount} replicas had it after ${d.timeoutMs} ms, repeat it with the same idempotency key`,
  },
  BAD_ADDRESS: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "store_address",
    message: (d: { name: string; found: string; expected: string }) =>
      `Control store setting ${d.name} cannot be used: found ${d.found}, expected ${d.expected}`,
  },
  BAD_RECORD: {
    fault: "caller",
    retryable: false,
    httpStatus: 400,
    reason: "bad_record",
    message: (d: { key: string; why: string }) => `Record ${d.key} cannot be stored: ${d.why}`,
  },
  BAD_REQUEST: {
    fault: "caller",
    retryable: false,
    httpStatus: 400,
    reason: "bad_request",
    message: (d: { what: string; why: string }) => `Store request ${d.what} is not understood: ${d.why}`,
  },
  COMMIT_TOO_LARGE: {
    fault: "caller",
    retryable: false,
    httpStatus: 413,
    reason: "too_large",
    message: (d: { what: string; bytes: number; limitBytes: number }) =>
      `Commit is too large: ${d.what} has ${d.bytes} bytes, at most ${d.limitBytes}`,
  },
  IN_USE: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "store_in_use",
    message: (d: { path: string }) =>
      `Store file ${d.path} is in use: another registry runs on it, stop that one first`,
  },
  UNREADABLE: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "store_unreadable",
    message: (d: { path: string; why: string }) =>
      `Store file ${d.path} cannot be read: ${d.why}; restore it from a backup, or remove it to begin anew`,
  },
  SCHEMA_NEWER: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "store_schema",
    message: (d: { path: string; found: number; newest: number }) =>
      `Store file ${d.path} has schema ${d.found}, this build knows ${d.newest} at most: run a newer build`,
  },
  QUEUE_FULL: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "queue_full",
    message: (d: { queuedCount: number; limitCount: number }) =>
      `Build queue is full: ${d.queuedCount} of ${d.limitCount} builds are waiting`,
  },
  JOB_LOST: {
    fault: "platform",
    retryable: false,
    httpStatus: 409,
    reason: "job_lost",
    message: (d: { version: string }) => `Build of ${d.version} is not held by this builder any more`,
  },
  BUILDER_LOST: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "builder_lost",
    message: (d: { version: string; attemptCount: number }) =>
      `Build of ${d.version} was given up: its builder was lost ${d.attemptCount} times`,
  },
  SECRETS_UNREADABLE: {
    fault: "platform",
    retryable: false,
    httpStatus: 503,
    reason: "secrets_unreadable",
    message: (d: { app: string; why: string }) =>
      `Secrets of ${d.app} cannot be opened: ${d.why}; give all services the same key file, or set the secrets again`,
  },
  SEAL_KEY_UNUSABLE: {
    fault: "platform",
    retryable: false,
    httpStatus: 503,
    reason: "secrets_unreadable",
    message: (d: { path: string; found: string; expected: string }) =>
      `Key file ${d.path} for secrets cannot be used: found ${d.found}, expected ${d.expected}`,
  },
});

/** Whether something thrown carries the code of one of these errors. */
export function hasCode(thrown: unknown, definition: { readonly code: string }): boolean {
  return isNanoError(thrown) && thrown.code === definition.code;
}
