/** Picks the control store's adapter from a service's configuration. */
import type { ControlStore } from "./control-store.ts";
import type { RedisStoreLimits } from "./redis-control-store.ts";
import { placeOfStore, type StorePlace } from "./store-place.ts";

/**
 * Opens the store that `place` names: its config, or one URL (`/PATH` of the registry's socket, or `redis://HOST:PORT`).
 * Does not wait for it: a store that is away answers STORE_LOST until it is there.
 *
 * @throws STORE_BAD_ADDRESS
 */
export async function openControlStore(
  place: StorePlace | string,
  options: { readonly redisLimits?: Partial<RedisStoreLimits> } = {},
): Promise<ControlStore> {
  const resolved = placeOfStore(place);
  // Imported where it is needed: a machine without Redis does not pay for loading its client.
  if (resolved.kind === "socket") {
    const { EmbeddedControlStore } = await import("./embedded-control-store.ts");
    return new EmbeddedControlStore(resolved.socketPath);
  }
  const { RedisControlStore } = await import("./redis-control-store.ts");
  return new RedisControlStore(resolved.config, options.redisLimits);
}
