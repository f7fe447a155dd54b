/** What every adapter refuses before it writes, and the bounds of what it takes. */
import { canonicalJson } from "@nano/protocol/canonical-json";
import { parseStoreRecord } from "@nano/protocol/record-schema";
import { recordKey, type StoreChange } from "@nano/protocol/records";
import { type AuditEntry, auditEntrySchema } from "@nano/protocol/registry-api";
import type { CommitOptions } from "./control-store.ts";
import { errors } from "./errors.ts";

/** Largest single record, as JSON. */
export const MAX_RECORD_BYTES = 1024 * 1024;
/** Largest commit, as JSON: the whole route map in one. */
export const MAX_COMMIT_BYTES = 16 * 1024 * 1024;
/** Longest receipt of a commit. */
export const MAX_RECEIPT_BYTES = 32 * 1024;
/** Audit entries of one commit, and the longest of them, as JSON. */
export const MAX_AUDIT_PER_COMMIT = 16;
export const MAX_AUDIT_ENTRY_BYTES = 4096;
/** Audit entries that a store keeps; the newest stay. */
export const AUDIT_ENTRY_COUNT = 10_000;

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

/** The audit entries of a commit as JSON, with what else it carries within its bounds. @throws STORE_COMMIT_TOO_LARGE */
export function serializeAudit({ audit = [], receipt = "" }: CommitOptions): string[] {
  refuseLonger("its receipt", Buffer.byteLength(receipt), MAX_RECEIPT_BYTES);
  const entries = audit.map((entry) => JSON.stringify(entry));
  const limitBytes = MAX_AUDIT_PER_COMMIT * MAX_AUDIT_ENTRY_BYTES;
  if (entries.length > MAX_AUDIT_PER_COMMIT) {
    const bytes = entries.reduce((sum, entry) => sum + Buffer.byteLength(entry), 0);
    throw errors.COMMIT_TOO_LARGE({ what: `${entries.length} audit entries`, bytes, limitBytes });
  }
  for (const entry of entries) refuseLonger("an audit entry", Buffer.byteLength(entry), MAX_AUDIT_ENTRY_BYTES);
  return entries;
}

function refuseLonger(what: string, bytes: number, limitBytes: number): void {
  if (bytes > limitBytes) throw errors.COMMIT_TOO_LARGE({ what, bytes, limitBytes });
}

/** What is no audit entry of a form that this build knows is left out. */
export function parseAudit(texts: readonly string[]): AuditEntry[] {
  return texts.flatMap((text) => {
    try {
      return [auditEntrySchema.parse(JSON.parse(text))];
    } catch {
      return [];
    }
  });
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
