/**
 * The live isolates of a worker under a byte and a count budget: the least recently used leaves first.
 *
 * I1 An isolate in which a request runs or waits never leaves.
 * I2 Sizes are estimates between sweeps; a sweep measures those that were used since the last one, and those that are busy.
 */

/** An entry of the cache: what holds an isolate. */
export interface CachedIsolate {
  readonly isIdle: boolean;
  /** Heap and array buffers, by V8's count. */
  measureBytes(): number;
  /** Disposes of the isolate; called once, by the cache, when the entry leaves. */
  evict(): void;
}

export interface IsolateCacheBudget {
  readonly isolateCount: number;
  readonly isolateBytes: number;
}

export class IsolateCache {
  readonly #budget: IsolateCacheBudget;
  readonly #sharedBytes: () => number;
  /** In order of use: the first is the least recently used. */
  readonly #entries = new Map<CachedIsolate, number>();
  readonly #usedSinceSweep = new Set<CachedIsolate>();
  #bytes = 0;
  #evictedCount = 0;

  /** @param sharedBytes snapshots in memory, each counted once: part of what the budget bounds */
  constructor(budget: IsolateCacheBudget, sharedBytes: () => number = () => 0) {
    this.#budget = budget;
    this.#sharedBytes = sharedBytes;
  }

  get isolateCount(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get evictedCount(): number {
    return this.#evictedCount;
  }

  /** Adds an isolate, once however often, and makes room for it, as far as others are idle. */
  add(entry: CachedIsolate): void {
    this.remove(entry);
    this.#usedSinceSweep.add(entry);
    const bytes = entry.measureBytes();
    this.#entries.set(entry, bytes);
    this.#bytes += bytes;
    this.#makeRoom(entry);
  }

  /** Marks a use: it leaves last. */
  touch(entry: CachedIsolate): void {
    const bytes = this.#entries.get(entry);
    if (bytes === undefined) return;
    this.#entries.delete(entry);
    this.#entries.set(entry, bytes);
    this.#usedSinceSweep.add(entry);
  }

  /** Takes out an isolate that ended by itself. */
  remove(entry: CachedIsolate): void {
    const bytes = this.#entries.get(entry);
    if (bytes === undefined) return;
    this.#entries.delete(entry);
    this.#usedSinceSweep.delete(entry);
    this.#bytes -= bytes;
  }

  /** Measures what was used, then makes room. */
  sweep(): void {
    for (const entry of this.#usedSinceSweep) {
      const before = this.#entries.get(entry) ?? 0;
      const bytes = entry.measureBytes();
      this.#entries.set(entry, bytes);
      this.#bytes += bytes - before;
      if (entry.isIdle) this.#usedSinceSweep.delete(entry);
    }
    this.#makeRoom(null);
  }

  #makeRoom(keep: CachedIsolate | null): void {
    if (this.#isWithinBudget()) return;
    for (const entry of this.#entries.keys()) {
      if (entry === keep || !entry.isIdle) continue;
      this.remove(entry);
      this.#evictedCount += 1;
      entry.evict();
      if (this.#isWithinBudget()) return;
    }
  }

  #isWithinBudget(): boolean {
    if (this.#entries.size > this.#budget.isolateCount) return false;
    return this.#bytes + this.#sharedBytes() <= this.#budget.isolateBytes;
  }
}
