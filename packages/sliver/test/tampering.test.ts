/** Whoever can write to the store, but cannot sign, gets nothing of his into a node: each change is refused by both readers. */
import { sign } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { AppName, ArtifactDigest, EngineFingerprint, VersionId } from "@nano/protocol/brands";
import { createSigningKey, trustedKeysOf } from "@nano/sliver/signing-key";
import { readSection, type SliverFile, writeSliver } from "@nano/sliver/sliver-file";
import { HEADER_BYTES, type SectionEntry, SIGNATURE_BYTES, TABLE_ENTRY_BYTES } from "@nano/sliver/sliver-layout";
import { assertOrigin } from "@nano/sliver/sliver-origin";
import { digestOf } from "@nano/sliver/sliver-store";
import { beforeEach, describe, expect, it } from "vitest";
import { goldenKey, goldenParts } from "./golden-parts.ts";
import { openTestCache, readWhole, refusalOf } from "./read-whole.ts";
import { sampleBytes } from "./sample-sliver.ts";

const RANDOM_CHANGES = 10_000;

const key = goldenKey();
const trustedKeys = trustedKeysOf(key);
const sliver = writeSliver(goldenParts, key);
const { file } = readWhole(sliver, trustedKeys);
const manifestEnd = HEADER_BYTES + sliver.readUInt32LE(12);
/** Header, manifest, table and signature. */
const headBytes = file.sections[0]?.offset ?? 0;
const tableEnd = headBytes - SIGNATURE_BYTES;

/** Another one of the same key, with the same kinds of sections; those of the same length, too. */
const other = writeSliver(
  {
    manifest: { ...goldenParts.manifest, versionId: "vffffffffffffffff" as VersionId },
    sections: { ...goldenParts.sections, snapshot: sampleBytes(2_000, 9), script: Buffer.from("__nano_app__(null)") },
  },
  key,
);
const otherFile = readWhole(other, trustedKeys).file;

let node: Awaited<ReturnType<typeof openTestCache>>;

beforeEach(async () => {
  node = await openTestCache(trustedKeys);
});

/** Neither reader may give out a byte of it; answers the code. */
async function refusalByBoth(bytes: Buffer): Promise<string> {
  const code = await refusalOf(() => readWhole(bytes, trustedKeys));
  const codeOfCache = await refusalOf(() => node.admit(bytes));
  expect(codeOfCache).toBe(code);
  return code;
}

async function expectNothingKept(): Promise<void> {
  expect(await readdir(join(node.directory, "entries"))).toEqual([]);
  expect(node.cache.usedBytes).toBe(0);
}

function changed(bytes: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
}

function flipped(at: number, mask: number): Buffer {
  return changed(sliver, (copy) => copy.writeUInt8((copy[at] ?? 0) ^ mask, at));
}

/** Numbers below `bound`, the same ones in each run. */
function seededNumbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

function sectionOf({ sections }: SliverFile, kind: string): SectionEntry {
  const found = sections.find((section) => section.kind === kind);
  if (found === undefined) throw new Error(`The sample has no section ${kind}`);
  return found;
}

/** The file with the bodies of its sections in another order or from elsewhere. */
function withBodies(bodies: readonly Buffer[]): Buffer {
  return Buffer.concat([sliver.subarray(0, headBytes), ...bodies]);
}

function bodyOf(bytes: Buffer, { offset, storedBytes }: SectionEntry): Buffer {
  return bytes.subarray(offset, offset + storedBytes);
}

/** A row of a section table. */
function rowOf(bytes: Buffer, index: number): Buffer {
  const at = HEADER_BYTES + bytes.readUInt32LE(12) + index * TABLE_ENTRY_BYTES;
  return bytes.subarray(at, at + TABLE_ENTRY_BYTES);
}

describe("an altered sliver is refused", () => {
  it("whichever byte of header, manifest, section table or signature it is", async () => {
    for (let at = 0; at < headBytes; at++) {
      for (const mask of [0x01, 0xff]) expect(await refusalByBoth(flipped(at, mask)), `byte ${at}`).toMatch(/^SLIVER_/);
    }
    // What the signature covers is refused by it, unless a length or name gives it away before.
    for (const at of [HEADER_BYTES, manifestEnd - 1, manifestEnd, tableEnd - 1, tableEnd, headBytes - 1]) {
      expect(await refusalByBoth(flipped(at, 0x01)), `byte ${at}`).toBe("SLIVER_BAD_SIGNATURE");
    }
    await expectNothingKept();
  });

  it("whichever byte of a section it is, before it is decompressed", async () => {
    const next = seededNumbers(20_261_122);
    const codes = new Set<string>();
    for (let i = 0; i < RANDOM_CHANGES; i++) {
      const bytes = flipped(headBytes + next(sliver.length - headBytes), 1 + next(255));
      // The head is as it was verified above; the cache verifies it once more.
      codes.add(await refusalOf(() => file.sections.map(({ kind }) => readSection({ ...file, bytes }, kind))));
      codes.add(await refusalOf(() => node.admit(bytes)));
    }
    expect([...codes]).toEqual(["SLIVER_DIGEST_MISMATCH"]);
    await expectNothingKept();
  });

  it("when the store answers it under the digest of the true one", async () => {
    for (const bytes of [flipped(0, 1), flipped(sliver.length - 1, 1), sliver.subarray(0, -1), other]) {
      expect(await refusalOf(() => node.admitAs(digestOf(sliver), bytes))).toBe("SLIVER_DIGEST_MISMATCH");
    }
    await expectNothingKept();
  });
});

describe("a truncated sliver is refused", () => {
  it("at each border of its parts, a byte before and behind", async () => {
    const borders = [0, 8, HEADER_BYTES, manifestEnd, tableEnd, ...file.sections.map(({ offset }) => offset)];
    const lengths = borders.flatMap((border) => [border - 1, border, border + 1]).filter((length) => length >= 0);
    for (const length of [...lengths, sliver.length - 1]) {
      expect(await refusalByBoth(sliver.subarray(0, length)), `${length} bytes`).toBe("SLIVER_TRUNCATED");
    }
    await expectNothingKept();
  });

  it("anywhere", async () => {
    for (let length = 0; length < sliver.length; length += 13) {
      expect(await refusalByBoth(sliver.subarray(0, length)), `${length} bytes`).toBe("SLIVER_TRUNCATED");
    }
  });

  it("when what is missing is filled up, or something follows", async () => {
    for (const { offset } of file.sections) {
      expect(await refusalByBoth(changed(sliver, (copy) => copy.fill(0, offset)))).toBe("SLIVER_DIGEST_MISMATCH");
    }
    expect(await refusalByBoth(Buffer.concat([sliver, Buffer.alloc(1)]))).toBe("SLIVER_TRAILING_BYTES");
    expect(await refusalByBoth(Buffer.concat([sliver, other]))).toBe("SLIVER_TRAILING_BYTES");
  });

  it("with found and expected in its message", () => {
    const read = () => readWhole(sliver.subarray(0, 39), trustedKeys);
    expect(read).toThrow("Sliver ends within its header: found 39 bytes, expected 40");
  });
});

describe("sections at the wrong place are refused", () => {
  it("when two of a sliver change places", async () => {
    const bodies = file.sections.map((section) => bodyOf(sliver, section));
    for (let i = 0; i < bodies.length; i++) {
      for (let j = i + 1; j < bodies.length; j++) {
        const order = bodies.with(i, bodies[j] as Buffer).with(j, bodies[i] as Buffer);
        expect(await refusalByBoth(withBodies(order)), `${i} and ${j}`).toBe("SLIVER_DIGEST_MISMATCH");
      }
    }
    await expectNothingKept();
  });

  it("when one is another sliver's, of whatever length", async () => {
    const kinds = ["snapshot", "script"];
    for (const kind of kinds) {
      const foreign = bodyOf(other, sectionOf(otherFile, kind));
      const bodies = file.sections.map((section) => (section.kind === kind ? foreign : bodyOf(sliver, section)));
      expect(await refusalByBoth(withBodies(bodies)), kind).toMatch(
        /^SLIVER_(DIGEST_MISMATCH|TRUNCATED|TRAILING_BYTES)$/,
      );
      // Cut or padded to the length that the table says.
      const { storedBytes } = sectionOf(file, kind);
      const fitting = Buffer.alloc(storedBytes);
      foreign.copy(fitting);
      const fitted = file.sections.map((section) => (section.kind === kind ? fitting : bodyOf(sliver, section)));
      expect(await refusalByBoth(withBodies(fitted)), kind).toBe("SLIVER_DIGEST_MISMATCH");
    }
    await expectNothingKept();
  });

  it("when rows of the table change places, or are another sliver's", async () => {
    for (let i = 0; i < file.sections.length; i++) {
      const at = manifestEnd + i * TABLE_ENTRY_BYTES;
      const foreign = rowOf(other, i);
      if (!foreign.equals(rowOf(sliver, i))) {
        expect(await refusalByBoth(changed(sliver, (copy) => foreign.copy(copy, at)))).toBe("SLIVER_BAD_SIGNATURE");
      }
      const next = (i + 1) % file.sections.length;
      const swapped = changed(sliver, (copy) => {
        rowOf(sliver, next).copy(copy, at);
        rowOf(sliver, i).copy(copy, manifestEnd + next * TABLE_ENTRY_BYTES);
      });
      expect(await refusalByBoth(swapped)).toBe("SLIVER_BAD_SIGNATURE");
    }
    await expectNothingKept();
  });

  it("when manifest, table, signature or all of the head is another sliver's", async () => {
    const parts = [
      [HEADER_BYTES, manifestEnd],
      [manifestEnd, tableEnd],
      [tableEnd, headBytes],
    ] as const;
    for (const [from, to] of parts) {
      const mixed = changed(sliver, (copy) => other.copy(copy, from, from, to));
      expect(await refusalByBoth(mixed)).toBe("SLIVER_BAD_SIGNATURE");
    }
    const headed = Buffer.concat([other.subarray(0, headBytes), sliver.subarray(headBytes)]);
    expect(await refusalByBoth(headed)).toMatch(/^SLIVER_/);
    await expectNothingKept();
  });

  it("when a file of format 1 has a section that its format does not know", async () => {
    // Rightly signed: a builder that confuses formats, not an attacker.
    const head = Buffer.from(
      sliver.subarray(0, tableEnd).toString("latin1").replace('"format":2', '"format":1'),
      "latin1",
    );
    head.writeUInt16LE(1, 8);
    const confused = Buffer.concat([head, sign(null, head, key.privateKey), sliver.subarray(headBytes)]);
    expect(await refusalByBoth(confused)).toBe("SLIVER_MALFORMED");
  });
});

describe("a sliver that nobody trusted signed is refused", () => {
  it("when its key is unknown, or trusted under another's id", async () => {
    const stranger = createSigningKey();
    const read = (keys: typeof trustedKeys) => refusalOf(() => readWhole(sliver, keys));
    expect(await read(trustedKeysOf(stranger))).toBe("SLIVER_UNTRUSTED_KEY");
    expect(await read(new Map([[key.keyId, stranger.publicKey]]))).toBe("SLIVER_BAD_SIGNATURE");
    expect(await refusalByBoth(writeSliver(goldenParts, stranger))).toBe("SLIVER_UNTRUSTED_KEY");
    await expectNothingKept();
  });

  it("when it is something else, of a later format, or claims more than the maximum", async () => {
    const elf = Buffer.from("\x7fELF and more that is not a sliver at all");
    expect(await refusalByBoth(elf)).toBe("SLIVER_BAD_MAGIC");
    expect(await refusalByBoth(changed(sliver, (copy) => copy.writeUInt16LE(3, 8)))).toBe("SLIVER_UNKNOWN_FORMAT");
    expect(await refusalByBoth(changed(sliver, (copy) => copy.writeUInt16LE(1, 8)))).toBe("SLIVER_BAD_SIGNATURE");
    expect(await refusalByBoth(changed(sliver, (copy) => copy.writeUInt32LE(0xffffffff, 12)))).toBe("SLIVER_TOO_LARGE");
    const huge = changed(sliver, (copy) => copy.writeBigUInt64LE(0xffffffffffffffffn, 16));
    expect(await refusalByBoth(huge)).toBe("SLIVER_TOO_LARGE");
  });
});

describe("a sliver that was made for something else", () => {
  const { manifest } = file;
  const expected = {
    app: manifest.app,
    versionId: manifest.versionId,
    bundle: manifest.bundle,
    fingerprint: manifest.fingerprint,
  };

  it("is let through where all that is known of its place fits", () => {
    assertOrigin(manifest, expected);
    assertOrigin(manifest, { app: manifest.app, versionId: manifest.versionId });
  });

  it("is refused although it is rightly signed: an old version's for a newer one", async () => {
    const admitted = await node.admit(sliver);
    const newer = { ...expected, versionId: "vaaaaaaaaaaaaaaaa" as VersionId };
    expect(() => assertOrigin(admitted.manifest, newer)).toThrow(
      `Sliver was made for something else, by its versionId: found ${manifest.versionId}, expected vaaaaaaaaaaaaaaaa`,
    );
  });

  it.each([
    ["app", { app: "bank" as AppName }],
    ["bundle", { bundle: "00".repeat(32) as ArtifactDigest }],
    ["fingerprint", { fingerprint: "00".repeat(16) as EngineFingerprint }],
  ])("is refused where its %s is another", (part, difference) => {
    expect(() => assertOrigin(manifest, { ...expected, ...difference })).toThrow(`by its ${part}: found`);
  });
});
