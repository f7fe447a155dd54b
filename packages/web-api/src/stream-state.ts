/** What there is to know of streams without evaluating the polyfill. */
import type * as Ponyfill from "web-streams-polyfill";
import { ObjectPrototypeIsPrototypeOf } from "./primordials.ts";

export type ByteStream = Ponyfill.ReadableStream<Uint8Array>;

/** The interfaces and those of their methods that this package calls, as they were when they were made. */
export interface Streams {
  readonly interfaces: typeof Ponyfill;
  readonly getReader: (stream: ByteStream) => Ponyfill.ReadableStreamDefaultReader<unknown>;
  readonly read: (reader: Ponyfill.ReadableStreamDefaultReader<unknown>) => Promise<{ done: boolean; value?: unknown }>;
  readonly cancelReader: (reader: Ponyfill.ReadableStreamDefaultReader<unknown>, reason: unknown) => Promise<void>;
  /** A stream of the same content that locks the given one. */
  readonly proxy: (stream: ByteStream) => ByteStream;
  readonly tee: (stream: ByteStream) => [ByteStream, ByteStream];
}

let loaded: Streams | undefined;

export function loadedStreams(): Streams | undefined {
  return loaded;
}

export function keepStreams(streams: Streams): void {
  loaded = streams;
}

/** Whether a value is a ReadableStream; where none was ever made, it is not. */
export function isReadableStream(value: unknown): value is ByteStream {
  return (
    loaded !== undefined && ObjectPrototypeIsPrototypeOf(loaded.interfaces.ReadableStream.prototype, value as object)
  );
}

/** The polyfill keeps its slots as properties. */
interface Slots {
  readonly _disturbed: boolean;
  readonly _reader: unknown;
}

export function isDisturbed(stream: ByteStream): boolean {
  return (stream as unknown as Slots)._disturbed;
}

export function isLocked(stream: ByteStream): boolean {
  return (stream as unknown as Slots)._reader !== undefined;
}
