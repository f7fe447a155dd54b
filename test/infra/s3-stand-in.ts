/** A server of S3 for a simulated cluster, not written here; it judges no signature, but knows whose key it is. */
import { mkdirSync } from "node:fs";

interface S3rver {
  run(): Promise<unknown>;
  close(): Promise<void>;
  readonly httpServer: { closeAllConnections(): void };
}

interface Account {
  createKeyPair(accessKeyId: string, secretAccessKey: string): void;
}

// It has no types.
const { default: Server } = (await import("s3rver" as string)) as {
  default: new (options: Record<string, unknown>) => S3rver;
};
const { DUMMY_ACCOUNT } = (await import("s3rver/lib/models/account.js" as string)) as { DUMMY_ACCOUNT: Account };

export interface S3StandInOptions {
  readonly address: string;
  readonly port: number;
  readonly directory: string;
  readonly bucket: string;
  readonly keys: readonly { readonly id: string; readonly secret: string }[];
}

/** Answers with what ends it. */
export async function openS3StandIn(options: S3StandInOptions): Promise<() => Promise<void>> {
  const { address, port, directory, bucket, keys } = options;
  mkdirSync(directory, { recursive: true });
  for (const { id, secret } of keys) DUMMY_ACCOUNT.createKeyPair(id, secret);
  const server = new Server({ address, port, directory, silent: true, configureBuckets: [{ name: bucket }] });
  await server.run();
  return async () => {
    server.httpServer.closeAllConnections();
    await server.close();
  };
}
