/**
 * Artifacts that clients of this process are about to put into a record: uploads that no deploy has named yet, and
 * deploys under way. What is released is not removed at once while it is among them: a deploy of the same content would be
 * told to upload again. The longest open ones are forgotten beyond `MAX_OPEN`, such as uploads whose deploy never came.
 */
import type { ArtifactDigest } from "@nano/protocol/brands";

export const MAX_OPEN = 10_000;

export class ArtifactUse {
  readonly #openCounts = new Map<ArtifactDigest, number>();

  isOpen(digest: ArtifactDigest): boolean {
    return this.#openCounts.has(digest);
  }

  /** Runs an upload. One that succeeds stays open until a deploy names it. */
  async upload<T>(digest: ArtifactDigest, work: () => Promise<T>): Promise<T> {
    this.#open(digest);
    try {
      return await work();
    } catch (error) {
      this.#close(digest);
      throw error;
    }
  }

  /** Runs a deploy. One that succeeds ends an upload of each artifact that it names. */
  async deploy<T>(digests: readonly ArtifactDigest[], work: () => Promise<T>): Promise<T> {
    for (const digest of digests) this.#open(digest);
    try {
      const result = await work();
      for (const digest of digests) this.#close(digest);
      return result;
    } finally {
      for (const digest of digests) this.#close(digest);
    }
  }

  #open(digest: ArtifactDigest): void {
    const count = this.#openCounts.get(digest) ?? 0;
    this.#openCounts.delete(digest);
    this.#openCounts.set(digest, count + 1);
    const oldest = this.#openCounts.keys().next().value;
    if (oldest !== undefined && this.#openCounts.size > MAX_OPEN) this.#openCounts.delete(oldest);
  }

  #close(digest: ArtifactDigest): void {
    const count = this.#openCounts.get(digest) ?? 0;
    if (count > 1) this.#openCounts.set(digest, count - 1);
    else this.#openCounts.delete(digest);
  }
}
