/** Slivers that cannot be restored serve from their script: at once, told of once, in both isolation modes. */

import { readFileSync, writeFileSync } from "node:fs";
import type { EngineFingerprint } from "@nano/protocol/brands";
import { burnSource } from "@nano/test-kit/burn-source";
import { describe, expect, test } from "vitest";
import { appScript, writeSliverEntry } from "./sliver-fixture.ts";
import { ask, type OpenedWorker, openWorker } from "./worker-harness.ts";

const COUNTS = appScript(
  "count += 1; return new Response(greeting + ' ' + count);",
  "let count = 0; const greeting = 'hello';",
);
const OTHER_ENGINE = "0".repeat(32) as EngineFingerprint;
const WRONG_SECRET = "0".repeat(64);

async function answers(worker: OpenedWorker, server: ReturnType<OpenedWorker["serve"]>, count = 2): Promise<string[]> {
  const link = await worker.dial();
  const texts: string[] = [];
  for (let i = 0; i < count; i++) {
    const { text, error } = await ask(link, { versionId: server.assignment.versionId });
    texts.push(error === null ? text : error.reason);
  }
  return texts;
}

/** Blocks of the snapshot are lost since the entry was verified; the script is whole. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0, 8 * 1024, 72 * 1024);
  writeFileSync(path, bytes);
}

describe.each(["request", "app"] as const)("in %s mode", (isolation) => {
  const expected = isolation === "app" ? ["hello 1", "hello 2"] : ["hello 1", "hello 1"];

  test("a sliver that another engine made serves from source, and its snapshot never reaches V8", async () => {
    const worker = await openWorker();
    const sliver = { fingerprint: OTHER_ENGINE, snapshot: Buffer.from("no heap of anything") };
    const server = worker.serve(COUNTS, { manifest: { isolation }, sliver });
    expect(await answers(worker, server)).toEqual(expected);
    expect(worker.falls).toMatchObject([{ from: "heap", to: "source", reason: "fingerprint" }]);
    expect(worker.sources.blobBytes).toBe(0);
  });

  test("an entry that was damaged on disk since it was verified serves from source", async () => {
    const worker = await openWorker();
    const server = worker.serve(COUNTS, { manifest: { isolation } });
    damage(server.assignment.sliverPath ?? "");
    expect(await answers(worker, server)).toEqual(expected);
    expect(worker.falls).toMatchObject([{ from: "heap", to: "source", reason: "damaged" }]);
  });

  test("a sliver of the bytecode rung serves from it, and from source where that cannot be restored", async () => {
    const worker = await openWorker();
    const whole = worker.serve(COUNTS, { manifest: { isolation }, sliver: { rung: "bytecode" } });
    expect(await answers(worker, whole)).toEqual(expected);
    expect([worker.falls, worker.sources.blobBytes > 0]).toEqual([[], true]);
    const sliver = { rung: "bytecode", attachSecret: WRONG_SECRET } as const;
    const broken = worker.serve(COUNTS, { manifest: { isolation }, sliver });
    expect(await answers(worker, broken)).toEqual(expected);
    expect(worker.falls).toMatchObject([{ from: "bytecode", to: "source", reason: "restore_failed" }]);
  });

  test("a snapshot that no host can attach to serves from source, and is let go of", async () => {
    const worker = await openWorker();
    const server = worker.serve(COUNTS, { manifest: { isolation }, sliver: { attachSecret: WRONG_SECRET } });
    expect(await answers(worker, server)).toEqual(expected);
    expect(worker.falls).toMatchObject([{ from: "heap", to: "source", reason: "restore_failed" }]);
    expect(worker.sources.blobBytes).toBe(0);
    expect(worker.counters.coldStarts).toBe(1);
  });
});

test("a sliver falls once, however often its app is restored", async () => {
  const worker = await openWorker();
  const server = worker.serve(COUNTS, { sliver: { attachSecret: WRONG_SECRET } });
  for (let i = 0; i < 3; i++) {
    expect(await answers(worker, server, 1)).toEqual(["hello 1"]);
    server.lane.evict();
  }
  expect(worker.falls).toHaveLength(1);
});

test("an app whose top level takes longer than a request's CPU limit answers from source: init is not the request's", async () => {
  const worker = await openWorker();
  const slow = appScript("return new Response('ready');", `${burnSource()} burn(120);`);
  const server = worker.serve(slow, { sliver: { fingerprint: OTHER_ENGINE }, limits: { cpuTimeMs: 30 } });
  expect(await answers(worker, server, 3)).toEqual(["ready", "ready", "ready"]);
});

test("an app that cannot start from source either is answered so, and each request tries again", async () => {
  const worker = await openWorker();
  const script = "throw new Error('the top level threw');";
  const server = worker.serve(COUNTS, { sliver: { attachSecret: WRONG_SECRET, scriptSection: script } });
  expect(await answers(worker, server)).toEqual(["sliver_unusable", "sliver_unusable"]);
  expect(worker.falls).toHaveLength(1);
  expect([server.lane.waitingCount, server.lane.runningCount, worker.cache.isolateCount]).toEqual([0, 0, 0]);
});

describe("a sliver that several versions have", () => {
  test("is one blob in the worker, counted once in the budget, and gone with the last isolate", async () => {
    const script = appScript(
      "return new Response(big.slice(0, 1));",
      "const big = 'x'.repeat(3_000_000); big.charCodeAt(0);",
    );
    const worker = await openWorker();
    const sliverPath = writeSliverEntry({ script }, worker.directory);
    const servers = [0, 1, 2].map(() => worker.serve(script, { sliverPath }));
    for (const server of servers) expect(await answers(worker, server, 1)).toEqual(["x"]);
    const { blobBytes } = worker.sources;
    expect(blobBytes).toBeGreaterThan(3_000_000);
    expect(blobBytes).toBeLessThan(6_000_000);
    for (const { lane } of servers) {
      expect(worker.sources.blobBytes).toBe(blobBytes);
      lane.evict();
    }
    expect(worker.sources.blobBytes).toBe(0);
  });
});
