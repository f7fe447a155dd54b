/**
 * Offsets of the sliver file, written once for writer and reader; DESIGN.md shows the same table.
 * Integers are little-endian. Lengths are u64 in the file and refused above the named maxima before they are used.
 */
export const SLIVER_MAGIC = "NANOSLVR";
/** What is written. */
export const SLIVER_FORMAT = 2;
/** What is read. */
export const SLIVER_FORMATS: readonly number[] = [1, 2];

export const HEADER_BYTES = 40;
export const TABLE_ENTRY_BYTES = 96;
export const SIGNATURE_BYTES = 64;
export const KEY_ID_BYTES = 8;

/** Largest JSON manifest: more than the longest texts that its schema lets through. */
export const MAX_MANIFEST_BYTES = 256 * 1024;
/** Largest section before compression: what one decompression may allocate. */
export const MAX_SECTION_BYTES = 256 * 1024 * 1024;
/** Largest sliver file. */
export const MAX_SLIVER_BYTES = 512 * 1024 * 1024;

/** In the order of the file. `wasm`: a pack of the WebAssembly modules that the script imports (`wasm-pack.ts`). */
export const sectionKinds = ["snapshot", "bytecode", "script", "sourceMap", "wasm"] as const;
export type SectionKind = (typeof sectionKinds)[number];
export const MAX_SECTIONS = sectionKinds.length;

const SECTION_NUMBERS = { snapshot: 1, bytecode: 2, script: 3, sourceMap: 4, wasm: 5 } as const satisfies Record<
  SectionKind,
  number
>;
/** The format that a kind of section came with. */
export const SECTION_SINCE_FORMAT: Readonly<Record<SectionKind, number>> = {
  snapshot: 1,
  bytecode: 1,
  script: 1,
  sourceMap: 1,
  wasm: 2,
};
/** The only codec. */
export const CODEC_ZSTD = 1;

export interface SliverHeader {
  readonly format: number;
  readonly sectionCount: number;
  readonly manifestBytes: number;
  readonly fileBytes: bigint;
  readonly keyId: string;
  readonly reserved: bigint;
}

export interface SectionEntry {
  readonly kind: SectionKind;
  /** From the beginning of the file. */
  readonly offset: number;
  readonly storedBytes: number;
  readonly rawBytes: number;
  /** SHA-256, hex. `storedDigest` is checked before decompression, `rawDigest` after it. */
  readonly storedDigest: string;
  readonly rawDigest: string;
}

export function encodeHeader(header: SliverHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write(SLIVER_MAGIC, 0, "latin1");
  bytes.writeUInt16LE(header.format, 8);
  bytes.writeUInt16LE(header.sectionCount, 10);
  bytes.writeUInt32LE(header.manifestBytes, 12);
  bytes.writeBigUInt64LE(header.fileBytes, 16);
  bytes.write(header.keyId, 24, KEY_ID_BYTES, "hex");
  bytes.writeBigUInt64LE(header.reserved, 32);
  return bytes;
}

/** Reads the fields behind the magic; the caller has checked that `HEADER_BYTES` are there. */
export function decodeHeader(bytes: Buffer): SliverHeader {
  return {
    format: bytes.readUInt16LE(8),
    sectionCount: bytes.readUInt16LE(10),
    manifestBytes: bytes.readUInt32LE(12),
    fileBytes: bytes.readBigUInt64LE(16),
    keyId: bytes.toString("hex", 24, 24 + KEY_ID_BYTES),
    reserved: bytes.readBigUInt64LE(32),
  };
}

export function encodeTableEntry(entry: SectionEntry): Buffer {
  const bytes = Buffer.alloc(TABLE_ENTRY_BYTES);
  bytes.writeUInt16LE(SECTION_NUMBERS[entry.kind], 0);
  bytes.writeUInt16LE(CODEC_ZSTD, 2);
  bytes.writeBigUInt64LE(BigInt(entry.offset), 8);
  bytes.writeBigUInt64LE(BigInt(entry.storedBytes), 16);
  bytes.writeBigUInt64LE(BigInt(entry.rawBytes), 24);
  bytes.write(entry.storedDigest, 32, "hex");
  bytes.write(entry.rawDigest, 64, "hex");
  return bytes;
}

/** One row of the section table, not judged yet: `kind` undefined where the number is unknown. */
export interface RawTableEntry extends Omit<SectionEntry, "kind"> {
  readonly kind: SectionKind | undefined;
  readonly kindNumber: number;
  readonly codec: number;
}

export function decodeTableEntry(bytes: Buffer, at: number): RawTableEntry {
  const kindNumber = bytes.readUInt16LE(at);
  return {
    kindNumber,
    kind: sectionKinds.find((kind) => SECTION_NUMBERS[kind] === kindNumber),
    codec: bytes.readUInt16LE(at + 2),
    offset: Number(bytes.readBigUInt64LE(at + 8)),
    storedBytes: Number(bytes.readBigUInt64LE(at + 16)),
    rawBytes: Number(bytes.readBigUInt64LE(at + 24)),
    storedDigest: bytes.toString("hex", at + 32, at + 64),
    rawDigest: bytes.toString("hex", at + 64, at + 96),
  };
}
