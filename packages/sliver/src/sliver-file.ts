/**
 * The sliver file: write, verify, read. Layout in DESIGN.md and `sliver-layout.ts`.
 *
 * I1 The signature covers header, manifest and section table; the table holds the digest of every section.
 * I2 Until the signature is verified, nothing of the file is used but its header, and no length of it above a named maximum.
 * I3 A section is decompressed only after the digest of its stored bytes was found right, and into at most the length that was signed.
 */
import { hash, type KeyObject, sign, verify } from "node:crypto";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { errors } from "./errors.ts";
import type { SigningKey, TrustedKeys } from "./signing-key.ts";
import {
  CODEC_ZSTD,
  decodeHeader,
  decodeTableEntry,
  encodeHeader,
  encodeTableEntry,
  HEADER_BYTES,
  MAX_MANIFEST_BYTES,
  MAX_SECTION_BYTES,
  MAX_SECTIONS,
  MAX_SLIVER_BYTES,
  SECTION_SINCE_FORMAT,
  type SectionEntry,
  type SectionKind,
  SIGNATURE_BYTES,
  SLIVER_FORMAT,
  SLIVER_FORMATS,
  SLIVER_MAGIC,
  type SliverHeader,
  sectionKinds,
  TABLE_ENTRY_BYTES,
} from "./sliver-layout.ts";
import { decodeManifest, encodeManifest, type SliverManifest, sliverManifestSchema } from "./sliver-manifest.ts";

/** What a builder hands over. A section that is left out or empty-handed (undefined) is not in the file. */
export interface SliverParts {
  readonly manifest: SliverManifest;
  readonly sections: { readonly [K in SectionKind]?: Uint8Array | undefined };
}

/** A file that was found right: signature, lengths, manifest. Its sections are checked when they are read. */
export interface SliverFile {
  /** Of the file; its manifest reads the same whatever it is. */
  readonly format: number;
  readonly keyId: string;
  readonly manifest: SliverManifest;
  readonly sections: readonly SectionEntry[];
  readonly bytes: Buffer;
}

/** Builds the file and signs it. @throws SLIVER_TOO_LARGE, SLIVER_MALFORMED (manifest) */
export function writeSliver(parts: SliverParts, signingKey: SigningKey): Buffer {
  const manifest = encodeManifest(takeManifest(sliverManifestSchema.safeParse(parts.manifest)), SLIVER_FORMAT);
  refuseAbove("manifest", manifest.byteLength, MAX_MANIFEST_BYTES);
  const kinds = sectionKinds.filter((kind) => parts.sections[kind] !== undefined);
  let offset = HEADER_BYTES + manifest.byteLength + kinds.length * TABLE_ENTRY_BYTES + SIGNATURE_BYTES;
  const table: Buffer[] = [];
  const bodies: Buffer[] = [];
  for (const kind of kinds) {
    const raw = parts.sections[kind] as Uint8Array;
    refuseAbove(kind, raw.byteLength, MAX_SECTION_BYTES);
    const stored = zstdCompressSync(raw);
    table.push(
      encodeTableEntry({
        kind,
        offset,
        storedBytes: stored.byteLength,
        rawBytes: raw.byteLength,
        storedDigest: hash("sha256", stored),
        rawDigest: hash("sha256", raw),
      }),
    );
    bodies.push(stored);
    offset += stored.byteLength;
  }
  refuseAbove("file", offset, MAX_SLIVER_BYTES);
  const header = encodeHeader({
    format: SLIVER_FORMAT,
    sectionCount: kinds.length,
    manifestBytes: manifest.byteLength,
    fileBytes: BigInt(offset),
    keyId: signingKey.keyId,
    reserved: 0n,
  });
  const signed = Buffer.concat([header, manifest, ...table]);
  return Buffer.concat([signed, sign(null, signed, signingKey.privateKey), ...bodies]);
}

/**
 * Verifies a file up to its section table. Sections follow by `readSection`.
 * @throws SLIVER_TRUNCATED, SLIVER_TRAILING_BYTES, SLIVER_BAD_MAGIC, SLIVER_UNKNOWN_FORMAT, SLIVER_UNTRUSTED_KEY,
 * SLIVER_BAD_SIGNATURE, SLIVER_TOO_LARGE, SLIVER_MALFORMED
 */
export function parseSliver(bytes: Buffer, options: { readonly trustedKeys: TrustedKeys }): SliverFile {
  const header = readHeader(bytes);
  const key = options.trustedKeys.get(header.keyId);
  if (key === undefined) {
    throw errors.UNTRUSTED_KEY({ found: header.keyId, expected: [...options.trustedKeys.keys()] });
  }
  checkSignature(bytes, header, key);
  return readSigned(bytes, header);
}

/**
 * Reads a file without asking who signed it, to show what it says. Nothing of it may be run or decompressed.
 * @throws as `parseSliver`, without SLIVER_UNTRUSTED_KEY and SLIVER_BAD_SIGNATURE
 */
export function describeSliver(bytes: Buffer): Omit<SliverFile, "bytes"> {
  const { bytes: _, ...told } = readSigned(bytes, readHeader(bytes));
  return told;
}

/** The entry of a section, or undefined where the sliver has none of that kind. */
export function findSection(file: Pick<SliverFile, "sections">, kind: SectionKind): SectionEntry | undefined {
  return file.sections.find((section) => section.kind === kind);
}

/**
 * Checks and decompresses one section.
 * @throws SLIVER_MISSING_SECTION, SLIVER_DIGEST_MISMATCH, SLIVER_LENGTH_MISMATCH
 */
export function readSection(file: SliverFile, kind: SectionKind): Buffer {
  const entry = findSection(file, kind);
  if (entry === undefined) {
    throw errors.MISSING_SECTION({ section: kind, found: file.sections.map((section) => section.kind) });
  }
  const stored = file.bytes.subarray(entry.offset, entry.offset + entry.storedBytes);
  checkDigest(`stored section ${kind}`, stored, entry.storedDigest);
  const raw = decompress(stored, entry);
  checkDigest(`section ${kind}`, raw, entry.rawDigest);
  return raw;
}

function decompress(stored: Buffer, entry: SectionEntry): Buffer {
  let raw: Buffer;
  try {
    raw = zstdDecompressSync(stored, { maxOutputLength: Math.max(1, entry.rawBytes) });
  } catch (error) {
    throw errors.MALFORMED(
      { part: `section ${entry.kind}`, found: String(error), expected: `${entry.rawBytes} bytes behind zstd` },
      error,
    );
  }
  if (raw.byteLength !== entry.rawBytes) {
    throw errors.LENGTH_MISMATCH({
      part: `section ${entry.kind}`,
      foundBytes: raw.byteLength,
      expectedBytes: entry.rawBytes,
    });
  }
  return raw;
}

/** Judges the header and the lengths that it claims (I2). */
function readHeader(bytes: Buffer): SliverHeader {
  const magic = bytes.toString("latin1", 0, SLIVER_MAGIC.length);
  if (magic !== SLIVER_MAGIC && !(bytes.byteLength < SLIVER_MAGIC.length && SLIVER_MAGIC.startsWith(magic))) {
    throw errors.BAD_MAGIC({ found: JSON.stringify(magic), expected: JSON.stringify(SLIVER_MAGIC) });
  }
  refuseShort("header", bytes, HEADER_BYTES);
  const header = decodeHeader(bytes);
  if (!SLIVER_FORMATS.includes(header.format)) {
    throw errors.UNKNOWN_FORMAT({ found: header.format, expected: SLIVER_FORMATS });
  }
  if (header.reserved !== 0n) {
    throw errors.MALFORMED({ part: "header", found: `reserved ${header.reserved}`, expected: "reserved 0" });
  }
  refuseAbove("manifest", header.manifestBytes, MAX_MANIFEST_BYTES);
  if (header.sectionCount > MAX_SECTIONS) {
    throw errors.MALFORMED({
      part: "header",
      found: `${header.sectionCount} sections`,
      expected: `at most ${MAX_SECTIONS}`,
    });
  }
  refuseAbove("file", Number(header.fileBytes), MAX_SLIVER_BYTES);
  refuseShort("signature", bytes, signedBytes(header) + SIGNATURE_BYTES);
  return header;
}

function checkSignature(bytes: Buffer, header: SliverHeader, key: KeyObject): void {
  const end = signedBytes(header);
  const signature = bytes.subarray(end, end + SIGNATURE_BYTES);
  if (!verify(null, bytes.subarray(0, end), key, signature)) throw errors.BAD_SIGNATURE({ keyId: header.keyId });
}

function readSigned(bytes: Buffer, header: SliverHeader): SliverFile {
  const expectedBytes = Number(header.fileBytes);
  refuseShort("sections", bytes, expectedBytes);
  if (bytes.byteLength > expectedBytes) {
    throw errors.TRAILING_BYTES({ foundBytes: bytes.byteLength, expectedBytes });
  }
  const manifestEnd = HEADER_BYTES + header.manifestBytes;
  const told = parseJson(bytes.toString("utf8", HEADER_BYTES, manifestEnd));
  const manifest = takeManifest(decodeManifest(told, header.format));
  const sections: SectionEntry[] = [];
  let offset = signedBytes(header) + SIGNATURE_BYTES;
  for (let i = 0; i < header.sectionCount; i++) {
    const { kind, kindNumber, codec, ...entry } = decodeTableEntry(bytes, manifestEnd + i * TABLE_ENTRY_BYTES);
    const isKnown = kind !== undefined && SECTION_SINCE_FORMAT[kind] <= header.format;
    const isTwice = sections.some((section) => section.kind === kind);
    if (!isKnown || isTwice || codec !== CODEC_ZSTD || entry.offset !== offset) {
      throw errors.MALFORMED({
        part: "section table",
        found: `kind ${kindNumber}, codec ${codec}, offset ${entry.offset}`,
        expected: `a kind of its own, codec ${CODEC_ZSTD}, offset ${offset}`,
      });
    }
    refuseAbove(kind, entry.rawBytes, MAX_SECTION_BYTES);
    refuseAbove(kind, entry.storedBytes, MAX_SLIVER_BYTES);
    offset += entry.storedBytes;
    sections.push({ kind, ...entry });
  }
  if (offset !== expectedBytes) {
    throw errors.LENGTH_MISMATCH({ part: "sections", foundBytes: offset, expectedBytes });
  }
  return { format: header.format, keyId: header.keyId, manifest, sections, bytes };
}

function signedBytes(header: SliverHeader): number {
  return HEADER_BYTES + header.manifestBytes + header.sectionCount * TABLE_ENTRY_BYTES;
}

function takeManifest(parsed: ReturnType<typeof decodeManifest>): SliverManifest {
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw errors.MALFORMED({
    part: "manifest",
    found: issue === undefined ? "an unknown problem" : issue.message,
    expected: `a valid ${issue?.path.join(".") || "object"}`,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw errors.MALFORMED({ part: "manifest", found: String(error), expected: "JSON" }, error);
  }
}

function checkDigest(part: string, bytes: Buffer, expected: string): void {
  const found = hash("sha256", bytes);
  if (found !== expected) throw errors.DIGEST_MISMATCH({ part, found, expected });
}

function refuseAbove(part: string, foundBytes: number, limitBytes: number): void {
  if (foundBytes > limitBytes) throw errors.TOO_LARGE({ part, foundBytes, limitBytes });
}

function refuseShort(part: string, bytes: Buffer, expectedBytes: number): void {
  if (bytes.byteLength < expectedBytes) {
    throw errors.TRUNCATED({ part, foundBytes: bytes.byteLength, expectedBytes });
  }
}
