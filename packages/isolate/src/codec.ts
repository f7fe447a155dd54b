/**
 * One compressor or decompressor of the host's zlib, in steps: each is asked for, runs off the thread, and answers with one piece of output at most.
 *
 * I1 Between an answer and the next `write` or `pull` nothing runs: at most one piece of output (OUTPUT_BYTES) waits.
 * I2 Each `write`, `end` and `pull` is answered by exactly one of `onOutput`, `onTaken` and `onDone`, unless the codec is closed before: `pull` is
 *    for when `hasMore`, the others for when not. So at most one piece of input waits.
 */
import zlib from "node:zlib";
import { ownBuffer } from "./host-ops.ts";

const OUTPUT_BYTES = 64 * 1024;
/** What a step of a compressor may take, and what it keeps, is bounded by these: the defaults compress 2 MiB at once, for seconds. */
const BROTLI_QUALITY = 5;
const BROTLI_WINDOW_BITS = 20;
const KIB = 1024;
const MIB = 1024 * KIB;

/** A format in one direction. */
export interface CodecKind {
  readonly create: () => zlib.Gzip;
  /** What it holds at most, buffers included. */
  readonly memoryBytes: number;
}

// With a mark of 0 the stream runs a job when it is read, and not ahead. `rejectGarbageAfterEnd` is not in the types.
const OPTIONS = { chunkSize: OUTPUT_BYTES, readableHighWaterMark: 0, rejectGarbageAfterEnd: true } as zlib.ZlibOptions;
const BROTLI_OPTIONS = {
  ...(OPTIONS as zlib.BrotliOptions),
  params: {
    [zlib.constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
    [zlib.constants.BROTLI_PARAM_LGWIN]: BROTLI_WINDOW_BITS,
  },
} satisfies zlib.BrotliOptions;

const COMPRESSORS: Readonly<Record<string, CodecKind>> = {
  gzip: { create: () => zlib.createGzip(OPTIONS), memoryBytes: 512 * KIB },
  deflate: { create: () => zlib.createDeflate(OPTIONS), memoryBytes: 512 * KIB },
  "deflate-raw": { create: () => zlib.createDeflateRaw(OPTIONS), memoryBytes: 512 * KIB },
  brotli: { create: () => zlib.createBrotliCompress(BROTLI_OPTIONS), memoryBytes: 8 * MIB },
};
/** A brotli stream names its own window, of up to 16 MiB. */
const DECOMPRESSORS: Readonly<Record<string, CodecKind>> = {
  gzip: { create: () => zlib.createGunzip(OPTIONS), memoryBytes: 192 * KIB },
  deflate: { create: () => zlib.createInflate(OPTIONS), memoryBytes: 192 * KIB },
  "deflate-raw": { create: () => zlib.createInflateRaw(OPTIONS), memoryBytes: 192 * KIB },
  brotli: { create: () => zlib.createBrotliDecompress(OPTIONS as zlib.BrotliOptions), memoryBytes: 17 * MIB },
};

/** What the host knows of a format; undefined: it knows none of this name. */
export function codecKind(format: unknown, isCompressor: boolean): CodecKind | undefined {
  const kinds = isCompressor ? COMPRESSORS : DECOMPRESSORS;
  return typeof format === "string" && Object.hasOwn(kinds, format) ? kinds[format] : undefined;
}

export interface CodecListener {
  /** A step brought output; there may be more of the same input. */
  onOutput(output: ArrayBuffer): void;
  /** The input is used up. */
  onTaken(): void;
  /** The output is complete, or the input is malformed: nothing follows but `onFreed`. @param failure why it is */
  onDone(failure: string | undefined): void;
  /** Its memory is given back: once, whatever ended it. */
  onFreed(): void;
}

export class Codec {
  readonly #stream: zlib.Gzip;
  readonly #listener: CodecListener;
  #isStepping = false;
  #hasMore = false;
  #isClosed = false;
  /** What came when no step was asked for: it answers the next. */
  #isTaken = false;
  #isDone = false;
  #failure: string | undefined;

  constructor(kind: CodecKind, listener: CodecListener) {
    this.#listener = listener;
    this.#stream = kind.create();
    this.#stream.on("readable", () => this.#answer());
    this.#stream.on("end", () => {
      this.#isDone = true;
      this.#answer();
    });
    this.#stream.on("error", (cause) => {
      this.#isDone = true;
      this.#failure = cause.message;
      this.#answer();
    });
    this.#stream.on("close", () => listener.onFreed());
  }

  /** Whether a step was asked for and has not been answered. */
  get isStepping(): boolean {
    return this.#isStepping;
  }

  /** Whether output was the last answer: there is another to the same input. */
  get hasMore(): boolean {
    return this.#hasMore;
  }

  write(chunk: ArrayBuffer): void {
    this.#isStepping = true;
    this.#stream.write(new Uint8Array(chunk), (cause) => {
      if (cause) return;
      this.#isTaken = true;
      this.#answer();
    });
  }

  /** No input follows. */
  end(): void {
    this.#isStepping = true;
    this.#stream.end();
    this.#answer();
  }

  /** The next step of the same input. */
  pull(): void {
    this.#isStepping = true;
    this.#hasMore = false;
    this.#answer();
  }

  /** Frees it, once the job that runs is over. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#stream.destroy();
  }

  /** Answers the step that was asked for if it can be: output comes first, also that before malformed input. */
  #answer(): void {
    if (!this.#isStepping || this.#isClosed) return;
    // Where nothing is there, this starts the job that makes it, or lets the input be taken.
    const output = this.#stream.read() as Buffer | null;
    if (output === null && !this.#isDone && !this.#isTaken) return;
    this.#isStepping = false;
    if (output !== null) {
      this.#hasMore = true;
      this.#listener.onOutput(ownBuffer(output));
    } else if (this.#isDone) {
      this.#isClosed = true;
      this.#listener.onDone(this.#failure);
    } else {
      this.#isTaken = false;
      this.#listener.onTaken();
    }
  }
}
