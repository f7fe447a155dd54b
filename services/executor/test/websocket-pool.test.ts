import { readdirSync } from "node:fs";
import type { AppName } from "@nano/protocol/brands";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, test } from "vitest";
import type { WorkerProcess } from "../src/control/worker-process.ts";
import { readRunningEntries } from "../src/flight-recorder.ts";
import type { SocketStats } from "../src/worker-messages.ts";
import { assign, dialWorker, isAlive, openSocketPool } from "./process-harness.ts";
import { appScript } from "./sliver-fixture.ts";
import { send } from "./worker-harness.ts";

const LOOP = appScript("for (;;);");
const UPGRADE = { headers: ["host", "subject.test", "upgrade", "websocket"] };
const NONE: SocketStats = {
  connections: 0,
  connectionsByApp: {},
  threads: 0,
  bufferedBytes: 0,
  opened: 0,
  withoutThread: 0,
  refused: {},
  closed: {},
};

const named = (name: string): AppName => name as AppName;

/** Kills a worker while it is inside an entry of the app. */
async function killInside(worker: WorkerProcess, app: AppName): Promise<void> {
  const versionId = assign(worker, LOOP, { app, limits: { cpuTimeMs: 60_000, timeoutMs: 60_000 } });
  const link = await dialWorker(worker);
  const heard = send(link, { versionId, ...UPGRADE });
  await eventually(() => readRunningEntries(worker.recorderFd).some((entry) => entry.app === app));
  if (worker.pid !== undefined) process.kill(worker.pid, "SIGKILL");
  await Promise.all([worker.exited, heard.done]);
}

describe("the process of an app's connections", () => {
  test("is started when it is first asked for, once for all who ask, and stays the app's", async () => {
    const { pool, started } = await openSocketPool();
    expect(pool.size).toBe(0);
    const [first, second] = await Promise.all([pool.workerFor(named("a")), pool.workerFor(named("a"))]);
    expect(first).toBe(second);
    expect(started).toEqual([first]);
    expect(await pool.workerFor(named("a"))).toBe(first);
    expect(first.kind).toBe("websocket");
    expect((await dialWorker(first)).isOpen).toBe(true);
  });

  test("has so many apps; further ones have another, and then there is no room", async () => {
    const { pool, refused } = await openSocketPool({ workerCount: 2, appsPerWorker: 2 });
    const workers = await Promise.all(["a", "b", "c", "d"].map((app) => pool.workerFor(named(app))));
    const ids = workers.map(({ id }) => id);
    expect([ids[0] === ids[1], ids[2] === ids[3], ids[1] === ids[2]]).toEqual([true, true, false]);
    await expect(pool.workerFor(named("e"))).rejects.toMatchObject({
      code: "EXEC_WEBSOCKET_FULL",
      wire: { retryable: true },
    });
    expect(refused).toEqual(["websocket_full"]);
    expect(pool.size).toBe(2);
  });
});

describe("an app without connections", () => {
  test("leaves its process for another one when there is no room, and routers that do not know yet are told so", async () => {
    const { pool } = await openSocketPool({ workerCount: 1, appsPerWorker: 1, idleMs: 100 });
    const [first, second] = [named("first"), named("second")];
    const worker = await pool.workerFor(first);
    pool.report(worker.id, { ...NONE, connections: 1, connectionsByApp: { [first]: 1 } });
    await expect(pool.workerFor(second)).rejects.toMatchObject({ code: "EXEC_WEBSOCKET_FULL" });
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(await pool.workerFor(second)).toBe(worker);
    const link = await dialWorker(worker);
    const [stale, fresh] = [first, second].map((app) => {
      const versionId = assign(worker, appScript("return new Response('taken');"), { app });
      return send(link, { versionId, ...UPGRADE });
    });
    await Promise.all([stale?.done, fresh?.done]);
    expect(stale?.error).toMatchObject({ code: "EXEC_WORKER_MOVED", reason: "worker_moved", retryable: true });
    expect([fresh?.error, fresh?.text]).toEqual([null, "taken"]);
  });
});

describe("a WebSocket worker that is killed", () => {
  test("is known to who asks about it, is started again when somebody asks, and who was inside has its own from then on", async () => {
    const { pool, deaths } = await openSocketPool();
    const [killer, other] = [named("killer"), named("other")];
    const worker = await pool.workerFor(killer);
    expect(await pool.workerFor(other)).toBe(worker);
    await killInside(worker, killer);
    await eventually(() => deaths.length === 1);
    expect(deaths[0]).toMatchObject({ cause: "died", running: [{ app: killer }] });
    expect(await pool.examine({ workerId: worker.id, peer: "router-1", streamIds: [1, 3] })).toEqual({
      suspect: deaths[0]?.running[0]?.streamId,
      entered: [],
    });
    expect(pool.size).toBe(0);
    const shared = await pool.workerFor(other);
    const own = await pool.workerFor(killer);
    expect(own.id).not.toBe(shared.id);
    expect(await pool.workerFor(named("third"))).toBe(shared);
    await killInside(own, killer);
    await eventually(() => deaths.length === 2);
    await expect(pool.workerFor(killer)).rejects.toMatchObject({
      code: "EXEC_WEBSOCKET_HELD_BACK",
      wire: { retryable: false },
    });
    expect(isAlive(shared.pid ?? 0)).toBe(true);
  });
});

describe("a process that nobody needs", () => {
  test("ends when it had no connection for long enough, and its apps are forgotten", async () => {
    const { pool, ended, deaths } = await openSocketPool({ idleMs: 200 });
    const worker = await pool.workerFor(named("a"));
    pool.report(worker.id, { ...NONE, connections: 1, connectionsByApp: { [named("a")]: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 250));
    pool.report(worker.id, { ...NONE, connections: 1, connectionsByApp: { [named("a")]: 1 } });
    expect(await pool.workerFor(named("a"))).toBe(worker);
    await eventually(() => {
      pool.report(worker.id, NONE);
      return ended.length === 1;
    });
    expect(ended).toEqual([worker]);
    expect(deaths).toEqual([]);
    expect(pool.size).toBe(0);
    expect((await pool.workerFor(named("a"))).id).not.toBe(worker.id);
  });
});

describe("the end of the node", () => {
  test("is quick without connections, and nothing is left", async () => {
    const { pool, directories } = await openSocketPool();
    const worker = await pool.workerFor(named("a"));
    const link = await dialWorker(worker);
    const startedMs = performance.now();
    const closed = pool.close(new AbortController().signal, { graceMs: 60_000, spreadMs: 60_000, handshakeMs: 0 });
    await expect(pool.workerFor(named("b"))).rejects.toMatchObject({
      code: "EXEC_NODE_DRAINING",
      wire: { retryable: true },
    });
    await eventually(() => !link.isOpen);
    link.close();
    await closed;
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    expect(isAlive(worker.pid ?? 0)).toBe(false);
    expect(Object.values(directories).flatMap((path) => readdirSync(path))).toEqual([]);
  });
});
