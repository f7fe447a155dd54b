/** A bucket in memory, each of whose requests takes effect at a moment of the test's choosing. */
import type { BucketEntry, ByteSink, ObjectBucket } from "@nano/sliver/object-bucket";

/** Called as each request arrives and as each answer leaves; with one that throws, the request or its answer is lost. */
export type Pace = (step: string) => Promise<void>;

export class MemoryBucket implements ObjectBucket {
  readonly objects = new Map<string, { readonly bytes: Uint8Array; readonly modifiedMs: number }>();
  readonly #pace: Pace;
  readonly #nowMs: () => number;

  constructor(pace: Pace = async () => undefined, nowMs: () => number = Date.now) {
    this.#pace = pace;
    this.#nowMs = nowMs;
  }

  has(key: string): Promise<boolean> {
    return this.#request(`has ${key}`, () => this.objects.has(key));
  }

  read<T>(key: string, open: (storedBytes: number) => ByteSink<T>): Promise<T | null> {
    return this.#request(`read ${key}`, () => {
      const object = this.objects.get(key);
      if (object === undefined) return null;
      const sink = open(object.bytes.byteLength);
      sink.add(object.bytes);
      return sink.end();
    });
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    await this.#request(`write ${key}`, () => this.objects.set(key, { bytes, modifiedMs: this.#nowMs() }));
  }

  async remove(key: string): Promise<void> {
    await this.#request(`remove ${key}`, () => this.objects.delete(key));
  }

  async *list(prefix: string): AsyncIterable<BucketEntry> {
    yield* await this.#request(`list ${prefix}`, () =>
      [...this.objects]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, { bytes, modifiedMs }]) => ({ key, storedBytes: bytes.byteLength, modifiedMs })),
    );
  }

  close(): void {}

  async #request<T>(step: string, work: () => T): Promise<T> {
    await this.#pace(`begin ${step}`);
    const result = work();
    await this.#pace(`end ${step}`);
    return result;
  }
}
