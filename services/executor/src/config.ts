/** The executor's configuration. */
import { availableParallelism, hostname } from "node:os";
import { storeShape } from "@nano/control-store/store-settings";
import { defineConfig } from "@nano/service-kit/config";
import {
  decimal,
  durationMs,
  flag,
  integer,
  optional,
  privateFile,
  readableDirectory,
  sizeBytes,
  text,
  writableDirectory,
} from "@nano/service-kit/config-field";
import { artifactStoreShape } from "@nano/sliver/artifact-store-settings";
import { cacheApiShape } from "./cache/cache-config.ts";
import { egressShape } from "./egress/egress-config.ts";

const MIB = 1024 * 1024;
/** What is left for leaving once requests are over: routers hear of what was cut, processes end, the lease too. */
export const LEAVE_MS = 1_000;

export const config = defineConfig("EXECUTOR", {
  node: {
    id: text({
      doc: "name of this executor, unique in the cell",
      default: hostname(),
      defaultWords: "the machine's name",
    }),
    leaseMs: durationMs({
      doc: "how long routers keep this node without a sign of life",
      min: 500,
      max: 60_000,
      default: 6_000,
    }),
  },
  controlStore: storeShape,
  store: artifactStoreShape,
  trustedKeys: { directory: readableDirectory({ doc: "public keys of the builders whose slivers are accepted" }) },
  secrets: {
    keyFile: optional(
      privateFile({ doc: "key that opens secrets of apps; unset: an app that has some is not served" }),
    ),
  },
  cache: {
    directory: writableDirectory({ doc: "the node's own cache of verified slivers" }),
    bytes: sizeBytes({ doc: "size of that cache", min: 16 * MIB, max: Number.MAX_SAFE_INTEGER, default: 2048 * MIB }),
  },
  listen: {
    address: optional(
      text({
        doc: "where routers reach all workers and the supervisor, such as 0.0.0.0:7000; unset: Unix sockets in run.directory",
        pattern: /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/]+):\d{1,5}$/,
        expected: "host:port",
      }),
    ),
    advertisedAddress: optional(
      text({
        doc: "host or host:port that routers dial; unset: the host that is bound, or of a wildcard this host's first own address",
        pattern: /^[^\s/]+$/,
        expected: "host or host:port",
      }),
    ),
    tlsCertFile: optional(
      text({ doc: "certificate to show to routers, PEM; with it and its key they come by TLS, read again on change" }),
    ),
    tlsKeyFile: optional(text({ doc: "its key, PEM" })),
    tlsClientCaFile: optional(
      text({ doc: "certificates that routers' are checked by, PEM; unset: a router needs none, but a credential" }),
    ),
    maxGreetingCount: integer({
      doc: "connections there that have not said whom they are for; further ones are closed",
      min: 1,
      max: 65_536,
      default: 256,
    }),
  },
  drain: {
    noticeMs: durationMs({
      doc: "from the announcement of the end until requests are refused, so that routers of other hosts have heard of it",
      min: 0,
      max: 60_000,
      default: 250,
    }),
    graceMs: durationMs({
      doc: "for requests in flight after that; what is longer is cut",
      min: 0,
      max: 3_600_000,
      default: 110_000,
    }),
  },
  run: { directory: writableDirectory({ doc: "directory of this executor's Unix sockets; its path is short" }) },
  recorder: {
    directory: writableDirectory({ doc: "directory of the flight recorders, best on tmpfs", default: "/dev/shm" }),
  },
  workers: {
    count: integer({
      doc: "worker processes; two at the least, so that one can die unnoticed",
      min: 1,
      max: 256,
      default: Math.max(2, availableParallelism()),
      defaultWords: "one per core, at least 2",
    }),
    capacityCount: integer({
      doc: "requests at once from which a worker counts as loaded, and routers send those of its apps to the next one too",
      min: 1,
      max: 100_000,
      default: 64,
    }),
    aheadCount: integer({
      doc: "versions that one worker is given before anyone asks, of apps that routers send to it first; others come on demand",
      min: 0,
      max: 100_000,
      default: 100,
    }),
    isolateCount: integer({ doc: "live isolates of one worker", min: 1, max: 7_000, default: 2_000 }),
    isolateBytes: sizeBytes({
      doc: "memory of the live isolates of one worker",
      min: 16 * MIB,
      max: 1024 ** 4,
      default: 2048 * MIB,
    }),
    residentBytes: optional(
      sizeBytes({
        doc: "resident memory above which a worker is ended; unset: twice isolateBytes and 3.5 GiB, or three quarters of the machine's or container's where that is less",
        min: 512 * MIB,
        max: 4 * 1024 ** 4,
      }),
    ),
    descriptorCount: integer({
      doc: "files and sockets that one worker, of requests or connections, may have open; a lower limit of the system stays",
      min: 1_024,
      max: 1_048_576,
      default: 65_536,
    }),
    logBytesPerSecond: sizeBytes({
      doc: "output of one app in one worker, per second",
      min: 0,
      max: 1024 ** 3,
      default: 64 * 1024,
    }),
    debugHeaders: flag({
      doc: "say in each response of an app's script its version, worker, rung and kind of start (`x-nano-version`, `x-nano-worker`, `x-nano-rung`, `x-nano-start`), of its files the first two; not in what the platform answers, as at a limit",
      default: false,
    }),
    startMs: durationMs({ doc: "how long a worker may take to load", min: 500, max: 120_000, default: 20_000 }),
  },
  cordon: {
    busyRatio: decimal({
      doc: "share of one worker's time from which an app with long entries gets a part of the workers, away from others; 0: never",
      min: 0,
      max: 1,
      default: 0.25,
    }),
  },
  quarantine: {
    workerCount: integer({
      doc: "processes for versions that ended workers again and again, one for each; a version for which there is none gets 503",
      min: 1,
      max: 256,
      default: 4,
    }),
  },
  websocket: {
    workerCount: integer({
      doc: "processes for WebSocket connections, started when they are needed; an app for which there is none gets 503",
      min: 1,
      max: 256,
      default: 16,
    }),
    appsPerWorker: integer({
      doc: "apps in one of them: as many lose their connections when one of these ends the process",
      min: 1,
      max: 1_000,
      default: 8,
    }),
    connectionCount: integer({
      doc: "connections of one of them, each with an isolate of its own",
      min: 1,
      max: 7_000,
      default: 6_000,
    }),
    residentBytes: optional(
      sizeBytes({
        doc: "resident memory above which one of them is ended; unset: 4 MiB for each of connectionCount, bufferBytes and 3.5 GiB, or three quarters as above",
        min: 512 * MIB,
        max: 4 * 1024 ** 4,
      }),
    ),
    dedicatedThreads: integer({
      doc: "connections of the node that have a thread of their own; further ones share that of their process",
      min: 0,
      max: 4_096,
      default: 64,
    }),
    bufferBytes: sizeBytes({
      doc: "messages of the node's connections that are not delivered yet; above it the largest holder is closed",
      min: MIB,
      max: 1024 ** 4,
      default: 512 * MIB,
    }),
    maxAgeOnOldVersionMs: durationMs({
      doc: "how long connections may stay on a version that is not active any more; then they are closed",
      min: 0,
      max: 30 * 24 * 3_600_000,
      default: 3_600_000,
    }),
    drainSpreadMs: durationMs({
      doc: "over what time many connections are closed, so that clients do not come back as one wave",
      min: 0,
      max: 600_000,
      default: 5_000,
    }),
  },
  logs: {
    followerCount: integer({ doc: "who follows output of apps here at a time", min: 0, max: 4096, default: 64 }),
    followerBytes: sizeBytes({
      doc: "output that waits for one of them; what is above it is dropped and counted",
      min: 256 * 1024,
      max: 16 * MIB,
      default: 512 * 1024,
    }),
  },
  egress: egressShape,
  cacheApi: cacheApiShape,
});
