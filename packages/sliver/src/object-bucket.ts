/**
 * Port of what `S3Store` asks of an object store: whole objects under keys, and lists of keys.
 *
 * I1 What was written or removed is so for every read and list that begins after the answer, by whomever.
 * I2 A write is atomic: a read gives one whole object or another.
 */

export interface BucketEntry {
  readonly key: string;
  readonly storedBytes: number;
  /** By the server's clock. */
  readonly modifiedMs: number;
}

/** Takes an object's bytes as they come. */
export interface ByteSink<T> {
  add(chunk: Uint8Array): void;
  end(): T;
}

export interface ObjectBucket {
  has(key: string): Promise<boolean>;
  /**
   * Null: no such object. `open` is called with the object's size before a byte of it is read, again where the read has to be repeated.
   * @throws what `open` throws
   */
  read<T>(key: string, open: (storedBytes: number) => ByteSink<T>): Promise<T | null>;
  write(key: string, bytes: Uint8Array): Promise<void>;
  /** Idempotent. With `onceWithinMs` it is tried once, and not waited for any longer: a removal that comes late could hit what came after. */
  remove(key: string, options?: { readonly onceWithinMs?: number }): Promise<void>;
  /** By key, in ascending order, a page at a time. */
  list(prefix: string): AsyncIterable<BucketEntry>;
  /** Idempotent. */
  close(): void;
}
