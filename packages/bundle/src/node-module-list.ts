/** The modules of Node that an app may import, and the files that they are made of. */

export interface NodeModule {
  /** Of `src/node/`; none: it gives only what is global. */
  readonly file?: string;
  /** Names whose values the platform has: an expression each, evaluated where the name is used. */
  readonly globals?: Readonly<Record<string, string>>;
}

/** By their names without `node:`. `async_hooks` is not of these: it changes how an app is built. */
export const NODE_MODULES: ReadonlyMap<string, NodeModule> = new Map<string, NodeModule>([
  ["assert", { file: "assert" }],
  ["assert/strict", { file: "assert-strict" }],
  ["buffer", { file: "buffer", globals: sameNames("Blob File atob btoa") }],
  ["crypto", { file: "crypto", globals: { webcrypto: "globalThis.crypto", subtle: "globalThis.crypto.subtle" } }],
  ["diagnostics_channel", { file: "diagnostics-channel" }],
  ["events", { file: "events" }],
  ["path", { file: "path" }],
  ["path/posix", { file: "path" }],
  ["process", { file: "process" }],
  ["punycode", { file: "punycode" }],
  ["querystring", { file: "querystring" }],
  ["stream", { file: "stream" }],
  ["stream/consumers", { file: "stream-consumers" }],
  ["stream/promises", { file: "stream-promises" }],
  [
    "stream/web",
    {
      globals: sameNames(
        "ReadableStream ReadableStreamDefaultReader ReadableStreamBYOBReader ReadableStreamDefaultController " +
          "ReadableByteStreamController ReadableStreamBYOBRequest WritableStream WritableStreamDefaultWriter " +
          "WritableStreamDefaultController TransformStream TransformStreamDefaultController ByteLengthQueuingStrategy " +
          "CountQueuingStrategy TextEncoderStream TextDecoderStream CompressionStream DecompressionStream",
      ),
    },
  ],
  ["string_decoder", { file: "string-decoder" }],
  ["timers", { file: "timers" }],
  ["timers/promises", { file: "timers-promises" }],
  ["url", { file: "url" }],
  ["util", { file: "util", globals: sameNames("TextDecoder TextEncoder") }],
  ["util/types", { file: "util-types" }],
]);

function sameNames(names: string): Readonly<Record<string, string>> {
  return Object.fromEntries(names.split(" ").map((name) => [name, `globalThis.${name}`]));
}
