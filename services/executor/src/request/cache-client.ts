/** Carries calls of guests to the cache process. While that is away there is nothing in the cache, and nothing gets into it. */
import { encodeCacheHead } from "../cache/cache-head.ts";
import { NOTHING } from "../cache/nothing.ts";
import type { Assignment } from "../worker-messages.ts";
import { EgressClient } from "./egress-client.ts";

/**
 * Under what the entries of an app are kept: its name and its identity, which one of the same name that is made after its deletion does not have.
 * No app's name has a `#`. What an app without an identity keeps is kept under its name, as it always was.
 */
export function cacheOwnerOf({ app, identity }: Pick<Assignment, "app" | "identity">): string {
  return identity === undefined ? app : `${app}#${identity}`;
}

export function createCacheClient(): EgressClient {
  return new EgressClient({
    encode: encodeCacheHead,
    waits: false,
    onUnavailable: (listener) => {
      listener.onHead(NOTHING);
      listener.onEnd();
    },
  });
}
