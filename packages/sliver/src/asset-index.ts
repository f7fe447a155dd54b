/**
 * Head and index of an asset pack. A pack comes from a tenant: its digest says that it is what was sent, not that it is sound.
 *
 * I1 No entry leads outside the pack's bytes, and none of its texts can break a header of a response.
 */
import { z } from "zod";

const MAGIC = "NANOASST";
const FORMAT = 1;
export const ASSET_HEAD_BYTES = 16;
export const ETAG_DIGITS = 16;

export const MAX_ASSET_FILES = 20_000;
export const MAX_ASSET_PACK_BYTES = 256 * 1024 * 1024;
export const MAX_ASSET_INDEX_BYTES = 8 * 1024 * 1024;

export interface AssetEntry {
  /** Begins with `/`, not percent-encoded. */
  readonly path: string;
  /** From the end of the index. */
  readonly offset: number;
  readonly length: number;
  readonly contentType: string;
  /** First 16 hex digits of the SHA-256 of the file, without quotes. */
  readonly etag: string;
}

const byteCount = z.number().int().min(0).max(MAX_ASSET_PACK_BYTES);
const indexSchema = z
  .array(
    z.strictObject({
      path: z.string().startsWith("/"),
      offset: byteCount,
      length: byteCount,
      contentType: z.string().regex(/^[\w.+/-]+(?:; charset=[\w-]+)?$/),
      etag: z.string().regex(new RegExp(`^[0-9a-f]{${ETAG_DIGITS}}$`)),
    }),
  )
  .max(MAX_ASSET_FILES);

/** Makes the error of the caller's situation. */
export type RefuseIndex = (part: string, found: string, expected: string) => Error;

export function encodeAssetHead(indexBytes: number): Buffer {
  const head = Buffer.alloc(ASSET_HEAD_BYTES);
  head.write(MAGIC, 0, "latin1");
  head.writeUInt16LE(FORMAT, 8);
  head.writeUInt32LE(indexBytes, 12);
  return head;
}

/** The length of the index. */
export function decodeAssetHead(head: Buffer, refuse: RefuseIndex): number {
  if (head.byteLength < ASSET_HEAD_BYTES) {
    throw refuse("length", `${head.byteLength} bytes`, `at least ${ASSET_HEAD_BYTES} bytes`);
  }
  const magic = head.toString("latin1", 0, 8);
  const format = head.readUInt16LE(8);
  const indexBytes = head.readUInt32LE(12);
  if (magic !== MAGIC || format !== FORMAT || indexBytes > MAX_ASSET_INDEX_BYTES) {
    const found = `${JSON.stringify(magic)}, format ${format}, an index of ${indexBytes} bytes`;
    throw refuse("head", found, `${MAGIC}, format ${FORMAT}, at most ${MAX_ASSET_INDEX_BYTES} bytes`);
  }
  return indexBytes;
}

/** @param bodyBytes what follows the index: exactly as much as the entries need */
export function parseAssetIndex(index: Buffer, bodyBytes: number, refuse: RefuseIndex): readonly AssetEntry[] {
  const parsed = indexSchema.safeParse(parseJson(index));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw refuse("index", issue?.message ?? "an unknown problem", `a valid ${issue?.path.join(".") || "index"}`);
  }
  const neededBytes = parsed.data.reduce((end, entry) => Math.max(end, entry.offset + entry.length), 0);
  if (neededBytes !== bodyBytes) throw refuse("length", `${bodyBytes} bytes of files`, `${neededBytes} bytes of files`);
  return parsed.data;
}

/** Undefined, which is no index, where the text is no JSON. */
function parseJson(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString("utf8"));
  } catch {
    return undefined;
  }
}
