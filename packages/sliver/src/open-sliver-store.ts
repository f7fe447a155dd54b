/** Opens the artifact store that a service's settings name. */
import type { Metrics } from "@nano/service-kit/metrics";
import type { ArtifactStorePlace } from "./artifact-store-settings.ts";
import { DirectoryStore } from "./directory-store.ts";
import { errors } from "./errors.ts";
import type { S3Settings } from "./s3-settings.ts";
import type { SliverStore } from "./sliver-store.ts";

export interface OpenSliverStoreOptions {
  /** Where the place names neither a directory nor a bucket. @default none: that is refused */
  readonly fallbackDirectory?: string;
  /** Takes the figures of requests to S3. @default nobody */
  readonly metrics?: Metrics;
}

/**
 * It does not ask S3 for anything: a service starts while its storage is away.
 * @throws SLIVER_STORE_SETTINGS
 */
export async function openSliverStore(
  place: ArtifactStorePlace,
  { fallbackDirectory, metrics }: OpenSliverStoreOptions = {},
): Promise<SliverStore> {
  const { bucket, ...s3 } = place.s3;
  if (place.directory !== null && bucket !== null) refuse("directory and s3.bucket", "both", "one of the two");
  if (bucket !== null) return openS3({ bucket, ...s3 }, metrics);
  const directory = place.directory ?? fallbackDirectory;
  return directory === undefined
    ? refuse("directory and s3.bucket", "neither", "one of the two")
    : new DirectoryStore(directory);
}

async function openS3(settings: S3Settings, metrics: Metrics | undefined): Promise<SliverStore> {
  const { accessKeyId, secretAccessKey, endpoint } = settings;
  if (endpoint !== null && !isPlainAddress(endpoint)) {
    // Not repeated: it may carry a password.
    refuse("s3.endpoint", "what is more than a server's address", "https://HOST:PORT or http://HOST:PORT");
  }
  if ((accessKeyId === null) !== (secretAccessKey === null)) {
    refuse("s3.accessKeyId and s3.secretAccessKey", "one of the two", "both, or neither");
  }
  // Imported where it is needed: the client takes a while to load.
  const [{ S3Bucket }, { S3Store }] = await Promise.all([import("./s3-bucket.ts"), import("./s3-store.ts")]);
  const bucket: InstanceType<typeof S3Bucket> = new S3Bucket(
    settings,
    metrics === undefined ? null : observeS3(metrics, () => bucket),
  );
  await bucket.checkRegion();
  return new S3Store(bucket, settings.prefix);
}

function isPlainAddress(endpoint: string): boolean {
  if (!URL.canParse(endpoint)) return false;
  const { username, password, pathname, search, hash } = new URL(endpoint);
  return username === "" && password === "" && pathname === "/" && search === "" && hash === "";
}

interface Usage {
  readonly runningCount: number;
  readonly waitingCount: number;
}

function observeS3(metrics: Metrics, usage: () => Usage) {
  const durations = metrics.duration({
    name: "store_request_duration_seconds",
    help: "Attempts of requests to S3, by what was asked and how it ended",
    labels: ["operation", "outcome"],
  });
  metrics.gauge({
    name: "store_requests_running_count",
    help: "Requests to S3 that run",
    collect: (gauge) => gauge.set(usage().runningCount),
  });
  metrics.gauge({
    name: "store_requests_waiting_count",
    help: "Requests to S3 that wait for their turn",
    collect: (gauge) => gauge.set(usage().waitingCount),
  });
  return {
    attempted: (operation: string, outcome: string, durationMs: number) =>
      durations.observeMs(durationMs, { operation, outcome }),
  };
}

function refuse(name: string, found: string, expected: string): never {
  throw errors.STORE_SETTINGS({ name, found, expected });
}
