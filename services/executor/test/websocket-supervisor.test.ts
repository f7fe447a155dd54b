/** How an executor answers routers that have a WebSocket for it: over its supervisor's socket, with a worker that has what it needs. */
import { dialLink } from "@nano/link/dial-link";
import type { Link } from "@nano/link/link";
import type { AppName, VersionId } from "@nano/protocol/brands";
import type { WireError } from "@nano/protocol/errors";
import {
  decodePostmortemAnswer,
  decodeSocketWorkerAnswer,
  encodePostmortemQuestion,
  encodeSocketWorkerQuestion,
  type SocketWorkerAnswer,
} from "@nano/protocol/messages";
import { eventually } from "@nano/test-kit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { APP, openSupervisor, openSurroundings, type Surroundings } from "./executor-fixture.ts";
import { appScript, nextVersionId } from "./sliver-fixture.ts";
import { ask, type RouterStream, send } from "./worker-harness.ts";

const PORT = { listen: { address: "127.0.0.1:0" }, workers: { count: 1 } };
const UPGRADE = { headers: ["host", "subject.test", "upgrade", "websocket"] };
const LIMITS = { limits: { timeout_secs: 60, cpu_time_ms: 500 } } as const;
const ECHO = appScript(`
  if (request.headers.get("upgrade") !== "websocket") return new Response("plain");
  if (request.url.endsWith("/hang")) {
    const text = "[" + "1,".repeat(1e6) + "1]";
    for (;;) JSON.parse(text); // V8 looks once in a thousand turns whether it is to stop
  }
  const [client, server] = Object.values(new WebSocketPair());
  server.accept();
  server.addEventListener("message", ({ data }) => server.send(data));
  return new Response(null, { status: 101, webSocket: client });`);

async function dial(address: string, credential: string, peer = "router-1"): Promise<Link> {
  const dialed = await dialLink({ address, credential, peer, isPrompt: true });
  if (dialed.type === "ended") throw new Error(dialed.outcome.error.message);
  onTestFinished(() => dialed.link.close());
  return dialed.link;
}

async function dialSupervisor(around: Surroundings): Promise<Link> {
  await eventually(async () => ((await around.nodes())[0]?.workers.length ?? 0) > 0);
  const { address, credential } = (await around.node()).supervisor;
  return await dial(address, credential);
}

/** Asks a supervisor; the answer's head, or why there is none. */
function question(link: Link, payload: Buffer): Promise<Buffer | WireError> {
  return new Promise((resolve) => {
    const listener = {
      onHead: (head: Buffer) => resolve(Buffer.from(head)),
      onData() {},
      onEnd() {},
      onReset: resolve,
      onDrain() {},
    };
    link.openStream(payload, listener, { isEnd: true });
  });
}

async function askWorker(link: Link, app: string = APP): Promise<SocketWorkerAnswer> {
  const answer = await question(link, encodeSocketWorkerQuestion({ app: app as AppName }));
  if (!Buffer.isBuffer(answer)) throw new Error(answer.code);
  return decodeSocketWorkerAnswer(answer);
}

/** Begins an upgrade, and waits for its answer. */
async function upgrade(link: Link, versionId: VersionId): Promise<RouterStream> {
  const heard = send(link, { versionId, ...UPGRADE, body: "open" });
  await heard.answered;
  return heard;
}

async function openExecutor(settings: Parameters<typeof openSupervisor>[1] = {}) {
  const around = await openSurroundings();
  const versionId = nextVersionId();
  await around.publish(versionId, { script: ECHO });
  await around.activate(versionId, LIMITS);
  const opened = await openSupervisor(around, { ...PORT, ...settings });
  return { ...opened, around, versionId, link: await dialSupervisor(around) };
}

test("a router is told of a worker at the node's one port, which answers plainly or with a WebSocket; no record of it is kept", async () => {
  const { around, versionId, link, supervisor, text } = await openExecutor();
  const [answer, same] = await Promise.all([askWorker(link), askWorker(link)]);
  expect(same).toEqual(answer);
  expect(answer.address).toBe(supervisor.address);
  const worker = await dial(answer.address, answer.credential);
  expect((await ask(worker, { versionId })).text).toBe("plain");
  const heard = await upgrade(worker, versionId);
  expect([heard.error, heard.head?.status]).toEqual([null, 101]);
  await eventually(async () => /executor_websocket_connections_count 1\b/.test(await text()));
  expect(await text()).toMatch(/executor_websocket_workers_count 1\b/);
  expect(await text()).toMatch(/executor_websocket_threads_limit_count 64\b/);
  await eventually(async () => /executor_websocket_opened_total 1\b/.test(await text()));
  expect((await around.node()).workers.map(({ id }) => id)).not.toContain(answer.workerId);
  expect((await around.node()).workers[0]?.load ?? 0).toBe(0);
});

test("on one machine it is told of the worker's own socket", async () => {
  const { link, versionId } = await openExecutor({ listen: {} });
  const { address, credential, workerId } = await askWorker(link);
  expect(address).toContain(`${workerId}.sock`);
  expect((await ask(await dial(address, credential), { versionId })).text).toBe("plain");
});

test("what became of a WebSocket worker that hung is answered as for any other", async () => {
  const { link, versionId, text } = await openExecutor();
  const { address, credential, workerId } = await askWorker(link);
  const worker = await dial(address, credential, "router-7");
  await ask(worker, { versionId });
  const inside = send(worker, { versionId, path: "/hang", ...UPGRADE });
  await inside.done;
  const streamId = inside.stream?.id ?? -1;
  const payload = encodePostmortemQuestion({ workerId, peer: "router-7", streamIds: [streamId] });
  const verdict = await question(link, payload);
  expect(Buffer.isBuffer(verdict) && decodePostmortemAnswer(verdict)).toEqual({ suspect: streamId, entered: [] });
  expect(await text()).toMatch(/executor_workers_lost_total\{cause="hung",kind="websocket"\} 1/);
  expect((await askWorker(link)).workerId).not.toBe(workerId);
});

test("a connection stays on its version until the operator's limit, while new ones get the next one", async () => {
  const { around, versionId, link, text } = await openExecutor({
    websocket: { maxAgeOnOldVersionMs: 0, drainSpreadMs: 0 },
  });
  const { address, credential } = await askWorker(link);
  const worker = await dial(address, credential);
  const heard = await upgrade(worker, versionId);
  expect(heard.head?.status).toBe(101);
  const next = nextVersionId();
  await around.publish(next, { script: appScript("return new Response('next');") });
  await around.activate(next, LIMITS);
  await eventually(() => heard.isEnded);
  expect((await ask(worker, { versionId: next })).text).toBe("next");
  heard.stream?.end(Buffer.from([9, 3, 0, 0, 0, 0xe9, 3, 1]));
  await eventually(async () => (await text()).includes('executor_websocket_closed_total{reason="old_version"} 1'));
});

test("an executor that ends tells routers so, closes its connections after the grace, and is gone", async () => {
  const { versionId, link, supervisor } = await openExecutor({
    drain: { noticeMs: 300, graceMs: 200 },
    websocket: { drainSpreadMs: 100 },
  });
  const { address, credential } = await askWorker(link);
  const worker = await dial(address, credential);
  const heard = await upgrade(worker, versionId);
  const closed = supervisor.close(new AbortController().signal);
  const refusal = await question(link, encodeSocketWorkerQuestion({ app: APP }));
  expect(refusal).toMatchObject({ code: "EXEC_NODE_DRAINING", retryable: true, reason: "draining" });
  await eventually(() => heard.isEnded);
  // CLOSE with 1001 and its reason.
  expect([heard.body[0], heard.body.readUInt16LE(5), heard.body.subarray(8).toString()]).toEqual([8, 1001, "draining"]);
  heard.stream?.end(Buffer.from([9, 3, 0, 0, 0, 0xe9, 3, 1]));
  await eventually(() => worker.streamCount === 0);
  worker.close();
  await closed;
});
