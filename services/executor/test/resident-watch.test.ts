import type { AppName, VersionId, WorkerId } from "@nano/protocol/brands";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { residentLimitBytes } from "../src/control/worker-ceilings.ts";
import { WorkerProcess } from "../src/control/worker-process.ts";
import {
  assign,
  dialWorker,
  Inbox,
  nodeDirectories,
  openOwnWorkers,
  openPool,
  openSocketPool,
  workerOptions,
} from "./process-harness.ts";
import { appScript } from "./sliver-fixture.ts";
import { ask, send } from "./worker-harness.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const CEILING_BYTES = 400 * MIB;
const ROOMY = { memoryBytes: GIB, cpuTimeMs: 60_000 };
/** Far above the ceiling, and far below the app's own limit. */
const GROWS = `const held = []; for (let i = 0; i < 64; i += 1) held.push(new Uint8Array(${8 * MIB}).fill(1)); for (;;) held.at(0);`;
const HOLDS = `if (!request.url.endsWith("/hold")) return new Response("hello");
  const held = new Uint8Array(${64 * MIB}).fill(1); console.log("holds"); await new Promise(() => {}); return new Response(held);`;

test("a worker that outgrows its ceiling is ended for that, with the request inside it to blame, and one below it serves on", async () => {
  const directories = nodeDirectories();
  const inbox = new Inbox();
  const { pool, events, logs } = await openPool(2, {
    start: (id) => WorkerProcess.start({ ...workerOptions(id, directories, inbox), residentLimitBytes: CEILING_BYTES }),
  });
  const [small, large] = [...pool.workers];
  if (small === undefined || large === undefined) throw new Error("no workers");
  const quiet = assign(small, appScript(HOLDS), { limits: ROOMY });
  const link = await dialWorker(small);
  send(link, { versionId: quiet, path: "/hold" });
  await eventually(() => inbox.of("log").length === 1);

  const grower = assign(large, appScript(GROWS), { limits: ROOMY, app: "grower" as AppName });
  const grows = send(await dialWorker(large), { versionId: grower, method: "POST", body: "x" });
  await eventually(() => events.deaths.length === 1);
  expect(events.deaths).toMatchObject([{ id: large.id, cause: "memory" }]);
  const [, fields] = logs.find(([msg]) => msg === "worker outgrew its memory") ?? [];
  expect(fields).toMatchObject({ workerId: large.id, app: "grower", limitBytes: CEILING_BYTES });
  const streamId = grows.stream?.id ?? -1;
  const question = { workerId: large.id, peer: "router-1", streamIds: [streamId] };
  expect(await pool.examine(question)).toMatchObject({ suspect: streamId });

  expect(pool.get(small.id)).toBe(small);
  expect((await ask(link, { versionId: quiet })).text).toBe("hello");
  await eventually(() => pool.size === 2);
});

test("workers for connections, and those of versions in quarantine, have a ceiling too", async () => {
  const directories = nodeDirectories();
  const start = (id: WorkerId, kind: "http" | "websocket") =>
    WorkerProcess.start({ ...workerOptions(id, directories, new Inbox()), kind, residentLimitBytes: MIB });
  const sockets = await openSocketPool({ start: (id) => start(id, "websocket") });
  const own = await openOwnWorkers({ start: (id) => start(id, "http") });
  await Promise.all([sockets.pool.workerFor("any" as AppName), own.workers.workerFor("v1" as VersionId)]);
  await eventually(() => sockets.deaths.length === 1 && own.deaths.length === 1);
  expect([sockets.deaths[0]?.cause, own.deaths[0]?.cause]).toEqual(["memory", "memory"]);
});

test("unless it is set, a ceiling is above what a budget and V8's last gigabyte come to, and below the memory that there is", () => {
  const websocket = { connectionCount: 1_000, bufferBytes: GIB, residentBytes: null };
  for (const isolateBytes of [16 * MIB, 2 * GIB, 64 * GIB]) {
    const settings = { workers: { isolateBytes, residentBytes: null }, websocket };
    // However small the machine is.
    expect(residentLimitBytes("http", settings, GIB)).toBeGreaterThan(isolateBytes + GIB);
    // Beside the budget, the largest app fits.
    expect(residentLimitBytes("http", settings, 1_000 * GIB)).toBeGreaterThan(isolateBytes + 3 * GIB);
  }
  const settings = { workers: { isolateBytes: 2 * GIB, residentBytes: null }, websocket };
  expect(residentLimitBytes("http", settings, 8 * GIB)).toBe(6 * GIB);
  expect(residentLimitBytes("websocket", settings, 8 * GIB)).toBe(6 * GIB);
  expect(residentLimitBytes("websocket", settings, 1_000 * GIB)).toBeGreaterThan(8 * GIB);
  expect(residentLimitBytes("http", settings)).toBeGreaterThan(3 * GIB);
  const set = { workers: { isolateBytes: GIB, residentBytes: 5 }, websocket: { ...websocket, residentBytes: 6 } };
  expect([residentLimitBytes("http", set), residentLimitBytes("websocket", set)]).toEqual([5, 6]);
});
