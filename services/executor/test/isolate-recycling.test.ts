/** Isolates of request mode collect the garbage of past contexts, and leaking ones are replaced, without a request that notices. */
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { IsolateRecycling, RECYCLE_INTERVAL_MS } from "../src/request/isolate-recycling.ts";
import { appScript } from "./sliver-fixture.ts";
import { ask, openWorker, type RouterStream, send } from "./worker-harness.ts";

const MIB = 1024 * 1024;

describe("what decides", () => {
  function open(isolation: "request" | "app", memoryMib = 100) {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const state = { mib: 0, canRecycle: true, recycledCount: 0 };
    const recycling = new IsolateRecycling({
      isolation,
      memoryBytes: memoryMib * MIB,
      measure: () => state.mib * MIB,
      canRecycle: () => state.canRecycle,
      recycle: () => {
        state.recycledCount += 1;
      },
    });
    const look = (mib: number, waitMs = 0): number => {
      state.mib = mib;
      recycling.look(mib * MIB);
      vi.advanceTimersByTime(waitMs);
      return state.recycledCount;
    };
    return { state, recycling, look };
  }

  test("garbage of request mode is worth a restore when there is more of it than of the app", () => {
    const { look } = open("request");
    expect([look(3), look(6), look(7), look(8)]).toEqual([0, 0, 0, 1]);
  });

  test("what an isolate of app mode grows by is kept until it is nearly full", () => {
    const { look } = open("app");
    expect([look(3), look(60), look(80), look(81)]).toEqual([0, 0, 0, 1]);
  });

  test("one that begins nearly full is not replaced for that", () => {
    const { look } = open("request", 60);
    expect([look(50), look(55), look(59)]).toEqual([0, 0, 0]);
  });

  test("not again before the interval is over, and not at all where it shrank meanwhile", () => {
    const { look, recycling, state } = open("request");
    look(2);
    expect(look(20)).toBe(1);
    recycling.restored();
    look(2);
    expect(look(20, RECYCLE_INTERVAL_MS - 1)).toBe(1);
    vi.advanceTimersByTime(1);
    expect(state.recycledCount).toBe(2);
    recycling.restored();
    look(2);
    expect(look(20)).toBe(2);
    state.mib = 3;
    vi.advanceTimersByTime(RECYCLE_INTERVAL_MS);
    expect(state.recycledCount).toBe(2);
  });

  test("one that requests wore out is replaced whatever its size is, and no more often", () => {
    const { look, recycling, state } = open("app");
    look(2);
    recycling.wear();
    recycling.wear();
    vi.advanceTimersByTime(1);
    expect(state.recycledCount).toBe(1);
    recycling.restored();
    vi.advanceTimersByTime(RECYCLE_INTERVAL_MS / 2);
    expect(state.recycledCount).toBe(1);
    recycling.wear();
    vi.advanceTimersByTime(RECYCLE_INTERVAL_MS / 2 - 2);
    expect(state.recycledCount).toBe(1);
    vi.advanceTimersByTime(2);
    expect(state.recycledCount).toBe(2);
  });

  test("one that is in use is looked at again", () => {
    const { look, state } = open("request");
    look(2);
    state.canRecycle = false;
    expect(look(20)).toBe(0);
    state.canRecycle = true;
    expect(look(20)).toBe(1);
  });
});

test("thousands of requests to an app with a middling heap: none fails, late ones wait no longer than early ones", async () => {
  const worker = await openWorker();
  const table = "const table = Array.from({ length: 20_000 }, (_, id) => ({ id, next: null }));";
  const { assignment, lane } = worker.serve(appScript("return new Response(String(table.length));", table), {
    manifest: { limits: { memory_mb: 48 } },
    limits: { memoryBytes: 48 * MIB },
  });
  const { versionId } = assignment;
  const link = await worker.dial();
  const times: number[] = [];
  for (let i = 0; i < 2_000; i++) {
    const startedMs = performance.now();
    const { text, error } = await ask(link, { versionId });
    times.push(performance.now() - startedMs);
    expect([text, error]).toEqual(["20000", null]);
    if (i % 500 === 499) worker.cache.sweep();
  }
  const p99 = (part: readonly number[]): number => part.toSorted((a, b) => a - b)[Math.floor(part.length * 0.99)] ?? 0;
  expect(p99(times.slice(1_000))).toBeLessThan(4 * p99(times.slice(0, 1_000)) + 20);
  expect(worker.counters.limitEnds).toEqual({});
  expect(lane.measureBytes()).toBeLessThan(48 * MIB);
});

test("an idle isolate full of past contexts is replaced by a fresh one, and there is one all the while", async () => {
  const worker = await openWorker();
  const { assignment, lane } = worker.serve(
    appScript("return new Response('fine');", "const table = Array.from({ length: 20_000 }, (_, id) => ({ id }));"),
  );
  const link = await worker.dial();
  const { versionId } = assignment;
  await ask(link, { versionId });
  await eventually(() => worker.cache.isolateCount === 1);
  const freshBytes = worker.cache.bytes;
  for (let i = 0; i < 40; i++) await ask(link, { versionId });
  worker.cache.sweep();
  expect(worker.cache.bytes).toBeGreaterThan(2 * freshBytes + 4 * MIB);
  await eventually(() => {
    expect(lane.isWarm).toBe(true);
    return worker.counters.coldStarts === 2;
  });
  await eventually(() => worker.cache.bytes < 2 * freshBytes);
  expect((await ask(link, { versionId })).text).toBe("fine");
  expect(worker.counters.coldStarts).toBe(2);
});

test("an app of app mode that leaks under load is replaced before its limit ends it: what runs in it ends in it", async () => {
  const worker = await openWorker();
  const { assignment, lane } = worker.serve(
    appScript(
      `if (request.url.endsWith("/wait")) { await new Promise((r) => setTimeout(r, 400)); return new Response("kept " + kept.length); }
       kept.push(new Array(130_000).fill(kept.length)); return new Response(String(kept.length));`,
      "const kept = [];",
    ),
    { manifest: { isolation: "app" }, limits: { memoryBytes: 32 * MIB } },
  );
  const link = await worker.dial();
  const { versionId } = assignment;
  await ask(link, { versionId });
  await eventually(() => worker.cache.isolateCount === 1);
  const waits = send(link, { versionId, path: "/wait" });
  await eventually(() => lane.runningCount === 1);
  while (lane.measureBytes() < 26 * MIB) expect((await ask(link, { versionId })).error).toBeNull();
  worker.cache.sweep();
  await eventually(() => worker.counters.coldStarts === 2);
  expect((await ask(link, { versionId })).text).toBe("1");
  await waits.done;
  expect(Number(waits.text.split(" ")[1])).toBeGreaterThan(10);
  expect(worker.counters.limitEnds).toEqual({});
  await eventually(() => lane.isIdle);
});

test("of an app whose handlers wait, as many contexts live at once as fit its memory, spare and waitUntil ones included; the rest queues", async () => {
  const worker = await openWorker();
  const { assignment, lane } = worker.serve(
    appScript(
      "ctx.waitUntil(new Promise((r) => setTimeout(r, 20))); await new Promise((r) => setTimeout(r, 20)); return new Response('fine');",
    ),
    { limits: { memoryBytes: 32 * MIB }, sliver: { contextBytes: 4 * MIB } },
  );
  const link = await worker.dial();
  const { versionId } = assignment;
  const asked: RouterStream[] = [];
  let mostRunning = 0;
  const watch = setInterval(() => {
    mostRunning = Math.max(mostRunning, lane.runningCount);
  }, 1);
  onTestFinished(() => clearInterval(watch));
  for (let i = 0; i < 40; i++) asked.push(send(link, { versionId }));
  await Promise.all(asked.map(({ done }) => done));
  expect(asked.map(({ text }) => text)).toEqual(Array.from({ length: 40 }, () => "fine"));
  expect(mostRunning).toBe(4);
  expect(worker.counters.limitEnds).toEqual({});
});
