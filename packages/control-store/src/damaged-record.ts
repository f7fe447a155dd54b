/** Stands in a snapshot for a record whose text is not even JSON. */
import type { StoreRecord } from "@nano/protocol/records";

/** Has the key of the record and nothing else, so that readers skip it under that key and keep the last good one. */
export function damagedRecord(key: string): StoreRecord {
  const slash = key.indexOf("/");
  const kind = slash < 0 ? key : key.slice(0, slash);
  const rest = key.slice(slash + 1);
  const stub = { kind, name: rest, id: rest, version: rest, app: rest, host: rest, path: "" };
  return stub as unknown as StoreRecord;
}
