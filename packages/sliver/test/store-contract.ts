/** What every `SliverStore` does. */
import { hash } from "node:crypto";
import type { ArtifactDigest } from "@nano/protocol/brands";
import { digestOf, type SliverStore } from "@nano/sliver/sliver-store";
import { describe, expect, it } from "vitest";

export function describeSliverStore(name: string, open: () => Promise<SliverStore>): void {
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
