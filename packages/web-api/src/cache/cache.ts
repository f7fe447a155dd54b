// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/**
 * https://w3c.github.io/ServiceWorker/#cache-interface, over the node's cache.
 *
 * I1 A method that gives a promise gives one whatever it is called with: what throws rejects it.
 */
import type { Body } from "../body.ts";
import { isBodyUnusable, isBodyUsed } from "../body.ts";
import { fetch } from "../fetch.ts";
import { HeaderList } from "../header-list.ts";
import { domException } from "../leaf/make-dom-exception.ts";
import { finishInterface } from "../leaf/webidl.ts";
import { requireArguments, toDictionary, toSequence } from "../leaf/webidl-convert.ts";
import {
  ArrayPrototypePush,
  PromiseCtor,
  PromisePrototypeThen,
  PromiseReject,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
  TypeErrorCtor,
} from "../primordials.ts";
import { isRequest, Request, requestOver, requestSlots } from "../request.ts";
import type { RequestSlots } from "../request-slots.ts";
import { isResponse, type Response, type ResponseSlots, responseSlots } from "../response.ts";
import { type AskedFor, askCache, type CacheAnswer, type Command } from "./cache-call.ts";

/** What the constructor wants to see: held here alone. */
const CREATE = Symbol();
const PARTIAL_CONTENT = 206;

/** `CacheQueryOptions`, converted. */
export interface CacheQuery {
  readonly ignoreSearch: boolean;
  readonly ignoreMethod: boolean;
  readonly ignoreVary: boolean;
}

/** One of `list`. */
interface Listed {
  readonly entry: string;
  readonly url: string;
  readonly headers: string;
}

export class Cache {
  /** Null: that of `caches.default`. */
  readonly #name: string | null;

  constructor(token: unknown = undefined, name: unknown = undefined) {
    if (token !== CREATE) throw new TypeErrorCtor("Illegal constructor");
    this.#name = name as string | null;
  }

  match(request: unknown, options: unknown = undefined): Promise<Response | undefined> {
    return attempt(() => {
      const name = this.#name;
      requireArguments(arguments.length, 1, "Cache.match");
      return matchIn(name, toRequest(request), toQuery(options, "Cache.match"));
    });
  }

  matchAll(request: unknown = undefined, options: unknown = undefined): Promise<Response[]> {
    return attempt(() => {
      const name = this.#name;
      const slots = request === undefined ? null : toRequest(request);
      const listed = list(name, slots, toQuery(options, "Cache.matchAll"));
      return PromisePrototypeThen(listed, (entries) => readAll(name, entries));
    });
  }

  add(request: unknown): Promise<undefined> {
    return attempt(() => {
      const name = this.#name;
      requireArguments(arguments.length, 1, "Cache.add");
      return addAllTo(name, [toRequest(request)]);
    });
  }

  addAll(requests: unknown): Promise<undefined> {
    return attempt(() => {
      const name = this.#name;
      requireArguments(arguments.length, 1, "Cache.addAll");
      const given = toSequence(requests, "Cache.addAll");
      const slots: RequestSlots[] = [];
      for (let i = 0; i < given.length; i++) ArrayPrototypePush(slots, toRequest(given[i]));
      return addAllTo(name, slots);
    });
  }

  put(request: unknown, response: unknown): Promise<undefined> {
    return attempt(() => {
      const name = this.#name;
      requireArguments(arguments.length, 2, "Cache.put");
      const slots = toRequest(request);
      if (!isResponse(response)) throw new TypeErrorCtor("Cache.put: the second argument is no Response");
      return put(name, slots, responseSlots(response));
    });
  }

  delete(request: unknown, options: unknown = undefined): Promise<boolean> {
    return attempt(() => {
      const name = this.#name;
      requireArguments(arguments.length, 1, "Cache.delete");
      const slots = toRequest(request);
      const query = toQuery(options, "Cache.delete");
      if (slots.method !== "GET" && !query.ignoreMethod) return false;
      return askCache(command("delete", name, query), isThere, { request: askedFor(slots) });
    });
  }

  keys(request: unknown = undefined, options: unknown = undefined): Promise<Request[]> {
    return attempt(() => {
      const name = this.#name;
      const slots = request === undefined ? null : toRequest(request);
      const listed = list(name, slots, toQuery(options, "Cache.keys"));
      return PromisePrototypeThen(listed, (entries) => {
        const requests: Request[] = [];
        for (let i = 0; i < entries.length; i++) ArrayPrototypePush(requests, requestOf(entries[i] as Listed));
        return requests;
      });
    });
  }
}
finishInterface(Cache, "Cache");

/** The object of a cache. @param name null: that of `caches.default` */
export function cacheOver(name: string | null): Cache {
  return new Cache(CREATE, name);
}

/** `CacheQueryOptions`. */
export function toQuery(options: unknown, operation: string): CacheQuery {
  const { ignoreMethod, ignoreSearch, ignoreVary } = toDictionary(options, operation);
  return {
    __proto__: null as never,
    ignoreMethod: Boolean(ignoreMethod),
    ignoreSearch: Boolean(ignoreSearch),
    ignoreVary: Boolean(ignoreVary),
  } as CacheQuery;
}

/** `RequestInfo`. @throws TypeError for what is no URL */
export function toRequest(value: unknown): RequestSlots {
  return requestSlots(isRequest(value) ? value : new Request(`${value as string}`));
}

/** The first response that fits, or undefined. */
export function matchIn(
  name: string | null,
  slots: RequestSlots,
  query: CacheQuery,
): Promise<Response | undefined> | undefined {
  if (slots.method !== "GET" && !query.ignoreMethod) return undefined;
  return askCache(command("match", name, query), toResponse, { request: askedFor(slots) });
}

/** What the cache is asked for; each member is there, whatever an app put on prototypes. */
export function command(operation: string, cache: string | null, more: object | null = null): Command {
  return { __proto__: null, operation, cache, ...more } as unknown as Command;
}

/** Whether the cache had it, or did it. */
export function isThere(answer: CacheAnswer | null): boolean {
  return answer !== null;
}

/** A promise of what `step` answers. */
export function attempt<T>(step: () => T | Promise<T>): Promise<Awaited<T>> {
  try {
    const answer = step();
    return new PromiseCtor((resolve) => resolve(answer as never));
  } catch (reason) {
    return PromiseReject(reason);
  }
}

function toResponse(answer: CacheAnswer | null): Response | undefined {
  return answer === null ? undefined : answer.toResponse();
}

function nothing(): undefined {
  return undefined;
}

function askedFor({ url, headers }: RequestSlots): AskedFor {
  const hash = StringPrototypeIndexOf(url, "#");
  return { url: hash < 0 ? url : StringPrototypeSlice(url, 0, hash), headers: headers.toBlock() };
}

function list(name: string | null, slots: RequestSlots | null, query: CacheQuery): Promise<Listed[]> {
  if (slots !== null && slots.method !== "GET" && !query.ignoreMethod) return attempt<Listed[]>(() => []);
  const asked = command("list", name, { __proto__: null, ...query, isAll: slots === null });
  const finish = (answer: CacheAnswer | null) => (answer === null ? [] : (answer.readJson() as Promise<Listed[]>));
  return askCache(asked, finish, slots === null ? undefined : { request: askedFor(slots) });
}

function readAll(name: string | null, entries: readonly Listed[]): Promise<Response[]> {
  const responses: Response[] = [];
  const readFrom = (at: number): Response[] | Promise<Response[]> => {
    const listed = entries[at];
    if (listed === undefined) return responses;
    const asked = command("match", name, { __proto__: null, entry: listed.entry });
    const read = askCache(asked, toResponse, { request: { url: listed.url, headers: "" } });
    return PromisePrototypeThen(read, (response) => {
      // It may have gone meanwhile.
      if (response !== undefined) ArrayPrototypePush(responses, response);
      return readFrom(at + 1);
    });
  };
  return attempt<Response[]>(() => readFrom(0));
}

function requestOf({ url, headers }: Listed): Request {
  return requestOver({
    method: "GET",
    url,
    headers: new HeaderList(headers),
    areHeadersImmutable: true,
    body: null,
    signal: null,
    createSignal: null,
    redirect: "follow",
    passive: null,
  });
}

/** @throws TypeError for what no cache keeps */
function requireCacheable({ method, url }: RequestSlots): void {
  if (StringPrototypeIndexOf(url, "http://") !== 0 && StringPrototypeIndexOf(url, "https://") !== 0) {
    throw new TypeErrorCtor("Cache: the request's URL has neither http nor https");
  }
  if (method !== "GET") throw new TypeErrorCtor(`Cache: a request with method ${method} is not kept`);
}

/** @throws TypeError for what no cache keeps */
function requireKeepable({ status, headers, webSocket }: ResponseSlots): void {
  if (status === PARTIAL_CONTENT) throw new TypeErrorCtor("Cache: a response with status 206 is not kept");
  if (status < 200 || webSocket !== null)
    throw new TypeErrorCtor(`Cache: a response with status ${status} is not kept`);
  const vary = headers.get("vary");
  if (vary !== null && StringPrototypeIndexOf(vary, "*") >= 0) {
    throw new TypeErrorCtor("Cache: a response with Vary: * is not kept");
  }
}

function put(name: string | null, slots: RequestSlots, response: ResponseSlots): Promise<undefined> {
  requireCacheable(slots);
  requireKeepable(response);
  const { body } = response;
  if (isBodyUsed(body) || isBodyUnusable(body)) {
    throw new TypeErrorCtor("Cache: the response's body was read or is locked");
  }
  const kept = {
    __proto__: null,
    status: response.status,
    statusText: response.statusText,
    headers: response.headers.toBlock(),
    url: response.url,
    isRedirected: response.redirected,
    hasBody: body !== null,
  };
  const asked = command("put", name, { __proto__: null, response: kept });
  return askCache(asked, nothing, { request: askedFor(slots), body: body as Body | null });
}

/** All of them, or none: nothing is kept before each of them was answered. */
function addAllTo(name: string | null, requests: readonly RequestSlots[]): Promise<undefined> {
  for (let i = 0; i < requests.length; i++) {
    const slots = requests[i] as RequestSlots;
    requireCacheable(slots);
    for (let k = 0; k < i; k++) {
      if (askedFor(requests[k] as RequestSlots).url === askedFor(slots).url) {
        throw domException("InvalidStateError", "Cache.addAll: a request is there twice");
      }
    }
  }
  const answered: Promise<Response>[] = [];
  for (let i = 0; i < requests.length; i++) {
    ArrayPrototypePush(answered, PromisePrototypeThen(fetch(requestOver(requests[i] as RequestSlots)), requireOk));
  }
  const fetched = whenAll(answered);
  return PromisePrototypeThen(fetched, (responses) => {
    const kept: Promise<undefined>[] = [];
    for (let i = 0; i < requests.length; i++) {
      const response = responseSlots(responses[i] as Response);
      ArrayPrototypePush(kept, put(name, requests[i] as RequestSlots, response));
    }
    return PromisePrototypeThen(whenAll(kept), nothing);
  });
}

function requireOk(response: Response): Response {
  const slots = responseSlots(response);
  requireKeepable(slots);
  if (slots.status > 299) throw new TypeErrorCtor(`Cache: the request was answered with status ${slots.status}`);
  return response;
}

/** `Promise.all` for those that wait here. */
function whenAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  return new PromiseCtor((resolve, reject) => {
    const values: T[] = [];
    let openCount = promises.length;
    if (openCount === 0) resolve(values);
    for (let i = 0; i < promises.length; i++) {
      const take = (value: T): void => {
        values[i] = value;
        openCount -= 1;
        if (openCount === 0) resolve(values);
      };
      PromisePrototypeThen(promises[i] as Promise<T>, take, reject);
    }
  });
}
