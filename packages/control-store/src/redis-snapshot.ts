/**
 * Reads all records page by page, so that many readers at once, after an outage, keep the server from nobody for long.
 *
 * The pages are of different moments. What the feed tells since before the first makes them one: a change carries the whole
 * record, so the last one of a key is its state; a key without one was there, as it is, all the time, and HSCAN gives such a key.
 */
import {
  type FeedEvent,
  type FeedPosition,
  recordKey,
  type StoreRecord,
  type StoreSnapshot,
} from "@nano/protocol/records";
import { damagedRecord } from "./damaged-record.ts";
import { errors } from "./errors.ts";

/** Begun again where the feed did not reach from the first page to the last. */
const MAX_READ_COUNT = 3;
const LAST_PAGE = "0";

export interface SnapshotSource {
  position(): Promise<FeedPosition>;
  /** The next cursor, and keys and records in turn. */
  readPage(cursor: string): Promise<readonly [cursor: string, fields: readonly string[]]>;
  /** Some of the events after a position; empty: it is the newest; null: the feed does not go on from there. */
  readEvents(after: FeedPosition): Promise<readonly FeedEvent[] | null>;
}

/** @throws STORE_LOST */
export async function readSnapshot(source: SnapshotSource): Promise<StoreSnapshot> {
  for (let count = 0; count < MAX_READ_COUNT; count++) {
    const position = await source.position();
    const records = await readPages(source);
    const newest = await applyEvents(source, position, records);
    if (newest !== null) return { ...newest, records: [...records.values()] };
  }
  throw errors.LOST({ what: "snapshot", why: `it changed faster than it was read, ${MAX_READ_COUNT} times` });
}

async function readPages(source: SnapshotSource): Promise<Map<string, StoreRecord>> {
  const records = new Map<string, StoreRecord>();
  let cursor = LAST_PAGE;
  do {
    const [next, fields] = await source.readPage(cursor);
    for (let index = 0; index < fields.length; index += 2) {
      const key = fields[index] as string;
      records.set(key, parseRecord(key, fields[index + 1] as string));
    }
    cursor = next;
  } while (cursor !== LAST_PAGE);
  return records;
}

async function applyEvents(
  source: SnapshotSource,
  from: FeedPosition,
  records: Map<string, StoreRecord>,
): Promise<FeedPosition | null> {
  let { epoch, seq } = from;
  for (;;) {
    const events = await source.readEvents({ epoch, seq });
    if (events === null) return null;
    if (events.length === 0) return { epoch, seq };
    for (const event of events) {
      for (const { key, record } of event.changes) {
        if (record === null) records.delete(key);
        else records.set(key, recordKey(record) === key ? record : damagedRecord(key));
      }
      ({ epoch, seq } = event);
    }
  }
}

function parseRecord(key: string, text: string): StoreRecord {
  try {
    return JSON.parse(text) as StoreRecord;
  } catch {
    return damagedRecord(key);
  }
}
