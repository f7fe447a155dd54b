import { S3Store } from "@nano/sliver/s3-store";
import { openBucket, openS3Server } from "./s3-server.ts";
import { describeSliverStore } from "./store-contract.ts";

async function open(options?: { readonly nowMs: () => number }): Promise<S3Store> {
  const { settings } = await openS3Server();
  const bucket = openBucket(settings);
  // Something of somebody else's, as in a bucket that is shared; it also keeps s3rver from removing the folder under a write.
  await bucket.write(`${settings.prefix}readme.txt`, Buffer.from("not an artifact"));
  return new S3Store(bucket, settings.prefix, options);
}

// The orders of requests are gone through elsewhere, on a bucket in memory.
describeSliverStore("a store on S3", open, { raceCount: 10 });
