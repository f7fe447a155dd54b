import type { WireError } from "@nano/protocol/errors";
import { eventually } from "@nano/test-kit/eventually";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { StreamWatch } from "../src/request/stream-watch.ts";
import { appScript } from "./sliver-fixture.ts";
import { GONE, openWorker, send } from "./worker-harness.ts";

/** Answers with a chunk, and then as it is told. */
const streaming = (then: string): string =>
  appScript(`return new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array(3)); }, ${then} }));`);
const SILENT = streaming("pull() { return new Promise(() => {}); }");
const TALKING = streaming(
  "async pull(c) { await new Promise((r) => setTimeout(r, 5)); c.enqueue(new Uint8Array([1])); }",
);

describe("a response under way", () => {
  test.each([
    ["that falls silent", SILENT, { streamIdleMs: 60 }, "stream_idle"],
    ["that goes on for too long", TALKING, { streamMaxMs: 60 }, "stream_max"],
  ])("%s is cut off, and its app's log says by which limit", async (_, script, limits, reason) => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(script, { limits: { ...limits, waitUntilMs: 10 } });
    const heard = send(await worker.dial(), { versionId: assignment.versionId });
    await heard.done;
    expect(heard.head?.status).toBe(200);
    expect(heard.body.length).toBeGreaterThanOrEqual(3);
    expect([heard.error?.reason, heard.isEnded]).toEqual([reason, false]);
    expect(worker.logs.filter((text) => text.startsWith(`${reason}: `))).toHaveLength(1);
    expect(worker.counters.limitEnds).toEqual({ [reason]: 1 });
    await eventually(() => lane.isIdle);
  });

  test("of a body that is handed on is cut off too, and its slot is free", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript("return new Response(request.body);"), {
      limits: { streamIdleMs: 60, waitUntilMs: 10 },
    });
    const heard = send(await worker.dial(), { versionId: assignment.versionId, method: "POST", body: "open" });
    heard.stream?.write(Buffer.from("one"));
    await heard.done;
    expect([heard.text, heard.error?.reason]).toEqual(["one", "stream_idle"]);
    await eventually(() => lane.isIdle);
  });

  test("whose client leaves is not said to be idle", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(SILENT, { limits: { streamIdleMs: 60, waitUntilMs: 200 } });
    const heard = send(await worker.dial(), { versionId: assignment.versionId });
    await heard.answered;
    heard.stream?.reset(GONE);
    await eventually(() => lane.isIdle);
    expect([worker.logs.filter((text) => text.includes("stream_idle")), worker.counters.limitEnds]).toEqual([[], {}]);
  });
});

describe("the watch of a response", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function open(limits: { streamIdleMs: number; streamMaxMs: number }) {
    const ends: WireError[] = [];
    const watch = new StreamWatch({ app: "subject", limits, onOver: (error) => ends.push(error) });
    return { watch, reasons: () => ends.map(({ reason }) => reason) };
  }

  test("bytes of either side hold it off, and no timer is made for each", () => {
    const { watch, reasons } = open({ streamIdleMs: 100, streamMaxMs: 0 });
    for (let i = 0; i < 5; i++) {
      vi.advanceTimersByTime(90);
      watch.moved();
      watch.wrote(true);
      expect(vi.getTimerCount()).toBe(1);
    }
    expect(reasons()).toEqual([]);
    vi.advanceTimersByTime(101);
    expect(reasons()).toEqual(["stream_idle"]);
    vi.advanceTimersByTime(1_000);
    expect(reasons()).toEqual(["stream_idle"]);
  });

  test("a client that is slow to take what was written is not the app's silence", () => {
    const { watch, reasons } = open({ streamIdleMs: 100, streamMaxMs: 0 });
    watch.wrote(false);
    vi.advanceTimersByTime(1_000);
    expect(reasons()).toEqual([]);
    watch.wrote(true);
    vi.advanceTimersByTime(201);
    expect(reasons()).toEqual(["stream_idle"]);
  });

  test("the longest time holds whatever moves", () => {
    const { watch, reasons } = open({ streamIdleMs: 100, streamMaxMs: 250 });
    for (let i = 0; i < 6; i++) {
      vi.advanceTimersByTime(50);
      watch.wrote(i % 2 === 0);
    }
    expect(reasons()).toEqual(["stream_max"]);
  });

  test("stopped, it says nothing", () => {
    const { watch, reasons } = open({ streamIdleMs: 100, streamMaxMs: 150 });
    watch.stop();
    vi.advanceTimersByTime(1_000);
    expect([reasons(), vi.getTimerCount()]).toEqual([[], 0]);
  });
});
