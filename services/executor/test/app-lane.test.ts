import { burnSource } from "@nano/test-kit/burn-source";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, test } from "vitest";
import { readEnteredStreams, readRunningEntry, recorderLinkId } from "../src/flight-recorder.ts";
import { appScript } from "./sliver-fixture.ts";
import { ask, GONE, openWorker, send } from "./worker-harness.ts";

const HANGS = "await new Promise(() => {});";

describe("the queue", () => {
  test("one more than its depth is answered queue_full, retryable, and never entered", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript(`console.log(request.url); ${HANGS}`), {
      limits: { concurrentRequests: 1, queueDepth: 2, waitUntilMs: 10 },
    });
    const link = await worker.dial();
    const { versionId } = assignment;
    for (const path of ["/runs", "/waits", "/waits"]) send(link, { versionId, path });
    const full = await ask(link, { versionId, method: "POST", path: "/full", body: "x" });
    expect(full.error).toMatchObject({ reason: "queue_full", httpStatus: 503, retryable: true });
    expect([lane.waitingCount, lane.runningCount]).toEqual([2, 1]);
    expect(worker.counters.refusedFull).toBe(1);
    expect(worker.logs).toEqual(["http://subject.test/runs"]);
  });

  test("a depth of 0 runs what can run at once, and queues nothing", async () => {
    const worker = await openWorker();
    const { assignment } = worker.serve(
      appScript(`if (request.url.endsWith("/hang")) ${HANGS} return new Response("fine");`),
      { limits: { concurrentRequests: 1, queueDepth: 0 } },
    );
    const link = await worker.dial();
    const { versionId } = assignment;
    expect((await ask(link, { versionId })).text).toBe("fine");
    expect((await ask(link, { versionId, method: "POST", body: "x" })).text).toBe("fine");
    send(link, { versionId, path: "/hang" });
    expect((await ask(link, { versionId })).error?.reason).toBe("queue_full");
  });

  test("a request that waited for its whole wall limit is answered, though no room came", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(
      appScript("return new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array(1)); } }));"),
      { limits: { concurrentRequests: 1, timeoutMs: 250 } },
    );
    const link = await worker.dial();
    const { versionId } = assignment;
    const streaming = send(link, { versionId });
    await streaming.answered;
    const waits = await ask(link, { versionId });
    expect(waits.error).toMatchObject({ reason: "wall_limit", httpStatus: 504 });
    const collects = send(link, { versionId, method: "POST", body: "open" });
    collects.stream?.write(Buffer.from("slow"));
    await collects.done;
    expect(collects.error?.reason).toBe("wall_limit");
    expect([lane.waitingCount, lane.runningCount]).toEqual([0, 1]);
    expect(streaming.error).toBeNull();
    expect(worker.counters.limitEnds).toEqual({ wall_limit: 2 });
    expect(worker.logs.filter((text) => text.startsWith("wall_limit: "))).toHaveLength(2);
  });

  test("time in the queue is part of the wall limit", async () => {
    const worker = await openWorker();
    const { assignment } = worker.serve(
      appScript(
        `if (request.url.endsWith("/first")) { await new Promise((r) => setTimeout(r, 600)); return new Response("first"); } ${HANGS}`,
      ),
      { limits: { concurrentRequests: 1, timeoutMs: 700 } },
    );
    const link = await worker.dial();
    const { versionId } = assignment;
    const startedMs = performance.now();
    send(link, { versionId, path: "/first" });
    const second = await ask(link, { versionId, path: "/second" });
    expect(second.error?.reason).toBe("wall_limit");
    expect(performance.now() - startedMs).toBeLessThan(1_200);
    expect(worker.counters.limitEnds).toHaveProperty("wall_limit");
  });

  test("a request that waits for its turn for longer than its limit is sent elsewhere, and was never entered", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript(`console.log(request.method); ${HANGS}`), {
      limits: { concurrentRequests: 1, queueWaitMs: 60, waitUntilMs: 10 },
    });
    const link = await worker.dial();
    const { versionId } = assignment;
    const headers = ["host", "subject.test", "content-length", "9"];
    const collects = send(link, { versionId, method: "POST", headers, body: "open" });
    send(link, { versionId });
    const [first, second] = [1, 2].map(() => ask(link, { versionId, method: "PUT", body: "x" }));
    for (const waits of [await first, await second]) {
      expect(waits?.error).toMatchObject({ reason: "queue_wait", httpStatus: 503, retryable: true });
    }
    expect(worker.counters.limitEnds).toEqual({ queue_wait: 2 });
    // One whose body is on its way does not wait for a turn.
    expect([collects.error, lane.waitingCount]).toEqual([null, 1]);
    expect(worker.logs).toEqual(["GET"]);
  });

  test("requests begin in the order in which they came", async () => {
    const worker = await openWorker();
    const { assignment } = worker.serve(
      appScript(
        "console.log(new URL(request.url).pathname); await new Promise((r) => setTimeout(r, 1)); return new Response();",
      ),
      { limits: { concurrentRequests: 1 } },
    );
    const link = await worker.dial();
    const paths = Array.from({ length: 8 }, (_, i) => `/${i}`);
    await Promise.all(paths.map((path) => ask(link, { versionId: assignment.versionId, path })));
    expect(worker.logs).toEqual(paths);
  });
});

describe("the isolate", () => {
  const COUNTS = `if (request.url.endsWith("/wait")) { await new Promise((r) => setTimeout(r, 300)); return new Response("kept " + ++count); }
    if (request.url.endsWith("/burn")) { burn(30); await new Promise((r) => setTimeout(r, 1)); }
    return new Response(String(++count));`;

  test("of app mode is replaced after a request that used more than its soft share of CPU: who is in it finishes there", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript(COUNTS, `let count = 0; ${burnSource()}`), {
      manifest: { isolation: "app" },
      limits: { cpuSoftPercent: 0.2 },
    });
    const link = await worker.dial();
    const { versionId } = assignment;
    expect((await ask(link, { versionId })).text).toBe("1");
    const waits = send(link, { versionId, path: "/wait" });
    await eventually(() => lane.runningCount === 1);
    expect((await ask(link, { versionId, path: "/burn" })).text).toBe("2");
    await eventually(() => worker.counters.coldStarts === 2);
    expect((await ask(link, { versionId })).text).toBe("1");
    await waits.done;
    expect(waits.text).toBe("kept 3");
    expect(worker.counters.limitEnds).toEqual({ cpu_soft_limit: 1 });
    expect(worker.logs.filter((text) => text.startsWith("cpu_soft_limit: "))).toHaveLength(1);
    await eventually(() => lane.isIdle);
  });

  test("that refuses what an app asks for over a limit is counted apart, and ends nothing", async () => {
    const worker = await openWorker();
    const { assignment } = worker.serve(
      appScript(
        "try { setTimeout(() => {}, 1); setTimeout(() => {}, 1); } catch (e) { return new Response(e.message); }",
      ),
      { limits: { timerCount: 1 } },
    );
    const { text } = await ask(await worker.dial(), { versionId: assignment.versionId });
    expect(text).toContain("too many timers");
    expect([worker.counters.limitRefusals, worker.counters.limitEnds]).toEqual([{ timers: 1 }, {}]);
  });

  test("is restored by the first request, kept for the next, and counted once", async () => {
    const worker = await openWorker();
    const { assignment } = worker.serve(appScript("return new Response();"));
    const link = await worker.dial();
    expect(worker.counters.coldStarts).toBe(0);
    for (let i = 0; i < 3; i++) await ask(link, { versionId: assignment.versionId });
    expect(worker.counters).toMatchObject({ coldStarts: 1, requests: 3 });
    await eventually(() => worker.cache.isolateCount === 1);
    expect(worker.cache.bytes).toBeGreaterThan(100_000);
  });

  test("that a limit ended is replaced, its neighbours' retries are theirs, and the limit is counted once", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(
      appScript(
        `if (request.url.endsWith("/loop")) for (;;); if (request.url.endsWith("/wait")) ${HANGS} return new Response("fine");`,
      ),
      { limits: { cpuTimeMs: 10 } },
    );
    const link = await worker.dial();
    const { versionId } = assignment;
    const get = send(link, { versionId, path: "/wait" });
    const post = send(link, { versionId, path: "/wait", method: "POST", body: "" });
    await eventually(() => lane.runningCount === 2);
    expect((await ask(link, { versionId, path: "/loop" })).error).toMatchObject({
      reason: "cpu_limit",
      httpStatus: 503,
    });
    await Promise.all([get.done, post.done]);
    expect(worker.counters.limitEnds).toEqual({ cpu_limit: 1 });
    expect(worker.cache.isolateCount).toBe(0);
    expect([get.error?.reason, get.error?.retryable]).toEqual(["isolate_lost", true]);
    expect([post.error?.reason, post.error?.retryable]).toEqual(["isolate_lost", false]);
    expect((await ask(link, { versionId })).text).toBe("fine");
    expect(worker.counters.limitEnds).toEqual({ cpu_limit: 1 });
    expect(worker.counters.coldStarts).toBe(2);
  });

  test("that ends again and again within one turn is in the cache once, with its own size", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(
      appScript('if (request.url.endsWith("/loop")) for (;;); return new Response("fine");'),
      {
        limits: { cpuTimeMs: 5, concurrentRequests: 1 },
      },
    );
    const link = await worker.dial();
    const { versionId } = assignment;
    await Promise.all(["/loop", "/loop", "/loop", "/fine"].map((path) => ask(link, { versionId, path })));
    await eventually(() => worker.cache.isolateCount === 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(worker.cache.bytes).toBeLessThan(2 * lane.measureBytes());
    lane.retire(() => undefined);
    expect([worker.cache.isolateCount, worker.cache.bytes]).toEqual([0, 0]);
  });

  test("its snapshot counts", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(
      appScript("return new Response(big.slice(0, 1));", "const big = 'x'.repeat(3_000_000); big.charCodeAt(0);"),
    );
    await ask(await worker.dial(), { versionId: assignment.versionId });
    expect(worker.sources.blobBytes).toBeGreaterThan(3_000_000);
    expect(lane.measureBytes()).toBeGreaterThan(worker.sources.blobBytes);
    lane.evict();
    expect(worker.sources.blobBytes).toBe(0);
  });

  test("an app whose sliver cannot be restored answers each request so, and enters nothing", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve("__nano_app__(() => ({ default: { fetch() {} } }));");
    const { writeFileSync } = await import("node:fs");
    writeFileSync(assignment.sliverPath ?? "", "damaged");
    const link = await worker.dial();
    for (let i = 0; i < 2; i++) {
      expect((await ask(link, { versionId: assignment.versionId })).error?.httpStatus).toBe(503);
    }
    expect(lane.isIdle).toBe(true);
    let isRetired = false;
    lane.retire(() => {
      isRetired = true;
    });
    expect(isRetired).toBe(true);
  });
});

describe("eviction", () => {
  test("takes the least recently used idle isolate, and never one in which a request waits", async () => {
    const worker = await openWorker({ isolateCount: 2 });
    const hang = appScript(
      `if (request.url.endsWith("/hang")) ${HANGS} count += 1; return new Response(String(count));`,
      "let count = 0;",
    );
    const options = { manifest: { isolation: "app" as const } };
    const [busy, first, second] = [
      worker.serve(hang, options),
      worker.serve(hang, options),
      worker.serve(hang, options),
    ];
    const link = await worker.dial();
    const hits = (server: typeof busy) =>
      ask(link, { versionId: server.assignment.versionId }).then(({ text }) => text);
    send(link, { versionId: busy.assignment.versionId, path: "/hang" });
    await eventually(() => busy.lane.runningCount === 1);
    expect(await hits(first)).toBe("1");
    expect(await hits(first)).toBe("2");
    expect(await hits(second)).toBe("1");
    await eventually(() => worker.cache.evictedCount === 1);
    expect(worker.cache.isolateCount).toBe(2);
    expect(busy.lane.runningCount).toBe(1);
    expect(await hits(first)).toBe("1");
    expect(await hits(busy)).toBe("1");
  });
});

describe("retire", () => {
  test("waits for what runs and what waits, then calls back once", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(
      appScript("await new Promise((r) => setTimeout(r, 20)); return new Response('done');"),
      {
        limits: { concurrentRequests: 1 },
      },
    );
    const link = await worker.dial();
    const answers = [0, 1].map(() => send(link, { versionId: assignment.versionId }));
    await eventually(() => lane.runningCount === 1 && lane.waitingCount === 1);
    let retiredCount = 0;
    lane.retire(() => {
      retiredCount += 1;
    });
    expect(retiredCount).toBe(0);
    await Promise.all(answers.map(({ done }) => done));
    expect(answers.map(({ text }) => text)).toEqual(["done", "done"]);
    await eventually(() => retiredCount === 1);
    expect(worker.cache.isolateCount).toBe(0);
  });

  test("happens also where what waits is refused or leaves", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript("return new Response();"), { limits: { timeoutMs: 300 } });
    const link = await worker.dial();
    send(link, { versionId: assignment.versionId, method: "POST", body: "open" });
    const leaves = send(link, { versionId: assignment.versionId, method: "POST", body: "open" });
    await eventually(() => lane.waitingCount === 2);
    let isRetired = false;
    lane.retire(() => {
      isRetired = true;
    });
    leaves.stream?.reset(GONE);
    await eventually(() => isRetired);
  });

  test("is called off by keep", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript(HANGS), { limits: { timeoutMs: 300 } });
    const answer = send(await worker.dial(), { versionId: assignment.versionId });
    await eventually(() => lane.runningCount === 1);
    let isRetired = false;
    lane.retire(() => {
      isRetired = true;
    });
    lane.keep();
    await answer.done;
    expect(isRetired).toBe(false);
  });
});

describe("the flight recorder", () => {
  test("has requests that are not idempotent from before they are entered until they are over", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript(HANGS), { limits: { waitUntilMs: 10 } });
    const link = await worker.dial("router-7");
    const linkId = recorderLinkId("router-7");
    const { versionId } = assignment;
    const post = send(link, { versionId, method: "POST", body: "x" });
    send(link, { versionId, method: "PUT", body: "x" });
    const patch = send(link, { versionId, method: "PATCH", body: "x" });
    await eventually(() => lane.runningCount === 3);
    expect(readEnteredStreams(worker.recorderFd, linkId)).toEqual(new Set([post.stream?.id, patch.stream?.id]));
    expect(readEnteredStreams(worker.recorderFd, linkId + 1)).toEqual(new Set());
    await eventually(() => readRunningEntry(worker.recorderFd) === null);
    post.stream?.reset(GONE);
    await eventually(() => lane.runningCount === 2);
    expect(readEnteredStreams(worker.recorderFd, linkId)).toEqual(new Set([patch.stream?.id]));
  });
});
