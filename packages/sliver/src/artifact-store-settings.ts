/** The group of a service's configuration that says where artifacts are: what `openSliverStore` takes. */
import type { ConfigOf } from "@nano/service-kit/config";
import {
  durationMs,
  flag,
  integer,
  optional,
  readableDirectory,
  secretFile,
  text,
} from "@nano/service-kit/config-field";
import {
  DEFAULT_S3_ATTEMPTS,
  DEFAULT_S3_CONCURRENT_COUNT,
  DEFAULT_S3_PREFIX,
  DEFAULT_S3_TIMEOUT_MS,
} from "./s3-settings.ts";

/** For a service that shares its artifacts with others. Exactly one of `directory` and `s3.bucket` is named. */
export const artifactStoreShape = {
  directory: optional(readableDirectory({ doc: "directory of the artifact store; unset: the bucket of s3" })),
  s3: {
    bucket: optional(
      text({
        doc: "bucket of the artifact store; unset: no S3",
        pattern: /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
        expected: "a bucket's name",
      }),
    ),
    prefix: text({
      doc: "what the names of all objects there begin with",
      pattern: /^[\w!.*'()-][\w!.*'()/-]{0,199}$/,
      expected: "at most 200 letters, digits and /!_.*'()-",
      default: DEFAULT_S3_PREFIX,
    }),
    region: optional(text({ doc: "region of the bucket; unset: what AWS_REGION or the shared config file says" })),
    endpoint: optional(
      text({
        doc: "server that speaks like S3; unset: what AWS_ENDPOINT_URL_S3 says, otherwise AWS",
        pattern: /^https?:\/\/\S+$/,
        expected: "https://HOST:PORT or http://HOST:PORT",
      }),
    ),
    pathStyle: flag({ doc: "the bucket is named in paths, and not in host names", default: false }),
    accessKeyId: optional(
      text({ doc: "id of the access key; unset: the SDK's own chain (environment, shared files, roles)" }),
    ),
    secretAccessKey: optional(secretFile({ doc: "secret of that key" })),
    timeoutMs: durationMs({
      doc: "how long a request waits for an answer, and an answer for its next bytes",
      min: 100,
      max: 60_000,
      default: DEFAULT_S3_TIMEOUT_MS,
    }),
    attemptCount: integer({ doc: "how often a request is tried", min: 1, max: 10, default: DEFAULT_S3_ATTEMPTS }),
    concurrentCount: integer({
      doc: "requests at a time, each with an artifact in memory",
      min: 1,
      max: 256,
      default: DEFAULT_S3_CONCURRENT_COUNT,
    }),
  },
};

/** What those settings say. */
export type ArtifactStorePlace = ConfigOf<typeof artifactStoreShape>;
