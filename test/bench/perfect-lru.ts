/** The least recently used leaves, of entries of one size: what a cache does that knows nothing of the future and pays for nothing. */
export class PerfectLru {
  readonly #capacity: number;
  /** In order of use: the first is the least recently used. */
  readonly #entries = new Set<number>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Answers whether it was there. */
  use(entry: number): boolean {
    const wasThere = this.#entries.delete(entry);
    this.#entries.add(entry);
    if (this.#entries.size > this.#capacity) {
      const [oldest] = this.#entries;
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    return wasThere;
  }
}
