/** What WebSocket workers share: threads, buffers, patience with those that kill; and how their connections end. */
import type { AppName, VersionId, WorkerId } from "@nano/protocol/brands";
import { Metrics } from "@nano/service-kit/metrics";
import { describe, expect, test } from "vitest";
import { FORGIVEN_AFTER_MS, KillerApps, MAX_KILLERS } from "../src/control/killer-apps.ts";
import { OldVersionSockets } from "../src/control/old-version-sockets.ts";
import { fitSocketDrain } from "../src/control/socket-drain.ts";
import { ThreadPermits } from "../src/control/thread-permits.ts";
import { WebSocketMetrics } from "../src/control/websocket-metrics.ts";
import type { WorkerProcess } from "../src/control/worker-process.ts";
import type { SocketStats, ToWorker } from "../src/worker-messages.ts";
import { openSocketPool } from "./process-harness.ts";

const [W1, W2] = ["s1" as WorkerId, "s2" as WorkerId];
const app = (name: string | number): AppName => `app-${name}` as AppName;

describe("threads", () => {
  test("are the node's: one worker may have all, and what it had is there again when it is gone", () => {
    const permits = new ThreadPermits(3);
    expect([permits.take(W1), permits.take(W1), permits.take(W2), permits.take(W2)]).toEqual([true, true, true, false]);
    permits.release(W2);
    permits.release(W2); // it has none
    expect(permits.takenCount).toBe(2);
    expect([permits.take(W2), permits.take(W2)]).toEqual([true, false]);
    permits.forget(W1);
    permits.forget(W1);
    expect(permits.takenCount).toBe(1);
  });
});

describe("apps that kill", () => {
  test("wait longer with each death, and are forgiven", () => {
    let nowMs = 0;
    const killers = new KillerApps(() => nowMs);
    expect([killers.has(app(1)), killers.pauseMs(app(1))]).toEqual([false, 0]);
    killers.add(app(1));
    expect([killers.has(app(1)), killers.pauseMs(app(1))]).toEqual([true, 0]);
    const pausesMs = Array.from({ length: 8 }, () => {
      killers.add(app(1));
      return killers.pauseMs(app(1));
    });
    expect(pausesMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    nowMs = 59_000;
    expect(killers.pauseMs(app(1))).toBe(1_000);
    nowMs = FORGIVEN_AFTER_MS;
    expect([killers.has(app(1)), killers.pauseMs(app(1))]).toEqual([false, 0]);
    killers.add(app(1));
    killers.forgive(app(1));
    expect(killers.has(app(1))).toBe(false);
  });

  test("are so many at most: the one that killed longest ago is forgotten", () => {
    const killers = new KillerApps(() => 0);
    for (let i = 0; i <= MAX_KILLERS; i++) killers.add(app(i));
    expect([killers.has(app(0)), killers.has(app(1)), killers.has(app(MAX_KILLERS))]).toEqual([false, true, true]);
  });
});

describe("buffers", () => {
  test("are shared out evenly, and again when another process comes or one is gone", async () => {
    const { pool, started } = await openSocketPool({ bufferBytes: 9_000_000, appsPerWorker: 1 });
    const heard = new Map<WorkerId, number[]>();
    const listen = (worker: WorkerProcess): void => {
      const bytes: number[] = [];
      heard.set(worker.id, bytes);
      const { send } = worker;
      worker.send = (message) => {
        if (message.type === "socket_budget") bytes.push(message.bufferBytes);
        send.call(worker, message);
      };
    };
    const first = await pool.workerFor(app(1));
    listen(first);
    const second = await pool.workerFor(app(2));
    listen(second);
    expect(heard.get(first.id)?.at(-1)).toBe(4_500_000);
    await pool.workerFor(app(3));
    expect([heard.get(first.id)?.at(-1), heard.get(second.id)?.at(-1)]).toEqual([3_000_000, 3_000_000]);
    first.kill();
    await first.exited;
    await Promise.resolve();
    expect(heard.get(second.id)?.at(-1)).toBe(4_500_000);
    expect(started).toHaveLength(3);
  });
});

describe("connections of an old version", () => {
  test("are closed once its time is over, and again only when that did not end them all", () => {
    let nowMs = 0;
    let old: VersionId[] = [];
    const [v1, v2] = ["v1" as VersionId, "v2" as VersionId];
    const sent: ToWorker[] = [];
    const worker = { send: (message: ToWorker) => void sent.push(message) } as unknown as WorkerProcess;
    const sockets = new OldVersionSockets({
      maxAgeMs: 1_000,
      spreadMs: 50,
      oldVersionsOf: () => old,
      now: () => nowMs,
    });
    const check = (atMs: number): number => {
      nowMs = atMs;
      sockets.check(worker);
      return sent.splice(0).length;
    };
    old = [v1];
    expect([check(0), check(900)]).toEqual([0, 0]);
    old = []; // wanted again
    expect(check(950)).toBe(0);
    old = [v1];
    expect([check(1_000), check(1_999)]).toEqual([0, 0]);
    old = [v1, v2];
    nowMs = 2_000;
    sockets.check(worker);
    expect(sent.splice(0)).toEqual([{ type: "close_sockets", spreadMs: 50, reason: "old_version", versionId: v1 }]);
    old = [v1];
    expect([check(2_001), check(3_049), check(3_050)]).toEqual([0, 0, 1]);
  });
});

test("the end of connections fits into what the process has: the grace gives way first, then the spread", () => {
  const plan = { noticeMs: 250, graceMs: 110_000 };
  expect(fitSocketDrain(plan, { spreadMs: 5_000, availableMs: 150_000 })).toEqual({
    graceMs: 110_000,
    spreadMs: 5_000,
    handshakeMs: 1_000,
  });
  expect(fitSocketDrain(plan, { spreadMs: 5_000, availableMs: 9_250 })).toMatchObject({
    graceMs: 3_000,
    spreadMs: 5_000,
  });
  expect(fitSocketDrain(plan, { spreadMs: 5_000, availableMs: 3_250 })).toMatchObject({ graceMs: 0, spreadMs: 2_000 });
  expect(fitSocketDrain(plan, { spreadMs: 5_000, availableMs: 0 })).toEqual({
    graceMs: 0,
    spreadMs: 0,
    handshakeMs: 0,
  });
});

test("figures are sums over the workers, reasons of a fixed set, and what a dead one had counts as lost", async () => {
  const metrics = new Metrics("executor");
  const figures = new WebSocketMetrics(metrics, { workerCount: () => 2, threadsLimitCount: 64 });
  const stats = (more: Partial<SocketStats>): SocketStats => ({
    connections: 0,
    connectionsByApp: {},
    threads: 0,
    bufferedBytes: 0,
    opened: 0,
    withoutThread: 0,
    refused: {},
    closed: {},
    ...more,
  });
  figures.report(W1, stats({ connections: 3, opened: 5, bufferedBytes: 10, closed: { client: 2 } }));
  figures.report(W1, stats({ connections: 4, opened: 6, bufferedBytes: 20, closed: { client: 2, 'x"}': 1 } }));
  figures.report(W2, stats({ connections: 1, opened: 1, threads: 1, withoutThread: 2, refused: { declined: 1 } }));
  figures.refused("websocket_full");
  const text = await metrics.registry.metrics();
  for (const line of [
    "executor_websocket_connections_count 5",
    "executor_websocket_threads_count 1",
    "executor_websocket_threads_limit_count 64",
    "executor_websocket_buffered_bytes 20",
    "executor_websocket_workers_count 2",
    "executor_websocket_opened_total 7",
    "executor_websocket_without_thread_total 2",
    'executor_websocket_closed_total{reason="client"} 2',
    'executor_websocket_closed_total{reason="other"} 1',
    'executor_websocket_refused_total{reason="declined"} 1',
    'executor_websocket_refused_total{reason="websocket_full"} 1',
  ]) {
    expect(text).toContain(line);
  }
  figures.forget(W1);
  const after = await metrics.registry.metrics();
  expect(after).toContain("executor_websocket_connections_count 1");
  expect(after).toContain('executor_websocket_closed_total{reason="worker_lost"} 4');
});
