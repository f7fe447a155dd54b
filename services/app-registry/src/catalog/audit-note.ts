/** What a transaction says of itself in the audit log. */
import { MAX_AUDIT_PER_COMMIT } from "@nano/control-store/store-changes";
import type { StoreChange } from "@nano/protocol/records";
import type { AuditEntry } from "@nano/protocol/registry-api";
import { type Author, REGISTRY_ITSELF } from "./author.ts";

export type AuditNote = Pick<AuditEntry, "action" | "subject" | "details">;

/**
 * The entries of a commit. What somebody asked for is told also where the transaction says nothing: by what it changed. What the
 * registry does by itself is told where it says so.
 */
export function auditOf(
  notes: readonly AuditNote[],
  changes: readonly StoreChange[],
  author: Author,
): readonly AuditEntry[] {
  if (changes.length === 0) return [];
  const told = notes.length > 0 || author === REGISTRY_ITSELF ? notes : changes.map(noteOf);
  const { tokenId, name: actor } = author;
  const at = new Date().toISOString();
  return told.slice(0, MAX_AUDIT_PER_COMMIT).map((note) => ({ at, tokenId, actor, ...note }));
}

function noteOf({ key, record }: StoreChange): AuditNote {
  const kind = key.slice(0, key.indexOf("/"));
  return { action: `${kind}.${record === null ? "delete" : "write"}`, subject: key, details: {} };
}
