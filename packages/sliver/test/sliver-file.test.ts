import { isNanoError } from "@nano/protocol/errors";
import { createSigningKey, trustedKeysOf } from "@nano/sliver/signing-key";
import { describeSliver, parseSliver, readSection, type SliverFile, writeSliver } from "@nano/sliver/sliver-file";
import { HEADER_BYTES, type SectionKind, SIGNATURE_BYTES, sectionKinds } from "@nano/sliver/sliver-layout";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSampleSliver, sampleManifest } from "./sample-sliver.ts";

const sample = createSampleSliver(3_000);

/** Everything that anyone does with a sliver before it is used. */
function readAll(
  bytes: Buffer,
  trustedKeys = sample.trustedKeys,
): { file: SliverFile; sections: Map<SectionKind, Buffer> } {
  const file = parseSliver(bytes, { trustedKeys });
  return { file, sections: new Map(file.sections.map(({ kind }) => [kind, readSection(file, kind)])) };
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isNanoError(error)) return error.code;
    throw error;
  }
  return "accepted";
}

function changed(bytes: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
}

describe("a sliver file", () => {
  it("gives back what was written, whatever the sections hold", () => {
    const section = fc.option(fc.uint8Array({ maxLength: 5_000 }), { nil: undefined });
    const key = createSigningKey();
    fc.assert(
      fc.property(section, section, section, section, section, (snapshot, bytecode, script, sourceMap, wasm) => {
        const sections = { snapshot, bytecode, script, sourceMap, wasm };
        const read = readAll(writeSliver({ manifest: sampleManifest, sections }, key), trustedKeysOf(key));
        expect(read.file.manifest).toEqual(sampleManifest);
        expect(read.file.keyId).toBe(key.keyId);
        for (const kind of sectionKinds) {
          const written = sections[kind];
          expect(read.sections.get(kind)).toEqual(written === undefined ? undefined : Buffer.from(written));
        }
      }),
      { numRuns: 50 },
    );
  });

  it("shows what it says without a trusted key", () => {
    const shown = describeSliver(sample.bytes);
    expect(shown.manifest.app).toBe("hello.localhost");
    expect(shown.keyId).toBe(sample.key.keyId);
    expect(shown.sections.map(({ kind }) => kind)).toEqual(["snapshot", "script", "sourceMap"]);
  });

  it("names the section that is asked for and missing", () => {
    expect(refusal(() => readSection(readAll(sample.bytes).file, "bytecode"))).toBe("SLIVER_MISSING_SECTION");
  });

  it("refuses a manifest that is not one when it is written", () => {
    const manifest = { ...sampleManifest, attachSecret: "short" };
    expect(refusal(() => writeSliver({ manifest, sections: {} }, sample.key))).toBe("SLIVER_MALFORMED");
  });
});

describe("a tampered sliver is refused", () => {
  const signedBytes = readAll(sample.bytes).file.sections[0]?.offset ?? 0;

  it("when any byte of header, manifest, table or signature is altered", () => {
    for (let at = 0; at < signedBytes; at++) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const bytes = changed(sample.bytes, (copy) => copy.writeUInt8((copy[at] ?? 0) ^ mask, at));
        expect(
          refusal(() => readAll(bytes)),
          `byte ${at}`,
        ).toMatch(/^SLIVER_/);
      }
    }
  });

  it("when any byte of a section is altered, before it is decompressed", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: signedBytes, max: sample.bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, mask) => {
          const bytes = changed(sample.bytes, (copy) => copy.writeUInt8((copy[at] ?? 0) ^ mask, at));
          expect(refusal(() => readAll(bytes))).toBe("SLIVER_DIGEST_MISMATCH");
        },
      ),
      { numRuns: 200 },
    );
  });

  it("when it ends early, at every border and anywhere", () => {
    const { sections } = readAll(sample.bytes).file;
    const borders = [
      0,
      4,
      8,
      HEADER_BYTES,
      signedBytes - SIGNATURE_BYTES,
      signedBytes,
      ...sections.map((s) => s.offset + s.storedBytes),
    ];
    const lengths = new Set(
      borders.flatMap((border) => [border - 1, border]).filter((n) => n >= 0 && n < sample.bytes.length),
    );
    for (const length of lengths) {
      expect(
        refusal(() => readAll(sample.bytes.subarray(0, length))),
        `${length} bytes`,
      ).toBe("SLIVER_TRUNCATED");
    }
    for (let length = 0; length < sample.bytes.length; length += 7) {
      expect(refusal(() => readAll(sample.bytes.subarray(0, length)))).toBe("SLIVER_TRUNCATED");
    }
  });

  it("when something follows its end", () => {
    expect(refusal(() => readAll(Buffer.concat([sample.bytes, Buffer.alloc(1)])))).toBe("SLIVER_TRAILING_BYTES");
  });

  it("when two sections change places", () => {
    const [first, second] = readAll(sample.bytes).file.sections;
    if (first === undefined || second === undefined) throw new Error("The sample has too few sections");
    const { bytes } = sample;
    const swapped = Buffer.concat([
      bytes.subarray(0, first.offset),
      bytes.subarray(second.offset, second.offset + second.storedBytes),
      bytes.subarray(first.offset, second.offset),
      bytes.subarray(second.offset + second.storedBytes),
    ]);
    expect(refusal(() => readAll(swapped))).toBe("SLIVER_DIGEST_MISMATCH");
  });

  it("when its head comes from another sliver of the same key", () => {
    const other = createSampleSliver(3_001, sample.key);
    const mixed = Buffer.concat([other.bytes.subarray(0, signedBytes), sample.bytes.subarray(signedBytes)]);
    expect(refusal(() => readAll(mixed))).toMatch(/^SLIVER_/);
  });

  it("when the key is not trusted, or trusted under another's id", () => {
    const stranger = createSigningKey();
    expect(refusal(() => readAll(sample.bytes, trustedKeysOf(stranger)))).toBe("SLIVER_UNTRUSTED_KEY");
    const mistaken = new Map([[sample.key.keyId, stranger.publicKey]]);
    expect(refusal(() => readAll(sample.bytes, mistaken))).toBe("SLIVER_BAD_SIGNATURE");
  });

  it("when it is something else, a later format, or claims more than the maximum", () => {
    expect(refusal(() => readAll(Buffer.from("\x7fELF and more that is not a sliver at all")))).toBe(
      "SLIVER_BAD_MAGIC",
    );
    expect(refusal(() => readAll(changed(sample.bytes, (copy) => copy.writeUInt16LE(3, 8))))).toBe(
      "SLIVER_UNKNOWN_FORMAT",
    );
    expect(refusal(() => readAll(changed(sample.bytes, (copy) => copy.writeUInt32LE(0xffffffff, 12))))).toBe(
      "SLIVER_TOO_LARGE",
    );
    const huge = changed(sample.bytes, (copy) => copy.writeBigUInt64LE(0xffffffffffffffffn, 16));
    expect(refusal(() => readAll(huge))).toBe("SLIVER_TOO_LARGE");
  });

  it("with found and expected in its message", () => {
    try {
      readAll(sample.bytes.subarray(0, 39));
    } catch (error) {
      expect((error as Error).message).toBe("Sliver ends within its header: found 39 bytes, expected 40");
    }
    expect.assertions(1);
  });
});
