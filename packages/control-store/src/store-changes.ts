/** What every adapter refuses before it writes, and the bounds of what it takes. */
import { canonicalJson } from "@nano/protocol/canonical-json";
import { parseStoreRecord } from "@nano/protocol/record-schema";
import { recordKey, type StoreChange } from "@nano/protocol/records";
import { errors } from "./errors.ts";

/** Largest single record, as JSON. */
export const MAX_RECORD_BYTES = 1024 * 1024;
/** Largest commit, as JSON: the whole route map in one. */
export const MAX_COMMIT_BYTES = 16 * 1024 * 1024;

/** A change whose record is well-formed, under its own key and not too large. @throws STORE_BAD_RECORD, STORE_COMMIT_TOO_LARGE */
export function validateChange({ key, record }: StoreChange): void {
  if (record === null) return;
  try {
    parseStoreRecord(record);
  } catch (cause) {
    throw errors.BAD_RECORD({ key, why: cause instanceof Error ? cause.message : String(cause) }, cause);
  }
  if (recordKey(record) !== key) throw errors.BAD_RECORD({ key, why: `its own key is ${recordKey(record)}` });
  const bytes = Buffer.byteLength(JSON.stringify(record));
  if (bytes > MAX_RECORD_BYTES) throw errors.COMMIT_TOO_LARGE({ what: key, bytes, limitBytes: MAX_RECORD_BYTES });
}

/** What `commit` may write: node records come by their leases alone. @throws STORE_BAD_RECORD, STORE_COMMIT_TOO_LARGE */
export function validateCommit(changes: readonly StoreChange[]): void {
  for (const change of changes) {
    if (change.key.startsWith("node/")) {
      throw errors.BAD_RECORD({ key: change.key, why: "a node record is written by renewing its lease" });
    }
    validateChange(change);
  }
}

/** The changes as the feed holds them. @throws STORE_COMMIT_TOO_LARGE */
export function serializeChanges(changes: readonly StoreChange[]): string {
  const text = canonicalJson(changes);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_COMMIT_BYTES) {
    throw errors.COMMIT_TOO_LARGE({ what: `${changes.length} changes`, bytes, limitBytes: MAX_COMMIT_BYTES });
  }
  return text;
}
