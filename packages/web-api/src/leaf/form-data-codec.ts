/** FormData to and from bodies: multipart/form-data (RFC 7578, as the HTML and Fetch standards say) and urlencoded. */
import { HostOp } from "../boundary.ts";
import { joinBytes } from "../bytes.ts";
import { callHost, hasHost } from "../host.ts";
import {
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeSlice,
  StringPrototypeCharCodeAt,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
  StringPrototypeToLowerCase,
  TypeErrorCtor,
  Uint8ArrayCtor,
} from "../primordials.ts";
import { encodeUtf8 } from "../utf8.ts";
import { bytesOfBlob, describeFile, fileOfBytes } from "./blob.ts";
import { type FormData, type FormDataEntry, formDataEntries, formDataOf } from "./form-data.ts";
import { parseFormUrlencoded } from "./form-urlencoded.ts";
import { StringPrototypeReplaceAll, TypedArrayPrototypeIndexOf } from "./intrinsics.ts";
import { extractMimeType, mimeParameter } from "./mime-type.ts";
import { decodeUtf8 } from "./utf8.ts";

/** As RFC 2046 bounds it: to look for a longer one would take its length times that of the body. */
const MAX_BOUNDARY_CHARS = 70;
/** Entries of a form that is parsed: whoever sends it chooses how many, and each takes many times its bytes. */
const MAX_ENTRIES = 16_384;
/** From this many bytes on the host decodes: heads and values of most parts are shorter than a call of it is worth. */
const HOST_DECODE_BYTES = 256;
const FLAG_IGNORE_BOM = 2;

const CR = 0x0d;
const LF = 0x0a;
const DASH = 0x2d;
const QUOTE = 0x22;
const PERCENT = 0x25;

/** Parses a body as `formData()` does. @throws TypeError where it is not what its type says */
export function parseFormData(bytes: ArrayBuffer, contentType: string | null): FormData {
  const type = extractMimeType(contentType ?? "");
  if (type?.essence === "application/x-www-form-urlencoded") {
    const pairs = parseFormUrlencoded(urlencodedText(bytes), MAX_ENTRIES + 1);
    if (pairs.length > MAX_ENTRIES) throw tooMany();
    return formDataOf(pairs as FormDataEntry[]);
  }
  if (type?.essence !== "multipart/form-data") {
    throw new TypeErrorCtor(`The body is no form data: its content type is '${contentType ?? ""}'`);
  }
  const boundary = mimeParameter(type, "boundary");
  if (boundary === undefined || boundary === "") throw malformed("its content type has no boundary");
  if (boundary.length > MAX_BOUNDARY_CHARS) {
    throw malformed(`its boundary has ${boundary.length} characters, at most ${MAX_BOUNDARY_CHARS} can be`);
  }
  return formDataOf(parseMultipart(new Uint8ArrayCtor(bytes), boundary));
}

/** Serialises as multipart/form-data, with a boundary that no entry can foresee. */
export function serializeFormData(form: FormData): { data: ArrayBuffer; contentType: string } {
  const boundary = createBoundary();
  const entries = formDataEntries(form);
  const chunks: ArrayBuffer[] = [];
  let totalBytes = 0;
  const push = (chunk: ArrayBuffer): void => {
    chunks[chunks.length] = chunk;
    totalBytes += ArrayBufferPrototypeGetByteLength(chunk);
  };
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as FormDataEntry;
    const value = entry[1];
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(withCrLf(entry[0]))}"`;
    if (typeof value === "string") push(encodeUtf8(`${head}\r\n\r\n${withCrLf(value)}\r\n`));
    else {
      const { name, type } = describeFile(value);
      const typeLine = `Content-Type: ${type === "" ? "application/octet-stream" : type}`;
      push(encodeUtf8(`${head}; filename="${escapeName(name)}"\r\n${typeLine}\r\n\r\n`));
      push(bytesOfBlob(value));
      push(encodeUtf8("\r\n"));
    }
  }
  push(encodeUtf8(`--${boundary}--\r\n`));
  return { data: joinBytes(chunks, totalBytes), contentType: `multipart/form-data; boundary=${boundary}` };
}

/** Text that has the names and values of the bytes. The standard splits bytes and decodes after: where that differs, each byte beyond ASCII is escaped. */
function urlencodedText(bytes: ArrayBuffer): string {
  const text = decodeKeepingMark(bytes);
  if (StringPrototypeIndexOf(text, "\ufffd", 0) === -1) return text;
  const given = new Uint8ArrayCtor(bytes);
  const escaped = new Uint8ArrayCtor(3 * given.length);
  let length = 0;
  for (let i = 0; i < given.length; i++) {
    const byte = given[i] as number;
    if (byte < 0x80) escaped[length++] = byte;
    else {
      escaped[length++] = PERCENT;
      escaped[length++] = hexDigit(byte >> 4);
      escaped[length++] = hexDigit(byte & 15);
    }
  }
  return decodeKeepingMark(sliceBytes(escaped, 0, length));
}

function hexDigit(value: number): number {
  return value < 10 ? 0x30 + value : 0x57 + value;
}

/** "UTF-8 decode without BOM": a byte order mark is text. */
function decodeKeepingMark(bytes: ArrayBuffer): string {
  if (ArrayBufferPrototypeGetByteLength(bytes) >= HOST_DECODE_BYTES && hasHost()) {
    return callHost(HostOp.TEXT_DECODE, 0, "utf-8", bytes, FLAG_IGNORE_BOM) as string;
  }
  return decodeUtf8(new Uint8ArrayCtor(bytes));
}

function tooMany(): unknown {
  return new TypeErrorCtor(`The form has too many entries: at most ${MAX_ENTRIES} are parsed`);
}

function malformed(what: string): unknown {
  return new TypeErrorCtor(`The body is no form data: ${what}`);
}

/** From the host's randomness: `Math.random` can be foreseen. Without a host nothing can be sent either. */
function createBoundary(): string {
  const token = hasHost() ? StringPrototypeReplaceAll(callHost(HostOp.RANDOM_UUID) as string, "-", "") : "init";
  return `----formdata-nano-${token}`;
}

function withCrLf(text: string): string {
  const lines = StringPrototypeReplaceAll(StringPrototypeReplaceAll(text, "\r\n", "\n"), "\r", "\n");
  return StringPrototypeReplaceAll(lines, "\n", "\r\n");
}

function escapeName(name: string): string {
  const escaped = StringPrototypeReplaceAll(StringPrototypeReplaceAll(name, "\n", "%0A"), "\r", "%0D");
  return StringPrototypeReplaceAll(escaped, '"', "%22");
}

/** The value of a parameter in `; name=value; name="value"`: the first with that name counts. */
function parameterOf(text: string, wanted: string): string | undefined {
  let at = 0;
  while (at < text.length) {
    // At a ";": past it, and past the whitespace behind it.
    at++;
    let nameEnd = at;
    while (nameEnd < text.length && text[nameEnd] !== "=" && text[nameEnd] !== ";") nameEnd++;
    const name = StringPrototypeToLowerCase(trim(StringPrototypeSlice(text, at, nameEnd)));
    at = nameEnd;
    if (text[at] !== "=") continue;
    at++;
    let value = "";
    if (StringPrototypeCharCodeAt(text, at) === QUOTE) {
      at++;
      // In pieces, as an escape asks for it: character by character a long one would take many times its length.
      let start = at;
      for (; at < text.length && StringPrototypeCharCodeAt(text, at) !== QUOTE; at++) {
        // A backslash escapes only what would otherwise end or escape: file names from Windows hold backslashes.
        if (text[at] !== "\\" || (text[at + 1] !== '"' && text[at + 1] !== "\\")) continue;
        value += StringPrototypeSlice(text, start, at);
        start = ++at;
      }
      value += StringPrototypeSlice(text, start, at);
      while (at < text.length && text[at] !== ";") at++;
    } else {
      const start = at;
      while (at < text.length && text[at] !== ";") at++;
      value = trim(StringPrototypeSlice(text, start, at));
    }
    if (name === wanted) return value;
  }
  return undefined;
}

function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(StringPrototypeCharCodeAt(text, start))) start++;
  while (end > start && isBlank(StringPrototypeCharCodeAt(text, end - 1))) end--;
  return StringPrototypeSlice(text, start, end);
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x09 || unit === CR || unit === LF;
}

function parseMultipart(bytes: Uint8Array<ArrayBuffer>, boundary: string): FormDataEntry[] {
  const entries: FormDataEntry[] = [];
  const delimiter = new Uint8ArrayCtor(encodeUtf8(`--${boundary}`));
  // Before the first boundary there may be a preamble; each later one is preceded by CRLF.
  let at = indexOfBytes(bytes, delimiter, 0);
  while (at > 1 && !(bytes[at - 2] === CR && bytes[at - 1] === LF)) at = indexOfBytes(bytes, delimiter, at + 1);
  if (at === -1) throw malformed("its boundary is missing");
  for (;;) {
    at += delimiter.length;
    if (bytes[at] === DASH && bytes[at + 1] === DASH) return entries;
    while (bytes[at] === 0x20 || bytes[at] === 0x09) at++;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) throw malformed("a boundary is not followed by a line end");
    const head = parsePartHead(bytes, at + 2);
    let end = indexOfBytes(bytes, delimiter, head.end);
    while (end !== -1 && !(end - 2 >= head.end && bytes[end - 2] === CR && bytes[end - 1] === LF)) {
      end = indexOfBytes(bytes, delimiter, end + 1);
    }
    if (end === -1) throw malformed("a part is not ended by the boundary");
    if (entries.length === MAX_ENTRIES) throw tooMany();
    const content = sliceBytes(bytes, head.end, end - 2);
    entries[entries.length] = [
      head.name,
      head.fileName === undefined
        ? decodeKeepingMark(content)
        : fileOfBytes(content, { name: head.fileName, type: head.contentType ?? "text/plain" }),
    ];
    at = end;
  }
}

interface PartHead {
  readonly name: string;
  readonly fileName: string | undefined;
  readonly contentType: string | undefined;
  /** Where the content begins. */
  readonly end: number;
}

function parsePartHead(bytes: Uint8Array<ArrayBuffer>, start: number): PartHead {
  let name: string | undefined;
  let fileName: string | undefined;
  let contentType: string | undefined;
  let at = start;
  for (;;) {
    const lineEnd = indexOfLineEnd(bytes, at);
    if (lineEnd === -1) throw malformed("the headers of a part do not end");
    if (lineEnd === at) break;
    const line = decodeKeepingMark(sliceBytes(bytes, at, lineEnd));
    const colon = StringPrototypeIndexOf(line, ":", 0);
    if (colon === -1) throw malformed("a part has a header without a colon");
    const header = StringPrototypeToLowerCase(trim(StringPrototypeSlice(line, 0, colon)));
    const value = trim(StringPrototypeSlice(line, colon + 1));
    if (header === "content-type") contentType = value;
    else if (header === "content-disposition") {
      const semicolon = StringPrototypeIndexOf(value, ";", 0);
      const kind = semicolon === -1 ? value : StringPrototypeSlice(value, 0, semicolon);
      if (StringPrototypeToLowerCase(trim(kind)) !== "form-data") throw malformed("a part is not form-data");
      const parameters = semicolon === -1 ? "" : StringPrototypeSlice(value, semicolon);
      name = unescapeName(parameterOf(parameters, "name"));
      fileName = unescapeName(parameterOf(parameters, "filename"));
    }
    at = lineEnd + 2;
  }
  if (name === undefined) throw malformed("a part has no name");
  return { name, fileName, contentType, end: at + 2 };
}

function unescapeName(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const text = StringPrototypeReplaceAll(StringPrototypeReplaceAll(name, "%0A", "\n"), "%0D", "\r");
  return StringPrototypeReplaceAll(text, "%22", '"');
}

function indexOfLineEnd(bytes: Uint8Array, from: number): number {
  let at = TypedArrayPrototypeIndexOf(bytes, CR, from);
  while (at !== -1 && bytes[at + 1] !== LF) at = TypedArrayPrototypeIndexOf(bytes, CR, at + 1);
  return at;
}

function indexOfBytes(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  const first = wanted[0] as number;
  const last = bytes.length - wanted.length;
  let at = TypedArrayPrototypeIndexOf(bytes, first, from);
  while (at !== -1 && at <= last) {
    let i = 1;
    while (i < wanted.length && bytes[at + i] === wanted[i]) i++;
    if (i === wanted.length) return at;
    at = TypedArrayPrototypeIndexOf(bytes, first, at + 1);
  }
  return -1;
}

function sliceBytes(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): ArrayBuffer {
  return ArrayBufferPrototypeSlice(bytes.buffer, start, end);
}
