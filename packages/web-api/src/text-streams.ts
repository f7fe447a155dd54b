/** TextEncoderStream and TextDecoderStream of the Encoding standard, made when they are first touched. */
import { loadGlobal } from "./define-global.ts";
import { finishInterface } from "./leaf/webidl.ts";
import { StringPrototypeCharCodeAt, StringPrototypeSlice, TypeErrorCtor, Uint8ArrayCtor } from "./primordials.ts";
import type { ByteStream } from "./stream-state.ts";
import { loadStreams } from "./streams.ts";
import { encodeUtf8 } from "./utf8.ts";

/** What this file needs of the TextDecoder interface. */
interface Decoder {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(input?: unknown, options?: { stream: boolean }): string;
}

export function createTextEncoderStream(): unknown {
  const { TransformStream } = loadStreams().interfaces;

  class TextEncoderStream {
    /** A high surrogate at the end of a chunk, kept for the low one that may begin the next. */
    #pending = "";
    readonly #transform = new TransformStream<unknown, Uint8Array>({
      transform: (chunk, controller) => {
        const text = `${this.#pending}${chunk as string}`;
        const last = text.length === 0 ? 0 : StringPrototypeCharCodeAt(text, text.length - 1);
        const isSplit = last >= 0xd800 && last <= 0xdbff;
        this.#pending = isSplit ? StringPrototypeSlice(text, -1) : "";
        const whole = isSplit ? StringPrototypeSlice(text, 0, -1) : text;
        if (whole !== "") controller.enqueue(new Uint8ArrayCtor(encodeUtf8(whole)));
      },
      flush: (controller) => {
        if (this.#pending !== "") controller.enqueue(new Uint8ArrayCtor([0xef, 0xbf, 0xbd]));
      },
    });

    get encoding(): string {
      return this.#transform === undefined ? "" : "utf-8";
    }
    get readable(): unknown {
      return this.#transform.readable;
    }
    get writable(): unknown {
      return this.#transform.writable;
    }
  }
  finishInterface(TextEncoderStream, "TextEncoderStream");
  return TextEncoderStream;
}

/** The text of a stream of UTF-8, as a stream that locks the given one. */
export function decodeStream(stream: ByteStream): ByteStream {
  const decoder = new (loadGlobal<new () => Decoder>("TextDecoder"))();
  const enqueue = (controller: { enqueue(chunk: string): void }, text: string): void => {
    if (text !== "") controller.enqueue(text);
  };
  return loadStreams().transform(stream, {
    transform: (chunk, controller) => enqueue(controller, decoder.decode(chunk, { stream: true })),
    flush: (controller) => enqueue(controller, decoder.decode()),
  });
}

export function createTextDecoderStream(): unknown {
  const { TransformStream } = loadStreams().interfaces;
  const TextDecoder = loadGlobal<new (label: unknown, options: unknown) => Decoder>("TextDecoder");

  class TextDecoderStream {
    readonly #decoder: Decoder;
    readonly #transform;

    constructor(label: unknown = "utf-8", options: unknown = {}) {
      const decoder = new TextDecoder(label, options);
      this.#decoder = decoder;
      this.#transform = new TransformStream<unknown, string>({
        transform: (chunk, controller) => {
          // To the decoder, undefined is an argument that is missing.
          if (chunk === undefined) throw new TypeErrorCtor("The chunk is not a buffer or a view");
          const text = decoder.decode(chunk, { stream: true });
          if (text !== "") controller.enqueue(text);
        },
        flush: (controller) => {
          const text = decoder.decode();
          if (text !== "") controller.enqueue(text);
        },
      });
    }

    get encoding(): string {
      return this.#decoder.encoding;
    }
    get fatal(): boolean {
      return this.#decoder.fatal;
    }
    get ignoreBOM(): boolean {
      return this.#decoder.ignoreBOM;
    }
    get readable(): unknown {
      return this.#transform.readable;
    }
    get writable(): unknown {
      return this.#transform.writable;
    }
  }
  finishInterface(TextDecoderStream, "TextDecoderStream");
  return TextDecoderStream;
}
