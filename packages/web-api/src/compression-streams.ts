// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/**
 * CompressionStream and DecompressionStream of the Compression standard: the host's zlib, in steps that are asked for.
 *
 * I1 The host is asked for a step only where the one before is answered: it has one piece of input and one of output at most.
 * I2 Output is asked for when somebody reads; a write is settled when the host has used up its chunk.
 * I3 A codec of the host is opened by the first write or the close, and closed with either side of the stream.
 */
import type * as Ponyfill from "web-streams-polyfill";
import { CODEC_INPUT_BYTES, GuestEvent, HostOp } from "./boundary.ts";
import { callHost } from "./host.ts";
import { viewBytes } from "./leaf/buffer-source.ts";
import { MathMin } from "./leaf/intrinsics.ts";
import { finishInterface } from "./leaf/webidl.ts";
import { requireArguments, toDOMString } from "./leaf/webidl-convert.ts";
import {
  ArrayBufferPrototypeSlice,
  MapCtor,
  MapPrototypeDelete,
  MapPrototypeGet,
  MapPrototypeSet,
  PromiseCtor,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetByteOffset,
  TypeErrorCtor,
  Uint8ArrayCtor,
} from "./primordials.ts";
import { loadStreams } from "./streams.ts";

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Those that the host has opened, by id. */
const open = new MapCtor<number, Codec>();
let lastId = 0;

class Codec {
  readonly readable: unknown;
  readonly writable: unknown;
  readonly #format: string;
  readonly #isCompressor: boolean;
  #id = 0;
  #isOver = false;
  /** The write or the close that is not settled. */
  #sink: Waiting | null = null;
  #input: Uint8Array<ArrayBuffer> | null = null;
  #inputOffset = 0;
  /** The host may have more output of what it was given. */
  #hasMore = false;
  #endPull: (() => void) | null = null;
  #source: Ponyfill.ReadableStreamDefaultController<Uint8Array> | undefined;
  #sinkController: Ponyfill.WritableStreamDefaultController | undefined;

  constructor(format: string, isCompressor: boolean) {
    this.#format = format;
    this.#isCompressor = isCompressor;
    const { ReadableStream, WritableStream } = loadStreams().interfaces;
    this.readable = new ReadableStream<Uint8Array>(
      {
        __proto__: null,
        start: (controller: Ponyfill.ReadableStreamDefaultController<Uint8Array>) => {
          this.#source = controller;
        },
        pull: () => this.#pull(),
        cancel: (reason: unknown) => {
          this.#fail(reason);
        },
      } as never,
      { __proto__: null, highWaterMark: 0 } as never,
    );
    this.writable = new WritableStream<unknown>({
      __proto__: null,
      start: (controller: Ponyfill.WritableStreamDefaultController) => {
        this.#sinkController = controller;
      },
      write: (chunk: unknown) => this.#write(chunk),
      close: () => this.#close(),
      abort: (reason: unknown) => {
        if (this.#end()) this.#source?.error(reason);
      },
    } as never);
  }

  deliver(event: number, value: unknown): void {
    if (event === GuestEvent.CODEC_OUTPUT) {
      this.#hasMore = true;
      this.#source?.enqueue(new Uint8ArrayCtor(value as ArrayBuffer));
      this.#settlePull();
    } else if (event === GuestEvent.CODEC_TAKEN) this.#sendNext();
    else if (value !== undefined) this.#fail(new TypeErrorCtor(`The compressed data is not valid: ${value as string}`));
    else if (this.#end()) {
      this.#source?.close();
      this.#settlePull();
      this.#settleSink();
    }
  }

  #write(chunk: unknown): Promise<void> | undefined {
    const bytes = viewBytes(chunk);
    if (bytes === undefined) throw this.#fail(new TypeErrorCtor("The chunk is not a buffer or a view"));
    if (TypedArrayPrototypeGetByteLength(bytes) === 0 || this.#isOver) return undefined;
    this.#open();
    this.#input = bytes;
    this.#inputOffset = 0;
    const settled = this.#waitForSink();
    this.#sendNext();
    return settled;
  }

  #close(): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    this.#open();
    const settled = this.#waitForSink();
    callHost(HostOp.CODEC_WRITE, this.#id);
    return settled;
  }

  /** @throws TypeError where the host refuses, which fails both sides */
  #open(): void {
    if (this.#id !== 0) return;
    const id = ++lastId;
    let answer: unknown;
    try {
      answer = callHost(HostOp.CODEC_OPEN, id, this.#format, this.#isCompressor);
    } catch (reason) {
      throw this.#fail(reason);
    }
    if (answer !== true) {
      const why = answer === undefined ? "Compression is not available while the app initialises" : (answer as string);
      throw this.#fail(new TypeErrorCtor(why));
    }
    this.#id = id;
    MapPrototypeSet(open, id, this);
  }

  /** The next piece of the chunk that is being written; at its end the write is settled. */
  #sendNext(): void {
    const input = this.#input;
    const lengthBytes = input === null ? 0 : TypedArrayPrototypeGetByteLength(input);
    if (input === null || this.#inputOffset >= lengthBytes) {
      this.#input = null;
      this.#settleSink();
      return;
    }
    const start = TypedArrayPrototypeGetByteOffset(input) + this.#inputOffset;
    const rest = lengthBytes - this.#inputOffset;
    const size = MathMin(rest, CODEC_INPUT_BYTES);
    this.#inputOffset += size;
    const piece = ArrayBufferPrototypeSlice(TypedArrayPrototypeGetBuffer(input), start, start + size);
    callHost(HostOp.CODEC_WRITE, this.#id, piece);
  }

  #pull(): Promise<void> {
    const pulled = new PromiseCtor<void>((resolve) => {
      this.#endPull = resolve;
    });
    if (this.#hasMore) {
      this.#hasMore = false;
      callHost(HostOp.CODEC_PULL, this.#id);
    }
    return pulled;
  }

  /** Fails both sides, and answers the reason. */
  #fail(reason: unknown): unknown {
    if (!this.#end()) return reason;
    this.#source?.error(reason);
    const sink = this.#sink;
    this.#sink = null;
    if (sink !== null) sink.reject(reason);
    else this.#sinkController?.error(reason);
    return reason;
  }

  /** False: it had ended before. */
  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#input = null;
    if (this.#id !== 0 && MapPrototypeDelete(open, this.#id)) callHost(HostOp.CODEC_CLOSE, this.#id);
    return true;
  }

  #waitForSink(): Promise<void> {
    return new PromiseCtor<void>((resolve, reject) => {
      this.#sink = { resolve, reject };
    });
  }

  #settleSink(): void {
    const sink = this.#sink;
    this.#sink = null;
    sink?.resolve();
  }

  #settlePull(): void {
    const endPull = this.#endPull;
    this.#endPull = null;
    endPull?.();
  }
}

/** What the host says of a codec; one that is closed hears nothing. */
export function deliverStep(event: number, id: number, value: unknown): void {
  const codec = MapPrototypeGet(open, id);
  if (event === GuestEvent.CODEC_DONE) {
    // The host has closed it.
    MapPrototypeDelete(open, id);
  }
  codec?.deliver(event, value);
}

export class CompressionStream {
  readonly #codec: Codec;

  constructor(format: unknown) {
    requireArguments(arguments.length, 1, "new CompressionStream");
    this.#codec = new Codec(toFormat(format, "new CompressionStream"), true);
  }

  get readable(): unknown {
    return this.#codec.readable;
  }

  get writable(): unknown {
    return this.#codec.writable;
  }
}

finishInterface(CompressionStream, "CompressionStream");

export class DecompressionStream {
  readonly #codec: Codec;

  constructor(format: unknown) {
    requireArguments(arguments.length, 1, "new DecompressionStream");
    this.#codec = new Codec(toFormat(format, "new DecompressionStream"), false);
  }

  get readable(): unknown {
    return this.#codec.readable;
  }

  get writable(): unknown {
    return this.#codec.writable;
  }
}

finishInterface(DecompressionStream, "DecompressionStream");

function toFormat(value: unknown, operation: string): string {
  const format = toDOMString(value);
  if (format === "gzip" || format === "deflate" || format === "deflate-raw" || format === "brotli") return format;
  throw new TypeErrorCtor(`${operation}: '${format}' is not a compression format`);
}
