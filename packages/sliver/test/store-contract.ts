/** What every `SliverStore` does. */
import { hash } from "node:crypto";
import type { ArtifactDigest } from "@nano/protocol/brands";
import { digestOf, type SliverStore } from "@nano/sliver/sliver-store";
import { describe, expect, it } from "vitest";

export type OpenStore = (options?: { readonly nowMs: () => number }) => Promise<SliverStore>;

export interface ContractOptions {
  /** How often a use and a removal for age are let loose on one artifact. @default 100 */
  readonly raceCount?: number;
}

export function describeSliverStore(name: string, open: OpenStore, { raceCount = 100 }: ContractOptions = {}): void {
  describe(name, () => {
    it("gives back the bytes that were put", async () => {
      const store = await open();
      const bytes = Buffer.from([0, 1, 2, 255]);
      const digest = digestOf(bytes);
      expect(await store.has(digest)).toBe(false);
      expect(await store.get(digest)).toBeNull();
      await store.put(digest, bytes);
      await store.put(digest, bytes);
      expect(await store.has(digest)).toBe(true);
      expect(await store.get(digest)).toEqual(bytes);
    });

    it("refuses bytes under a digest that is not theirs", async () => {
      const store = await open();
      const digest = hash("sha256", "something else") as ArtifactDigest;
      await expect(store.put(digest, Buffer.from("x"))).rejects.toMatchObject({ code: "SLIVER_DIGEST_MISMATCH" });
      expect(await store.has(digest)).toBe(false);
    });

    it("lists and deletes", async () => {
      const store = await open();
      const bodies = Array.from({ length: 20 }, (_, i) => Buffer.from(`body ${i}`));
      await Promise.all(bodies.map((body) => store.put(digestOf(body), body)));
      const gone = digestOf(bodies[3] as Buffer);
      await store.delete(gone);
      await store.delete(gone);
      const listed: string[] = [];
      for await (const { digest, storedBytes } of store.list()) {
        expect(storedBytes).toBeGreaterThan(0);
        listed.push(digest);
      }
      expect(listed.sort()).toEqual(
        bodies
          .map(digestOf)
          .filter((digest) => digest !== gone)
          .sort(),
      );
    });

    it("tells when an artifact was put or touched last", async () => {
      let nowMs = 1_000_000;
      const store = await open({ nowMs: () => nowMs });
      const [first, second] = [Buffer.from("first"), Buffer.from("second")];
      await store.put(digestOf(first), first);
      await store.put(digestOf(second), second);
      nowMs = 2_000_123;
      await store.put(digestOf(first), first);
      nowMs = 3_000_456;
      expect(await store.touch(digestOf(second))).toBe(true);
      const modifiedMs = new Map<string, number>();
      for await (const artifact of store.list()) modifiedMs.set(artifact.digest, artifact.modifiedMs);
      expect(Object.fromEntries(modifiedMs)).toEqual({ [digestOf(first)]: 2_000_123, [digestOf(second)]: 3_000_456 });
      expect(await store.get(digestOf(second))).toEqual(second);
    });

    it("does not bring an artifact into being by a touch", async () => {
      const store = await open();
      const digest = digestOf(Buffer.from("x"));
      expect(await store.touch(digest)).toBe(false);
      expect(await store.has(digest)).toBe(false);
    });

    it("deletes what is older than a time, and nothing younger", async () => {
      let nowMs = 1_000_000;
      const store = await open({ nowMs: () => nowMs });
      const bodies = ["old", "put again", "touched"].map((text) => Buffer.from(text));
      const [old, putAgain, touched] = bodies.map(digestOf) as [ArtifactDigest, ArtifactDigest, ArtifactDigest];
      for (const body of bodies) await store.put(digestOf(body), body);
      nowMs = 2_000_000;
      await store.put(putAgain, bodies[1] as Buffer);
      await store.touch(touched);
      expect(await store.deleteOlder(old, 1_000_000), "of that very time").toBe(false);
      expect(await store.deleteOlder(old, 2_000_000)).toBe(true);
      expect(await store.deleteOlder(old, 2_000_000), "gone already").toBe(false);
      for (const digest of [putAgain, touched]) expect(await store.deleteOlder(digest, 2_000_000)).toBe(false);
      expect(await Promise.all([old, putAgain, touched].map((digest) => store.has(digest)))).toEqual([
        false,
        true,
        true,
      ]);
    });

    it("keeps what is put or touched while it is being deleted for its age, or says that it is gone", async () => {
      let nowMs = 0;
      const store = await open({ nowMs: () => nowMs });
      const bytes = Buffer.alloc(10_000, "b");
      const digest = digestOf(bytes);
      for (let round = 1; round <= raceCount; round++) {
        nowMs = round * 10_000;
        await store.put(digest, bytes);
        nowMs += 5_000;
        const use = round % 2 === 0 ? store.put(digest, bytes).then(() => true) : store.touch(digest);
        const [isThere] = await Promise.all([use, ...[1, 2].map(() => store.deleteOlder(digest, nowMs))]);
        expect(await store.has(digest), `round ${round}`).toBe(isThere);
      }
    });

    it("sweeps no artifact, however old", async () => {
      const store = await open({ nowMs: () => 1_000 });
      const bytes = Buffer.from("old");
      await store.put(digestOf(bytes), bytes);
      expect(await store.sweepTemporaries(Date.now())).toBe(0);
      expect(await store.has(digestOf(bytes))).toBe(true);
    });

    it("keeps one whole artifact when many put it at once", async () => {
      const store = await open();
      const bytes = Buffer.alloc(100_000, "a");
      const digest = digestOf(bytes);
      await Promise.all(Array.from({ length: 10 }, () => store.put(digest, bytes)));
      expect(await store.get(digest)).toEqual(bytes);
    });

    it("refuses a digest that is a path", async () => {
      const store = await open();
      const digest = "../../etc/passwd" as ArtifactDigest;
      await expect(store.get(digest)).rejects.toMatchObject({ code: "SLIVER_MALFORMED" });
    });
  });
}
