/** Undoes `content-encoding` as the fetch standard has it: gzip, deflate, br, zstd, in any order, a few deep. */
import type { Transform } from "node:stream";
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from "node:zlib";
import { egressErrors } from "./errors.ts";
import { headerValues } from "./request-headers.ts";

/** Codings of one response; undici's fetch draws the line at the same depth. */
const MAX_CODINGS = 5;
const KNOWN_CODINGS = new Set(["gzip", "x-gzip", "deflate", "br", "zstd"]);

/** Ends of bodies are often cut short; what has arrived is given out, as browsers do. */
const LENIENT = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
const LENIENT_BROTLI = { flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH };
const LENIENT_ZSTD = { flush: constants.ZSTD_e_flush, finishFlush: constants.ZSTD_e_flush };

/**
 * The codings of a body in the order in which to undo them; empty where there is nothing to decode, or one is not
 * known: such a body passes as it is.
 *
 * @throws EGRESS_DECODE_FAILED for too many of them
 */
export function contentCodings(headers: readonly string[]): string[] {
  const codings = headerValues(headers, "content-encoding")
    .join(",")
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity");
  if (codings.length > MAX_CODINGS) throw egressErrors.DECODE_FAILED({ coding: `${codings.length} content codings` });
  return codings.every((coding) => KNOWN_CODINGS.has(coding)) ? codings.reverse() : [];
}

export interface DecoderListener {
  onChunk(chunk: Buffer): void;
  onEnd(): void;
  onError(coding: string, cause: unknown): void;
  /** `write` may go on. */
  onDrain(): void;
}

/** A chain of decoders that holds no more than its streams' high-water marks. */
export class BodyDecoder {
  readonly #codings: readonly string[];
  readonly #listener: DecoderListener;
  /** Made at the first byte: it tells which deflate it is, and an empty body is no malformed one. */
  #streams: Transform[] = [];
  #isPaused = false;

  constructor(codings: readonly string[], listener: DecoderListener) {
    this.#codings = codings;
    this.#listener = listener;
  }

  /** False: wait for `onDrain`. */
  write(chunk: Buffer): boolean {
    if (chunk.length === 0) return true;
    if (this.#streams.length === 0) this.#open(chunk);
    return (this.#streams[0] as Transform).write(chunk);
  }

  end(): void {
    if (this.#streams[0] === undefined) this.#listener.onEnd();
    else this.#streams[0].end();
  }

  pause(): void {
    this.#isPaused = true;
    this.#streams.at(-1)?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#streams.at(-1)?.resume();
  }

  destroy(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  #open(firstBytes: Buffer): void {
    for (const [index, coding] of this.#codings.entries()) {
      const stream = createTransform(coding, index === 0 ? firstBytes : null);
      stream.on("error", (cause) => {
        this.destroy();
        this.#listener.onError(coding, cause);
      });
      this.#streams.at(-1)?.pipe(stream);
      this.#streams.push(stream);
    }
    this.#streams[0]?.on("drain", () => this.#listener.onDrain());
    const last = this.#streams.at(-1);
    last?.on("data", (chunk: Buffer) => this.#listener.onChunk(chunk));
    last?.on("end", () => this.#listener.onEnd());
    if (this.#isPaused) last?.pause();
  }
}

function createTransform(coding: string, firstBytes: Buffer | null): Transform {
  switch (coding) {
    case "br":
      return createBrotliDecompress(LENIENT_BROTLI);
    case "zstd":
      return createZstdDecompress(LENIENT_ZSTD);
    case "deflate":
      // Some servers send the bare stream, without the zlib header whose low nibble is 8.
      return firstBytes === null || ((firstBytes[0] ?? 8) & 0x0f) === 8
        ? createInflate(LENIENT)
        : createInflateRaw(LENIENT);
    default:
      return createGunzip(LENIENT);
  }
}
