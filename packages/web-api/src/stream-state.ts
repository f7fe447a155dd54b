/** What there is to know of streams without evaluating the polyfill. */
import type * as Ponyfill from "web-streams-polyfill";

export type ByteStream = Ponyfill.ReadableStream<Uint8Array>;

/** Internal slots, which only the polyfill's own text can read (build-streams.ts). */
export interface StreamSlots {
  readonly isReadable: (value: unknown) => boolean;
  readonly isWritable: (value: unknown) => boolean;
  readonly isTransform: (value: unknown) => boolean;
  /** These take what the ones above said to be one. */
  readonly isDisturbed: (stream: object) => boolean;
  readonly isReadableLocked: (stream: object) => boolean;
  readonly isWritableLocked: (stream: object) => boolean;
  readonly readableOf: (transform: object) => object;
  readonly writableOf: (transform: object) => object;
  /** A TransformStream of two sides that were transferred. */
  readonly createTransform: (readable: object, writable: object) => object;
}

/** The interfaces and those of their methods that this package calls, as they were when they were made. */
export interface Streams {
  readonly interfaces: typeof Ponyfill;
  readonly slots: StreamSlots;
  readonly getReader: (stream: ByteStream) => Ponyfill.ReadableStreamDefaultReader<unknown>;
  readonly read: (reader: Ponyfill.ReadableStreamDefaultReader<unknown>) => Promise<{ done: boolean; value?: unknown }>;
  readonly cancelReader: (reader: Ponyfill.ReadableStreamDefaultReader<unknown>, reason: unknown) => Promise<void>;
  /** A stream of the same content that locks the given one. */
  readonly proxy: (stream: ByteStream) => ByteStream;
  /** The same, through a transformer. */
  readonly transform: (stream: ByteStream, transformer: Ponyfill.Transformer<unknown, unknown>) => ByteStream;
  readonly tee: (stream: ByteStream) => [ByteStream, ByteStream];
}

/** Those of the standard, by the names of their globals. */
export const STREAM_INTERFACES = [
  "ReadableStream",
  "ReadableStreamDefaultReader",
  "ReadableStreamBYOBReader",
  "ReadableStreamDefaultController",
  "ReadableByteStreamController",
  "ReadableStreamBYOBRequest",
  "WritableStream",
  "WritableStreamDefaultWriter",
  "WritableStreamDefaultController",
  "TransformStream",
  "TransformStreamDefaultController",
  "ByteLengthQueuingStrategy",
  "CountQueuingStrategy",
] as const;

let loaded: Streams | undefined;

export function loadedStreams(): Streams | undefined {
  return loaded;
}

export function keepStreams(streams: Streams): void {
  loaded = streams;
}

/** Whether a value is a ReadableStream; where none was ever made, it is not. */
export function isReadableStream(value: unknown): value is ByteStream {
  return loaded?.slots.isReadable(value) === true;
}

export function isDisturbed(stream: ByteStream): boolean {
  return loaded?.slots.isDisturbed(stream) === true;
}

export function isLocked(stream: ByteStream): boolean {
  return loaded?.slots.isReadableLocked(stream) === true;
}
