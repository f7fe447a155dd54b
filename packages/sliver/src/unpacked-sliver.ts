/**
 * Reads an entry of the node's cache in a worker: the hot half of a cold start.
 *
 * I1 The entry was verified (signature, digests) before it got its name; here only damage since then is looked for. In the
 *    snapshot, at a cost of a few microseconds: a wrong length always, a lost or zeroed block nearly always, a single flipped
 *    byte seldom. In the other sections, which no cold start from a heap reads: any, by a CRC-32.
 * I2 `snapshot` is an ArrayBuffer of its own from offset 0, so that it can be handed to V8 or transferred.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { crc32 } from "node:zlib";
import { errors } from "./errors.ts";
import { MAX_MANIFEST_BYTES, MAX_SECTION_BYTES, type SectionKind } from "./sliver-layout.ts";
import type { SliverManifest } from "./sliver-manifest.ts";
import {
  decodeUnpackedHeader,
  edgeCheck,
  type Range,
  sampleCheck,
  UNPACKED_END_MARK,
  UNPACKED_HEADER_BYTES,
  type UnpackedHeader,
} from "./unpacked-layout.ts";
import { parseWasmPack } from "./wasm-pack.ts";

/** First read of an entry: header and, nearly always, the whole manifest. */
const FIRST_READ_BYTES = 4096;

export interface UnpackedSliver {
  readonly path: string;
  readonly manifest: SliverManifest;
  /** 0 where there is no snapshot. */
  readonly snapshotBytes: number;
  /**
   * Read and checked at each call: the hot half of a cold start. The app's heap on the heap rung, the web-api's alone on the
   * bytecode rung, null on the source rung. @throws SLIVER_ENTRY_DAMAGED
   */
  readSnapshot(): ArrayBuffer | null;
  /** V8's cached data of the script. Null but on the bytecode rung. @throws SLIVER_ENTRY_DAMAGED */
  readBytecode(): ArrayBuffer | null;
  /** The app's script, or null where the sliver has none. @throws SLIVER_ENTRY_DAMAGED */
  readScript(): string | null;
  /** Source map JSON of the script, or null. @throws SLIVER_ENTRY_DAMAGED */
  readSourceMap(): string | null;
  /** The WebAssembly modules that the script imports, by their numbers. Empty: none. @throws SLIVER_ENTRY_DAMAGED */
  readWasm(): readonly Uint8Array<ArrayBuffer>[];
}

/** Reads header and manifest; the sections are read when they are asked for. @throws SLIVER_ENTRY_DAMAGED */
export function openUnpackedSliver(path: string): UnpackedSliver {
  const file = openEntry(path);
  try {
    const first = Buffer.allocUnsafe(FIRST_READ_BYTES);
    const firstBytes = readSync(file, first, 0, FIRST_READ_BYTES, 0);
    const header = checkHeader(path, first.subarray(0, firstBytes));
    const foundBytes = fstatSync(file).size;
    if (foundBytes !== header.fileBytes) {
      throw damaged(path, "length", `${foundBytes} bytes`, `${header.fileBytes} bytes`);
    }
    return new OpenedSliver(path, header, readManifest(path, file, header, first));
  } finally {
    closeSync(file);
  }
}

class OpenedSliver implements UnpackedSliver {
  readonly path: string;
  readonly manifest: SliverManifest;
  readonly #header: UnpackedHeader;

  constructor(path: string, header: UnpackedHeader, manifest: SliverManifest) {
    this.path = path;
    this.manifest = manifest;
    this.#header = header;
  }

  get snapshotBytes(): number {
    return this.#header.ranges.snapshot.bytes;
  }

  readSnapshot(): ArrayBuffer | null {
    return this.#read("snapshot", (file) => readSnapshot(this.path, file, this.#header));
  }

  readBytecode(): ArrayBuffer | null {
    return this.#readWhole("bytecode");
  }

  readScript(): string | null {
    return this.#readText("script");
  }

  readSourceMap(): string | null {
    return this.#readText("sourceMap");
  }

  readWasm(): readonly Uint8Array<ArrayBuffer>[] {
    const pack = this.#readWhole("wasm");
    if (pack === null) return [];
    try {
      return parseWasmPack(new Uint8Array(pack));
    } catch (cause) {
      const found = cause instanceof Error ? cause.message : String(cause);
      throw errors.ENTRY_DAMAGED({ path: this.path, part: "wasm", found, expected: "a pack of modules" }, cause);
    }
  }

  #readText(kind: "script" | "sourceMap"): string | null {
    const bytes = this.#readWhole(kind);
    return bytes === null ? null : Buffer.from(bytes).toString("utf8");
  }

  #readWhole(kind: Exclude<SectionKind, "snapshot">): ArrayBuffer | null {
    return this.#read(kind, (file) => {
      const range = this.#header.ranges[kind];
      const bytes = readRange(this.path, file, range);
      const check = crc32(new Uint8Array(bytes));
      if (check !== range.check) throw damaged(this.path, kind, `CRC ${check}`, `CRC ${range.check}`);
      return bytes;
    });
  }

  #read<T>(kind: SectionKind, read: (file: number) => T): T | null {
    if (this.#header.ranges[kind].bytes === 0) return null;
    const file = openEntry(this.path);
    try {
      return read(file);
    } finally {
      closeSync(file);
    }
  }
}

/** The end mark stands behind the last section: an entry cut since its header was read is short of it. */
function readSnapshot(path: string, file: number, header: UnpackedHeader): ArrayBuffer {
  const snapshot = readRange(path, file, header.ranges.snapshot);
  const sample = sampleCheck(snapshot);
  const edge = edgeCheck(snapshot);
  const { check } = header.ranges.snapshot;
  if (sample !== check || edge !== header.edgeCheck) {
    throw damaged(path, "snapshot", `check ${sample}/${edge}`, `check ${check}/${header.edgeCheck}`);
  }
  const mark = Buffer.allocUnsafe(UNPACKED_END_MARK.length);
  readSync(file, mark, 0, mark.byteLength, header.fileBytes - mark.byteLength);
  if (mark.toString("latin1") !== UNPACKED_END_MARK) {
    throw damaged(path, "end mark", JSON.stringify(mark.toString("latin1")), UNPACKED_END_MARK);
  }
  return snapshot;
}

function readManifest(path: string, file: number, header: UnpackedHeader, first: Buffer): SliverManifest {
  const { manifestBytes, manifestCheck } = header;
  if (manifestBytes > MAX_MANIFEST_BYTES) {
    throw damaged(path, "manifest", `${manifestBytes} bytes`, `at most ${MAX_MANIFEST_BYTES}`);
  }
  const end = UNPACKED_HEADER_BYTES + manifestBytes;
  const bytes =
    end <= FIRST_READ_BYTES
      ? first.subarray(UNPACKED_HEADER_BYTES, end)
      : Buffer.from(readRange(path, file, { offset: UNPACKED_HEADER_BYTES, bytes: manifestBytes }));
  const check = crc32(bytes);
  if (check !== manifestCheck) throw damaged(path, "manifest", `CRC ${check}`, `CRC ${manifestCheck}`);
  try {
    return JSON.parse(bytes.toString("utf8")) as SliverManifest;
  } catch (error) {
    throw damaged(path, "manifest", String(error), "JSON");
  }
}

function checkHeader(path: string, bytes: Buffer): UnpackedHeader {
  const header = decodeUnpackedHeader(bytes);
  if ("found" in header) throw damaged(path, "header", header.found, header.expected);
  return header;
}

function readRange(path: string, file: number, range: Range): ArrayBuffer {
  if (range.bytes > MAX_SECTION_BYTES) {
    throw damaged(path, "section length", `${range.bytes} bytes`, `at most ${MAX_SECTION_BYTES}`);
  }
  // Not from the pool and not zeroed: every byte is read over.
  const bytes = Buffer.allocUnsafeSlow(range.bytes);
  let readBytes = 0;
  while (readBytes < range.bytes) {
    const count = readSync(file, bytes, readBytes, range.bytes - readBytes, range.offset + readBytes);
    if (count === 0) throw damaged(path, "section", `${readBytes} bytes`, `${range.bytes} bytes`);
    readBytes += count;
  }
  return bytes.buffer as ArrayBuffer;
}

function openEntry(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw errors.ENTRY_DAMAGED({ path, part: "file", found: String(error), expected: "a cache entry" }, error);
  }
}

function damaged(path: string, part: string, found: string, expected: string): Error {
  return errors.ENTRY_DAMAGED({ path, part, found, expected });
}
