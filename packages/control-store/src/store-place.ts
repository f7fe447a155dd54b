/** Where a service finds the control store: on its machine, over the registry's socket, or in Redis. */
import { errors } from "./errors.ts";
import { DEFAULT_CELL, type RedisConfig, type ResolvedRedisConfig, resolveRedisConfig } from "./redis-config.ts";

/** `redis` as a service's config holds it: what is left out, or null, has its default; no `urls` means no Redis. */
export interface RedisSettings extends Omit<RedisConfig, "urls" | "cell"> {
  readonly urls: readonly string[] | null;
  /** @default DEFAULT_CELL */
  readonly cell?: string;
}

/** A service's `controlStore`: one of the two. */
export interface StorePlace {
  /** Socket on which the registry of this machine serves the embedded store. */
  readonly socketPath?: string | null;
  readonly redis?: RedisSettings | null;
}

export type ResolvedStorePlace =
  | { readonly kind: "socket"; readonly socketPath: string }
  | { readonly kind: "redis"; readonly config: ResolvedRedisConfig };

/** @throws STORE_BAD_ADDRESS where neither or both are named */
export function placeOfStore(place: StorePlace | string): ResolvedStorePlace {
  if (typeof place === "string") {
    return placeOfStore(place.startsWith("/") ? { socketPath: place } : { redis: { urls: [place] } });
  }
  const { socketPath = null, redis } = place;
  const urls = redis?.urls ?? [];
  if ((socketPath === null) === (urls.length === 0)) {
    const found = socketPath === null ? "neither" : "both";
    throw errors.BAD_ADDRESS({ name: "controlStore", found, expected: "either socketPath or redis.urls" });
  }
  if (socketPath !== null) return { kind: "socket", socketPath };
  return { kind: "redis", config: resolveRedisConfig({ ...redis, urls, cell: redis?.cell ?? DEFAULT_CELL }) };
}
