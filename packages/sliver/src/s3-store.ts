/**
 * `SliverStore` in a bucket. Under a prefix, by key:
 *
 *   DIGEST                    the artifact, written once
 *   DIGEST.used-MS-ID         mark: someone put or touched it at MS. The youngest counts; without one, the object's own time
 *   DIGEST.ending-ID          claim: someone is about to remove it for its age
 *
 * S3 cannot set an object's time, nor remove one on the condition that nobody touched it: its ETag stays. So a user writes its
 * mark first and looks for claims after it; a remover writes its claim first and looks for marks after it. Lists are strongly
 * consistent, so at least one of the two sees the other:
 *
 * E1 A remover that sees a mark as young as its bound withdraws. Otherwise it removes the object within `CLAIM_LEASE_MS` of
 *    its claim, then the marks, then the claim.
 * E2 A user that sees claims waits until those are gone, and believes then what it sees of the object. A claim that stays for
 *    `ABANDONED_CLAIM_MS` belongs to a remover that died, and is taken away.
 */
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { ArtifactDigest } from "@nano/protocol/brands";
import { refuseMalformed, refuseTooLarge, refuseWrongDigest } from "./artifact-check.ts";
import { errors } from "./errors.ts";
import type { ByteSink, ObjectBucket } from "./object-bucket.ts";
import { type ArtifactFamily, claimKey, groupFamilies, lastUseMs, markKey } from "./s3-keys.ts";
import type { SliverStore, StoredArtifact } from "./sliver-store.ts";

/** A remover that has not got to the object by then withdraws. */
export const CLAIM_LEASE_MS = 5_000;
/** So long its request to remove the object may take. Beyond both there is room for one that is still under way somewhere. */
export const REMOVAL_MS = 5_000;
/** How long a user waits for a claim to go. */
export const ABANDONED_CLAIM_MS = 30_000;
const CLAIM_POLL_MS = 50;
/** A mark without an artifact, and a claim, belong to someone who died when they are older than this. */
export const ABANDONED_MARK_MS = 3_600_000;
/** An artifact that is removed as often while it is being put is not wanted. */
const MAX_PUT_ROUNDS = 5;
const EMPTY = new Uint8Array(0);

export interface S3StoreOptions {
  /** Wall clock. @default Date.now */
  readonly nowMs?: () => number;
  /** Clock of leases and waits. @default performance.now */
  readonly monotonicMs?: () => number;
  /** Between two looks at a claim. @default setTimeout */
  readonly pause?: (ms: number) => Promise<unknown>;
}

export class S3Store implements SliverStore {
  readonly #bucket: ObjectBucket;
  readonly #prefix: string;
  readonly #nowMs: () => number;
  readonly #monotonicMs: () => number;
  readonly #pause: (ms: number) => Promise<unknown>;

  constructor(bucket: ObjectBucket, prefix: string, options: S3StoreOptions = {}) {
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
    this.#pause = options.pause ?? delay;
  }

  async put(digest: ArtifactDigest, bytes: Uint8Array): Promise<void> {
    refuseTooLarge(digest, bytes.byteLength);
    refuseWrongDigest(digest, bytes);
    const key = this.#keyOf(digest);
    for (let round = 0; round < MAX_PUT_ROUNDS; round++) {
      // Damage of any kind is mended: what is there counts by its bytes, not by its name.
      if (!(await this.#holds(digest, bytes.byteLength))) await this.#bucket.write(key, bytes);
      if (await this.touch(digest)) return;
    }
    const why = "a removal each time";
    throw errors.STORE_AWAY({ operation: "write", where: key, attemptCount: MAX_PUT_ROUNDS, why });
  }

  async get(digest: ArtifactDigest): Promise<Buffer | null> {
    const bytes = await this.#bucket.read(this.#keyOf(digest), (storedBytes) => {
      refuseTooLarge(digest, storedBytes);
      return new BufferSink(storedBytes);
    });
    if (bytes !== null) refuseWrongDigest(digest, bytes);
    return bytes;
  }

  async has(digest: ArtifactDigest): Promise<boolean> {
    return this.#bucket.has(this.#keyOf(digest));
  }

  async touch(digest: ArtifactDigest): Promise<boolean> {
    const key = this.#keyOf(digest);
    const usedMs = this.#nowMs();
    const mark = markKey(key, usedMs);
    await this.#bucket.write(mark, EMPTY);
    const family = await this.#lookAfterClaims(digest);
    if (family.artifact === null) {
      await this.#bucket.remove(mark);
      return false;
    }
    for (const older of family.marks) if (older.usedMs < usedMs) await this.#bucket.remove(older.key);
    return true;
  }

  async delete(digest: ArtifactDigest): Promise<void> {
    const key = this.#keyOf(digest);
    await this.#bucket.remove(key);
    for (const { key: mark } of (await this.#look(digest)).marks) await this.#bucket.remove(mark);
  }

  async deleteOlder(digest: ArtifactDigest, beforeMs: number): Promise<boolean> {
    const key = this.#keyOf(digest);
    if (!isOlder(await this.#look(digest), beforeMs)) return false;
    const sinceMs = this.#monotonicMs();
    const claim = claimKey(key);
    await this.#bucket.write(claim, EMPTY);
    const family = await this.#look(digest);
    if (!isOlder(family, beforeMs) || this.#monotonicMs() - sinceMs > CLAIM_LEASE_MS) {
      await this.#bucket.remove(claim);
      return false;
    }
    // Where it cannot be known whether this took place, the claim stays: it keeps users waiting until it must have.
    await this.#bucket.remove(key, { onceWithinMs: REMOVAL_MS });
    for (const mark of family.marks) await this.#bucket.remove(mark.key);
    await this.#bucket.remove(claim);
    return true;
  }

  async *list(): AsyncIterable<StoredArtifact> {
    for await (const { digest, artifact, marks } of this.#families(this.#prefix)) {
      if (artifact === null) continue;
      yield { digest, storedBytes: artifact.storedBytes, modifiedMs: lastUseMs(artifact, marks) };
    }
  }

  async sweepTemporaries(nowMs: number): Promise<number> {
    let removedCount = 0;
    for await (const { artifact, marks, claims } of this.#families(this.#prefix)) {
      // Beside an artifact the youngest mark is its age.
      const spare = artifact === null ? marks : marks.slice(0, -1);
      for (const { key, modifiedMs } of [...spare, ...claims]) {
        if (nowMs - modifiedMs < ABANDONED_MARK_MS) continue;
        await this.#bucket.remove(key);
        removedCount += 1;
      }
    }
    return removedCount;
  }

  /** Idempotent. */
  close(): void {
    this.#bucket.close();
  }

  async #holds(digest: ArtifactDigest, lengthBytes: number): Promise<boolean> {
    const { artifact } = await this.#look(digest);
    if (artifact?.storedBytes !== lengthBytes) return false;
    const found = await this.#bucket.read(artifact.key, (storedBytes) => {
      refuseTooLarge(digest, storedBytes);
      return new DigestSink();
    });
    return found === digest;
  }

  async #look(digest: ArtifactDigest): Promise<ArtifactFamily> {
    for await (const family of this.#families(this.#keyOf(digest))) return family;
    return { digest, artifact: null, marks: [], claims: [] };
  }

  /** (E2) Claims that come later see the mark that the caller has written. */
  async #lookAfterClaims(digest: ArtifactDigest): Promise<ArtifactFamily> {
    let family = await this.#look(digest);
    const sinceMs = this.#monotonicMs();
    let claims = family.claims;
    while (claims.length > 0) {
      if (this.#monotonicMs() - sinceMs > ABANDONED_CLAIM_MS) {
        for (const { key } of claims) await this.#bucket.remove(key);
      } else {
        await this.#pause(CLAIM_POLL_MS);
      }
      family = await this.#look(digest);
      const keys = new Set(family.claims.map(({ key }) => key));
      claims = claims.filter(({ key }) => keys.has(key));
    }
    return family;
  }

  #families(prefix: string): AsyncIterable<ArtifactFamily> {
    return groupFamilies(this.#bucket.list(prefix), this.#prefix);
  }

  #keyOf(digest: ArtifactDigest): string {
    refuseMalformed(digest);
    return `${this.#prefix}${digest}`;
  }
}

function isOlder({ artifact, marks }: ArtifactFamily, beforeMs: number): boolean {
  return artifact !== null && lastUseMs(artifact, marks) < beforeMs;
}

class BufferSink implements ByteSink<Buffer> {
  readonly #buffer: Buffer;
  #filledBytes = 0;

  constructor(storedBytes: number) {
    // Not of the pool: who keeps it keeps nothing else alive.
    this.#buffer = Buffer.allocUnsafeSlow(storedBytes);
  }

  add(chunk: Uint8Array): void {
    this.#buffer.set(chunk, this.#filledBytes);
    this.#filledBytes += chunk.byteLength;
  }

  end(): Buffer {
    return this.#buffer;
  }
}

class DigestSink implements ByteSink<string> {
  readonly #hash = createHash("sha256");

  add(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }

  end(): string {
    return this.#hash.digest("hex");
  }
}
