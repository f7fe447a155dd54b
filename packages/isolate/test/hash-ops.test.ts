import { createHash } from "node:crypto";
import { HASH_SLICE_BYTES, HostOp } from "@nano/web-api/boundary";
import { describe, expect, test } from "vitest";
import { HashOps, HashTable, MAX_OPEN_HASHES } from "../src/hash-ops.ts";
import { bytesOf, openIsolate } from "./isolate-harness.ts";

const HOSTILE: readonly unknown[] = [
  undefined,
  null,
  5,
  "text",
  {},
  [],
  () => 1,
  Symbol(),
  10n,
  Number.NaN,
  new Uint8Array(1),
  new Proxy({}, {}),
];

function hex(answer: unknown): string {
  return Buffer.from(answer as ArrayBuffer).toString("hex");
}

function expectedHex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

describe("hashes of node:crypto", () => {
  test("are answered at once", () => {
    const table = new HashTable();
    expect(hex(table.run(HostOp.HASH, 0, "sha256", bytesOf("abc"), undefined))).toBe(expectedHex("abc"));
    expect(table.openCount).toBe(0);
    for (const name of ["md6", "__proto__", "toString", "SHA256", "shake256", "sm3"]) {
      expect(table.run(HostOp.HASH, 0, name, bytesOf("abc"), undefined)).toBeUndefined();
    }
  });

  test("go on piece by piece, and as copies", () => {
    const table = new HashTable();
    expect(table.run(HostOp.HASH_BEGIN, 1, "sha256", undefined, undefined)).toBe(true);
    expect(table.run(HostOp.HASH_UPDATE, 1, undefined, bytesOf("a"), undefined)).toBe(true);
    expect(table.run(HostOp.HASH_END, 1, 2, undefined, undefined)).toBe(true);
    table.run(HostOp.HASH_UPDATE, 1, undefined, bytesOf("b"), undefined);
    expect(hex(table.run(HostOp.HASH_END, 1, undefined, undefined, undefined))).toBe(expectedHex("ab"));
    expect(hex(table.run(HostOp.HASH_END, 2, undefined, undefined, undefined))).toBe(expectedHex("a"));
    expect(table.openCount).toBe(0);
    expect(table.run(HostOp.HASH_END, 1, undefined, undefined, undefined)).toBeUndefined();
    expect(table.run(HostOp.HASH_UPDATE, 1, undefined, bytesOf("a"), undefined)).toBe(false);
  });

  test("are bounded: one more ends the one that was used least recently", () => {
    const table = new HashTable();
    for (let id = 1; id <= MAX_OPEN_HASHES; id++) table.run(HostOp.HASH_BEGIN, id, "md5", undefined, undefined);
    table.run(HostOp.HASH_UPDATE, 1, undefined, bytesOf("a"), undefined);
    for (let id = 1_000; id < 1_010; id++) table.run(HostOp.HASH_BEGIN, id, "md5", undefined, undefined);
    expect(table.openCount).toBe(MAX_OPEN_HASHES);
    expect(table.run(HostOp.HASH_UPDATE, 1, undefined, bytesOf("a"), undefined)).toBe(true);
    expect(table.run(HostOp.HASH_UPDATE, 2, undefined, bytesOf("a"), undefined)).toBe(false);
  });

  test("take no more bytes at once than can be hashed between two looks at the clock", () => {
    const table = new HashTable();
    const [most, tooMuch] = [new ArrayBuffer(HASH_SLICE_BYTES), new ArrayBuffer(HASH_SLICE_BYTES + 1)];
    expect(table.run(HostOp.HASH, 0, "md5", most, undefined)).toBeInstanceOf(ArrayBuffer);
    expect(table.run(HostOp.HASH, 0, "md5", tooMuch, undefined)).toBeUndefined();
    expect(table.run(HostOp.HASH, 0, "md5", most, tooMuch)).toBeUndefined();
    expect(table.run(HostOp.TIMING_SAFE_EQUAL, 0, tooMuch, tooMuch, undefined)).toBeUndefined();
  });

  test("of two contexts know nothing of each other", () => {
    const ops = new HashOps();
    const [one, other] = [{}, {}];
    ops.run(one, HostOp.HASH_BEGIN, 1, "md5", undefined, undefined);
    expect(ops.run(other, HostOp.HASH_UPDATE, 1, undefined, bytesOf("a"), undefined)).toBe(false);
    expect(ops.run(one, HostOp.HASH_UPDATE, 1, undefined, bytesOf("a"), undefined)).toBe(true);
  });

  test("answer hostile arguments, and never throw", () => {
    const table = new HashTable();
    table.run(HostOp.HASH_BEGIN, 1, "sha256", undefined, undefined);
    for (const code of [
      HostOp.HASH,
      HostOp.HASH_BEGIN,
      HostOp.HASH_UPDATE,
      HostOp.HASH_END,
      HostOp.TIMING_SAFE_EQUAL,
    ]) {
      for (const hostile of HOSTILE) {
        for (const args of [
          [hostile, "sha256", bytesOf("a"), hostile],
          [1, hostile, bytesOf("a"), undefined],
          [1, "sha256", hostile, undefined],
          [hostile, hostile, hostile, hostile],
        ] as const) {
          const [id, a, b, c] = args;
          expect(() => table.run(code, id, a, b, c)).not.toThrow();
        }
      }
    }
    const detached = new ArrayBuffer(8);
    detached.transfer();
    expect(() => table.run(HostOp.HASH, 0, "md5", detached, detached)).not.toThrow();
  });
});

/** An app whose handler has what a bundle's factory is given for modules of Node. */
function app(answer: string, init = ""): string {
  return `__nano_app__(function (env, takeWasm, nodeHost) { ${init}
    return { default: { async fetch() { const host = nodeHost(); return Response.json(await (${answer})); } } }; });`;
}

describe("what a bundle is given for modules of Node", () => {
  test("takes buffers and views, and refuses everything else by a TypeError", async () => {
    const { ask } = openIsolate(
      app(`(() => {
        const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, "0")).join("");
        const wrong = [undefined, null, 5, "abc", {}, [1], { byteLength: 1, buffer: new ArrayBuffer(1) }, new Proxy(new Uint8Array(1), {})];
        const refused = wrong.map((value) => { try { return host.hash("sha256", value); } catch (error) { return error.name; } });
        const detached = new Uint8Array(4); structuredClone(detached.buffer, { transfer: [detached.buffer] });
        return [hex(host.hash("sha256", new DataView(Uint8Array.of(97, 98, 99).buffer))), new Set(refused).size, refused[0], hex(host.hash("sha256", detached)),
          typeof host.hash("md6", new Uint8Array()), host.beginHash("md6"), host.updateHash(7, new Uint8Array()), host.copyHash({}), typeof host.endHash("1")];
      })()`),
    );
    expect(JSON.parse((await ask()).text)).toEqual([
      expectedHex("abc"),
      1,
      "TypeError",
      expectedHex(""),
      "undefined",
      0,
      false,
      0,
      "undefined",
    ]);
  });

  test("is not led astray by what an app did to prototypes", async () => {
    const { ask } = openIsolate(
      app(
        `[new Uint8Array(host.hash("SHA256", Uint8Array.of(97, 98, 99)))[0], host.inspect({ a: 1 }), host.format(["%s", "b"]), Object.isFrozen(host)]`,
        `ArrayBuffer.prototype.slice = Uint8Array.prototype.slice = String.prototype.toLowerCase = () => { throw new Error("patched"); };
         Object.defineProperty(ArrayBuffer.prototype, "byteLength", { get() { throw new Error("patched"); } });`,
      ),
    );
    expect(JSON.parse((await ask()).text)).toEqual([0xba, "{ a: 1 }", "b", true]);
  });

  test("hashes until the CPU limit, and no longer", async () => {
    const { ask, isolate } = openIsolate(
      app(`(() => { const data = new Uint8Array(8e6); for (;;) host.hash("sha3-512", data); })()`),
      {
        limits: { cpuTimeMs: 50 },
      },
    );
    const startedMs = performance.now();
    const { error } = await ask();
    expect(error?.reason).toBe("cpu_limit");
    expect(isolate.end).toBe("cpu_limit");
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  test("holds no more for an app that begins hashes for ever", async () => {
    const { ask } = openIsolate(
      app(
        `(() => { const first = host.beginHash("md5"); for (let i = 0; i < 10_000; i++) host.beginHash("md5"); return host.updateHash(first, new Uint8Array()); })()`,
      ),
      { isolation: "app" },
    );
    expect(JSON.parse((await ask()).text)).toBe(false);
  });
});
