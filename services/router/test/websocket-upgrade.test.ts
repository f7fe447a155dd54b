/** From the handshake to the app's answer: which worker is asked, and what becomes of each answer. */
import { connect } from "node:net";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { FakeSocket } from "./fake-socket.ts";
import { appRecords, nodeRecord } from "./fake-store.ts";
import { startFakeNode } from "./fake-worker.ts";
import { handshake, startWebSocketTest } from "./websocket-harness.ts";

test("an app that refuses is heard as over HTTP, with its headers and body, and the connection ends", async () => {
  const t = await startWebSocketTest();
  t.socketWorker.handler = (r) => r.respond("who are you", { status: 401, headers: ["www-authenticate", "Basic"] });
  const answer = await t.raw(handshake());
  expect(answer).toMatch(/^HTTP\/1.1 401 Unauthorized\r\nwww-authenticate: Basic\r\n/);
  expect(answer).toMatch(/connection: close/i);
  expect(answer).toMatch(/who are you$/);
  // The stream is over on both sides.
  const [request] = t.socketWorker.requests;
  expect(await request?.body()).toHaveLength(0);
  await eventually(async () => (await t.metric("router_websocket_upgrades_total", { outcome: "declined" })) === 1);
  expect(await t.metric("router_websocket_pending_upgrades_count")).toBe(0);
});

test("a long refusal is sent under back-pressure to its end", async () => {
  const t = await startWebSocketTest();
  const body = Buffer.alloc(3_000_000, "r");
  t.socketWorker.handler = (r) => r.respond(body, { status: 426 });
  const answer = await t.raw(handshake());
  expect(answer.length - answer.indexOf("\r\n\r\n") - 4).toBeGreaterThanOrEqual(body.length);
});

test.each([
  ["as it says", ["Upgrade", "websocket, x/1"], /\r\nupgrade: websocket, x\/1\r\n/],
  ["where it does not say", [], /\r\nupgrade: websocket\r\n/],
])("an app's 426 tells what to upgrade to, %s, on a connection that ends", async (_what, headers, expected) => {
  const t = await startWebSocketTest();
  t.socketWorker.handler = (r) => r.respond("upgrade", { status: 426, headers: [...headers] });
  const answer = await t.raw(handshake());
  expect(answer).toMatch(expected);
  expect(answer).toMatch(/\r\nconnection: close, upgrade\r\n/i);
});

const unusable: readonly [string, string[], string | null][] = [
  ["a sub-protocol that was not offered", ["sec-websocket-protocol", "c"], "a, b"],
  ["a sub-protocol where none was offered", ["sec-websocket-protocol", "a"], null],
  ["two sub-protocols", ["sec-websocket-protocol", "a", "sec-websocket-protocol", "b"], "a, b"],
  ["a list of sub-protocols", ["sec-websocket-protocol", "a, b"], "a, b"],
  ["a header that HTTP cannot carry", ["x-line", "a\r\nset-cookie: b"], null],
];

test.each(unusable)("a 101 with %s becomes 500 bad_upgrade before any handshake", async (_what, headers, offered) => {
  const t = await startWebSocketTest();
  t.socketWorker.handler = (r) => r.respondHead(101, headers);
  const answer = await t.raw(handshake({ "sec-websocket-protocol": offered }));
  expect(answer).toMatch(/^HTTP\/1.1 500 [\s\S]*x-nano-error: bad_upgrade\r\n/);
  expect(await t.socketWorker.requests[0]?.whenReset()).toMatchObject({ code: "ROUTER_BAD_UPGRADE" });
});

test("one question names the worker, however many connections wait for it, and one link has them all", async () => {
  const t = await startWebSocketTest();
  const named = Promise.withResolvers<typeof t.socketWorker>();
  t.node.supervisor.socketWorkerOf = () => named.promise;
  const connecting = [t.connect(), t.connect(), t.connect()];
  await eventually(async () => (await t.metric("router_websocket_pending_upgrades_count")) === 3);
  named.resolve(t.socketWorker);
  await Promise.all(connecting);
  await t.connect();
  expect(t.node.supervisor.askedApps).toEqual(["chat"]);
  expect(t.socketWorker.peers).toHaveLength(1);
});

test("a node that refuses is passed over for the next, and a worker that is full says so where all are", async () => {
  const t = await startWebSocketTest();
  const other = await startFakeNode();
  const ordinary = [await t.node.startWorker(), await other.startWorker()];
  t.store.put(
    nodeRecord(ordinary.slice(0, 1), { supervisor: t.node.supervisor }),
    nodeRecord(ordinary.slice(1), { id: "node-2", supervisor: other.supervisor }),
  );
  await eventually(async () => (await t.metric("router_links_count")) === 2);
  const full = await t.node.startWorker((r) => r.refuse({ reason: "ws_max_connections" }));
  const free = await other.startWorker((r) => void new FakeSocket(r));
  t.node.supervisor.socketWorkerOf = () => full;
  other.supervisor.socketWorkerOf = () => free;
  // Whichever comes first in the ranking.
  for (let count = 0; count < 3; count += 1) await t.connect();
  expect(free.requests).toHaveLength(3);
  free.handler = (r) => r.refuse({ reason: "ws_max_connections" });
  expect(await t.raw(handshake())).toMatch(
    /^HTTP\/1.1 503 [\s\S]*x-nano-error: ws_max_connections[\s\S]*retry-after: 1/,
  );
});

test("what a supervisor says where it has no worker is the answer, and it is left alone for a while", async () => {
  const t = await startWebSocketTest({}, { websocket: { questionPauseMs: 60_000 } });
  t.node.supervisor.socketWorkerOf = () => null;
  expect(await t.raw(handshake())).toMatch(/^HTTP\/1.1 503 [\s\S]*x-nano-error: no_socket_worker/);
  expect(await t.raw(handshake())).toMatch(/x-nano-error: no_socket_worker/);
  expect(t.node.supervisor.askedApps).toEqual(["chat"]);
});

test("a supervisor that says nothing is asked again, until the request has waited long enough", async () => {
  const t = await startWebSocketTest({}, { websocket: { questionPauseMs: 20, questionTimeoutMs: 50 } });
  const { socketWorker } = t;
  let count = 0;
  t.node.supervisor.socketWorkerOf = () => {
    count += 1;
    return count < 3 ? new Promise(() => {}) : socketWorker;
  };
  await t.connect();
  expect(count).toBe(3);
});

test("a worker that dies before it has answered is asked for anew, and the suspect is not run again", async () => {
  const t = await startWebSocketTest();
  t.socketWorker.handler = () => {};
  const replacement = await t.node.startWorker((r) => void new FakeSocket(r));
  const lost = t.raw(handshake());
  const { stream } = await t.socketWorker.next();
  t.node.supervisor.answer = () => ({ suspect: stream.id, entered: [] });
  t.node.supervisor.socketWorkerOf = () => replacement;
  t.socketWorker.die();
  expect(await lost).toMatch(/^HTTP\/1.1 502 [\s\S]*x-nano-error: worker_lost/);
  expect(replacement.requests).toHaveLength(0);
  await t.connect();
  expect(t.node.supervisor.askedApps).toEqual(["chat", "chat"]);
});

test("an upgrade that the dead worker had not begun goes to its replacement", async () => {
  const t = await startWebSocketTest();
  t.socketWorker.handler = () => {};
  const replacement = await t.node.startWorker((r) => void new FakeSocket(r));
  const connecting = t.connect();
  await t.socketWorker.next();
  t.node.supervisor.socketWorkerOf = () => replacement;
  t.socketWorker.die();
  await connecting;
  expect(replacement.requests).toHaveLength(1);
});

test("a worker that drains gets no further upgrade, and keeps its connections", async () => {
  const t = await startWebSocketTest();
  const client = await t.connect();
  const socket = await t.accepted();
  const next = await t.node.startWorker((r) => void new FakeSocket(r));
  t.node.supervisor.socketWorkerOf = () => next;
  t.socketWorker.drain();
  await eventually(async () => {
    await t.connect();
    return next.requests.length > 0;
  });
  socket.send("still here");
  expect(await client.received(1)).toEqual(["still here"]);
});

test("a client that leaves before the answer ends its request", async () => {
  const t = await startWebSocketTest();
  t.socketWorker.handler = () => {};
  for (const leave of ["reset", "end"] as const) {
    const socket = connect(t.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(handshake());
    const request = await t.socketWorker.next();
    if (leave === "reset") socket.resetAndDestroy();
    else socket.end();
    expect(await request.whenReset()).toMatchObject({ code: "ROUTER_CLIENT_GONE" });
  }
  expect(await t.metric("router_websocket_upgrades_total", { outcome: "client_gone" })).toBe(2);
});

test("upgrades under way and connections are bounded, each with its own word", async () => {
  const t = await startWebSocketTest({}, { websocket: { maxPendingCount: 1, maxConnectionCount: 2 } });
  await t.connect();
  const { handler } = t.socketWorker;
  t.socketWorker.handler = () => {};
  const waiting = t.connect();
  const request = await t.socketWorker.next().then(() => t.socketWorker.next());
  expect(await t.raw(handshake())).toMatch(/^HTTP\/1.1 503 [\s\S]*x-nano-error: upgrades_full[\s\S]*retry-after/);
  handler(request);
  await waiting;
  expect(await t.raw(handshake())).toMatch(/^HTTP\/1.1 503 [\s\S]*x-nano-error: sockets_full/);
  expect(await t.metric("router_websocket_connections_count")).toBe(2);
});

test("an app without WebSocket worker in its cell's nodes waits for one, and is answered 503", async () => {
  const t = await startWebSocketTest({}, { websocket: { workerWaitMs: 50 } });
  t.store.put(...appRecords("other", ["other.example"]));
  t.store.remove("node/node-1");
  await eventually(async () => (await t.metric("router_links_count")) === 0);
  expect(await t.raw(handshake({ host: "other.example" }))).toMatch(/x-nano-error: no_worker/);
});
