/**
 * `.wasm` files are imported as a WebAssembly.Module. Their bytes leave the script: the host compiles them once and hands
 * each module over by its number.
 *
 * I1 Numbers follow the script's text, so that the same files give the same bundle whatever was read first.
 * I2 The same bytes are one module, however often and from wherever they are imported.
 */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { PartialMessage, Plugin } from "esbuild";
import { errors } from "./errors.ts";

/** Largest sum of an app's WebAssembly modules: what a worker compiles once and keeps. */
export const MAX_WASM_BYTES = 32 * 1024 * 1024;
/** The factory's second parameter: `take(index, (module) => …)`. */
export const TAKE_WASM_NAME = "__nano_take_wasm__";

/** `\0asm` and the version of core modules; components have another. */
const HEADER_HEX = "00 61 73 6d 01 00 00 00";
const HEADER_BYTES = 8;
/** Stands for a module's number until the script is known. */
const PLACEHOLDER = /__nano_wasm_([0-9a-f]{64})__/g;

/** What marks an esbuild message as one of these: its text says what was found. */
export const BAD_WASM_DETAIL = "nano-bad-wasm";

export interface WasmImports {
  readonly plugin: Plugin;
  /** Numbers the modules that the script imports. @throws BUNDLE_TOO_LARGE */
  number(script: string): { readonly script: string; readonly wasm: readonly string[] };
}

/** For one build. */
export function createWasmImports(): WasmImports {
  const bytesByDigest = new Map<string, Buffer>();
  return {
    plugin: {
      name: "nano-wasm-imports",
      setup(build) {
        build.onLoad({ filter: /\.wasm$/, namespace: "file" }, async ({ path, with: attributes }) => {
          if (attributes.type !== undefined) return undefined;
          const { size } = await stat(path);
          if (size > MAX_WASM_BYTES) return { errors: [tooLarge(size)] };
          const bytes = await readFile(path);
          const headerHex = bytes
            .subarray(0, HEADER_BYTES)
            .toString("hex")
            .replaceAll(/(..)(?=.)/g, "$1 ");
          if (headerHex !== HEADER_HEX) return { errors: [badHeader(headerHex)] };
          const digest = createHash("sha256").update(bytes).digest("hex");
          bytesByDigest.set(digest, bytes);
          return { contents: moduleText(`__nano_wasm_${digest}__`) };
        });
      },
    },
    number(script) {
      const digests: string[] = [];
      const numbered = script.replaceAll(PLACEHOLDER, (written, digest: string) => {
        if (!bytesByDigest.has(digest)) return written;
        if (!digests.includes(digest)) digests.push(digest);
        return String(digests.indexOf(digest));
      });
      const modules = digests.map((digest) => bytesByDigest.get(digest) ?? Buffer.alloc(0));
      const foundBytes = modules.reduce((sum, bytes) => sum + bytes.length, 0);
      if (foundBytes > MAX_WASM_BYTES) throw wasmTooLarge(foundBytes);
      return { script: numbered, wasm: modules.map((bytes) => bytes.toString("base64")) };
    },
  };
}

/** A live binding: each context is given its module when it is made, also where its heap was not. */
function moduleText(index: string): string {
  return `let module; ${TAKE_WASM_NAME}(${index}, (taken) => { module = taken; }); export { module as default };`;
}

function badHeader(headerHex: string): PartialMessage {
  const found = headerHex === "" ? "nothing" : headerHex;
  return { text: `The file begins with ${found}, expected ${HEADER_HEX}`, detail: BAD_WASM_DETAIL };
}

function tooLarge(foundBytes: number): PartialMessage {
  const error = wasmTooLarge(foundBytes);
  return { text: error.message, detail: error };
}

function wasmTooLarge(foundBytes: number) {
  return errors.TOO_LARGE({ part: "WebAssembly modules", foundBytes, limitBytes: MAX_WASM_BYTES });
}
