/** What bounds connections, and what is left when they are over. */
import { burnSource } from "@nano/test-kit/burn-source";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, test } from "vitest";
import { appScript } from "./sliver-fixture.ts";
import { connect, ECHO, openSocketWorker, type RouterSocket, startConnecting, upgradeWith } from "./socket-harness.ts";

const SENDS_MUCH = upgradeWith(`server.addEventListener("message", ({ data }) => {
  for (let i = 0; i < Number(data); i++) server.send("x".repeat(100_000));
  console.log(String(server.bufferedAmount > 0));
});`);

/** A client that went to sleep reads on. */
async function wakeUp(socket: RouterSocket): Promise<void> {
  socket.isTaking = true;
  socket.stream?.grant(socket.receivedBytes);
  await socket.done;
}

describe("the number of connections", () => {
  test("of an app over all of its versions is bounded, and room comes back", async () => {
    const worker = await openSocketWorker();
    const socketLimits = { maxConnectionCount: 2 };
    const [first, second] = [
      worker.serve(appScript(ECHO), { socketLimits }),
      worker.serve(appScript(ECHO), { socketLimits }),
    ];
    const link = await worker.dial();
    const [one] = [await connect(link, first), await connect(link, second)];
    const refused = await connect(link, second);
    expect(refused.error).toMatchObject({ reason: "ws_max_connections", httpStatus: 503, retryable: true });
    expect(worker.live.stats(0)).toMatchObject({ connections: 2, refused: { ws_max_connections: 1 } });
    one?.closed();
    await eventually(() => first.isIdle);
    expect((await connect(link, second)).head?.status).toBe(101);
  });

  test("of the worker is bounded, whatever apps they are of", async () => {
    const worker = await openSocketWorker({ limitCount: 1 });
    const [first, second] = [worker.serve(appScript(ECHO)), worker.serve(appScript(ECHO), { app: "other" })];
    const link = await worker.dial();
    await connect(link, first);
    expect((await connect(link, second)).error).toMatchObject({ reason: "ws_worker_full", retryable: true });
  });

  test("upgrades beyond the queue's depth are refused, and never entered", async () => {
    const worker = await openSocketWorker();
    const lane = worker.serve(appScript(`console.log("runs"); ${ECHO}`), { limits: { queueDepth: 2 } });
    const link = await worker.dial();
    const sockets = Array.from({ length: 12 }, () => startConnecting(link, lane));
    await Promise.all(sockets.map(({ answered }) => answered));
    const refused = sockets.filter(({ error }) => error !== null);
    for (const { error } of refused) expect(error?.reason).toBe("queue_full");
    expect(worker.logs.length + refused.length).toBe(12);
    expect(worker.logs.length).toBeGreaterThanOrEqual(2);
  });
});

describe("a message", () => {
  test("that uses up its CPU closes its connection with 1011, and no other", async () => {
    const worker = await openSocketWorker();
    const lane = worker.serve(
      appScript(
        upgradeWith(
          'server.addEventListener("message", ({ data }) => { if (data === "spin") for (;;); server.send(data); });',
        ),
      ),
      { limits: { cpuTimeMs: 20 } },
    );
    const link = await worker.dial();
    const [bad, good] = [await connect(link, lane), await connect(link, lane)];
    bad.send("spin");
    good.send("hi");
    await bad.done;
    expect(bad.close).toMatchObject({ code: 1011, reason: "cpu_limit" });
    expect(await good.heard(1)).toEqual(["hi"]);
    bad.closed(1011);
    await eventually(() => lane.runningCount === 1);
    expect([worker.counters.limitEnds, worker.live.stats(0).closed]).toEqual([{ cpu_limit: 1 }, { cpu_limit: 1 }]);
  });

  test("that fills the memory closes its connection with 1011", async () => {
    const worker = await openSocketWorker();
    const bomb = "let kept = null; for (;;) kept = { kept, more: [1, 2, 3, 4, 5, 6, 7, 8] };";
    const lane = worker.serve(appScript(upgradeWith(`server.addEventListener("message", () => { ${bomb} });`)), {
      limits: { memoryBytes: 16 * 1024 * 1024, cpuTimeMs: 60_000 },
    });
    const socket = await connect(await worker.dial(), lane);
    socket.send("go");
    await socket.done;
    expect(socket.close).toMatchObject({ code: 1011, reason: "memory_limit" });
  });

  test("whose listener throws closes its connection with 1011, and its close listeners run", async () => {
    const worker = await openSocketWorker();
    const lane = worker.serve(
      appScript(
        upgradeWith(`server.addEventListener("message", () => { throw new Error("no"); });
          server.addEventListener("close", ({ code, reason }) => console.log(code + reason));`),
      ),
    );
    const socket = await connect(await worker.dial(), lane);
    socket.send("go");
    await socket.done;
    expect(socket.close).toMatchObject({ code: 1011, reason: "handler_threw" });
    socket.closed(1011, "handler_threw");
    await eventually(() => lane.isIdle);
    expect(worker.logs).toEqual(["Error: no", "1011handler_threw"]);
  });

  test("over the limit ends the stream before any of it is held", async () => {
    const worker = await openSocketWorker();
    const lane = worker.serve(appScript(ECHO), { socketLimits: { maxMessageBytes: 1_000 } });
    const socket = await connect(await worker.dial(), lane);
    socket.send("x".repeat(1_001));
    await socket.done;
    expect(socket.error?.code).toBe("EXEC_SOCKET_PROTOCOL");
    await eventually(() => lane.isIdle);
  });
});

describe("an answer that declines a connection", () => {
  const then = (pull: string): string =>
    appScript(
      `return new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array(50)); }, async pull(c) { ${pull} } }));`,
    );
  const SILENT = then("await new Promise(() => {});");
  const TALKING = then("await new Promise((r) => setTimeout(r, 5)); c.enqueue(new Uint8Array(50));");
  const LIMITS = { waitUntilMs: 10 };

  test.each([
    ["falls silent", SILENT, { streamIdleMs: 60 }, "stream_idle"],
    ["goes on for too long", TALKING, { streamMaxMs: 60 }, "stream_max"],
    ["has too large a body", TALKING, { responseBodyBytes: 120 }, "response_too_large"],
  ])("and %s is cut, and its app's log says by which limit", async (_, script, limits, reason) => {
    const worker = await openSocketWorker();
    const lane = worker.serve(script, { limits: { ...LIMITS, ...limits } });
    const socket = await connect(await worker.dial(), lane);
    await socket.done;
    expect([socket.head?.status, socket.error?.reason]).toEqual([200, reason]);
    expect(socket.body.length).toBeGreaterThanOrEqual(50);
    expect(worker.logs.filter((text) => text.startsWith(`${reason}: `))).toHaveLength(1);
    expect(worker.counters.limitEnds).toEqual({ [reason]: 1 });
    await eventually(() => lane.isIdle);
  });

  test("with a whole body over the limit is a 500 in its place", async () => {
    const worker = await openSocketWorker();
    const lane = worker.serve(appScript("return new Response('x'.repeat(121));"), {
      limits: { ...LIMITS, responseBodyBytes: 120 },
    });
    const socket = await connect(await worker.dial(), lane);
    expect(socket.head).toBeNull();
    expect(socket.error).toMatchObject({ reason: "response_too_large", httpStatus: 500 });
    expect(worker.live.stats(0).refused).toEqual({ response_too_large: 1 });
    await eventually(() => lane.isIdle);
  });
});

describe("what waits", () => {
  test("for a slow guest stops the router at the limit, and nothing is lost", async () => {
    const worker = await openSocketWorker();
    const lane = worker.serve(
      appScript(
        upgradeWith(`${burnSource()} let count = 0; server.addEventListener("message", () => {
          burn(2); count += 1; if (count === 300) server.send("all"); });`),
      ),
      { socketLimits: { inboundBufferBytes: 50_000 } },
    );
    const link = await worker.dial();
    const [flooding, other] = [await connect(link, lane), await connect(link, worker.serve(appScript(ECHO)))];
    let stoppedCount = 0;
    for (let i = 0; i < 300; i++) if (!flooding.send("y".repeat(10_000))) stoppedCount += 1;
    await eventually(() => worker.live.stats(0).bufferedBytes > 50_000);
    other.send("turn");
    expect(await other.heard(1)).toEqual(["turn"]);
    expect(flooding.messages).toEqual([]);
    expect(stoppedCount).toBeGreaterThan(100);
    // The window and what may wait.
    expect(worker.live.stats(0).bufferedBytes).toBeLessThan(50_000 + 256 * 1024 + 64 * 300);
    expect(await flooding.heard(1)).toEqual(["all"]);
    expect(worker.live.stats(0).bufferedBytes).toBe(0);
  });

  test("to be sent to a slow reader is bounded: 1013, and whole messages before it", async () => {
    const worker = await openSocketWorker();
    const lane = worker.serve(appScript(SENDS_MUCH), { socketLimits: { outboundBufferBytes: 1_000_000 } });
    const socket = await connect(await worker.dial(), lane);
    socket.isTaking = false;
    socket.send("5");
    await eventually(() => worker.logs.length === 1);
    expect([worker.logs, worker.live.stats(0).bufferedBytes > 0]).toEqual([["true"], true]);
    socket.send("100");
    await eventually(() => worker.live.stats(0).closed.ws_outbound_buffer === 1);
    await wakeUp(socket);
    expect(socket.close).toMatchObject({ code: 1013, reason: "ws_outbound_buffer" });
    expect(socket.messages.length).toBeLessThan(17);
    expect(new Set(socket.messages.map(({ length }) => length))).toEqual(new Set([100_000]));
    socket.closed(1013);
    await eventually(() => lane.isIdle && worker.live.stats(0).bufferedBytes === 0);
  });

  test("small messages that wait come in order, and the app's close behind them", async () => {
    const worker = await openSocketWorker();
    const lane = worker.serve(
      appScript(
        upgradeWith(`server.addEventListener("message", () => {
          server.send("z".repeat(400_000)); for (let i = 0; i < 9_000; i++) server.send("n" + i); server.send(""); server.close(4000); });`),
      ),
    );
    const socket = await connect(await worker.dial(), lane);
    socket.isTaking = false;
    socket.send("go");
    await eventually(() => worker.live.stats(0).bufferedBytes > 50_000);
    await wakeUp(socket);
    expect(socket.messages.slice(1)).toEqual([...Array.from({ length: 9_000 }, (_, i) => `n${i}`), ""]);
    expect(socket.close?.code).toBe(4000);
  });

  test("in all connections of the worker is bounded: who holds the most goes with 1013", async () => {
    const worker = await openSocketWorker();
    worker.live.bufferBytes = 1_500_000;
    const lane = worker.serve(appScript(SENDS_MUCH));
    const link = await worker.dial();
    const [large, small] = [await connect(link, lane), await connect(link, lane)];
    large.isTaking = false;
    small.isTaking = false;
    small.send("6");
    await eventually(() => worker.logs.length === 1);
    large.send("20");
    await eventually(() => worker.live.stats(0).closed.ws_buffer_bytes === 1);
    expect(worker.live.stats(0).bufferedBytes).toBeLessThan(1_500_000);
    await wakeUp(large);
    expect(large.close).toMatchObject({ code: 1013, reason: "ws_buffer_bytes" });
    await Promise.race([wakeUp(small), small.heard(6)]);
    expect([small.messages.length, small.close]).toEqual([6, null]);
  });
});

describe("an end that the worker is told of", () => {
  test("is spread over the time, with 1001 and its reason, for the version that is meant", async () => {
    const worker = await openSocketWorker();
    const [old, current] = [worker.serve(appScript(ECHO)), worker.serve(appScript(ECHO))];
    const link = await worker.dial();
    const sockets = await Promise.all([1, 2, 3, 4].map(() => connect(link, old)));
    const kept = await connect(link, current);
    const startedMs = performance.now();
    const ends: number[] = [];
    for (const { done } of sockets) void done.then(() => ends.push(performance.now() - startedMs));
    worker.live.closeSpread({ spreadMs: 400, reason: "version_old", versionId: old.assignment.versionId });
    await Promise.all(sockets.map(({ done }) => done));
    for (const { close } of sockets) expect(close).toMatchObject({ code: 1001, reason: "version_old" });
    expect([(ends[0] ?? 0) >= 90, (ends[3] ?? 0) >= 390, kept.isEnded]).toEqual([true, true, false]);
  });

  test("by the router's going away reaches the guest as 1006", async () => {
    const worker = await openSocketWorker();
    const lane = worker.serve(
      appScript(
        upgradeWith('server.addEventListener("close", ({ code, wasClean }) => console.log(code + String(wasClean)));'),
      ),
    );
    const link = await worker.dial();
    await connect(link, lane);
    link.close();
    await eventually(() => lane.isIdle);
    expect([worker.logs, worker.live.stats(0).closed]).toEqual([["1006false"], { lost: 1 }]);
  });
});

test("200 connections that came and went leave nothing", async () => {
  const worker = await openSocketWorker();
  const lane = worker.serve(
    appScript(
      upgradeWith('setInterval(() => {}, 1000); server.addEventListener("message", (e) => server.send(e.data));'),
    ),
    { parts: { standbyIdleMs: 0 } },
  );
  const link = await worker.dial();
  for (let round = 0; round < 10; round++) {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => connect(link, lane)));
    for (const socket of sockets) socket.send("hi");
    await Promise.all(sockets.map((socket) => socket.heard(1)));
    for (const [i, socket] of sockets.entries()) {
      if (i % 2 === 0) socket.closed();
      else socket.stream?.reset(NOBODY);
    }
    await eventually(() => lane.isIdle);
  }
  expect(worker.counters.coldStarts).toBeGreaterThanOrEqual(200);
  await eventually(() => !lane.isWarm);
  const { connections, connectionsByApp, bufferedBytes, opened } = worker.live.stats(0);
  expect({ connections, connectionsByApp, bufferedBytes, opened }).toEqual({
    connections: 0,
    connectionsByApp: {},
    bufferedBytes: 0,
    opened: 200,
  });
  expect([worker.sources.blobBytes, link.streamCount, lane.waitingCount]).toEqual([0, 0, 0]);
});

const NOBODY = {
  code: "T",
  message: "gone",
  fault: "caller",
  retryable: false,
  httpStatus: 499,
  reason: "gone",
  details: {},
} as const;
