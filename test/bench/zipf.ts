/** Ranks drawn as Zipf's law has it: the n-th with a weight of 1/n. The same draws for the same seed. */
export class Zipf {
  /** Sums of the weights up to each rank, from 0 to 1. */
  readonly #sums: Float64Array;
  #state: number;

  constructor(count: number, seed = 1) {
    this.#sums = new Float64Array(count);
    this.#state = seed;
    let sum = 0;
    for (let rank = 0; rank < count; rank++) {
      sum += 1 / (rank + 1);
      this.#sums[rank] = sum;
    }
    for (let rank = 0; rank < count; rank++) this.#sums[rank] = (this.#sums[rank] as number) / sum;
  }

  /** Share of the draws that fall on a rank. */
  weightOf(rank: number): number {
    return (this.#sums[rank] ?? 1) - (this.#sums[rank - 1] ?? 0);
  }

  /** From 0, the most frequent one. */
  next(): number {
    const drawn = this.#random();
    let low = 0;
    let high = this.#sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sums[middle] as number) < drawn) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Mulberry32. */
  #random(): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
