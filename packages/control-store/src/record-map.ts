/**
 * The records of one state by key. States share a big map and differ in a small one beside it, so that what a change costs does
 * not follow from how many records there are: copying 50,000 takes 6 ms, and executors change their records all the time.
 */
import type { StoreRecord } from "@nano/protocol/records";

const MIN_BESIDE_COUNT = 32;

export class RecordMap implements ReadonlyMap<string, StoreRecord> {
  readonly size: number;
  /** Never changed once it is here. */
  readonly #base: ReadonlyMap<string, StoreRecord>;
  /** What goes before the base; null: the key is gone. */
  readonly #beside: ReadonlyMap<string, StoreRecord | null>;

  /** @param base must not change any more */
  constructor(base: ReadonlyMap<string, StoreRecord>, beside: ReadonlyMap<string, StoreRecord | null> = new Map()) {
    this.#base = base;
    this.#beside = beside;
    let { size } = base;
    for (const [key, record] of beside) {
      if (record === null) size -= base.has(key) ? 1 : 0;
      else size += base.has(key) ? 0 : 1;
    }
    this.size = size;
  }

  /** What `before` is after these changes; null: the key goes. `before` itself stays as it is. */
  static after(
    before: ReadonlyMap<string, StoreRecord>,
    changes: Iterable<readonly [key: string, record: StoreRecord | null]>,
  ): RecordMap {
    const { base, beside: old } = before instanceof RecordMap ? before.#layers : { base: before, beside: [] };
    const beside = new Map(old);
    for (const [key, record] of changes) beside.set(key, record);
    const next = new RecordMap(base, beside);
    // The square root weighs copying what is beside at each change against merging it now and then.
    const isSmall = beside.size <= Math.max(MIN_BESIDE_COUNT, Math.sqrt(2 * base.size));
    return isSmall ? next : new RecordMap(merge(base, beside));
  }

  get(key: string): StoreRecord | undefined {
    const beside = this.#beside.get(key);
    return beside === undefined ? this.#base.get(key) : (beside ?? undefined);
  }

  has(key: string): boolean {
    const beside = this.#beside.get(key);
    return beside === undefined ? this.#base.has(key) : beside !== null;
  }

  forEach(take: (record: StoreRecord, key: string, map: ReadonlyMap<string, StoreRecord>) => void): void {
    for (const [key, record] of this) take(record, key, this);
  }

  [Symbol.iterator](): MapIterator<[string, StoreRecord]> {
    return this.#beside.size === 0 ? this.#base.entries() : this.#merged();
  }

  entries(): MapIterator<[string, StoreRecord]> {
    return this[Symbol.iterator]();
  }

  keys(): MapIterator<string> {
    return this.#beside.size === 0 ? this.#base.keys() : this.#mergedKeys();
  }

  values(): MapIterator<StoreRecord> {
    return this.#beside.size === 0 ? this.#base.values() : this.#mergedValues();
  }

  get #layers() {
    return { base: this.#base, beside: this.#beside };
  }

  *#merged(): Generator<[string, StoreRecord], undefined> {
    for (const entry of this.#base) if (!this.#beside.has(entry[0])) yield entry;
    for (const [key, record] of this.#beside) if (record !== null) yield [key, record];
  }

  *#mergedKeys(): Generator<string, undefined> {
    for (const [key] of this.#merged()) yield key;
  }

  *#mergedValues(): Generator<StoreRecord, undefined> {
    for (const [, record] of this.#merged()) yield record;
  }
}

/** A copy of the base with what goes before it: through an iterator over both it takes half as long again. */
function merge(
  base: ReadonlyMap<string, StoreRecord>,
  beside: ReadonlyMap<string, StoreRecord | null>,
): ReadonlyMap<string, StoreRecord> {
  const merged = new Map(base);
  for (const [key, record] of beside) {
    if (record === null) merged.delete(key);
    else merged.set(key, record);
  }
  return merged;
}
