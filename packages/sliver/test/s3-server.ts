/** `s3rver`, a server of S3 that was not written here, with one bucket on a free port and in a directory of its own. */
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { S3Bucket } from "@nano/sliver/s3-bucket";
import { DEFAULT_S3_PREFIX, type S3Settings } from "@nano/sliver/s3-settings";
import { onTestFinished } from "vitest";
import { temporaryDirectory } from "./temporary-directory.ts";

interface S3rver {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
  readonly httpServer: { closeAllConnections(): void };
}

// It has no types.
const { default: Server } = (await import("s3rver" as string)) as {
  default: new (options: Record<string, unknown>) => S3rver;
};

const BUCKET = "artifacts";
const ACCESS_KEY_ID = "S3RVER";
const SECRET_ACCESS_KEY = "S3RVER";

export interface S3Server {
  readonly settings: S3Settings;
  /** Where the object of a key lies. */
  pathOf(key: string): string;
}

export async function openS3Server(): Promise<S3Server> {
  const directory = await temporaryDirectory();
  const server = new Server({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{ name: BUCKET }],
  });
  const { port } = await server.run();
  onTestFinished(async () => {
    server.httpServer.closeAllConnections();
    await server.close();
  });
  return {
    settings: s3Settings(`http://127.0.0.1:${port}`),
    pathOf: (key) => join(directory, BUCKET, `${key}._S3rver_object`),
  };
}

export function s3Settings(endpoint: string): S3Settings {
  return {
    bucket: BUCKET,
    prefix: DEFAULT_S3_PREFIX,
    region: "us-east-1",
    endpoint,
    pathStyle: true,
    accessKeyId: ACCESS_KEY_ID,
    secretAccessKey: { read: () => SECRET_ACCESS_KEY },
    timeoutMs: 5_000,
    attemptCount: 3,
    concurrentCount: 16,
  };
}

/** Goes with the test. */
export function openBucket(settings: S3Settings): S3Bucket {
  const bucket = new S3Bucket(settings);
  onTestFinished(() => bucket.close());
  return bucket;
}
