/** Reading, cloning and passing on of a body: what few requests do with theirs. */
import { Body, type BodyData, isBodyUnusable } from "./body.ts";
import { toArrayBuffer, toBlob, toBytes, toFormData, toJson, toText } from "./body-convert.ts";
import { bytesOfChunk, joinBytes } from "./bytes.ts";
import type { HeaderList } from "./header-list.ts";
import type { HostSource } from "./host-source.ts";
import {
  ArrayBufferCtor,
  ArrayBufferPrototypeGetByteLength,
  ArrayPrototypePush,
  PromiseCtor,
  PromisePrototypeThen,
  PromiseReject,
  TypeErrorCtor,
} from "./primordials.ts";
import { streamOfSource, takeSourceOfStream } from "./source-stream.ts";
import type { ByteStream } from "./stream-state.ts";
import { loadStreams, streamOfBytes } from "./streams.ts";
import { encodeUtf8 } from "./utf8.ts";

// The build turns this into the call of the module's wrapper: few bodies are read as streams of text.
declare const require: (path: "./text-streams.ts") => typeof import("./text-streams.ts");

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

/** The content as a stream of text. @throws TypeError where it was read, or is locked */
export function bodyTextStream({ body }: BodySlots): ByteStream {
  if (isBodyUnusable(body)) throw new TypeErrorCtor("The body was already read, or is locked by a reader");
  return require("./text-streams.ts").decodeStream(
    body === null ? streamOfBytes(() => new ArrayBufferCtor(0)) : bodyStream(body),
  );
}

/** The host's source of a body that nobody has begun to read, also where it was shown as a stream: the body is used from then on. Null: it has none. */
export function takeSource(body: Body): HostSource | null {
  const source = body.stream === null ? body.source : takeSourceOfStream(body.stream);
  if (source === null) return null;
  body.isUsed = true;
  body.source = null;
  return source;
}

/** The content as another body: this one counts as used from then on. */
export function moveBody(body: Body): Body {
  const moved = new Body();
  moved.data = body.data;
  moved.contentType = body.contentType;
  moved.source = takeSource(body);
  if (moved.source !== null) return moved;
  if (body.stream !== null) {
    // The stream itself would leave a handle to the content with whoever holds it: it is locked, and its copy goes on.
    moved.stream = loadStreams().proxy(body.stream);
  } else body.data = null;
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

/** What the methods of the Body mixin make of a body's content. */
const CONVERSIONS = {
  __proto__: null as never,
  arrayBuffer: toArrayBuffer,
  blob: toBlob,
  bytes: toBytes,
  formData: toFormData,
  json: toJson,
  text: toText,
};

/** What holds a body: the slots of a Request or a Response. */
export interface BodySlots {
  readonly body: Body | null;
  readonly headers: HeaderList;
}

/**
 * Consumes a body, whole, and converts it.
 *
 * @param slotsOf finds the slots of `self`; what it throws (an illegal receiver) rejects too, as Web IDL has it for promises
 */
export function consumeBody<Self>(
  self: Self,
  slotsOf: (self: Self) => BodySlots,
  form: Exclude<keyof typeof CONVERSIONS, "__proto__">,
): Promise<never> {
  try {
    const { body, headers } = slotsOf(self);
    const convert = (bytes: BodyData) => CONVERSIONS[form](bytes, headers.get("content-type")) as never;
    if (body === null) return resolved(convert(""));
    if (isBodyUnusable(body)) throw new TypeErrorCtor("The body was already read, or is locked by a reader");
    const { data, stream } = body;
    const source = takeSource(body);
    body.isUsed = true;
    if (data !== null) {
      body.data = null;
      return resolved(convert(data));
    }
    const chunks = source !== null ? readSource(source) : readStream(stream as ByteStream);
    return PromisePrototypeThen(chunks, convert) as Promise<never>;
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
