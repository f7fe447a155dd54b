/** What a reader of the control store holds: records by key, at one position of the feed. Never changed, only replaced. */
import { isDeepStrictEqual } from "node:util";
import { parseStoreRecord } from "@nano/protocol/record-schema";
import {
  type FeedEvent,
  type FeedPosition,
  recordKey,
  type StoreChange,
  type StoreRecord,
  type StoreSnapshot,
} from "@nano/protocol/records";
import { RecordMap } from "./record-map.ts";

export interface StoreState extends FeedPosition {
  readonly records: ReadonlyMap<string, StoreRecord>;
}

/** A state and how it differs from the one before. */
export interface StateStep {
  readonly state: StoreState;
  readonly changes: readonly StoreChange[];
  /** Keys of records that did not parse; each keeps its last good record, if there was one. */
  readonly skippedKeys: readonly string[];
}

export const EMPTY_STATE: StoreState = { epoch: "", seq: 0, records: new RecordMap(new Map()) };

function parseOrNull(value: unknown): StoreRecord | null {
  try {
    return parseStoreRecord(value);
  } catch {
    // The caller counts it: a newer writer, or damage; neither stops the other records.
    return null;
  }
}

function keyOfUnparsed(value: unknown): string {
  return (typeof value === "object" && value !== null && recordKey(value as StoreRecord)) || "unknown";
}

/** The state after a reload; records that are as before keep their identity. */
export function stateFromSnapshot(before: StoreState, snapshot: StoreSnapshot): StateStep {
  const records = new Map<string, StoreRecord>();
  const changes: StoreChange[] = [];
  const skippedKeys: string[] = [];
  for (const value of snapshot.records) {
    const parsed = parseOrNull(value);
    const key = parsed === null ? keyOfUnparsed(value) : recordKey(parsed);
    const old = before.records.get(key);
    if (parsed === null) {
      skippedKeys.push(key);
      if (old !== undefined) records.set(key, old);
    } else if (old !== undefined && isDeepStrictEqual(old, parsed)) {
      records.set(key, old);
    } else {
      records.set(key, parsed);
      changes.push({ key, record: parsed });
    }
  }
  for (const key of before.records.keys()) {
    if (!records.has(key)) changes.push({ key, record: null });
  }
  const state = { epoch: snapshot.epoch, seq: snapshot.seq, records: new RecordMap(records) };
  return { state, changes, skippedKeys };
}

/** The state after one event, or null where the event does not follow on it. */
export function stateAfterEvent(before: StoreState, event: FeedEvent): StateStep | null {
  if (event.epoch !== before.epoch || event.seq !== before.seq + 1) return null;
  const changed = new Map<string, StoreRecord | null>();
  const changes: StoreChange[] = [];
  const skippedKeys: string[] = [];
  for (const { key, record } of event.changes) {
    if (record === null) {
      const old = changed.get(key);
      if (old === undefined ? before.records.has(key) : old !== null) changes.push({ key, record: null });
      changed.set(key, null);
      continue;
    }
    const parsed = parseOrNull(record);
    if (parsed === null || recordKey(parsed) !== key) {
      skippedKeys.push(key);
      continue;
    }
    changed.set(key, parsed);
    changes.push({ key, record: parsed });
  }
  const records = changed.size === 0 ? before.records : RecordMap.after(before.records, changed);
  return { state: { epoch: event.epoch, seq: event.seq, records }, changes, skippedKeys };
}
