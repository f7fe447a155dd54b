/**
 * The body of a Request or a Response, in the cheapest form that holds it.
 *
 * I1 Exactly one of `data`, `source` and `stream` holds the content: whole, still at the host, or as a stream that tenant code
 *    gave or asked to see. A body becomes a stream when somebody asks for one, and never goes back.
 * I2 What was consumed whole is `isUsed`; a stream knows by itself whether it was disturbed.
 */
import { bytesOfChunk, copyBytes, joinBytes } from "./bytes.ts";
import type { HostSource } from "./host-source.ts";
import { convertObjectBody } from "./object-body.ts";
import {
  ArrayBufferPrototypeGetByteLength,
  ArrayPrototypePush,
  PromiseCtor,
  PromisePrototypeThen,
  PromiseReject,
  TypeErrorCtor,
} from "./primordials.ts";
import {
  type ByteStream,
  isDisturbed,
  isLocked,
  isReadableStream,
  loadStreams,
  streamOfBytes,
  streamOfSource,
} from "./streams.ts";
import { encodeUtf8 } from "./utf8.ts";

/** Content that is there whole. */
export type BodyData = string | ArrayBuffer;

export class Body {
  data: BodyData | null = null;
  source: HostSource | null = null;
  stream: ByteStream | null = null;
  isUsed = false;
  /** The media type that the content brings along, or null. */
  contentType: string | null = null;
}

export function bodyOfData(data: BodyData): Body {
  const body = new Body();
  body.data = data;
  return body;
}

export function bodyOfSource(source: HostSource): Body {
  const body = new Body();
  body.source = source;
  return body;
}

/** "Extract a body" of the Fetch standard, from a BodyInit that is not null. */
export function extractBody(init: unknown): Body {
  const body = new Body();
  if (typeof init === "string") {
    body.data = init;
    body.contentType = "text/plain;charset=UTF-8";
    return body;
  }
  if (isReadableStream(init)) {
    if (isDisturbed(init) || isLocked(init)) {
      throw new TypeErrorCtor("The stream given as a body was read from or is locked");
    }
    body.stream = init;
    return body;
  }
  const bytes = copyBytes(init);
  if (bytes !== undefined) {
    body.data = bytes;
    return body;
  }
  const converted = convertObjectBody(init);
  if (converted !== undefined) {
    body.data = converted.data;
    body.contentType = converted.contentType;
    return body;
  }
  body.data = `${init as string}`;
  body.contentType = "text/plain;charset=UTF-8";
  return body;
}

export function isBodyUsed(body: Body | null): boolean {
  return body !== null && (body.isUsed || (body.stream !== null && isDisturbed(body.stream)));
}

/** Whether the body cannot be read: used, or locked by a reader. */
export function isBodyUnusable(body: Body | null): boolean {
  return isBodyUsed(body) || (body !== null && body.stream !== null && isLocked(body.stream));
}

/** The body as a stream, made where it was none. */
export function bodyStream(body: Body): ByteStream {
  if (body.stream !== null) return body.stream;
  const { data, source } = body;
  body.data = null;
  body.source = null;
  const wasUsed = body.isUsed;
  if (wasUsed || (data === null && source === null)) body.stream = usedStream();
  else if (source !== null) body.stream = streamOfSource(source);
  else body.stream = streamOfBytes(() => (typeof data === "string" ? encodeUtf8(data) : (data as ArrayBuffer)));
  return body.stream;
}

/** The content as another body: this one counts as used from then on. */
export function moveBody(body: Body): Body {
  const moved = new Body();
  moved.data = body.data;
  moved.source = body.source;
  moved.contentType = body.contentType;
  if (body.stream !== null) {
    // The stream itself would leave a handle to the content with whoever holds it: it is locked, and its copy goes on.
    moved.stream = loadStreams().proxy(body.stream);
  } else {
    body.data = null;
    body.source = null;
  }
  body.isUsed = true;
  return moved;
}

/** A second body with the same content, for `clone`. */
export function cloneBody(body: Body): Body {
  const clone = new Body();
  clone.contentType = body.contentType;
  if (body.data !== null) {
    clone.data = body.data;
    return clone;
  }
  const [first, second] = teeStream(bodyStream(body));
  body.stream = first;
  clone.stream = second;
  return clone;
}

/**
 * Consumes a body, whole, and converts it.
 *
 * @param bodyOf finds the body of `self`; what it throws (an illegal receiver) rejects too, as Web IDL has it for promises
 */
export function consumeBody<Self, T>(
  self: Self,
  bodyOf: (self: Self) => Body | null,
  convert: (data: BodyData, self: Self) => T,
): Promise<T> {
  try {
    const body = bodyOf(self);
    if (body === null) return resolved(convert("", self));
    if (isBodyUnusable(body)) throw new TypeErrorCtor("The body was already read, or is locked by a reader");
    const { data, source, stream } = body;
    body.isUsed = true;
    if (data !== null) {
      body.data = null;
      return resolved(convert(data, self));
    }
    const chunks = source !== null ? readSource(source) : readStream(stream as ByteStream);
    return PromisePrototypeThen(chunks, (bytes) => convert(bytes, self));
  } catch (reason) {
    return PromiseReject(reason);
  }
}

function resolved<T>(value: T): Promise<T> {
  return new PromiseCtor((resolve) => resolve(value));
}

function readSource(source: HostSource): Promise<ArrayBuffer> {
  return gather(
    () => source.read(),
    (chunk) => chunk,
  );
}

function readStream(stream: ByteStream): Promise<ArrayBuffer> {
  const streams = loadStreams();
  const reader = streams.getReader(stream);
  return gather(
    () => streams.read(reader),
    (result) => {
      if (result.done) return null;
      const bytes = bytesOfChunk(result.value);
      if (bytes !== undefined) return bytes;
      const reason = new TypeErrorCtor("A chunk of the body is not a Uint8Array");
      ignoreRejection(streams.cancelReader(reader, reason));
      throw reason;
    },
  );
}

/** Reads until the end, keeping every chunk. What bounds it is the host's limit on bodies and the isolate's on memory. */
function gather<T>(read: () => Promise<T>, bytesOf: (result: T) => ArrayBuffer | null): Promise<ArrayBuffer> {
  const chunks: ArrayBuffer[] = [];
  let totalBytes = 0;
  return new PromiseCtor((resolve, reject) => {
    const step = (result: T): void => {
      const chunk = bytesOf(result);
      if (chunk === null) {
        resolve(joinBytes(chunks, totalBytes));
        return;
      }
      ArrayPrototypePush(chunks, chunk);
      totalBytes += ArrayBufferPrototypeGetByteLength(chunk);
      next();
    };
    const next = (): void => {
      // `step` throws into the promise that `then` makes: its rejection is this promise's.
      PromisePrototypeThen(PromisePrototypeThen(read(), step), undefined, reject);
    };
    next();
  });
}

/** Marks a rejection as handled: its reason is reported elsewhere. */
export function ignoreRejection(promise: Promise<unknown>): void {
  PromisePrototypeThen(promise, undefined, () => undefined);
}

/** What `body` shows of a body that was consumed whole: a stream, closed and locked. */
function usedStream(): ByteStream {
  const stream = streamOfBytes(() => encodeUtf8(""));
  const streams = loadStreams();
  ignoreRejection(streams.cancelReader(streams.getReader(stream), undefined));
  return stream;
}

function teeStream(stream: ByteStream): [ByteStream, ByteStream] {
  const branches = loadStreams().tee(stream);
  return [branches[0] as ByteStream, branches[1] as ByteStream];
}
