/** The `controlStore` group of a service's configuration: what `StorePlace` is read from. */
import { durationMs, flag, integer, list, optional, secretFile, text } from "@nano/service-kit/config-field";
import { DEFAULT_ACK_TIMEOUT_MS, DEFAULT_CELL, MAX_ACK_TIMEOUT_MS, MAX_URL_COUNT } from "./redis-config.ts";

const redisShape = {
  urls: optional(
    list({
      doc: "redis://HOST:PORT, rediss://HOST:PORT or unix:/PATH; several of Sentinels or of a Cluster's nodes; unset: no Redis",
      maxCount: MAX_URL_COUNT,
    }),
  ),
  cell: text({ doc: "cell whose keys these are: all under the hash tag {nano:CELL}", default: DEFAULT_CELL }),
  sentinelName: optional(text({ doc: "master group of the Sentinels that urls names; unset: urls names servers" })),
  cluster: flag({ doc: "urls names nodes of a Cluster", default: false }),
  tls: flag({ doc: "TLS to servers and Sentinels; rediss: says the same", default: false }),
  tlsCaFile: optional(text({ doc: "certificates to trust in place of the system's, PEM" })),
  username: optional(text({ doc: "user to sign in as; unset: Redis's default user" })),
  password: optional(secretFile({ doc: "password of that user" })),
  sentinelPassword: optional(secretFile({ doc: "password of the Sentinels themselves" })),
};

/** For a service that reads the store: from the registry of its machine, or from Redis. Exactly one is named. */
export const storeShape = {
  socketPath: optional(text({ doc: "Unix socket on which the registry of this machine serves the embedded store" })),
  redis: redisShape,
};

/** For the registry, which has the embedded store itself where no Redis is named. */
export const ownStoreShape = {
  redis: {
    ...redisShape,
    ackReplicas: integer({
      doc: "replicas that must have a change before it is answered",
      min: 0,
      max: 100,
      default: 0,
    }),
    ackTimeoutMs: durationMs({
      doc: "how long a change waits for them",
      min: 1,
      max: MAX_ACK_TIMEOUT_MS,
      default: DEFAULT_ACK_TIMEOUT_MS,
    }),
  },
};
