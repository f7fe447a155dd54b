// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** URLSearchParams of the URL standard. */
import {
  ArrayPrototypeSplice,
  ObjectGetOwnPropertyDescriptor,
  ReflectOwnKeys,
  StringPrototypeCharCodeAt,
  StringPrototypeSlice,
  SymbolIterator,
  TypeErrorCtor,
} from "../primordials.ts";
import { type NameValue, parseFormUrlencoded, serializeFormUrlencoded } from "./form-urlencoded.ts";
import { ArrayPrototypeSort } from "./intrinsics.ts";
import { defineIterable } from "./pair-iterator.ts";
import { finishInterface } from "./webidl.ts";
import { forEachOf, requireArguments, toSequence, toUSVString } from "./webidl-convert.ts";

/** The URL object that a URLSearchParams belongs to: told of every change. */
type Update = (query: string) => void;

let pairsOf: (self: URLSearchParams) => NameValue[];
let attach: (self: URLSearchParams, update: Update) => void;
let replace: (self: URLSearchParams, query: string) => void;
let has: (value: object) => boolean;

export class URLSearchParams {
  #pairs: NameValue[] = [];
  #update: Update | null = null;

  static {
    pairsOf = (self) => self.#pairs;
    attach = (self, update) => {
      self.#update = update;
    };
    replace = (self, query) => {
      self.#pairs = parseFormUrlencoded(query);
    };
    has = (value) => #pairs in value;
  }

  constructor(init: unknown = "") {
    if ((typeof init === "object" && init !== null) || typeof init === "function") this.#pairs = pairsFrom(init);
    else {
      const text = toUSVString(init);
      this.#pairs = parseFormUrlencoded(
        StringPrototypeCharCodeAt(text, 0) === 0x3f ? StringPrototypeSlice(text, 1) : text,
      );
    }
  }

  get size(): number {
    return this.#pairs.length;
  }

  append(name: unknown, value: unknown): void {
    this.#pairs;
    requireArguments(arguments.length, 2, "URLSearchParams.append");
    const pair: NameValue = [toUSVString(name), toUSVString(value)];
    this.#pairs[this.#pairs.length] = pair;
    this.#changed();
  }

  delete(name: unknown, value: unknown = undefined): void {
    this.#pairs;
    requireArguments(arguments.length, 1, "URLSearchParams.delete");
    const wantedName = toUSVString(name);
    const wantedValue = value === undefined ? undefined : toUSVString(value);
    const kept: NameValue[] = [];
    for (let i = 0; i < this.#pairs.length; i++) {
      const pair = this.#pairs[i] as NameValue;
      if (!matches(pair, wantedName, wantedValue)) kept[kept.length] = pair;
    }
    this.#pairs = kept;
    this.#changed();
  }

  get(name: unknown): string | null {
    this.#pairs;
    requireArguments(arguments.length, 1, "URLSearchParams.get");
    const wanted = toUSVString(name);
    for (let i = 0; i < this.#pairs.length; i++) {
      const pair = this.#pairs[i] as NameValue;
      if (pair[0] === wanted) return pair[1];
    }
    return null;
  }

  getAll(name: unknown): string[] {
    this.#pairs;
    requireArguments(arguments.length, 1, "URLSearchParams.getAll");
    const wanted = toUSVString(name);
    const values: string[] = [];
    for (let i = 0; i < this.#pairs.length; i++) {
      const pair = this.#pairs[i] as NameValue;
      if (pair[0] === wanted) values[values.length] = pair[1];
    }
    return values;
  }

  has(name: unknown, value: unknown = undefined): boolean {
    this.#pairs;
    requireArguments(arguments.length, 1, "URLSearchParams.has");
    const wantedName = toUSVString(name);
    const wantedValue = value === undefined ? undefined : toUSVString(value);
    for (let i = 0; i < this.#pairs.length; i++) {
      if (matches(this.#pairs[i] as NameValue, wantedName, wantedValue)) return true;
    }
    return false;
  }

  set(name: unknown, value: unknown): void {
    this.#pairs;
    requireArguments(arguments.length, 2, "URLSearchParams.set");
    const wanted = toUSVString(name);
    const newValue = toUSVString(value);
    const kept: NameValue[] = [];
    let found = false;
    for (let i = 0; i < this.#pairs.length; i++) {
      const pair = this.#pairs[i] as NameValue;
      if (pair[0] !== wanted) kept[kept.length] = pair;
      else if (!found) {
        found = true;
        pair[1] = newValue;
        kept[kept.length] = pair;
      }
    }
    if (!found) kept[kept.length] = [wanted, newValue];
    this.#pairs = kept;
    this.#changed();
  }

  sort(): void {
    // By UTF-16 code units, as `<` compares strings; the engine's sort is stable, as asked.
    ArrayPrototypeSort(this.#pairs, (a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    this.#changed();
  }

  toString(): string {
    return serializeFormUrlencoded(this.#pairs);
  }

  #changed(): void {
    if (this.#update !== null) this.#update(serializeFormUrlencoded(this.#pairs));
  }
}

finishInterface(URLSearchParams, "URLSearchParams");
defineIterable(URLSearchParams.prototype, { name: "URLSearchParams", pairsOf });

/** The params of a URL's query: what changes them is passed to `update` as the new query, without "?". */
export function createLinkedSearchParams(query: string, update: Update): URLSearchParams {
  const params = new URLSearchParams();
  replace(params, query);
  attach(params, update);
  return params;
}

/** Takes over a new query of the URL, without telling it. */
export function replaceSearchParams(params: URLSearchParams, query: string): void {
  replace(params, query);
}

/** What `toString` answers, for a body. */
export function serializeSearchParams(params: URLSearchParams): string {
  return serializeFormUrlencoded(pairsOf(params));
}

/** Its pairs, in order: live, and not to be changed. */
export function searchPairsOf(params: URLSearchParams): readonly (readonly [string, string])[] {
  return pairsOf(params);
}

export function isURLSearchParams(value: unknown): value is URLSearchParams {
  return typeof value === "object" && value !== null && has(value);
}

function matches(pair: NameValue, name: string, value: string | undefined): boolean {
  return pair[0] === name && (value === undefined || pair[1] === value);
}

/** A sequence of pairs, or a record. */
function pairsFrom(init: object): NameValue[] {
  const pairs: NameValue[] = [];
  const method = (init as { [SymbolIterator]?: unknown })[SymbolIterator];
  if (method !== undefined && method !== null) {
    forEachOf(init, method, (item) => {
      const pair = toSequence(item, "new URLSearchParams");
      if (pair.length !== 2) {
        throw new TypeErrorCtor(`new URLSearchParams: a pair has ${pair.length} elements instead of 2`);
      }
      pairs[pairs.length] = [toUSVString(pair[0]), toUSVString(pair[1])];
    });
    return pairs;
  }
  const keys = ReflectOwnKeys(init);
  let converted = false;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    if (!ObjectGetOwnPropertyDescriptor(init, key)?.enumerable) continue;
    const name = toUSVString(key);
    const value = toUSVString((init as Record<string, unknown>)[key]);
    // Two keys may become one name where they differ only in lone surrogates: the later value wins, at the earlier place.
    converted ||= name !== key;
    const same = converted ? indexOfName(pairs, name) : -1;
    if (same === -1) pairs[pairs.length] = [name, value];
    else ArrayPrototypeSplice(pairs, same, 1, [name, value]);
  }
  return pairs;
}

function indexOfName(pairs: readonly NameValue[], name: string): number {
  for (let i = 0; i < pairs.length; i++) if ((pairs[i] as NameValue)[0] === name) return i;
  return -1;
}
