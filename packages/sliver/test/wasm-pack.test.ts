import { encodeWasmPack, MAX_WASM_MODULES, parseWasmPack } from "@nano/sliver/wasm-pack";
import fc from "fast-check";
import { expect, it } from "vitest";

function packOf(numbers: readonly number[], body = 0): Buffer {
  const pack = Buffer.alloc(4 * numbers.length + body);
  for (const [i, number] of numbers.entries()) pack.writeUInt32LE(number, 4 * i);
  return pack;
}

it("gives back the modules that were packed, in their order", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (modules) => {
      expect(parseWasmPack(encodeWasmPack(modules)).map((module) => [...module])).toEqual(modules.map((m) => [...m]));
    }),
  );
});

it.each([
  ["empty", Buffer.alloc(0), "SLIVER_TRUNCATED"],
  ["cut within its count", Buffer.alloc(3), "SLIVER_TRUNCATED"],
  ["cut within its lengths", packOf([2, 8]), "SLIVER_TRUNCATED"],
  ["cut within a module", packOf([1, 8], 7), "SLIVER_TRUNCATED"],
  ["claiming a module of 4 GiB", packOf([1, 0xffff_ffff], 8), "SLIVER_TRUNCATED"],
  ["claiming more modules than there may be", packOf([0xffff_ffff], 64), "SLIVER_MALFORMED"],
  ["longer than its modules", packOf([1, 8], 9), "SLIVER_TRAILING_BYTES"],
])("refuses a pack that is %s", (_, pack, code) => {
  expect(() => parseWasmPack(pack)).toThrow(expect.objectContaining({ code }));
});

it("whatever its bytes are, a pack is read or refused with a code", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        const modules = parseWasmPack(bytes);
        expect(modules.reduce((sum, module) => sum + module.byteLength, 4 + 4 * modules.length)).toBe(bytes.byteLength);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^SLIVER_/) });
      }
    }),
  );
});

it("packs no more modules than are read", () => {
  const empty = new Uint8Array(0);
  expect(() => encodeWasmPack(Array.from({ length: MAX_WASM_MODULES + 1 }, () => empty))).toThrow("at most 256");
  expect(parseWasmPack(encodeWasmPack(Array.from({ length: MAX_WASM_MODULES }, () => empty)))).toHaveLength(256);
});
