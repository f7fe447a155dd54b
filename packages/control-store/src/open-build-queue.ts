/** Picks the build queue's adapter from a service's configuration. */
import type { BuildQueue } from "./build-queue.ts";
import type { BullQueueLimits } from "./bull-build-queue.ts";
import { placeOfStore, type StorePlace } from "./store-place.ts";

/** Opens the build queue of the store that `place` names, as `openControlStore` does. @throws STORE_BAD_ADDRESS */
export async function openBuildQueue(
  place: StorePlace | string,
  options: { readonly redisLimits?: Partial<BullQueueLimits> } = {},
): Promise<BuildQueue> {
  const resolved = placeOfStore(place);
  if (resolved.kind === "socket") {
    const { EmbeddedBuildQueue } = await import("./embedded-build-queue.ts");
    return new EmbeddedBuildQueue(resolved.socketPath);
  }
  const { BullBuildQueue } = await import("./bull-build-queue.ts");
  return new BullBuildQueue(resolved.config, options.redisLimits);
}
