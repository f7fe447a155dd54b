/**
 * Layout of an unpacked sliver: what lies in a node's cache, ready for workers. DESIGN.md shows the same table.
 * It is of this node alone: an entry of another format is not converted but made anew from the sliver.
 *
 *   header (UNPACKED_HEADER_BYTES) · manifest JSON · padding to 8 · sections in the order of `sectionKinds` · end mark
 */
import { crc32 } from "node:zlib";
import { type SectionKind, sectionKinds } from "./sliver-layout.ts";

export const UNPACKED_MAGIC = "NANOUNPK";
export const UNPACKED_FORMAT = 2;
export const UNPACKED_HEADER_BYTES = 192;
export const UNPACKED_END_MARK = "NANOENDS";
/** Where the seal (HMAC-SHA-256 under the node's cache key) stands; it covers every other byte but the header's CRC. */
export const SEAL_OFFSET = 32;
export const SEAL_BYTES = 32;
const RANGES_OFFSET = 64;
const RANGE_BYTES = 24;
export const HEADER_CRC_OFFSET = 188;

/** Bytes at each end of the snapshot that are covered by a CRC-32. */
const EDGE_BYTES = 4096;
/** One word of the snapshot in so many is mixed into the sample check. */
const SAMPLE_STRIDE_WORDS = 128;

export interface Range {
  readonly offset: number;
  readonly bytes: number;
}

export interface SectionRange extends Range {
  /** Of the snapshot the sample check, of any other section the CRC-32. */
  readonly check: number;
}

export interface UnpackedHeader {
  readonly manifestBytes: number;
  readonly manifestCheck: number;
  readonly fileBytes: number;
  readonly ranges: Readonly<Record<SectionKind, SectionRange>>;
  readonly edgeCheck: number;
  readonly keyId: string;
}

export function encodeUnpackedHeader(header: UnpackedHeader, seal: Buffer): Buffer {
  const bytes = Buffer.alloc(UNPACKED_HEADER_BYTES);
  bytes.write(UNPACKED_MAGIC, 0, "latin1");
  bytes.writeUInt16LE(UNPACKED_FORMAT, 8);
  bytes.writeUInt32LE(header.manifestBytes, 12);
  bytes.writeBigUInt64LE(BigInt(header.fileBytes), 16);
  bytes.write(header.keyId, 24, 8, "hex");
  seal.copy(bytes, SEAL_OFFSET, 0, SEAL_BYTES);
  for (const [i, kind] of sectionKinds.entries()) {
    const at = RANGES_OFFSET + i * RANGE_BYTES;
    const range = header.ranges[kind];
    bytes.writeBigUInt64LE(BigInt(range.offset), at);
    bytes.writeBigUInt64LE(BigInt(range.bytes), at + 8);
    bytes.writeUInt32LE(range.check, at + 16);
    if (kind === "snapshot") bytes.writeUInt32LE(header.edgeCheck, at + 20);
  }
  bytes.writeUInt32LE(header.manifestCheck, 184);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER_CRC_OFFSET)), HEADER_CRC_OFFSET);
  return bytes;
}

/** Answers what is wrong instead of a header where the bytes are none. */
export function decodeUnpackedHeader(
  bytes: Buffer,
): UnpackedHeader | { readonly found: string; readonly expected: string } {
  if (bytes.byteLength < UNPACKED_HEADER_BYTES) {
    return { found: `${bytes.byteLength} bytes`, expected: `at least ${UNPACKED_HEADER_BYTES}` };
  }
  const magic = bytes.toString("latin1", 0, 8);
  if (magic !== UNPACKED_MAGIC) return { found: JSON.stringify(magic), expected: JSON.stringify(UNPACKED_MAGIC) };
  const format = bytes.readUInt16LE(8);
  if (format !== UNPACKED_FORMAT) return { found: `format ${format}`, expected: `format ${UNPACKED_FORMAT}` };
  const crc = crc32(bytes.subarray(0, HEADER_CRC_OFFSET));
  if (crc !== bytes.readUInt32LE(HEADER_CRC_OFFSET)) {
    return { found: `CRC ${crc}`, expected: `CRC ${bytes.readUInt32LE(HEADER_CRC_OFFSET)}` };
  }
  const ranges = Object.fromEntries(sectionKinds.map((kind, i) => [kind, readRange(bytes, i)]));
  return {
    manifestBytes: bytes.readUInt32LE(12),
    manifestCheck: bytes.readUInt32LE(184),
    fileBytes: Number(bytes.readBigUInt64LE(16)),
    ranges: ranges as Record<SectionKind, SectionRange>,
    edgeCheck: bytes.readUInt32LE(RANGES_OFFSET + 20),
    keyId: bytes.toString("hex", 24, 32),
  };
}

/**
 * Mixes one word in `SAMPLE_STRIDE_WORDS` of the snapshot and its length: a block that was lost, zeroed or displaced
 * changes it; a single flipped byte does so once in `SAMPLE_STRIDE_WORDS`. No defence against anyone who writes on purpose.
 */
export function sampleCheck(snapshot: ArrayBuffer): number {
  const words = new Uint32Array(snapshot, 0, snapshot.byteLength >>> 2);
  let mixed = snapshot.byteLength | 0;
  for (let i = 0; i < words.length; i += SAMPLE_STRIDE_WORDS) {
    mixed = Math.imul(mixed ^ (words[i] as number), 0x9e3779b1);
    mixed ^= mixed >>> 15;
  }
  return mixed >>> 0;
}

/** CRC-32 of both ends of the snapshot. */
export function edgeCheck(snapshot: ArrayBuffer): number {
  const bytes = new Uint8Array(snapshot);
  return crc32(bytes.subarray(-EDGE_BYTES), crc32(bytes.subarray(0, EDGE_BYTES)));
}

function readRange(bytes: Buffer, index: number): SectionRange {
  const at = RANGES_OFFSET + index * RANGE_BYTES;
  return {
    offset: Number(bytes.readBigUInt64LE(at)),
    bytes: Number(bytes.readBigUInt64LE(at + 8)),
    check: bytes.readUInt32LE(at + 16),
  };
}
