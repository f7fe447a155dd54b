/** The keys of a cell. One hash tag, so that each script finds all of them on one node of a Cluster. */

/** Names and forms of what is under the keys: a change that an older build cannot read gets a number of its own. */
export const KEY_VERSION = "v1";

export interface RedisKeys {
  /** `epoch`, `replid` (of the server when the epoch began), `seq`, `feedBytes`, `touched:KIND` (seq of the last commit that did). */
  readonly meta: string;
  readonly records: string;
  readonly feed: string;
  readonly leases: string;
  readonly idempotency: string;
  readonly idempotencyAge: string;
  readonly audit: string;
  readonly builds: string;
  readonly buildsOpen: string;
  readonly buildsEnded: string;
  /** Prefix of the streams of events, each followed by its version. */
  readonly buildEvents: string;
  /** Prefix that BullMQ puts before its own. */
  readonly bull: string;
  /** Channel on which a change is told: `feed`, or `build:VERSION`. */
  readonly wakeChannel: string;
}

export function createRedisKeys(cell: string): RedisKeys {
  const prefix = `{nano:${cell}}:${KEY_VERSION}`;
  return {
    meta: `${prefix}:meta`,
    records: `${prefix}:records`,
    feed: `${prefix}:feed`,
    leases: `${prefix}:leases`,
    idempotency: `${prefix}:idempotency`,
    idempotencyAge: `${prefix}:idempotency-age`,
    audit: `${prefix}:audit`,
    builds: `${prefix}:builds`,
    buildsOpen: `${prefix}:builds-open`,
    buildsEnded: `${prefix}:builds-ended`,
    buildEvents: `${prefix}:build-events:`,
    bull: `${prefix}:bull`,
    wakeChannel: `${prefix}:wake`,
  };
}
