// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** https://w3c.github.io/ServiceWorker/#cachestorage-interface, and `default` as Workers have it. */
import { finishInterface } from "../leaf/webidl.ts";
import { requireArguments, toDictionary, toDOMString } from "../leaf/webidl-convert.ts";
import { PromisePrototypeThen, TypeErrorCtor } from "../primordials.ts";
import type { Response } from "../response.ts";
import { attempt, type Cache, cacheOver, command, isThere, matchIn, toQuery, toRequest } from "./cache.ts";
import { askCache, type CacheAnswer } from "./cache-call.ts";

/** What the constructor wants to see: held here alone. */
const CREATE = Symbol();
const MAX_NAME_CHARS = 256;

export class CacheStorage {
  #default: Cache | null = null;

  constructor(token: unknown = undefined) {
    if (token !== CREATE) throw new TypeErrorCtor("Illegal constructor");
  }

  get default(): Cache {
    this.#default ??= cacheOver(null);
    return this.#default;
  }

  match(request: unknown, options: unknown = undefined): Promise<Response | undefined> {
    return attempt(() => {
      this.#default;
      requireArguments(arguments.length, 1, "CacheStorage.match");
      const slots = toRequest(request);
      const query = toQuery(options, "CacheStorage.match");
      const { cacheName } = toDictionary(options, "CacheStorage.match");
      if (cacheName !== undefined) return matchIn(toName(cacheName), slots, query);
      return PromisePrototypeThen(listNames(), (names) => {
        const matchFrom = (at: number): undefined | Promise<Response | undefined> => {
          const name = names[at];
          const found = name === undefined ? undefined : matchIn(name, slots, query);
          return found === undefined
            ? undefined
            : PromisePrototypeThen(found, (response) => (response === undefined ? matchFrom(at + 1) : response));
        };
        return matchFrom(0);
      });
    });
  }

  has(cacheName: unknown): Promise<boolean> {
    return attempt(() => {
      this.#default;
      requireArguments(arguments.length, 1, "CacheStorage.has");
      return askCache(command("has", toName(cacheName)), isThere);
    });
  }

  open(cacheName: unknown): Promise<Cache> {
    return attempt(() => {
      this.#default;
      requireArguments(arguments.length, 1, "CacheStorage.open");
      const name = toName(cacheName);
      return askCache(command("open", name), () => cacheOver(name));
    });
  }

  delete(cacheName: unknown): Promise<boolean> {
    return attempt(() => {
      this.#default;
      requireArguments(arguments.length, 1, "CacheStorage.delete");
      return askCache(command("drop", toName(cacheName)), isThere);
    });
  }

  keys(): Promise<string[]> {
    return attempt(() => {
      this.#default;
      return listNames();
    });
  }
}
finishInterface(CacheStorage, "CacheStorage");

/** The value of `caches`. */
export function createCacheStorage(): CacheStorage {
  return new CacheStorage(CREATE);
}

/** @throws TypeError for one that is too long */
function toName(value: unknown): string {
  const name = toDOMString(value);
  if (name.length > MAX_NAME_CHARS) {
    throw new TypeErrorCtor(`The name of a cache is longer than ${MAX_NAME_CHARS} characters`);
  }
  return name;
}

function listNames(): Promise<string[]> {
  const finish = (answer: CacheAnswer | null) => (answer === null ? [] : (answer.readJson() as Promise<string[]>));
  return askCache(command("names", null), finish);
}
