import { request } from "node:http";
import type { PostmortemAnswer } from "@nano/protocol/messages";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { decideAfterLoss, type LossFacts, MAX_LOST_WORKERS } from "../src/request/retry.ts";
import { appRecords, nodeRecord } from "./fake-store.ts";
import type { FakeWorker } from "./fake-worker.ts";
import { startTestRouter, type TestRouter } from "./router-harness.ts";

const facts: LossFacts = {
  streamId: 7,
  wasWritten: true,
  postmortem: { suspect: 0, entered: [] },
  isIdempotent: false,
  isReplayable: true,
  lostCount: 1,
};

test.each<[string, Partial<LossFacts>, boolean]>([
  ["entered by nobody, or idempotent", {}, true],
  ["never written, whatever the supervisor would say", { wasWritten: false, postmortem: null }, true],
  ["written, and no verdict", { postmortem: null }, false],
  ["written, idempotent, and no verdict", { postmortem: null, isIdempotent: true }, true],
  ["idempotent, and no verdict for the second time", { postmortem: null, isIdempotent: true, lostCount: 2 }, false],
  ["the suspect", { postmortem: { suspect: 7, entered: [] } }, false],
  ["entered and not idempotent", { postmortem: { suspect: 3, entered: [6, 7] } }, false],
  ["beside the suspect", { postmortem: { suspect: 3, entered: [6] } }, true],
  ["its body is not whole any more", { isReplayable: false }, false],
  ["its body is not whole, though never written", { isReplayable: false, wasWritten: false }, false],
  ["it outlived too many workers", { lostCount: MAX_LOST_WORKERS }, false],
])("after a loss, %s: runs again %j", (_what, changes, runsAgain) => {
  const error = decideAfterLoss({ ...facts, ...changes });
  expect(error === null).toBe(runsAgain);
  if (error !== null) expect(error.wire).toMatchObject({ httpStatus: 502, reason: "worker_lost" });
});

async function startPair(
  overrides: Parameters<typeof startTestRouter>[1] = {},
): Promise<{ t: TestRouter; first: FakeWorker; second: FakeWorker }> {
  const t = await startTestRouter(appRecords("hello", ["app.example"], { limits: { request_body_mb: 4 } }), overrides);
  const a = await t.node.startWorker();
  const b = await t.node.startWorker();
  await t.useWorkers(a, b);
  await t.fetch("/");
  return a.requests.length > 0 ? { t, first: a, second: b } : { t, first: b, second: a };
}

test("a full worker passes the request to the next one, body and all", async () => {
  const { t, first, second } = await startPair();
  first.handler = (r) => r.refuse();
  second.handler = async (r) => r.respond(await r.body());
  const answer = await t.fetch("/", { method: "POST", body: "a body that is kept" });
  expect(answer).toMatchObject({ status: 200, text: "a body that is kept" });
  expect(await t.metric("router_retries_total", { cause: "worker_refused" })).toBe(1);
});

test("where all workers are full the client gets 503 with retry-after", async () => {
  const { t, first, second } = await startPair();
  for (const worker of [first, second]) worker.handler = (r) => r.refuse();
  const answer = await t.fetch("/");
  expect(answer).toMatchObject({ status: 503, headers: { "x-nano-error": "queue_full", "retry-after": "1" } });
  expect(first.requests.length + second.requests.length).toBe(3);
});

test("a loaded warm worker spills to the next choice", async () => {
  const { t, first, second } = await startPair({ request: { loadedCount: 2 } });
  first.handler = () => {};
  const held = [t.fetch("/held"), t.fetch("/held")];
  await eventually(() => first.requests.length >= 3);
  expect((await t.fetch("/")).text).toBe(`hello from ${second.id}`);
  for (const request of first.requests.slice(1)) request.respond("done");
  await Promise.all(held);
});

async function loseWorker(
  pair: { t: TestRouter; first: FakeWorker; second: FakeWorker },
  requests: { path: string; method?: string; body?: string | Buffer }[],
  answer: (streamIdOf: (path: string) => number) => PostmortemAnswer | null,
) {
  const { t, first, second } = pair;
  first.handler = () => {};
  second.handler = async (r) => r.respond(`rerun ${r.path} ${(await r.body()).length}`);
  const seenBefore = first.requests.length;
  const answers = requests.map(({ path, ...options }) => t.fetch(path, options));
  await eventually(() => first.requests.length >= seenBefore + requests.length);
  const streamIdOf = (path: string): number =>
    first.requests.find((r) => r.path === path)?.stream.id ?? expect.unreachable();
  t.node.supervisor.answer = () => answer(streamIdOf);
  first.die();
  return await Promise.all(answers);
}

test("when a worker dies the suspect gets 502, entered ones that are not idempotent too, all others run again", async () => {
  const pair = await startPair();
  const [suspect, entered, idempotent, waiting] = await loseWorker(
    pair,
    [
      { path: "/suspect" },
      { path: "/entered", method: "POST", body: "x" },
      { path: "/get" },
      { path: "/waiting", method: "POST", body: "abc" },
    ],
    (streamIdOf) => ({ suspect: streamIdOf("/suspect"), entered: [streamIdOf("/entered")] }),
  );
  expect(suspect).toMatchObject({ status: 502, headers: { "x-nano-error": "worker_lost" } });
  expect(entered).toMatchObject({ status: 502, headers: { "x-nano-error": "worker_lost" } });
  expect(idempotent).toMatchObject({ status: 200, text: "rerun /get 0" });
  expect(waiting).toMatchObject({ status: 200, text: "rerun /waiting 3" });
  const { questions } = pair.t.node.supervisor;
  expect(questions).toHaveLength(1);
  expect(questions[0]).toMatchObject({ workerId: pair.first.id, peer: pair.first.peers.at(-1) });
  expect(questions[0]?.streamIds).toHaveLength(4);
});

test("without a verdict in time only what is idempotent runs again", async () => {
  const pair = await startPair({ upstream: { postmortemTimeoutMs: 50 } });
  const [answer, post] = await loseWorker(pair, [{ path: "/get" }, { path: "/post", method: "POST" }], () => null);
  expect(answer).toMatchObject({ status: 200, text: "rerun /get 0" });
  expect(post).toMatchObject({ status: 502, headers: { "x-nano-error": "worker_lost" } });
  expect(await pair.t.metric("router_postmortems_total", { verdict: "unanswered" })).toBe(1);
});

test("a supervisor that is gone is no verdict", async () => {
  const pair = await startPair();
  pair.t.node.supervisor.close();
  const [answer] = await loseWorker(pair, [{ path: "/post", method: "POST" }], () => null);
  expect(answer?.status).toBe(502);
});

test("where a supervisor died with its workers, none that is about to die gets a request of one that has", async () => {
  const { t, first, second } = await startPair({ upstream: { postmortemTimeoutMs: 200 } });
  first.handler = () => {};
  second.handler = () => {};
  const asked = t.fetch("/get");
  await eventually(() => first.requests.some(({ path }) => path === "/get"));
  t.node.supervisor.close();
  first.die();
  await eventually(async () => (await t.metric("router_postmortems_total", { verdict: "unanswered" })) === 1);
  second.die();
  const replacement = await t.node.startWorker();
  await t.useWorkers(replacement);
  expect(await asked).toMatchObject({ status: 200, text: `hello from ${replacement.id}` });
  expect(second.requests).toHaveLength(0);
});

test("a body that is larger than the retry buffer does not run again", async () => {
  const pair = await startPair({ request: { retryBufferBytes: 1000 } });
  const [large, small] = await loseWorker(
    pair,
    [
      { path: "/large", method: "PUT", body: Buffer.alloc(1001) },
      { path: "/small", method: "PUT", body: Buffer.alloc(1000) },
    ],
    () => ({ suspect: 0, entered: [] }),
  );
  expect(large?.status).toBe(502);
  expect(small).toMatchObject({ status: 200, text: "rerun /small 1000" });
});

test("a body that is still arriving when its worker dies goes on to the next", async () => {
  const { t, first, second } = await startPair();
  first.handler = () => {};
  second.handler = async (r) => r.respond((await r.body()).toString());
  const answered = new Promise<string>((resolve) => {
    const req = request(
      { port: t.port, host: "127.0.0.1", method: "POST", headers: { host: "app.example" } },
      (res) => {
        let text = "";
        res.setEncoding("utf8");
        res.on("data", (part: string) => {
          text += part;
        });
        res.on("end", () => resolve(text));
      },
    );
    req.write("first half, ");
    const seen = (): boolean => first.requests.some((r) => r.receivedBytes === 12);
    const poll = (): void => {
      if (!seen()) {
        setImmediate(poll);
        return;
      }
      first.die();
      req.end("second half");
    };
    poll();
  });
  expect(await answered).toBe("first half, second half");
});

test("requests wait for the replacement of their only worker", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const only = await t.node.startWorker(() => {});
  await t.useWorkers(only);
  const pending = t.fetch("/pending");
  await only.next();
  t.store.put(nodeRecord([], { supervisor: t.node.supervisor }));
  only.die();
  const arriving = t.fetch("/arriving");
  const replacement = await t.node.startWorker((r) => r.respond(r.path));
  t.store.put(nodeRecord([replacement], { supervisor: t.node.supervisor }));
  expect(await pending).toMatchObject({ status: 200, text: "/pending" });
  expect(await arriving).toMatchObject({ status: 200, text: "/arriving" });
});

test("a request that came before the first executor is answered by it", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const early = t.fetch("/early");
  await eventually(async () => (await t.metric("router_in_flight_requests_count")) === 1);
  const worker = await t.node.startWorker((r) => r.respond(r.path));
  t.store.put(nodeRecord([worker], { supervisor: t.node.supervisor }));
  expect(await early).toMatchObject({ status: 200, text: "/early" });
});

test("a request waits for a worker no longer than it should", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]), { request: { noWorkerWaitMs: 30 } });
  t.store.put(nodeRecord([{ id: "w", address: "/nowhere/w.sock", credential: "x" }]));
  expect(await t.fetch("/")).toMatchObject({
    status: 503,
    headers: { "x-nano-error": "no_worker", "retry-after": "1" },
  });
});

test("a worker that drains is no failure: what it refuses goes to its replacement", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const old = await t.node.startWorker((r) => r.refuse({ reason: "draining" }));
  await t.useWorkers(old);
  const pending = t.fetch("/");
  await old.next();
  const fresh = await t.node.startWorker();
  t.store.put(nodeRecord([fresh], { supervisor: t.node.supervisor }));
  expect((await pending).text).toBe(`hello from ${fresh.id}`);
});

test("a link that breaks is dialled again", async () => {
  const t = await startTestRouter(appRecords("hello", ["app.example"]));
  const worker = await t.node.startWorker();
  await t.useWorkers(worker);
  worker.drain();
  await eventually(() => worker.peers.length >= 2);
  expect((await t.fetch("/")).text).toBe(`hello from ${worker.id}`);
  expect(new Set(worker.peers).size).toBe(worker.peers.length);
});
