// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** Blob and File of the File API. A blob's bytes are in one buffer that nobody else sees; its slices share it. */
import { copyBytes, joinBytes } from "../bytes.ts";
import { nowMs } from "../clock.ts";
import {
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeSlice,
  StringPrototypeCharCodeAt,
  StringPrototypeToLowerCase,
  SymbolIterator,
  TypeErrorCtor,
  Uint8ArrayCtor,
} from "../primordials.ts";
import type { ByteStream } from "../stream-state.ts";
import { streamOfBytes } from "../streams.ts";
import { decodeUtf8, encodeUtf8 } from "../utf8.ts";
import { cloneHooks } from "./clone-hooks.ts";
import { MathFloor, MathMax, MathMin, MathTrunc, StringPrototypeReplaceAll } from "./intrinsics.ts";
import { finishInterface } from "./webidl.ts";
import { forEachOf, requireArguments, toDictionary, toDOMString, toUSVString } from "./webidl-convert.ts";

// The build turns this into the call of the module's wrapper: few blobs are read as streams of text.
declare const require: (path: "../text-streams.ts") => typeof import("../text-streams.ts");

/** In place of the parts: the second argument is the content. Held here alone. */
const ADOPT = Symbol();

interface Content {
  readonly buffer: ArrayBuffer;
  readonly start: number;
  readonly end: number;
  readonly type: string;
}

let contentOf: (blob: Blob) => Content;
let fileStateOf: (file: File) => { name: string; lastModified: number };
/** Whether a value is a Blob or a File of this platform. */
export let isBlob: (value: unknown) => value is Blob;
/** Whether a value is a File of this platform. */
export let isFile: (value: unknown) => value is File;

export class Blob {
  #content: Content;

  static {
    contentOf = (blob) => blob.#content;
    isBlob = (value): value is Blob => typeof value === "object" && value !== null && #content in value;
  }

  constructor(parts: unknown = undefined, options: unknown = undefined) {
    if (parts === ADOPT) this.#content = options as Content;
    else this.#content = contentFrom(parts === undefined ? [] : partsFrom(parts), options);
  }

  get size(): number {
    return this.#content.end - this.#content.start;
  }

  get type(): string {
    return this.#content.type;
  }

  slice(start: unknown = undefined, end: unknown = undefined, contentType: unknown = undefined): Blob {
    const content = this.#content;
    const size = content.end - content.start;
    const from = start === undefined ? 0 : clampIndex(start, size);
    const to = end === undefined ? size : clampIndex(end, size);
    const sliceStart = content.start + from;
    return new Blob(ADOPT, {
      buffer: content.buffer,
      start: sliceStart,
      end: MathMax(sliceStart, content.start + to),
      type: contentType === undefined ? "" : normalizeType(toDOMString(contentType)),
    });
  }

  stream(): ByteStream {
    this.#content;
    return streamOfBytes(() => bytesOfBlob(this));
  }

  textStream(): ByteStream {
    this.#content;
    return require("../text-streams.ts").decodeStream(streamOfBytes(() => bytesOfBlob(this)));
  }

  async text(): Promise<string> {
    return decodeUtf8(bytesOfBlob(this));
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return bytesOfBlob(this);
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8ArrayCtor(bytesOfBlob(this));
  }
}

finishInterface(Blob, "Blob");

export class File extends Blob {
  #name: string;
  #lastModified: number;

  static {
    fileStateOf = (file) => ({ name: file.#name, lastModified: file.#lastModified });
    isFile = (value): value is File => typeof value === "object" && value !== null && #name in value;
  }

  constructor(parts: unknown, name: unknown, options: unknown = undefined) {
    let content = options;
    let text = name as string;
    if (parts !== ADOPT) {
      requireArguments(arguments.length, 2, "new File");
      const values = partsFrom(parts);
      text = toUSVString(name);
      content = contentFrom(values, options);
    }
    super(ADOPT, content);
    this.#name = text;
    const { lastModified } =
      parts === ADOPT ? (options as { lastModified: number }) : toDictionary(options, "new File");
    this.#lastModified = lastModified === undefined ? nowMs() : toLong(lastModified);
  }

  get name(): string {
    return this.#name;
  }

  get lastModified(): number {
    return this.#lastModified;
  }
}

finishInterface(File, "File");

/** The name and the media type of a file. */
export function describeFile(file: File): { name: string; type: string } {
  return { name: fileStateOf(file).name, type: contentOf(file).type };
}

/** What the console shows of a blob or a file. */
export function describeBlob(blob: Blob): object {
  const { start, end, type } = contentOf(blob);
  const sizeBytes = end - start;
  return isFile(blob) ? { name: fileStateOf(blob).name, size: sizeBytes, type } : { size: sizeBytes, type };
}

/** The media type of a blob, "" where it has none. */
export function typeOfBlob(blob: Blob): string {
  return contentOf(blob).type;
}

/** A copy of a blob's bytes. */
export function bytesOfBlob(blob: Blob): ArrayBuffer {
  const { buffer, start, end } = contentOf(blob);
  return ArrayBufferPrototypeSlice(buffer, start, end);
}

/** A blob over bytes that nobody else holds. */
export function blobOfBytes(buffer: ArrayBuffer, type: string): Blob {
  return new Blob(ADOPT, {
    buffer,
    start: 0,
    end: ArrayBufferPrototypeGetByteLength(buffer),
    type: normalizeType(type),
  });
}

/** A file over bytes that nobody else holds. */
export function fileOfBytes(buffer: ArrayBuffer, options: { name: string; type: string }): File {
  const content = { buffer, start: 0, end: ArrayBufferPrototypeGetByteLength(buffer), type: options.type };
  return new File(ADOPT, options.name, { ...content, lastModified: nowMs() });
}

/** The same content as a File, as FormData keeps a blob. */
export function fileOfBlob(blob: Blob, name: string): File {
  return new File(ADOPT, name, {
    ...contentOf(blob),
    lastModified: isFile(blob) ? fileStateOf(blob).lastModified : nowMs(),
  });
}

/** Another object of the same interface with the same content: a structured clone. */
function cloneBlob(blob: Blob): Blob {
  return isFile(blob) ? fileOfBlob(blob, fileStateOf(blob).name) : new Blob(ADOPT, contentOf(blob));
}

/** Parts as they are converted: blobs, copies of bytes, and strings. @throws TypeError where they are no sequence */
function partsFrom(parts: unknown): (Blob | ArrayBuffer | string)[] {
  if ((typeof parts !== "object" && typeof parts !== "function") || parts === null) {
    throw new TypeErrorCtor("new Blob: the parts are not a sequence");
  }
  const values: (Blob | ArrayBuffer | string)[] = [];
  forEachOf(parts, (parts as { [SymbolIterator]?: unknown })[SymbolIterator], (part) => {
    values[values.length] = isBlob(part) ? part : (copyBytes(part) ?? toUSVString(part));
  });
  return values;
}

function contentFrom(values: readonly (Blob | ArrayBuffer | string)[], options: unknown): Content {
  const chunks: ArrayBuffer[] = [];
  let totalBytes = 0;
  const { endings, type } = toDictionary(options, "new Blob");
  const ending = endings === undefined ? "transparent" : toDOMString(endings);
  if (ending !== "transparent" && ending !== "native") {
    throw new TypeErrorCtor(`new Blob: endings is '${ending}' instead of 'transparent' or 'native'`);
  }
  const typeText = type === undefined ? "" : normalizeType(toDOMString(type));
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as Blob | ArrayBuffer | string;
    let chunk: ArrayBuffer;
    if (typeof value === "string") chunk = encodeUtf8(ending === "native" ? withNativeEndings(value) : value);
    else chunk = isBlob(value) ? bytesOfBlob(value) : value;
    chunks[chunks.length] = chunk;
    totalBytes += ArrayBufferPrototypeGetByteLength(chunk);
  }
  return { buffer: joinBytes(chunks, totalBytes), start: 0, end: totalBytes, type: typeText };
}

function withNativeEndings(text: string): string {
  return StringPrototypeReplaceAll(StringPrototypeReplaceAll(text, "\r\n", "\n"), "\r", "\n");
}

/** In lower case; nothing where it is not all printable ASCII. */
function normalizeType(type: string): string {
  for (let i = 0; i < type.length; i++) {
    const unit = StringPrototypeCharCodeAt(type, i);
    if (unit < 0x20 || unit > 0x7e) return "";
  }
  return StringPrototypeToLowerCase(type);
}

/** `[Clamp] long long`, and relative to the end where it is negative. */
function clampIndex(value: unknown, size: number): number {
  const index = roundToEven(+(value as number));
  return index < 0 ? MathMax(size + index, 0) : MathMin(index, size);
}

/** As `[Clamp]` rounds: a half to the even one; what is not a number is 0. */
function roundToEven(number: number): number {
  const below = MathFloor(number);
  const rest = number - below;
  const rounded = rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
  return rounded || 0;
}

function toLong(value: unknown): number {
  const number = +(value as number);
  return number > -Infinity && number < Infinity ? MathTrunc(number) + 0 : 0;
}

cloneHooks.isBlob = isBlob;
cloneHooks.cloneBlob = (value) => cloneBlob(value as Blob);
