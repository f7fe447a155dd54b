/**
 * The streams standard, by web-streams-polyfill: evaluated when the first stream is made, since evaluating it costs more than
 * many an app's own init. `isReadableStream` and the like (stream-state.ts) answer without evaluating it.
 */
import type * as Ponyfill from "web-streams-polyfill";
import { carry } from "./async-context.ts";
import { cloneHooks } from "./leaf/clone-hooks.ts";
import { registerPlatformPrototype } from "./leaf/webidl.ts";
import { ObjectDefineProperty, Uint8ArrayCtor, uncurryThis } from "./primordials.ts";
import {
  type ByteStream,
  keepStreams,
  loadedStreams,
  STREAM_INTERFACES,
  type StreamSlots,
  type Streams,
} from "./stream-state.ts";

// The build turns this into the call of the module's wrapper: nothing of it runs before.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];
interface Modules {
  "web-streams-polyfill": typeof Ponyfill & { readonly slots: StreamSlots; readonly hooks: Partial<Hooks> };
  "./leaf/abort.ts": typeof import("./leaf/abort.ts");
  "./leaf/abort-algorithms.ts": typeof import("./leaf/abort-algorithms.ts");
  "./transfer-streams.ts": typeof import("./transfer-streams.ts");
}

/** What streams ask of callbacks and of signals: the platform's, whatever the global and prototypes hold. */
interface Hooks {
  carry: typeof carry;
  isSignal: (value: unknown) => boolean;
  reasonOf: (signal: unknown) => unknown;
  /** Answers what takes the algorithm away again. */
  onAbort: (signal: unknown, algorithm: () => void) => (() => void) | "aborted" | undefined;
  createSignal: () => unknown;
  abort: (signal: unknown, reason: unknown) => void;
}

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
    transform: (stream, transformer) => pipeThrough(stream, new interfaces.TransformStream(transformer)),
    interfaces,
    slots: interfaces.slots,
    getReader: uncurryThis(readable.getReader) as Streams["getReader"],
    read: uncurryThis(reader.read) as Streams["read"],
    cancelReader: uncurryThis(reader.cancel) as Streams["cancelReader"],
    tee: uncurryThis(readable.tee) as Streams["tee"],
  };
  interfaces.hooks.carry = carry;
  connectSignals(interfaces.hooks);
  for (let i = 0; i < STREAM_INTERFACES.length; i++) {
    const name = STREAM_INTERFACES[i] as (typeof STREAM_INTERFACES)[number];
    const ctor = interfaces[name];
    // Minifying has renamed the class.
    ObjectDefineProperty(ctor, "name", { __proto__: null, value: name, configurable: true } as never);
    registerPlatformPrototype(ctor.prototype);
  }
  cloneHooks.isStream = (value) =>
    streams.slots.isReadable(value) || streams.slots.isWritable(value) || streams.slots.isTransform(value);
  cloneHooks.checkStream = (value) => require("./transfer-streams.ts").checkStream(value);
  cloneHooks.takeStream = (value) => require("./transfer-streams.ts").takeStream(value);
  cloneHooks.makeStream = (taken) => require("./transfer-streams.ts").makeStream(taken);
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

function connectSignals(hooks: Partial<Hooks>): void {
  hooks.isSignal = (value) => require("./leaf/abort-algorithms.ts").isAbortSignal(value);
  hooks.reasonOf = (signal) => require("./leaf/abort-algorithms.ts").signalState(signal).reason;
  hooks.onAbort = (signal, algorithm) => require("./leaf/abort-algorithms.ts").addAbortAlgorithm(signal, algorithm);
  hooks.createSignal = () => require("./leaf/abort.ts").createSignal();
  hooks.abort = (signal, reason) => require("./leaf/abort.ts").abortSignal(signal as never, reason);
}
