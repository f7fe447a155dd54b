/**
 * The streams standard, by web-streams-polyfill: evaluated when the first stream is made, since evaluating it costs more than
 * many an app's own init. `isStream` and the like answer without evaluating it.
 */
import type * as Ponyfill from "web-streams-polyfill";
import { defineLazyGlobals } from "./define-global.ts";
import type { HostSource } from "./host-source.ts";
import { ObjectPrototypeIsPrototypeOf, PromisePrototypeThen, Uint8ArrayCtor, uncurryThis } from "./primordials.ts";

interface Modules {
  "web-streams-polyfill": typeof Ponyfill;
  "./text-streams.ts": typeof import("./text-streams.ts");
}
// The build turns this into the call of the module's wrapper: nothing of it runs before.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

export type ByteStream = Ponyfill.ReadableStream<Uint8Array>;

const INTERFACES = [
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

/** The interfaces and those of their methods that this package calls, as they were when they were made. */
interface Streams {
  readonly interfaces: typeof Ponyfill;
  readonly getReader: (stream: ByteStream) => Ponyfill.ReadableStreamDefaultReader<unknown>;
  readonly read: (reader: Ponyfill.ReadableStreamDefaultReader<unknown>) => Promise<{ done: boolean; value?: unknown }>;
  readonly cancelReader: (reader: Ponyfill.ReadableStreamDefaultReader<unknown>, reason: unknown) => Promise<void>;
  /** A stream of the same content that locks the given one. */
  readonly proxy: (stream: ByteStream) => ByteStream;
  readonly tee: (stream: ByteStream) => [ByteStream, ByteStream];
}

let loaded: Streams | undefined;

/** Evaluates the polyfill where nobody did before. */
export function loadStreams(): Streams {
  if (loaded !== undefined) return loaded;
  const interfaces = require("web-streams-polyfill");
  const { prototype: readable } = interfaces.ReadableStream;
  const { prototype: reader } = interfaces.ReadableStreamDefaultReader;
  const pipeThrough = uncurryThis(readable.pipeThrough) as (stream: ByteStream, pair: unknown) => ByteStream;
  loaded = {
    proxy: (stream) => pipeThrough(stream, new interfaces.TransformStream()),
    interfaces,
    getReader: uncurryThis(readable.getReader) as Streams["getReader"],
    read: uncurryThis(reader.read) as Streams["read"],
    cancelReader: uncurryThis(reader.cancel) as Streams["cancelReader"],
    tee: uncurryThis(readable.tee) as Streams["tee"],
  };
  return loaded;
}

export function installStreams(): void {
  defineLazyGlobals(INTERFACES, (name) => loadStreams().interfaces[name as (typeof INTERFACES)[number]]);
  defineLazyGlobals(["TextEncoderStream", "TextDecoderStream"], (name) => {
    const streams = require("./text-streams.ts");
    return name === "TextEncoderStream" ? streams.createTextEncoderStream() : streams.createTextDecoderStream();
  });
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

/** A byte stream over what the host delivers. */
export function streamOfSource(source: HostSource): ByteStream {
  return new (loadStreams().interfaces.ReadableStream)({
    type: "bytes",
    pull: (controller) =>
      PromisePrototypeThen(source.read(), (chunk) => {
        if (chunk === null) closeByteController(controller);
        else controller.enqueue(new Uint8ArrayCtor(chunk));
      }),
    cancel: () => source.cancel(),
  }) as ByteStream;
}

/** A byte stream of one chunk, made when it is asked for. */
export function streamOfBytes(bytes: () => ArrayBuffer): ByteStream {
  return new (loadStreams().interfaces.ReadableStream)({
    type: "bytes",
    pull: (controller) => {
      const chunk = new Uint8ArrayCtor(bytes());
      if (chunk.byteLength > 0) controller.enqueue(chunk);
      closeByteController(controller);
    },
  }) as ByteStream;
}

function closeByteController(controller: Ponyfill.ReadableByteStreamController): void {
  controller.close();
  // A read into the reader's own buffer that is waiting is answered only by this.
  controller.byobRequest?.respond(0);
}
