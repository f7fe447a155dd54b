/**
 * A header list over the host's header block: names and values in the order in which they were added.
 *
 * I1 Names are in lower case. The block is parsed when the list is first asked, and goes back as it came where it never was.
 * I2 `set-cookie` is never combined, neither in iteration nor on the way out.
 */
import type { Pair } from "./leaf/pair-iterator.ts";
import {
  ArrayPrototypePush,
  ArrayPrototypeSplice,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
  StringPrototypeToLowerCase,
} from "./primordials.ts";

export class HeaderList {
  /** The block it stands for while nobody has touched it; null once parsed. */
  #block: string | null;
  readonly #names: string[] = [];
  readonly #values: string[] = [];
  /** What `sortAndCombine` found, until the next change: iteration asks for it at each step. */
  #sorted: readonly Pair<string>[] | null = null;

  constructor(block: string | null = null) {
    this.#block = block;
  }

  #parse(): void {
    const block = this.#block;
    if (block === null) return;
    this.#block = null;
    let at = 0;
    while (at < block.length) {
      const nameEnd = StringPrototypeIndexOf(block, "\n", at);
      const valueEnd = StringPrototypeIndexOf(block, "\n", nameEnd + 1);
      if (nameEnd < 0 || valueEnd < 0) break;
      const name = StringPrototypeSlice(block, at, nameEnd);
      ArrayPrototypePush(this.#names, StringPrototypeToLowerCase(name));
      ArrayPrototypePush(this.#values, StringPrototypeSlice(block, nameEnd + 1, valueEnd));
      at = valueEnd + 1;
    }
  }

  /** The list as the host takes it. */
  toBlock(): string {
    if (this.#block !== null) return this.#block;
    let block = "";
    for (let i = 0; i < this.#names.length; i++) block += `${this.#names[i]}\n${this.#values[i]}\n`;
    return block;
  }

  /** Values of a name (in lower case) joined by `, `, or null. */
  get(name: string): string | null {
    this.#parse();
    let joined: string | null = null;
    for (let i = 0; i < this.#names.length; i++) {
      if (this.#names[i] !== name) continue;
      joined = joined === null ? (this.#values[i] as string) : `${joined}, ${this.#values[i]}`;
    }
    return joined;
  }

  getAll(name: string): string[] {
    this.#parse();
    const found: string[] = [];
    for (let i = 0; i < this.#names.length; i++) {
      if (this.#names[i] === name) ArrayPrototypePush(found, this.#values[i] as string);
    }
    return found;
  }

  append(name: string, value: string): void {
    this.#parse();
    this.#sorted = null;
    ArrayPrototypePush(this.#names, name);
    ArrayPrototypePush(this.#values, value);
  }

  /** Replaces the first of a name and removes the others, or appends. */
  set(name: string, value: string): void {
    this.#parse();
    for (let i = 0; i < this.#names.length; i++) {
      if (this.#names[i] !== name) continue;
      this.#values[i] = value;
      this.#sorted = null;
      this.#removeFrom(i + 1, name);
      return;
    }
    this.append(name, value);
  }

  delete(name: string): void {
    this.#parse();
    this.#removeFrom(0, name);
  }

  #removeFrom(start: number, name: string): void {
    this.#sorted = null;
    for (let i = this.#names.length - 1; i >= start; i--) {
      if (this.#names[i] !== name) continue;
      ArrayPrototypeSplice(this.#names, i, 1);
      ArrayPrototypeSplice(this.#values, i, 1);
    }
  }

  copy(): HeaderList {
    const list = new HeaderList(this.#block);
    for (let i = 0; i < this.#names.length; i++) {
      ArrayPrototypePush(list.#names, this.#names[i] as string);
      ArrayPrototypePush(list.#values, this.#values[i] as string);
    }
    return list;
  }

  /** Pairs of name and value, sorted by name and combined, but for `set-cookie`: the order of iteration. */
  sortAndCombine(): readonly Pair<string>[] {
    if (this.#sorted !== null) return this.#sorted;
    this.#parse();
    const sorted: [string, string][] = [];
    for (let i = 0; i < this.#names.length; i++) {
      const name = this.#names[i] as string;
      let at = sorted.length;
      while (at > 0 && (sorted[at - 1] as [string, string])[0] > name) at--;
      const before = sorted[at - 1];
      if (name !== "set-cookie" && before !== undefined && before[0] === name) {
        before[1] = `${before[1]}, ${this.#values[i]}`;
      } else {
        ArrayPrototypeSplice(sorted, at, 0, [name, this.#values[i] as string]);
      }
    }
    this.#sorted = sorted;
    return sorted;
  }
}
