/** The sliver builder's configuration. */
import { storeShape } from "@nano/control-store/store-settings";
import { defineConfig } from "@nano/service-kit/config";
import {
  durationMs,
  integer,
  optional,
  privateFile,
  sizeBytes,
  writableDirectory,
} from "@nano/service-kit/config-field";
import { artifactStoreShape } from "@nano/sliver/artifact-store-settings";
import { DEFAULT_BUILD_LIMITS } from "./build-sliver.ts";

const MIB = 1024 * 1024;

export const config = defineConfig("BUILDER", {
  controlStore: storeShape,
  store: {
    ...artifactStoreShape,
    directory: optional(writableDirectory({ doc: artifactStoreShape.directory.doc })),
  },
  signing: {
    keyFile: privateFile({
      doc: "private key that signs slivers; made, for this user alone, where there is none",
      isMade: true,
    }),
  },
  trustedKeys: {
    directory: optional(
      writableDirectory({ doc: "where the public half of that key is put for executors; unset: nowhere" }),
    ),
  },
  build: {
    concurrencyCount: integer({ doc: "builds at once", min: 1, max: 64, default: 1 }),
    makeLimitMs: durationMs({
      doc: "time to serialise a heap, beyond a few times what its top level took",
      min: 100,
      max: 600_000,
      default: DEFAULT_BUILD_LIMITS.makeLimitMs,
    }),
    probeLimitMs: durationMs({
      doc: "time to restore it and begin a request, beyond twice the app's init_time_ms",
      min: 100,
      max: 600_000,
      default: DEFAULT_BUILD_LIMITS.probeLimitMs,
    }),
    childBaseBytes: sizeBytes({
      doc: "resident memory of a build process, beyond twice the app's memory_mb",
      min: 96 * MIB,
      max: 16_384 * MIB,
      default: DEFAULT_BUILD_LIMITS.childBaseBytes,
    }),
  },
});
