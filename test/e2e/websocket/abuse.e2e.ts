/**
 * Clients and apps that mean harm: memory stays bounded, each gets its close code, and no connection of another app is closed but within the
 * process of one that kills it.
 */
import { eventually } from "@nano/test-kit/eventually";
import { beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { RawWebSocket, type SocketEnd } from "../../support/raw-websocket.ts";
import { ResidentWatch } from "../../support/resident-watch.ts";
import { serveApps } from "../../support/serve-apps.ts";
import { encodeFrame, Opcode } from "../../support/websocket-frames.ts";

const KIB = 1024;
const MIB = KIB * KIB;
/** What a flood may cost each process, beside what its test counts: heaps grow before they are collected. */
const SLACK_BYTES = 256 * MIB;
/** `websocket.bufferBytes` of a router that is told nothing else. */
const ROUTER_BUFFER_BYTES = 512 * MIB;
/** `websocket.appsPerWorker` of an executor that is told nothing else. */
const APPS_PER_WORKER = 8;
const PENDING_AT_MOST = 20;
const WORKER = "worker.main";
/** With those below one more than a process takes. */
const OTHERS = ["other-1", "other-2", "other-3", "other-4"];

const APP = `let count = 0;
export default { async fetch(request) {
  if (new URL(request.url).pathname === "/never") await new Promise(() => {});
  const [client, server] = new WebSocketPair();
  server.accept();
  server.addEventListener("message", ({ data }) => {
    count++;
    switch (data) {
      case "count": return server.send(String(count));
      case "loop": for (;;);
      case "hoard": { const all = []; for (;;) all.push({ at: all.length }); }
      // V8 runs out of memory where it cannot say so: the supervisor ends the process.
      case "kill": { const all = []; for (;;) all.push(new Array(1000).fill(all.length)); }
      case "flood": return flood();
      case "echo": return server.send("echo");
    }
  });
  function flood() {
    for (let i = 0; i < 8 && server.readyState === 1; i++) server.send(new Uint8Array(64 * 1024));
    if (server.readyState === 1) setTimeout(flood, 0);
  }
  return new Response(null, { status: 101, webSocket: client });
} }`;

const limits = { cpu_time_ms: 1_000, memory_mb: 32, timeout_secs: 2 };
const app = (name: string, websocket: object = {}) => ({
  hostname: `${name}.localhost`,
  source: APP,
  settings: { limits, websocket: { thread: "shared", ...websocket } },
});
const nano = serveApps([
  app("victim"),
  app("abuser"),
  app("threaded", { thread: "dedicated" }),
  app("slow", { ws_outbound_buffer_bytes: 2 * MIB }),
  app("idle", { ws_idle_timeout_ms: 1_000 }),
  app("pending", { ws_max_connections: PENDING_AT_MOST }),
  ...OTHERS.map((name) => app(name)),
]);

let requestWorkers: ReadonlySet<number>;
let victim: RawWebSocket;

beforeAll(() => {
  requestWorkers = new Set(nano().findProcesses(WORKER));
});

/** Open all through a test, and answering at its end. */
beforeEach(async () => {
  victim = await open("victim");
  expect(await echo(victim)).toBe("echo");
});

async function open(name: string): Promise<RawWebSocket> {
  const socket = await RawWebSocket.open({ port: nano().port, host: `${name}.localhost` });
  onTestFinished(() => socket.destroy());
  return socket;
}

async function echo(socket: RawWebSocket): Promise<unknown> {
  socket.sendText("echo");
  return socket.nextMessage();
}

/** The router and the processes that have connections. */
function watch(): ResidentWatch {
  const sockets = nano()
    .findProcesses(WORKER)
    .filter((pid) => !requestWorkers.has(pid));
  const watched = new ResidentWatch([...nano().findProcesses("services/router/"), ...sockets]);
  onTestFinished(() => void watched.stop());
  return watched;
}

test("a flood of small messages is taken in its time, and others are answered meanwhile", async () => {
  const abuser = await open("abuser");
  const resident = watch();
  const count = 100_000;
  const burst = Buffer.concat(Array(1_000).fill(encodeFrame({ opcode: Opcode.TEXT, payload: "a small message" })));
  const sent = (async () => {
    for (let i = 0; i < count / 1_000; i++) await abuser.sendChopped(burst, burst.length);
    abuser.sendText("count");
  })();
  expect(await echo(victim)).toBe("echo");
  await sent;
  expect(await abuser.nextMessage()).toBe(String(count + 1));
  expect(resident.stop()).toBeLessThan(SLACK_BYTES);
  expect(await echo(victim)).toBe("echo");
});

test("messages that never come whole are held up to a bound, then the largest is closed with 1013", async () => {
  const resident = watch();
  const eachBytes = 31 * MIB;
  const abusers = await Promise.all(Array.from({ length: 18 }, () => open("abuser")));
  const begun = encodeFrame({ opcode: Opcode.BINARY, payload: Buffer.alloc(eachBytes), saidBytes: eachBytes + 1 });
  await Promise.all(abusers.map((abuser) => abuser.sendChopped(begun, MIB)));
  const closed = await Promise.race(abusers.map(({ ended }) => ended));
  expect(closed.code).toBe(1013);
  expect(await echo(victim)).toBe("echo");
  expect(resident.stop()).toBeLessThan(ROUTER_BUFFER_BYTES + SLACK_BYTES);
});

test("a message of endless fragments ends, by its size or their count", async () => {
  const resident = watch();
  const abuser = await open("abuser");
  abuser.send({ opcode: Opcode.TEXT, isLast: false });
  const fragments = Buffer.concat(
    Array(10_000).fill(encodeFrame({ opcode: Opcode.CONTINUATION, isLast: false, payload: "x" })),
  );
  let isOver = false;
  abuser.ended.then(() => {
    isOver = true;
  });
  for (let i = 0; i < 200 && !isOver; i++) await abuser.sendChopped(fragments, fragments.length);
  expect([1008, 1009]).toContain((await abuser.ended).code);
  expect(resident.stop()).toBeLessThan(SLACK_BYTES);
  expect(await echo(victim)).toBe("echo");
});

test("clients that do not read what they are sent are closed with 1013", async () => {
  const resident = watch();
  const abusers = await Promise.all(Array.from({ length: 8 }, () => open("slow")));
  for (const abuser of abusers) {
    abuser.socket.pause();
    abuser.sendText("flood");
  }
  const closed = async (): Promise<boolean> =>
    (await nano().metric("executor_websocket_closed_total", `reason="ws_outbound_buffer"`)) >= abusers.length;
  await eventually(closed, { timeoutMs: 20_000 });
  expect(await echo(victim)).toBe("echo");
  expect(resident.stop()).toBeLessThan(SLACK_BYTES);
});

test.each(["abuser", "threaded"])("CPU and memory for each message are the connection's own end (%s)", async (name) => {
  const other = await open(name);
  for (const [word, reason] of [
    ["loop", "cpu_limit"],
    ["hoard", "memory_limit"],
  ] as const) {
    const abuser = await open(name);
    abuser.sendText(word);
    expect(await abuser.ended).toEqual({ code: 1011, reason });
  }
  expect(await echo(other)).toBe("echo");
  expect(await echo(victim)).toBe("echo");
});

test("connections that are half open, before or after their upgrade, end in their time", async () => {
  const counted = async (): Promise<number> => nano().metric("router_websocket_connections_count");
  const before = await counted();
  const vanished = await Promise.all(Array.from({ length: 20 }, () => open("idle")));
  for (const { socket } of vanished) socket.pause();
  await eventually(async () => (await counted()) <= before, { timeoutMs: 15_000 });
  expect(await echo(victim)).toBe("echo");
});

test("a flood of upgrades that are never answered is refused beyond the app's connections, others are let in", async () => {
  const asked = Array.from({ length: 200 }, () =>
    RawWebSocket.ask({ port: nano().port, host: "pending.localhost", path: "/never" }),
  );
  expect(await echo(await open("victim"))).toBe("echo");
  const answers = (await Promise.all(asked)).map(
    ({ answer: { status, headers } }) => `${status} ${headers.get("x-nano-error")}`,
  );
  const refused = answers.filter((answer) => answer === "503 ws_max_connections").length;
  expect(refused).toBeGreaterThanOrEqual(asked.length - 2 * PENDING_AT_MOST);
  expect(new Set(answers)).toEqual(new Set(["503 ws_max_connections", "504 wall_limit"]));
  expect(await echo(victim)).toBe("echo");
});

test("what kills its process takes at most the connections of as many apps, and from then on its own alone", async () => {
  const neighbours: { name: string; socket: RawWebSocket; end: SocketEnd | null }[] = [];
  for (const name of ["abuser", "victim", "threaded", "slow", "pending", ...OTHERS]) {
    const neighbour = { name, socket: await open(name), end: null };
    neighbours.push(neighbour);
    neighbour.socket.ended.then((end) => Object.assign(neighbour, { end }));
  }
  const [killer] = neighbours;
  killer?.socket.sendText("kill");
  expect(await killer?.socket.ended).toEqual({ code: 1012, reason: "worker_lost" });
  const stayed: string[] = [];
  for (const { name, socket, end } of neighbours) {
    const answer = end === null ? await echo(socket) : null;
    if (answer === "echo") stayed.push(name);
    else expect(await socket.ended).toEqual({ code: 1012, reason: "worker_lost" });
  }
  expect(neighbours.length - stayed.length).toBeLessThanOrEqual(APPS_PER_WORKER);

  const others = await Promise.all(OTHERS.map((name) => open(name)));
  const again = await open("abuser");
  again.sendText("kill");
  expect(await again.ended).toEqual({ code: 1012, reason: "worker_lost" });
  for (const other of others) expect(await echo(other)).toBe("echo");
});
