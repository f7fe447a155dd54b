/**
 * `ObjectBucket` on S3, or what speaks like it.
 *
 * I1 Every request ends: it is tried `attemptCount` times at most, each time with a deadline that grows with the bytes it moves.
 * I2 At most `concurrentCount` requests and sockets at a time.
 * I3 A credential is in no error and no log; a body that is larger than its reader takes is not read.
 */
import { setTimeout as delay } from "node:timers/promises";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";
import { isNanoError } from "@nano/protocol/errors";
import { errors } from "./errors.ts";
import type { BucketEntry, ByteSink, ObjectBucket } from "./object-bucket.ts";
import { RequestSlots } from "./request-slots.ts";
import { describeS3Failure, type S3Failure } from "./s3-failure.ts";
import type { S3Settings } from "./s3-settings.ts";
import { TransferDeadline, transferLimitMs } from "./transfer-deadline.ts";

/** So often are secret files read anew: the client asks five minutes before what it has expires. */
const CREDENTIALS_VALID_MS = 10 * 60_000;
const RETRY_BASE_MS = 100;
const RETRY_MAX_MS = 5_000;
/** A server that lists without an end is none. */
const MAX_LIST_PAGES = 1_000_000;

export type S3Operation = "find" | "read" | "write" | "remove" | "list";
export type S3Outcome = "ok" | "missing" | "away" | "refused" | "failed";

export interface S3Observer {
  /** Each attempt, once it has ended. */
  attempted(operation: S3Operation, outcome: S3Outcome, durationMs: number): void;
}

interface Attempts {
  readonly attemptCount?: number;
  readonly limitMs?: number;
}

export class S3Bucket implements ObjectBucket {
  readonly #client: S3Client;
  readonly #settings: S3Settings;
  readonly #observer: S3Observer | null;
  readonly #slots: RequestSlots;

  constructor(settings: S3Settings, observer: S3Observer | null = null) {
    this.#settings = settings;
    this.#observer = observer;
    this.#slots = new RequestSlots(settings.concurrentCount);
    this.#client = new S3Client(clientConfig(settings));
  }

  /** @throws SLIVER_STORE_SETTINGS where neither the settings nor the environment name a region */
  async checkRegion(): Promise<void> {
    try {
      await this.#client.config.region();
    } catch (cause) {
      throw errors.STORE_SETTINGS({ name: "s3.region", found: "unset", expected: "a region such as us-east-1" }, cause);
    }
  }

  get runningCount(): number {
    return this.#slots.runningCount;
  }

  get waitingCount(): number {
    return this.#slots.waitingCount;
  }

  async has(key: string): Promise<boolean> {
    const command = new HeadObjectCommand({ ...this.#named(key) });
    const found = await this.#run("find", async ({ signal }) => {
      await this.#client.send(command, { abortSignal: signal });
      return true;
    });
    return found !== null;
  }

  read<T>(key: string, open: (storedBytes: number) => ByteSink<T>): Promise<T | null> {
    const command = new GetObjectCommand({ ...this.#named(key) });
    return this.#run("read", async (deadline) => {
      const { Body: body, ContentLength: storedBytes } = await this.#client.send(command, {
        abortSignal: deadline.signal,
      });
      const stream = body as (AsyncIterable<Uint8Array> & { destroy(): void }) | undefined;
      if (stream === undefined || storedBytes === undefined) throw new IncompleteAnswer("an answer without a length");
      try {
        const sink = open(storedBytes);
        deadline.expectBytes(storedBytes);
        return await readBody(stream, { sink, storedBytes, deadline });
      } finally {
        stream.destroy();
      }
    });
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    const command = new PutObjectCommand({ ...this.#named(key), Body: bytes, ContentLength: bytes.byteLength });
    const limitMs = transferLimitMs(this.#settings.timeoutMs, bytes.byteLength);
    const written = await this.#run(
      "write",
      async ({ signal }) => {
        await this.#client.send(command, { abortSignal: signal });
        return true;
      },
      { limitMs },
    );
    if (written === null) throw this.#refused("write", "nothing found (HTTP 404)");
  }

  async remove(key: string, { onceWithinMs }: { readonly onceWithinMs?: number } = {}): Promise<void> {
    const command = new DeleteObjectCommand({ ...this.#named(key) });
    const attempts = onceWithinMs === undefined ? {} : { attemptCount: 1, limitMs: onceWithinMs };
    await this.#run("remove", ({ signal }) => this.#client.send(command, { abortSignal: signal }), attempts);
  }

  async *list(prefix: string): AsyncIterable<BucketEntry> {
    let after: string | undefined;
    for (let page = 0; page < MAX_LIST_PAGES; page++) {
      const command = new ListObjectsV2Command({
        Bucket: this.#settings.bucket,
        Prefix: prefix,
        ...(after === undefined ? {} : { ContinuationToken: after }),
      });
      const answer = await this.#run("list", async ({ signal }) => {
        const page = await this.#client.send(command, { abortSignal: signal });
        // What is no list reads like an empty one: everything would be gone.
        if (page.IsTruncated === undefined) throw new IncompleteAnswer("an answer that is no list");
        return page;
      });
      if (answer === null) throw this.#refused("list", "nothing found (HTTP 404)");
      for (const { Key: key, Size: storedBytes, LastModified: modified } of answer.Contents ?? []) {
        if (key === undefined || storedBytes === undefined || modified === undefined) continue;
        yield { key, storedBytes, modifiedMs: modified.getTime() };
      }
      after = answer.NextContinuationToken;
      if (answer.IsTruncated === false || after === undefined) return;
    }
  }

  close(): void {
    this.#client.destroy();
  }

  #named(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#settings.bucket, Key: key };
  }

  /** Null: there is nothing of that name. @throws SLIVER_STORE_AWAY, SLIVER_STORE_REFUSED */
  async #run<T>(
    operation: S3Operation,
    work: (deadline: TransferDeadline) => Promise<T>,
    { attemptCount = this.#settings.attemptCount, limitMs = this.#settings.timeoutMs }: Attempts = {},
  ): Promise<T | null> {
    for (let attempt = 1; ; attempt++) {
      const ended = await this.#attempt(operation, work, limitMs);
      if ("value" in ended) return ended.value;
      if (ended.kind === "missing") return null;
      if (ended.kind === "refused") throw this.#refused(operation, ended.why);
      if (attempt >= attemptCount) {
        const where = this.#settings.bucket;
        throw errors.STORE_AWAY({ operation, where, attemptCount, why: ended.why }, ended.cause);
      }
      // All that wait for a store to come back do not come at once.
      await delay(Math.random() * Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** attempt));
    }
  }

  async #attempt<T>(
    operation: S3Operation,
    work: (deadline: TransferDeadline) => Promise<T>,
    limitMs: number,
  ): Promise<{ readonly value: T } | S3Failure> {
    const giveBack = await this.#slots.take();
    if (giveBack === null) return { kind: "away", why: "too many requests wait for it" };
    const startedMs = performance.now();
    const deadline = new TransferDeadline(limitMs);
    let outcome: S3Outcome = "failed";
    try {
      const value = await Promise.race([work(deadline), deadline.expired]);
      outcome = "ok";
      return { value };
    } catch (error) {
      // Of the caller's sink, or of a secret file.
      if (isNanoError(error)) throw error;
      const failure: S3Failure = deadline.signal.aborted
        ? { kind: "away", why: deadline.why }
        : error instanceof IncompleteAnswer
          ? { kind: "away", why: error.message }
          : describeS3Failure(error);
      outcome = failure.kind;
      return failure;
    } finally {
      deadline.clear();
      giveBack();
      this.#observer?.attempted(operation, outcome, performance.now() - startedMs);
    }
  }

  #refused(operation: S3Operation, why: string): Error {
    return errors.STORE_REFUSED({ operation, where: this.#settings.bucket, why });
  }
}

/** An answer that is not what its head says. Never leaves this file. */
class IncompleteAnswer extends Error {}

interface BodyReading<T> {
  readonly sink: ByteSink<T>;
  readonly storedBytes: number;
  readonly deadline: TransferDeadline;
}

async function readBody<T>(
  stream: AsyncIterable<Uint8Array> & { destroy(): void },
  { sink, storedBytes, deadline }: BodyReading<T>,
): Promise<T> {
  let readBytes = 0;
  const stop = (): void => stream.destroy();
  deadline.signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of stream) {
      readBytes += chunk.byteLength;
      if (readBytes > storedBytes) break;
      sink.add(chunk);
      deadline.moved();
    }
  } finally {
    deadline.signal.removeEventListener("abort", stop);
  }
  if (readBytes !== storedBytes) throw new IncompleteAnswer(`a body of ${readBytes} of ${storedBytes} bytes`);
  return sink.end();
}

function clientConfig(settings: S3Settings): S3ClientConfig {
  const { region, endpoint, pathStyle, accessKeyId, secretAccessKey, timeoutMs, concurrentCount } = settings;
  const agent = { keepAlive: true, maxSockets: concurrentCount };
  return {
    ...(region === null ? {} : { region }),
    ...(endpoint === null ? {} : { endpoint }),
    forcePathStyle: pathStyle,
    // Otherwise the client's own chain: environment, shared files, web identity, the machine's.
    ...(accessKeyId === null || secretAccessKey === null
      ? {}
      : {
          credentials: async () => ({
            accessKeyId,
            secretAccessKey: secretAccessKey.read(),
            expiration: new Date(Date.now() + CREDENTIALS_VALID_MS),
          }),
        }),
    // Repeats are ours (I1): the client's own know nothing of a body that ends early.
    maxAttempts: 1,
    // Checksums in trailers are not understood by every server that is not S3 itself; the digest is checked at every read.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: { connectionTimeout: timeoutMs, httpAgent: agent, httpsAgent: agent },
  };
}
