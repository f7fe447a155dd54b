import { expect, test } from "vitest";
import { SnapshotBlob } from "../src/snapshot-blob.ts";
import { appScript, heapSource, openIsolate } from "./isolate-harness.ts";

const HELLO = appScript("return new Response('hello');");

/** A source whose blob tells when nobody uses it any more. */
function countedSource() {
  const { attachSecret, blob } = heapSource(HELLO);
  const bytes = blob.acquire().copy();
  let unusedCount = 0;
  const counted = new SnapshotBlob(bytes, () => {
    unusedCount += 1;
  });
  return { source: { rung: "heap", attachSecret, blob: counted } as const, unusedCount: () => unusedCount, bytes };
}

test("isolates share a blob, and the last one that ends frees it", async () => {
  const { source, unusedCount, bytes } = countedSource();
  expect(bytes.byteLength).toBe(0); // handed over
  const first = openIsolate(HELLO, { source });
  const second = openIsolate(HELLO, { source });
  expect((await first.ask()).text).toBe("hello");
  first.isolate.dispose();
  first.isolate.dispose();
  expect(unusedCount()).toBe(0);
  expect((await second.ask()).text).toBe("hello");
  second.isolate.dispose();
  expect(unusedCount()).toBe(1);
});

test("an isolate that a limit ended gives its share back", async () => {
  const loop = appScript("for (;;);");
  const made = heapSource(loop);
  let unusedCount = 0;
  const blob = new SnapshotBlob(made.blob.acquire().copy(), () => {
    unusedCount += 1;
  });
  const { ask } = openIsolate(loop, {
    source: { rung: "heap", attachSecret: made.attachSecret, blob },
    limits: { cpuTimeMs: 5 },
  });
  await ask();
  expect(unusedCount).toBe(1);
});

test("a blob that was freed makes no isolate", () => {
  const { source } = countedSource();
  const { isolate } = openIsolate(HELLO, { source });
  isolate.dispose();
  expect(() => openIsolate(HELLO, { source })).toThrow(/was released/);
});

test("an isolate that cannot be restored gives its share back", () => {
  const { source, unusedCount } = countedSource();
  const { isolate } = openIsolate(HELLO, { source });
  const limits = { memoryBytes: Number.POSITIVE_INFINITY };
  expect(() => openIsolate(HELLO, { source, limits })).toThrow(/could not be restored/);
  expect(unusedCount()).toBe(0);
  isolate.dispose();
  expect(unusedCount()).toBe(1);
});
