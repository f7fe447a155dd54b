/** The registry's configuration. */
import { join } from "node:path";
import { ownStoreShape } from "@nano/control-store/store-settings";
import { type ConfigFor, defineConfig } from "@nano/service-kit/config";
import {
  address,
  durationMs,
  integer,
  optional,
  privateFile,
  secretFile,
  sizeBytes,
  text,
  writableDirectory,
} from "@nano/service-kit/config-field";
import { executorTlsShape } from "@nano/service-kit/executor-tls";
import { artifactStoreShape } from "@nano/sliver/artifact-store-settings";

const MIB = 1024 * 1024;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export const registryConfig = defineConfig("REGISTRY", {
  http: {
    address: address({
      doc: "where the API answers; over TCP a token is needed, also from this machine",
      default: "127.0.0.1:8090",
    }),
    socketPath: optional(text({ doc: "Unix socket where the API answers too; unset: nowhere" })),
    tls: {
      certFile: optional(
        text({ doc: "certificate chain of the TCP address, PEM; unset: no TLS here, a balancer or nobody ends it" }),
      ),
      key: optional(secretFile({ doc: "key of that certificate, PEM" })),
    },
    bodyLimitBytes: sizeBytes({ doc: "largest JSON body", min: 1024, max: 64 * MIB, default: 16 * MIB }),
  },
  data: {
    directory: writableDirectory({ doc: "what the registry keeps on this machine", default: ".nano" }),
  },
  controlStore: ownStoreShape,
  store: {
    socketPath: optional(
      text({
        doc: "Unix socket where the embedded store is served; unset: `store.sock` in the data directory; of no meaning with Redis",
      }),
    ),
  },
  secrets: {
    keyFile: optional(
      privateFile({
        doc: "key under which secrets of apps are kept; made, for this user alone, where there is none; unset: `keys/secrets.key` in the data directory",
        isMade: true,
      }),
    ),
  },
  artifacts: {
    ...artifactStoreShape,
    directory: optional(
      writableDirectory({
        doc: "where artifacts are kept; unset: the bucket of s3, otherwise `artifacts` in the data directory",
      }),
    ),
    limitBytes: sizeBytes({ doc: "largest artifact", min: 1024, max: 512 * MIB, default: 256 * MIB }),
    uploadCount: integer({ doc: "uploads at a time, each in memory until it is stored", min: 1, max: 256, default: 8 }),
    graceMs: durationMs({
      doc: "how long an artifact that no version names is kept after it was uploaded, built or named last",
      min: MINUTE_MS,
      max: 30 * DAY_MS,
      default: 60 * MINUTE_MS,
    }),
    collectEveryMs: durationMs({
      doc: "pause between two looks for such artifacts",
      min: 1000,
      max: DAY_MS,
      default: 10 * MINUTE_MS,
    }),
  },
  tokens: {
    bootstrap: optional(
      secretFile({
        doc: "operator's token nano_ID_SECRET that is taken beside those in the store: 16 hex digits, 43 characters of base64url",
      }),
    ),
    limitCount: integer({ doc: "tokens that have not expired", min: 1, max: 10_000, default: 1000 }),
    failuresPerMinute: integer({
      doc: "failed sign-ins of one address in a minute; further ones are answered 429",
      min: 1,
      max: 1_000_000,
      default: 30,
    }),
  },
  apps: {
    limitCount: integer({ doc: "apps", min: 1, max: 1_000_000, default: 10_000 }),
  },
  /** Asked for the output of apps. */
  executors: executorTlsShape,
  logs: {
    followerCount: integer({ doc: "readers of the output of apps at a time", min: 0, max: 4096, default: 64 }),
    followerBytes: sizeBytes({
      doc: "output that waits for one of them; what is above it is dropped and counted",
      min: MIB,
      max: 64 * MIB,
      default: 2 * MIB,
    }),
    followMs: durationMs({
      doc: "how long one follow lasts; who follows then signs in anew",
      min: 1000,
      max: DAY_MS,
      default: 60 * MINUTE_MS,
    }),
  },
  versions: {
    keptCount: integer({
      doc: "versions kept of each app, beside those that serve, are to serve or are being built",
      min: 1,
      max: 1000,
      default: 20,
    }),
    buildingCount: integer({ doc: "builds of one app that wait or run", min: 1, max: 1000, default: 20 }),
    rebuildingCount: integer({
      doc: "builds at a time of what serves, for executors of another engine",
      min: 1,
      max: 1000,
      default: 1,
    }),
  },
});

export type RegistryConfig = ConfigFor<typeof registryConfig>;

export interface RegistryPaths {
  readonly storeFile: string;
  readonly storeSocket: string;
  /** Where neither a directory nor a bucket is named. */
  readonly artifacts: string;
  readonly secretsKey: string;
}

/** Where things are, with what was left out derived from the data directory. */
export function resolvePaths(config: RegistryConfig): RegistryPaths {
  const { directory } = config.data;
  return {
    storeFile: join(directory, "store.sqlite"),
    storeSocket: config.store.socketPath ?? join(directory, "store.sock"),
    artifacts: join(directory, "artifacts"),
    secretsKey: config.secrets.keyFile ?? join(directory, "keys", "secrets.key"),
  };
}
