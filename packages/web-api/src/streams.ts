/**
 * The streams standard, by web-streams-polyfill: evaluated when the first stream is made, since evaluating it costs more than
 * many an app's own init. `isReadableStream` and the like (stream-state.ts) answer without evaluating it.
 */
import type * as Ponyfill from "web-streams-polyfill";
import { Uint8ArrayCtor, uncurryThis } from "./primordials.ts";
import { type ByteStream, keepStreams, loadedStreams, type Streams } from "./stream-state.ts";

// The build turns this into the call of the module's wrapper: nothing of it runs before.
declare const require: (path: "web-streams-polyfill") => typeof Ponyfill;

/** Evaluates the polyfill where nobody did before. */
export function loadStreams(): Streams {
  const loaded = loadedStreams();
  if (loaded !== undefined) return loaded;
  const interfaces = require("web-streams-polyfill");
  const { prototype: readable } = interfaces.ReadableStream;
  const { prototype: reader } = interfaces.ReadableStreamDefaultReader;
  const pipeThrough = uncurryThis(readable.pipeThrough) as (stream: ByteStream, pair: unknown) => ByteStream;
  const streams: Streams = {
    proxy: (stream) => pipeThrough(stream, new interfaces.TransformStream()),
    interfaces,
    getReader: uncurryThis(readable.getReader) as Streams["getReader"],
    read: uncurryThis(reader.read) as Streams["read"],
    cancelReader: uncurryThis(reader.cancel) as Streams["cancelReader"],
    tee: uncurryThis(readable.tee) as Streams["tee"],
  };
  keepStreams(streams);
  return streams;
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

/** Ends a byte stream from its source's `pull`. */
export function closeByteController(controller: Ponyfill.ReadableByteStreamController): void {
  controller.close();
  // A read into the reader's own buffer that is waiting is answered only by this.
  controller.byobRequest?.respond(0);
}
