import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openEmbedded } from "@nano/control-store/open-embedded";
import { serveStore } from "@nano/control-store/serve-store";
import { recordKey } from "@nano/protocol/records";
import { eventually } from "@nano/test-kit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { appRecords, nodeRecord } from "./fake-store.ts";
import { startFakeNode } from "./fake-worker.ts";
import { startTestRouter } from "./router-harness.ts";

const GET = "GET / HTTP/1.1\r\nhost: app.example\r\n\r\n";

test("during the notice connections are accepted, and every answer ends its connection", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]), { drain: { noticeMs: 2_000 } });
  const worker = await t.node.startWorker();
  await t.useWorkers(worker);
  const idle = await t.talk();
  idle.send(GET);
  await idle.until("hello from");
  worker.handler = (r) => r.respondHead(200, ["content-length", "4"]);
  const begun = await t.talk();
  begun.send(GET);
  await begun.until("\r\n\r\n");
  worker.handler = (r) => r.respond("ok");
  const closing = t.router.close();
  expect(t.router.readiness()).toEqual({ isReady: false, reason: "draining" });

  const fresh = await t.fetch("/");
  expect(fresh).toMatchObject({ status: 200, headers: { connection: "close" } });
  idle.send(GET);
  expect(await idle.ended()).toContain("Connection: close");
  // Its head had left before: its connection takes one more request.
  (await nthRequest(worker, 2)).stream.end(Buffer.from("done"));
  await begun.until("done");
  begun.send(GET);
  expect(await begun.ended()).toMatch(/done[\s\S]*Connection: close[\s\S]*ok$/);
  await closing;
  await expect(t.raw(GET)).rejects.toThrow("ECONNREFUSED");
});

async function nthRequest(worker: { next(): Promise<import("./fake-worker.ts").FakeRequest> }, count: number) {
  for (let passed = 1; passed < count; passed += 1) await worker.next();
  return worker.next();
}

test("requests that a connection sent without waiting are all answered, and only the last answer ends it", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]), { drain: { noticeMs: 2_000 } });
  const worker = await t.node.startWorker(() => {});
  await t.useWorkers(worker);
  const client = await t.talk();
  client.send(GET.repeat(2));
  const requests = [await worker.next(), await worker.next()];
  const closing = t.router.close();
  // It comes after what is known to be the last: its client sends it again elsewhere, so no app may have seen it.
  client.send(GET);
  await t.fetch("/", { host: "nobody.example" });
  for (const request of requests) request.respond("answered");
  const received = await client.ended();
  expect(received.match(/answered/g)).toHaveLength(2);
  expect(received.match(/connection: close/gi)).toHaveLength(1);
  expect(worker.requests).toHaveLength(2);
  await closing;
});

test("a request that outlives the grace is cut, and counted", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]), { drain: { graceMs: 50 } });
  const worker = await t.node.startWorker((r) => r.respondHead(200, ["content-length", "10"]));
  await t.useWorkers(worker);
  const client = await t.talk();
  client.send(GET);
  await client.until("content-length: 10\r\n");
  await t.router.close();
  await client.ended();
  expect(await t.metric("router_drain_cut_requests_total")).toBe(1);
});

test("connections that say nothing do not hold a router up", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const clients = [await t.talk(), await t.talk()];
  await eventually(async () => (await t.fetch("/", { host: "nobody.example" })).status === 404);
  await t.router.close();
  for (const client of clients) expect(await client.ended()).toBe("");
});

const CLIENT_COUNT = 12;
/** As a balancer: so many failed probes in a row take a router out. */
const PROBE_INTERVAL_MS = 25;
const PROBE_COUNT = 3;

test("a router process that is told to end under load fails no request", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nano-drain-"));
  const pair = openEmbedded(join(folder, "store.sqlite"));
  const served = await serveStore(pair.store, pair.queue, { socketPath: join(folder, "store.sock") });
  const node = await startFakeNode();
  const worker = await node.startWorker((r) => {
    // Every eighth takes its time, so that some are under way at each step of the end.
    if (Number(r.path.slice(1)) % 8 !== 0) r.respond("quick");
    else {
      r.respondHead(200);
      r.stream.write(Buffer.from("sl"));
      setTimeout(() => r.stream.end(Buffer.from("ow")), 400);
    }
  });
  const records = appRecords("hello", ["app.example"]);
  await pair.store.commit(records.map((record) => ({ key: recordKey(record), record })));
  await pair.store.renewLease(nodeRecord([worker], { supervisor: node.supervisor }), 600_000);
  const router = fork(new URL("../src/main.ts", import.meta.url), {
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    env: {
      PATH: process.env.PATH,
      ROUTER_CONTROL_STORE_SOCKET_PATH: served.socketPath,
      ROUTER_LISTEN_PORT: "0",
      ROUTER_ADMIN_ADDRESS: "127.0.0.1:0",
      ROUTER_DRAIN_NOTICE_MS: "1000",
      ROUTER_DRAIN_GRACE_MS: "5000",
    },
  });
  const exited = once(router, "exit");
  onTestFinished(async () => {
    router.kill("SIGKILL");
    await exited;
    await served.close();
    await pair.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const [ready] = await once(router, "message");
  const { http, admin } = (ready as { addresses: { http: string; admin: string } }).addresses;

  let isInService = true;
  let sentCount = 0;
  const failures: string[] = [];
  let closeCount = 0;
  const runClient = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (isInService) {
      sentCount += 1;
      const text = await ask(`http://${http}/${sentCount}`, agent).catch((error: Error) => error.message);
      if (text.endsWith(" close")) closeCount += 1;
      if (!/^200 (?:quick|slow) /.test(text)) failures.push(text);
    }
    agent.destroy();
  };
  await eventually(async () => (await ask(`http://${http}/1`)).startsWith("200"));
  const clients = Array.from({ length: CLIENT_COUNT }, runClient);
  await eventually(() => sentCount > 20 * CLIENT_COUNT);
  const sentBefore = sentCount;
  router.kill("SIGTERM");
  const isReady = async (): Promise<boolean> =>
    (await ask(`http://${admin}/readyz`).catch(() => "refused")).startsWith("200");
  await eventually(async () => !(await isReady()));
  for (let failed = 0; failed < PROBE_COUNT; failed += 1) await delay(PROBE_INTERVAL_MS);
  isInService = false;
  await Promise.all(clients);
  expect(failures).toEqual([]);
  expect(sentCount).toBeGreaterThan(sentBefore);
  expect(closeCount).toBeGreaterThan(0);
  expect(await exited).toEqual([0, null]);
});

function ask(url: string, agent?: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { host: "app.example" };
    get(url, { headers, ...(agent === undefined ? { agent: false } : { agent }) }, (res: IncomingMessage) => {
      let text = "";
      res.setEncoding("utf8");
      res.on("data", (part: string) => {
        text += part;
      });
      res.on("error", reject);
      res.on("end", () => resolve(`${res.statusCode} ${text} ${res.headers.connection}`));
    }).on("error", reject);
  });
}
