/** Carries calls of guests to the cache process. While that is away there is nothing in the cache, and nothing gets into it. */
import { encodeCacheHead } from "../cache/cache-head.ts";
import { NOTHING } from "../cache/nothing.ts";
import { EgressClient } from "./egress-client.ts";

export function createCacheClient(): EgressClient {
  return new EgressClient({
    encode: encodeCacheHead,
    onUnavailable: (listener) => {
      listener.onHead(NOTHING);
      listener.onEnd();
    },
  });
}
