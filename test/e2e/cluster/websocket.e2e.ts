/** WebSockets while parts of a cluster end, leave and change: what their clients are told, and where they get when they come back. */
import { eventually } from "@nano/test-kit/eventually";
import { hasRedisServer, needRedisServer } from "@nano/test-kit/redis-server";
import { afterAll, beforeAll, expect, onTestFailed, onTestFinished, test } from "vitest";
import { RawWebSocket, type SocketEnd } from "../../support/raw-websocket.ts";
import { Cluster } from "./cluster.ts";
import type { Service } from "./service.ts";
import { ROUTER_PORT } from "./service-settings.ts";

const OPEN_TIMEOUT_MS = 180_000;
const TEST_TIMEOUT_MS = 120_000;
const GRACE_MS = 1_000;
const SPREAD_MS = 1_000;
const MAX_AGE_ON_OLD_VERSION_MS = 1_500;
const BUFFER_BYTES = 4 * 1024 * 1024;
const CONNECTIONS = 30;
const THREADS = 3;
const MANIFEST = { limits: { cpu_time_ms: 2_000 }, websocket: { thread: "shared" } };

const appOf = (version: string): string => `export default { fetch(request) {
  const [client, server] = new WebSocketPair();
  server.accept();
  server.addEventListener("message", ({ data }) => {
    if (data === "flood") return flood();
    if (data.startsWith("http:")) return void fetch(data).then(({ status }) => server.send("fetched " + status));
    server.send("${version} " + data);
  });
  function flood() {
    for (let i = 0; i < 4 && server.readyState === 1; i++) server.send(new Uint8Array(64 * 1024));
    if (server.readyState === 1) setTimeout(flood, 0);
  }
  return new Response(null, { status: 101, webSocket: client });
} }`;

let cluster: Cluster;
needRedisServer();

beforeAll(async () => {
  if (!hasRedisServer) return;
  cluster = await Cluster.open({
    executorCount: 2,
    routerCount: 2,
    env: {
      executor: {
        EXECUTOR_DRAIN_GRACE_MS: `${GRACE_MS}`,
        EXECUTOR_WEBSOCKET_DRAIN_SPREAD_MS: `${SPREAD_MS}`,
        EXECUTOR_WEBSOCKET_MAX_AGE_ON_OLD_VERSION_MS: `${MAX_AGE_ON_OLD_VERSION_MS}`,
        EXECUTOR_WEBSOCKET_BUFFER_BYTES: `${BUFFER_BYTES}`,
        // What apps may fetch: hosts of the lab.
        EXECUTOR_EGRESS_ALLOWED_RANGES: "0.0.0.0/0",
        EXECUTOR_WEBSOCKET_DEDICATED_THREADS: `${THREADS}`,
      },
      router: {
        ROUTER_DRAIN_NOTICE_MS: "0",
        ROUTER_DRAIN_GRACE_MS: `${GRACE_MS}`,
        ROUTER_WEBSOCKET_DRAIN_SPREAD_MS: `${SPREAD_MS}`,
      },
    },
  });
  await cluster.deploys.deploy({ name: "chat", source: appOf("one"), manifest: MANIFEST });
}, OPEN_TIMEOUT_MS);
afterAll(async () => cluster?.close());

async function open(router: Service, name = "chat"): Promise<RawWebSocket> {
  const place = { address: router.spec.host.address, port: ROUTER_PORT, host: cluster.deploys.hostOf(name) };
  const socket = await RawWebSocket.open(place);
  onTestFinished(() => socket.destroy());
  return socket;
}

/** Each of the cluster's routers has half of them. */
async function openMany(count: number, routers: readonly Service[] = cluster.routers): Promise<RawWebSocket[]> {
  const opened: RawWebSocket[] = [];
  for (let i = 0; i < count; i++) opened.push(await open(routers[i % routers.length] ?? expect.fail("No router")));
  for (const socket of opened) expect(await say(socket, "a")).toBe("one a");
  return opened;
}

async function say(socket: RawWebSocket, text: string): Promise<unknown> {
  socket.sendText(text);
  return socket.nextMessage();
}

/** The executor that has all connections of the app. */
async function holder(count: number): Promise<Service> {
  let found: Service | undefined;
  await eventually(async () => {
    for (const executor of cluster.executors.filter(({ isRunning }) => isRunning)) {
      if ((await executor.metric("executor_websocket_connections_count")) === count) found = executor;
    }
    return found !== undefined;
  });
  return found ?? expect.fail("No executor has them");
}

/** How each ended, and when. */
function ends(sockets: readonly RawWebSocket[]): Promise<{ end: SocketEnd; atMs: number }[]> {
  return Promise.all(sockets.map(async ({ ended }) => ({ end: await ended, atMs: performance.now() })));
}

const testCluster = (sentence: string, run: () => Promise<void>): void =>
  test(sentence, { timeout: TEST_TIMEOUT_MS }, async () => {
    onTestFailed(() => void process.stderr.write(cluster.describe()));
    await run();
  });

testCluster("an executor that is killed: 1012, and who comes back is served by another one", async () => {
  const sockets = await openMany(4);
  const executor = await holder(sockets.length);
  executor.kill();
  for (const { end } of await ends(sockets)) expect(end).toEqual({ code: 1012, reason: "worker_lost" });
  const again = await openMany(2);
  expect((await holder(again.length)).name).not.toBe(executor.name);
  await executor.start(cluster.root);
  await cluster.settled();
});

testCluster(
  "an executor that is told to end: 1001 after the grace, not all at once, and new ones go elsewhere",
  async () => {
    const sockets = await openMany(CONNECTIONS);
    const executor = await holder(sockets.length);
    const beganMs = performance.now();
    const stopped = executor.stop();
    const closed = ends(sockets);
    await eventually(async () => {
      const fresh = await open(cluster.routers[0] ?? expect.fail("No router"));
      const answer = await say(fresh, "b");
      await fresh.close(1000);
      return answer === "one b";
    });
    const ended = await closed;
    expect(new Set(ended.map(({ end }) => `${end.code} ${end.reason}`))).toEqual(new Set(["1001 draining"]));
    const times = ended.map(({ atMs }) => atMs - beganMs).sort((a, b) => a - b);
    expect(times[0]).toBeGreaterThanOrEqual(GRACE_MS * 0.9);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(SPREAD_MS / 4);
    await stopped;
    await executor.start(cluster.root);
    await cluster.settled();
  },
);

testCluster("a router that is told to end: 1001 for its own connections, and none of the other's", async () => {
  const [one, two] = cluster.routers;
  if (one === undefined || two === undefined) throw new Error("There are two");
  const leaving = await openMany(CONNECTIONS, [one]);
  const staying = await openMany(2, [two]);
  const stopped = one.stop();
  for (const { end } of await ends(leaving)) expect(end).toEqual({ code: 1001, reason: "draining" });
  for (const socket of staying) expect(await say(socket, "c")).toBe("one c");
  await stopped;
  await one.start(cluster.root);
  await cluster.settled();
});

testCluster("a router that is killed lets the apps know", async () => {
  const [one] = cluster.routers;
  if (one === undefined) throw new Error("There are two");
  const sockets = await openMany(3, [one]);
  const executor = await holder(sockets.length);
  one.kill();
  await eventually(async () => (await executor.metric("executor_websocket_connections_count")) === 0);
  await one.exited;
  await one.start(cluster.root);
  await cluster.settled();
});

testCluster("what the node holds for all connections is bounded: the largest is closed with 1013", async () => {
  const [router] = cluster.routers;
  if (router === undefined) throw new Error("There are two");
  const quiet = await open(router);
  const largest = await open(router);
  largest.socket.pause();
  largest.sendText("flood");
  const counted = async (): Promise<boolean> => {
    const counts = cluster.executors.map((executor) =>
      executor.metric("executor_websocket_closed_total", `reason="ws_buffer_bytes"`),
    );
    return (await Promise.all(counts)).some((count) => count > 0);
  };
  await eventually(counted, { timeoutMs: 20_000 });
  largest.socket.resume();
  expect(await largest.ended).toEqual({ code: 1013, reason: "ws_buffer_bytes" });
  expect(await say(quiet, "d")).toBe("one d");
});

testCluster("a listener fetches, and sends what it got", async () => {
  const [one, two] = cluster.routers;
  if (one === undefined || two === undefined) throw new Error("There are two");
  expect(await say(await open(one), `http://${two.spec.host.address}:${ROUTER_PORT}/`)).toBe("fetched 404");
});

testCluster("connections beyond the threads of a node share one, all answer, and threads are given on", async () => {
  const [router] = cluster.routers;
  if (router === undefined) throw new Error("There are two");
  const manifest = { ...MANIFEST, websocket: { thread: "dedicated" } };
  await cluster.deploys.deploy({ name: "threaded", source: appOf("t"), manifest });
  for (const withoutThread of [THREADS, 2 * THREADS]) {
    const opened = await Promise.all(Array.from({ length: 2 * THREADS }, () => open(router, "threaded")));
    const executor = await holder(opened.length);
    await eventually(async () => (await executor.metric("executor_websocket_without_thread_total")) === withoutThread);
    expect(await executor.metric("executor_websocket_threads_count")).toBe(THREADS);
    for (const socket of opened) expect(await say(socket, "f")).toBe("t f");
    for (const socket of opened) expect((await socket.close(1000)).code).toBe(1000);
    await eventually(async () => (await executor.metric("executor_websocket_connections_count")) === 0);
  }
});

testCluster(
  "a version that is not active any more keeps its connections until the operator's limit, then 1001",
  async () => {
    const sockets = await openMany(4);
    await cluster.deploys.deploy({ name: "chat", source: appOf("two"), manifest: MANIFEST });
    const beganMs = performance.now();
    for (const router of cluster.routers) {
      await eventually(async () => {
        const fresh = await open(router);
        const answer = await say(fresh, "e");
        await fresh.close(1000);
        return answer === "two e";
      });
    }
    for (const { end, atMs } of await ends(sockets)) {
      expect(end.code).toBe(1001);
      expect(atMs - beganMs).toBeLessThan(MAX_AGE_ON_OLD_VERSION_MS + 10_000);
    }
  },
);
