/** Connections on threads of their own. */

import { readdirSync, readFileSync } from "node:fs";
import { CpuWatcher } from "@nano/isolate/cpu-watch";
import type { AppName } from "@nano/protocol/brands";
import { burnSource } from "@nano/test-kit/burn-source";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, onTestFinished, test } from "vitest";
import { FlightRecorder, readRunningEntries } from "../src/flight-recorder.ts";
import { openSocketThreadStarter, SocketThread } from "../src/websocket/socket-thread.ts";
import { SocketThreads } from "../src/websocket/socket-threads.ts";
import { appScript } from "./sliver-fixture.ts";
import {
  connect,
  ECHO,
  type OpenedSocketWorker,
  openSocketWorker,
  startConnecting,
  upgradeWith,
} from "./socket-harness.ts";

/** CPU of the kernel's threads of this process, by their numbers. */
function cpuMsByTask(): Map<string, number> {
  const read = (task: string): number =>
    Number(readFileSync(`/proc/self/task/${task}/schedstat`, "latin1").split(" ")[0]) / 1e6;
  return new Map(readdirSync("/proc/self/task").map((task) => [task, read(task)]));
}

/** The threads of a worker on a node that has so many, and how many permits are out. */
async function openThreads(
  { recorderFd }: OpenedSocketWorker,
  limitCount: number,
  { idleMs = 60_000, cpuShared }: { readonly idleMs?: number; readonly cpuShared?: SharedArrayBuffer } = {},
) {
  const permits = { takenCount: 0 };
  const starter = await openSocketThreadStarter();
  const threads = new SocketThreads({
    starter,
    recorderFd,
    cpuShared,
    idleMs,
    want: () =>
      setImmediate(() => {
        const isGranted = permits.takenCount < limitCount;
        if (isGranted) permits.takenCount += 1;
        threads.answer(isGranted);
      }),
    release: () => {
      permits.takenCount -= 1;
    },
  });
  onTestFinished(async () => {
    threads.dispose();
    await eventually(() => {
      threads.dispose();
      return permits.takenCount === 0;
    });
    await starter.close();
  });
  return { threads, permits };
}

const LEFT = {
  code: "T",
  message: "the client left",
  fault: "caller",
  retryable: false,
  httpStatus: 499,
  reason: "client_gone",
  details: {},
} as const;
const DEDICATED = { websocket: { thread: "dedicated" } } as const;

test("a connection gets a thread, relays both ways, and leaves the thread to the next one, not its isolate", async () => {
  const worker = await openSocketWorker();
  const { threads, permits } = await openThreads(worker, 1);
  const lane = worker.serve(
    appScript(
      upgradeWith(`${burnSource()} let count = 0;
      server.addEventListener("message", (event) => { count += 1; server.send(event.data); console.log(String(count)); });
      server.addEventListener("close", ({ code }) => console.log("closed " + code));`),
    ),
    { manifest: DEDICATED, parts: { threads } },
  );
  const link = await worker.dial();
  for (let i = 0; i < 2; i++) {
    const socket = await connect(link, lane);
    const big = "\u00fc".repeat(300_000);
    socket.send("hello");
    socket.send(big);
    socket.send(Buffer.from([1, 2]));
    expect(await socket.heard(3)).toEqual(["hello", big, Buffer.from([1, 2])]);
    socket.closed(4000);
    await eventually(() => lane.isIdle);
  }
  expect(worker.logs).toEqual(["1", "2", "3", "closed 4000", "1", "2", "3", "closed 4000"]);
  expect([permits.takenCount, worker.live.withoutThreadCount, worker.live.size]).toEqual([1, 0, 0]);
});

test("beyond the node's threads a connection is served on the worker's own", async () => {
  const worker = await openSocketWorker();
  const { threads } = await openThreads(worker, 1);
  const lane = worker.serve(appScript(ECHO), { manifest: DEDICATED, parts: { threads } });
  const link = await worker.dial();
  const sockets = await Promise.all([connect(link, lane), connect(link, lane)]);
  for (const socket of sockets) socket.send("hi");
  for (const socket of sockets) expect(await socket.heard(1)).toEqual(["hi"]);
  expect(worker.live.stats(threads.count)).toMatchObject({ threads: 1, withoutThread: 1, opened: 2 });
  for (const socket of sockets) socket.closed();
  await eventually(() => lane.isIdle);
});

test("a busy one does not delay another, and stands in the recorder with its thread", async () => {
  const worker = await openSocketWorker();
  const { threads } = await openThreads(worker, 3);
  const lane = worker.serve(
    appScript(
      upgradeWith(`${burnSource()} server.addEventListener("message", ({ data }) => {
        if (data === "spin") burn(400);
        server.send("done " + data);
      });`),
    ),
    { manifest: DEDICATED, parts: { threads } },
  );
  const link = await worker.dial();
  const busy = await connect(link, lane);
  const quiet = await connect(link, lane);
  busy.send("spin");
  const isBusyThere = () =>
    readRunningEntries(worker.recorderFd).some(({ thread, streamId }) => thread > 0 && streamId === busy.stream?.id);
  await eventually(isBusyThere);
  quiet.send("hi");
  expect(await quiet.heard(1)).toEqual(["done hi"]);
  expect([busy.messages, isBusyThere()]).toEqual([[], true]);
  expect(await busy.heard(1)).toEqual(["done spin"]);
  for (const socket of [busy, quiet]) socket.closed();
  await eventually(() => lane.isIdle);
});

describe("an end", () => {
  test("of a thread in the turn of its last entry leaves nothing that looks like a hang", async () => {
    const worker = await openSocketWorker();
    const { threads, permits } = await openThreads(worker, 1);
    const thread = await threads.take();
    expect(thread).not.toBeNull();
    new FlightRecorder(worker.recorderFd, { thread: thread?.number ?? 0 }).begin("last" as AppName, null, 1);
    expect(readRunningEntries(worker.recorderFd)).toHaveLength(1);
    thread?.end();
    await eventually(() => permits.takenCount === 0);
    expect(readRunningEntries(worker.recorderFd)).toEqual([]);
  });

  test("by a limit closes the connection with 1011, and the thread serves on", async () => {
    const worker = await openSocketWorker();
    const { threads, permits } = await openThreads(worker, 1);
    const loops = 'server.addEventListener("message", () => { for (;;); });';
    const manyTimers = "for (let i = 0; i < 7; i++) try { setTimeout(() => {}, 1e6); } catch {}";
    const lane = worker.serve(appScript(upgradeWith(`${manyTimers} ${loops}`)), {
      manifest: DEDICATED,
      parts: { threads },
      limits: { cpuTimeMs: 20, timerCount: 5 },
    });
    const link = await worker.dial();
    for (let i = 0; i < 2; i++) {
      const socket = await connect(link, lane);
      socket.send("go");
      await socket.done;
      expect(socket.close).toMatchObject({ code: 1011, reason: "cpu_limit" });
      socket.closed(1011);
      await eventually(() => lane.isIdle);
    }
    const { limitEnds, limitRefusals } = worker.counters;
    expect([permits.takenCount, limitEnds, limitRefusals]).toEqual([1, { cpu_limit: 2 }, { timers: 4 }]);
  });

  test("by a limit comes when the thread has used that much CPU, on each of them", async () => {
    const limitMs = 200;
    const watcher = await CpuWatcher.open({ threadCount: 3 });
    onTestFinished(() => watcher.close());
    const worker = await openSocketWorker();
    const { threads } = await openThreads(worker, 2, { cpuShared: watcher.shared });
    const lane = worker.serve(appScript(upgradeWith('server.addEventListener("message", () => { for (;;); });')), {
      manifest: DEDICATED,
      parts: { threads },
      limits: { cpuTimeMs: limitMs },
    });
    const link = await worker.dial();
    const sockets = await Promise.all([connect(link, lane), connect(link, lane)]);
    const before = cpuMsByTask();
    const tasks = new Set<string>();
    for (const socket of sockets) socket.send("go");
    await eventually(() => {
      for (const { taskId } of readRunningEntries(worker.recorderFd)) tasks.add(String(taskId));
      return tasks.size === 2 || sockets.every(({ close }) => close !== null);
    });
    await Promise.all(sockets.map((socket) => socket.done));
    const after = cpuMsByTask();
    for (const task of tasks) {
      const usedMs = (after.get(task) ?? 0) - (before.get(task) ?? 0);
      expect(usedMs).toBeGreaterThanOrEqual(limitMs);
      expect(usedMs).toBeLessThanOrEqual(limitMs * 2 + 20);
    }
    expect(tasks.size).toBeGreaterThan(0);
    for (const socket of sockets) {
      expect(socket.close).toMatchObject({ code: 1011, reason: "cpu_limit" });
      socket.closed(1011);
    }
    await eventually(() => lane.isIdle);
  });

  test("of the thread by itself closes its connection with 1012", async () => {
    const worker = await openSocketWorker();
    const { threads, permits } = await openThreads(worker, 1);
    const lane = worker.serve(appScript(ECHO), { manifest: DEDICATED, parts: { threads } });
    const link = await worker.dial();
    const thread = await threads.take();
    thread?.free();
    const socket = await connect(link, lane);
    thread?.end();
    await socket.done;
    expect(socket.close).toMatchObject({ code: 1012, reason: "worker_lost" });
    socket.closed(1012);
    await eventually(() => lane.isIdle && permits.takenCount === 0);
  });
});

test("a client that left while its handler upgraded is told to the guest, and nothing of it stays", async () => {
  const worker = await openSocketWorker();
  const { threads } = await openThreads(worker, 1);
  const lane = worker.serve(
    appScript(
      `${burnSource()} burn(200);
      ${upgradeWith('server.addEventListener("close", ({ code }) => console.log("closed " + code));')}`,
    ),
    { manifest: DEDICATED, parts: { threads } },
  );
  const socket = startConnecting(await worker.dial(), lane);
  await eventually(() => readRunningEntries(worker.recorderFd).some(({ streamId }) => streamId === socket.stream?.id));
  socket.stream?.reset(LEFT);
  await eventually(() => lane.isIdle && worker.live.size === 0);
  expect(worker.logs).toEqual(["closed 1006"]);
});

test("a slow reader is closed with 1013, and the guest's sends are bounded", async () => {
  const worker = await openSocketWorker();
  const { threads } = await openThreads(worker, 1);
  const lane = worker.serve(
    appScript(
      upgradeWith(`server.addEventListener("message", () => {
        for (let i = 0; i < 100; i++) server.send("x".repeat(100_000));
        console.log("buffered " + server.bufferedAmount);
      });`),
    ),
    { manifest: DEDICATED, parts: { threads }, socketLimits: { outboundBufferBytes: 1_000_000 } },
  );
  const socket = await connect(await worker.dial(), lane);
  socket.isTaking = false;
  socket.send("go");
  await eventually(() => worker.live.stats(0).closed.ws_outbound_buffer === 1);
  socket.isTaking = true;
  socket.stream?.grant(socket.receivedBytes);
  await socket.done;
  expect(socket.close).toMatchObject({ code: 1013, reason: "ws_outbound_buffer" });
  expect(socket.messages.length).toBeLessThan(12);
  socket.closed();
  await eventually(() => lane.isIdle);
});

test("a thread that ends as soon as it has started, while its garbage is marked, takes nothing with it", async () => {
  const { recorderFd } = await openSocketWorker();
  const starter = await openSocketThreadStarter();
  const endOne = (thread: number): Promise<void> =>
    new Promise((resolve) => {
      const owner = { ready: (ready: SocketThread) => ready.end(), free: () => undefined, gone: () => resolve() };
      new SocketThread({ thread, recorderFd }, { starter, owner });
    });
  for (let round = 0; round < 8; round++) await endOne(1);
  await starter.close();
});

test("an idle thread ends after its time, with its permit", async () => {
  const worker = await openSocketWorker();
  const { threads, permits } = await openThreads(worker, 2, { idleMs: 50 });
  const lane = worker.serve(appScript(ECHO), { manifest: DEDICATED, parts: { threads } });
  const socket = await connect(await worker.dial(), lane);
  socket.closed();
  await eventually(() => lane.isIdle && permits.takenCount === 0 && threads.count === 0);
});
