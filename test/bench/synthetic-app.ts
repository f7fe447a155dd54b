/** Apps that are nothing but their init heap: so many bytes of one kind, made at the top level, and an answer that reads them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const heapKinds = ["objects", "map", "array", "typed array", "string"] as const;
export type HeapKind = (typeof heapKinds)[number];

/** V8's bytes of one element on 64 bits without pointer compression. */
const ELEMENT_BYTES = {
  // Three words of header, four fields, and its slot in the array.
  objects: 64,
  // An entry of three words with its share of the buckets, a key of 24 bytes, an object of two fields.
  map: 92,
  array: 8,
  "typed array": 8,
  string: 1,
} as const satisfies Record<HeapKind, number>;

const MAKE = {
  objects: (count) =>
    `Array.from({ length: ${count} }, (_, i) => ({ id: i, next: i + 1, half: i >> 1, isOdd: i % 2 === 1 }))`,
  map: (count) => `new Map(Array.from({ length: ${count} }, (_, i) => ["key-" + i, { id: i, next: i + 1 }]))`,
  array: (count) => `Array.from({ length: ${count} }, (_, i) => i + 0.5)`,
  "typed array": (count) => `Float64Array.from({ length: ${count} }, (_, i) => i + 0.5)`,
  // Joined, because a repeated or added string is a tree of its parts.
  string: (count) => `Array.from({ length: ${count} }, (_, i) => String.fromCharCode(97 + (i % 26))).join("")`,
} as const satisfies Record<HeapKind, (count: number) => string>;

const READ = {
  objects: "heap[heap.length >> 1].next + heap.length",
  map: 'heap.get("key-" + (heap.size >> 1)).next + heap.size',
  array: "heap[heap.length >> 1] + heap.length",
  "typed array": "heap[heap.length >> 1] + heap.length",
  string: "heap.charCodeAt(heap.length >> 1) + heap.length",
} as const satisfies Record<HeapKind, string>;

/** So that contexts of the largest heap fit several times, and its top level has the time. */
const LIMITS = { memory_mb: 1024, init_time_ms: 20_000 };

export interface SyntheticApp {
  readonly directory: string;
  /** What it answers, whatever it is asked. */
  readonly body: string;
}

/** @param heapBytes 0: no heap at all, whatever the kind */
export function writeSyntheticApp(parent: string, kind: HeapKind, heapBytes: number): SyntheticApp {
  const count = Math.round(heapBytes / ELEMENT_BYTES[kind]);
  const name = `${kind.replace(" ", "-")}-${heapBytes}`;
  const directory = join(parent, name);
  mkdirSync(directory, { recursive: true });
  const heap = count === 0 ? "null" : MAKE[kind](count);
  const read = count === 0 ? "0" : READ[kind];
  writeFileSync(join(directory, "package.json"), JSON.stringify({ name, type: "module", main: "index.js" }));
  writeFileSync(join(directory, "nano.json"), JSON.stringify({ entrypoint: "index.js", limits: LIMITS }));
  writeFileSync(
    join(directory, "index.js"),
    `const heap = ${heap};
export default { fetch() { return new Response("${name} " + (${read})); } };
`,
  );
  return { directory, body: `${name} ${count === 0 ? 0 : expectedRead(kind, count)}` };
}

function expectedRead(kind: HeapKind, count: number): number {
  const middle = count >> 1;
  switch (kind) {
    case "objects":
    case "map":
      return middle + 1 + count;
    case "array":
    case "typed array":
      return middle + 0.5 + count;
    case "string":
      return 97 + (middle % 26) + count;
  }
}
