/**
 * The section `wasm`: WebAssembly modules in the order of their numbers in the script.
 *
 *   0  u32 count · 4 count × u32 length · bytes of the modules, without gaps, to the end
 */
import { errors } from "./errors.ts";
import { MAX_SECTION_BYTES } from "./sliver-layout.ts";

export const MAX_WASM_MODULES = 256;
const NUMBER_BYTES = 4;

/** @throws SLIVER_TOO_LARGE, SLIVER_MALFORMED where there are too many */
export function encodeWasmPack(modules: readonly Uint8Array[]): Buffer {
  refuseCount(modules.length);
  const head = Buffer.alloc(NUMBER_BYTES * (1 + modules.length));
  const packBytes = modules.reduce((sum, module) => sum + module.byteLength, head.byteLength);
  if (packBytes > MAX_SECTION_BYTES) {
    throw errors.TOO_LARGE({ part: "WebAssembly modules", foundBytes: packBytes, limitBytes: MAX_SECTION_BYTES });
  }
  head.writeUInt32LE(modules.length, 0);
  for (const [i, module] of modules.entries()) head.writeUInt32LE(module.byteLength, NUMBER_BYTES * (1 + i));
  return Buffer.concat([head, ...modules], packBytes);
}

/** The modules, as parts of `bytes`. @throws SLIVER_TRUNCATED, SLIVER_TRAILING_BYTES, SLIVER_MALFORMED */
export function parseWasmPack<T extends ArrayBufferLike>(bytes: Uint8Array<T>): readonly Uint8Array<T>[] {
  const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  refuseShort(bytes, NUMBER_BYTES);
  const moduleCount = head.getUint32(0, true);
  refuseCount(moduleCount);
  let offset = NUMBER_BYTES * (1 + moduleCount);
  refuseShort(bytes, offset);
  const modules: Uint8Array<T>[] = [];
  for (let i = 0; i < moduleCount; i++) {
    const end = offset + head.getUint32(NUMBER_BYTES * (1 + i), true);
    refuseShort(bytes, end);
    modules.push(bytes.subarray(offset, end));
    offset = end;
  }
  if (offset !== bytes.byteLength) {
    throw errors.TRAILING_BYTES({ foundBytes: bytes.byteLength, expectedBytes: offset });
  }
  return modules;
}

function refuseCount(moduleCount: number): void {
  if (moduleCount <= MAX_WASM_MODULES) return;
  const expected = `at most ${MAX_WASM_MODULES}`;
  throw errors.MALFORMED({ part: "WebAssembly modules", found: `${moduleCount} modules`, expected });
}

function refuseShort(bytes: Uint8Array, expectedBytes: number): void {
  if (bytes.byteLength >= expectedBytes) return;
  throw errors.TRUNCATED({ part: "WebAssembly modules", foundBytes: bytes.byteLength, expectedBytes });
}
