/** What Web IDL calls `iterable<K, V>`: entries, keys, values, forEach and the iterators of URLSearchParams and FormData. */
import { defineProperty } from "../define-property.ts";
import {
  ObjectDefineProperty,
  ObjectSetPrototypeOf,
  ReflectApply,
  ReflectDeleteProperty,
  SymbolIterator,
  SymbolToStringTag,
  TypeErrorCtor,
} from "../primordials.ts";
import { IteratorPrototype } from "./intrinsics.ts";
import { requireArguments } from "./webidl-convert.ts";

export type Pair<V> = readonly [key: string, value: V];

type Kind = "entries" | "keys" | "values";

/**
 * Adds the members of an iterable to an interface's prototype.
 *
 * @param prototype of the interface
 * @param options `name` of the interface; `pairsOf` its live list of pairs, which throws for what is not an instance
 */
export function defineIterable<V>(
  prototype: object,
  options: { name: string; pairsOf: (self: never) => readonly Pair<V>[] },
): void {
  const { name } = options;
  const pairsOf = options.pairsOf as (self: unknown) => readonly Pair<V>[];

  class PairIterator {
    #target: unknown;
    #kind: Kind;
    #index = 0;

    constructor(target: unknown, kind: Kind) {
      this.#target = target;
      this.#kind = kind;
    }

    next(): IteratorResult<unknown> {
      const pair = pairsOf(this.#target)[this.#index];
      if (pair === undefined) return { value: undefined, done: true };
      this.#index++;
      const value = this.#kind === "keys" ? pair[0] : this.#kind === "values" ? pair[1] : [pair[0], pair[1]];
      return { value, done: false };
    }
  }

  // `next` is the class's own method; the prototype chain and the missing constructor are what Web IDL asks for.
  const iteratorPrototype = PairIterator.prototype;
  ObjectSetPrototypeOf(iteratorPrototype, IteratorPrototype);
  ReflectDeleteProperty(iteratorPrototype, "constructor");
  defineProperty(iteratorPrototype, "next", iteratorPrototype.next);
  ObjectDefineProperty(iteratorPrototype, SymbolToStringTag, {
    __proto__: null,
    value: `${name} Iterator`,
    configurable: true,
  } as never);

  const members = {
    entries(): unknown {
      pairsOf(this);
      return new PairIterator(this, "entries");
    },
    keys(): unknown {
      pairsOf(this);
      return new PairIterator(this, "keys");
    },
    values(): unknown {
      pairsOf(this);
      return new PairIterator(this, "values");
    },
    forEach(callback: unknown, thisArg: unknown = undefined): void {
      pairsOf(this);
      // biome-ignore lint/complexity/noArguments: Web IDL counts the arguments that were passed
      requireArguments(arguments.length, 1, `${name}.forEach`);
      if (typeof callback !== "function") throw new TypeErrorCtor(`${name}.forEach: the callback is not a function`);
      for (let i = 0; i < pairsOf(this).length; i++) {
        const pair = pairsOf(this)[i] as Pair<V>;
        ReflectApply(callback as () => void, thisArg, [pair[1], pair[0], this]);
      }
    },
  };
  defineProperty(prototype, "entries", members.entries);
  defineProperty(prototype, "forEach", members.forEach);
  defineProperty(prototype, "keys", members.keys);
  defineProperty(prototype, "values", members.values);
  ObjectDefineProperty(prototype, SymbolIterator, {
    __proto__: null,
    value: members.entries,
    writable: true,
    configurable: true,
  } as never);
}
