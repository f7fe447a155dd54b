/**
 * Builds the unpacked form of a verified sliver, and checks it again after a restart.
 *
 * I1 An entry carries a seal: HMAC-SHA-256 of all of it under a key that only the supervisor reads. An entry whose seal
 *    does not fit was written by someone else, or not to its end.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import { findSection, readSection, type SliverFile } from "./sliver-file.ts";
import { type SectionKind, sectionKinds } from "./sliver-layout.ts";
import { type SliverManifest, sliverManifestSchema } from "./sliver-manifest.ts";
import {
  decodeUnpackedHeader,
  edgeCheck,
  encodeUnpackedHeader,
  HEADER_CRC_OFFSET,
  SEAL_BYTES,
  SEAL_OFFSET,
  type SectionRange,
  sampleCheck,
  UNPACKED_END_MARK,
  UNPACKED_HEADER_BYTES,
  type UnpackedHeader,
} from "./unpacked-layout.ts";
import { parseWasmPack } from "./wasm-pack.ts";

const ALIGNMENT_BYTES = 8;

/** Decompresses and checks every section. @throws as `readSection` and `parseWasmPack` */
export function buildUnpackedSliver(file: SliverFile, sealKey: Buffer): Buffer {
  const manifest = Buffer.from(JSON.stringify(file.manifest));
  const manifestEnd = UNPACKED_HEADER_BYTES + manifest.byteLength;
  const padding = Buffer.alloc((ALIGNMENT_BYTES - (manifestEnd % ALIGNMENT_BYTES)) % ALIGNMENT_BYTES);
  const parts: Buffer[] = [manifest, padding];
  const ranges = {} as Record<SectionKind, SectionRange>;
  let offset = manifestEnd + padding.byteLength;
  let snapshot = new ArrayBuffer(0);
  for (const kind of sectionKinds) {
    const bytes = findSection(file, kind) === undefined ? Buffer.alloc(0) : readSection(file, kind);
    if (kind === "snapshot") snapshot = new Uint8Array(bytes).buffer;
    // Judged here, where a refusal is one of the sliver, so that no worker meets it.
    if (kind === "wasm" && bytes.byteLength > 0) parseWasmPack(bytes);
    ranges[kind] = {
      offset,
      bytes: bytes.byteLength,
      check: kind === "snapshot" ? sampleCheck(snapshot) : crc32(bytes),
    };
    parts.push(bytes);
    offset += bytes.byteLength;
  }
  parts.push(Buffer.from(UNPACKED_END_MARK, "latin1"));
  const header: UnpackedHeader = {
    manifestBytes: manifest.byteLength,
    manifestCheck: crc32(manifest),
    fileBytes: offset + UNPACKED_END_MARK.length,
    ranges,
    edgeCheck: edgeCheck(snapshot),
    keyId: file.keyId,
  };
  const entry = Buffer.concat([encodeUnpackedHeader(header, Buffer.alloc(SEAL_BYTES)), ...parts]);
  encodeUnpackedHeader(header, sealOf(entry, sealKey)).copy(entry);
  return entry;
}

/** The manifest and signing key of an entry that this node wrote whole, or null. */
export function checkUnpackedSliver(
  entry: Buffer,
  sealKey: Buffer,
): { readonly keyId: string; readonly manifest: SliverManifest } | null {
  const header = decodeUnpackedHeader(entry);
  if ("found" in header || header.fileBytes !== entry.byteLength) return null;
  const seal = entry.subarray(SEAL_OFFSET, SEAL_OFFSET + SEAL_BYTES);
  if (!timingSafeEqual(seal, sealOf(entry, sealKey))) return null;
  const text = entry.toString("utf8", UNPACKED_HEADER_BYTES, UNPACKED_HEADER_BYTES + header.manifestBytes);
  const manifest = sliverManifestSchema.safeParse(JSON.parse(text));
  return manifest.success ? { keyId: header.keyId, manifest: manifest.data } : null;
}

function sealOf(entry: Buffer, sealKey: Buffer): Buffer {
  return createHmac("sha256", sealKey)
    .update(entry.subarray(0, SEAL_OFFSET))
    .update(entry.subarray(SEAL_OFFSET + SEAL_BYTES, HEADER_CRC_OFFSET))
    .update(entry.subarray(UNPACKED_HEADER_BYTES))
    .digest();
}
