// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** https://fetch.spec.whatwg.org/#headers-class: validates what tenant code gives, and passes it to a header list. */
import { HeaderList } from "./header-list.ts";
import { defineIterable, type Pair } from "./leaf/pair-iterator.ts";
import { finishInterface } from "./leaf/webidl.ts";
import { forEachOf, requireArguments, toSequence } from "./leaf/webidl-convert.ts";
import {
  ObjectPrototypePropertyIsEnumerable,
  ReflectOwnKeys,
  StringPrototypeCharCodeAt,
  StringPrototypeSlice,
  StringPrototypeToLowerCase,
  SymbolIterator,
  TypeErrorCtor,
} from "./primordials.ts";

export type HeadersInit = Headers | Iterable<Iterable<string>> | Record<string, string>;

/** A first argument that tenant code cannot have: the constructor then takes over a list instead of converting one. */
const ADOPT = {};

let listOf: (headers: Headers) => HeaderList;
/** Whether a value is a Headers object of this platform. */
export let isHeaders: (value: unknown) => value is Headers;

/** https://fetch.spec.whatwg.org/#headers-class */
export class Headers {
  readonly #list: HeaderList;
  readonly #immutable: boolean;

  static {
    listOf = (headers) => headers.#list;
    isHeaders = (value): value is Headers => typeof value === "object" && value !== null && #list in value;
  }

  constructor(init: unknown = undefined, list: unknown = undefined, immutable: unknown = undefined) {
    if (init === ADOPT) {
      this.#list = list as HeaderList;
      this.#immutable = immutable as boolean;
      return;
    }
    this.#list = new HeaderList();
    this.#immutable = false;
    if (init !== undefined) fillHeaderList(this.#list, init);
  }

  get(name: string): string | null {
    this.#list;
    requireArguments(arguments.length, 1, "Headers.get");
    return this.#list.get(headerName(name));
  }

  has(name: string): boolean {
    this.#list;
    requireArguments(arguments.length, 1, "Headers.has");
    return this.#list.get(headerName(name)) !== null;
  }

  set(name: string, value: string): void {
    this.#list;
    requireArguments(arguments.length, 2, "Headers.set");
    const checkedName = headerName(name);
    const checkedValue = headerValue(value);
    this.#refuseWhereImmutable();
    this.#list.set(checkedName, checkedValue);
  }

  append(name: string, value: string): void {
    this.#list;
    requireArguments(arguments.length, 2, "Headers.append");
    const checkedName = headerName(name);
    const checkedValue = headerValue(value);
    this.#refuseWhereImmutable();
    this.#list.append(checkedName, checkedValue);
  }

  delete(name: string): void {
    this.#list;
    requireArguments(arguments.length, 1, "Headers.delete");
    const checkedName = headerName(name);
    this.#refuseWhereImmutable();
    this.#list.delete(checkedName);
  }

  getSetCookie(): string[] {
    return this.#list.getAll("set-cookie");
  }

  #refuseWhereImmutable(): void {
    if (this.#immutable)
      throw new TypeErrorCtor("These headers are immutable: make new Headers(headers) to change them");
  }

  declare entries: () => IterableIterator<[string, string]>;
  declare [Symbol.iterator]: () => IterableIterator<[string, string]>;
}
defineIterable<string>(Headers.prototype, {
  name: "Headers",
  pairsOf: (self: Headers) => listOf(self).sortAndCombine(),
});
finishInterface(Headers, "Headers");
const { entries: headersEntries } = Headers.prototype;

/** Headers over a list that exists already. */
export function headersOver(list: HeaderList, immutable: boolean): Headers {
  return new Headers(ADOPT, list, immutable);
}

/** The list behind a Headers object. */
export function headerListOf(headers: Headers): HeaderList {
  return listOf(headers);
}

/** Fills a list from what a constructor or `init.headers` was given. @throws TypeError as the standard says */
export function fillHeaderList(list: HeaderList, init: unknown): void {
  if ((typeof init !== "object" && typeof init !== "function") || init === null) {
    throw new TypeErrorCtor("Headers: the init is neither a sequence of pairs nor a record");
  }
  // A copy of our own is what iterating it would give, unless tenant code patched its iterator.
  const iterate = (init as { [Symbol.iterator]?: unknown })[SymbolIterator];
  if (isHeaders(init) && iterate === headersEntries) {
    const pairs = listOf(init).sortAndCombine();
    for (let i = 0; i < pairs.length; i++) {
      const pair = pairs[i] as Pair<string>;
      list.append(pair[0], pair[1]);
    }
  } else if (iterate !== undefined && iterate !== null) {
    forEachOf(init, iterate, (pair) => {
      const parts = toSequence(pair, "Headers");
      if (parts.length !== 2) throw new TypeErrorCtor("Headers: a pair has exactly a name and a value");
      list.append(headerName(parts[0]), headerValue(parts[1]));
    });
  } else {
    const keys = ReflectOwnKeys(init);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string;
      if (!ObjectPrototypePropertyIsEnumerable(init, key)) continue;
      list.append(headerName(key), headerValue((init as Record<string, unknown>)[key]));
    }
  }
}

/** A header name in lower case. @throws TypeError where it is not an HTTP token */
export function headerName(value: unknown): string {
  const name = `${value as string}`;
  let hasUpperCase = false;
  for (let i = 0; i < name.length; i++) {
    const unit = StringPrototypeCharCodeAt(name, i);
    if ((unit >= 0x61 && unit <= 0x7a) || unit === 0x2d) continue;
    if (unit >= 0x41 && unit <= 0x5a) hasUpperCase = true;
    else if (!isTokenUnit(unit)) throw new TypeErrorCtor(`Invalid header name: ${name}`);
  }
  if (name === "") throw new TypeErrorCtor("Invalid header name: it is empty");
  return hasUpperCase ? StringPrototypeToLowerCase(name) : name;
}

/** Whether a string is an HTTP token, as names and methods are. */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = StringPrototypeCharCodeAt(text, i);
    const isLetter = (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a);
    if (!isLetter && unit !== 0x2d && !isTokenUnit(unit)) return false;
  }
  return text !== "";
}

/** A header value without surrounding whitespace. @throws TypeError where HTTP cannot carry it */
export function headerValue(value: unknown): string {
  const text = `${value as string}`;
  let start = 0;
  let end = text.length;
  while (start < end && isWhitespaceUnit(StringPrototypeCharCodeAt(text, start))) start++;
  while (end > start && isWhitespaceUnit(StringPrototypeCharCodeAt(text, end - 1))) end--;
  for (let i = start; i < end; i++) {
    const unit = StringPrototypeCharCodeAt(text, i);
    if (unit === 0 || unit === 0x0a || unit === 0x0d || unit > 0xff) {
      throw new TypeErrorCtor(`Invalid header value: code unit ${unit} at ${i}`);
    }
  }
  return start === 0 && end === text.length ? text : StringPrototypeSlice(text, start, end);
}

/** Digits and `! # $ % & ' * + . ^ _ backtick | ~`: what a token may hold beside letters and `-`. */
function isTokenUnit(unit: number): boolean {
  return (
    (unit >= 0x30 && unit <= 0x39) ||
    unit === 0x21 ||
    (unit >= 0x23 && unit <= 0x27) ||
    unit === 0x2a ||
    unit === 0x2b ||
    unit === 0x2e ||
    (unit >= 0x5e && unit <= 0x60) ||
    unit === 0x7c ||
    unit === 0x7e
  );
}

function isWhitespaceUnit(unit: number): boolean {
  return unit === 0x20 || unit === 0x09 || unit === 0x0a || unit === 0x0d;
}
