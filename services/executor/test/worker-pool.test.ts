import { readdirSync } from "node:fs";
import { join } from "node:path";
import { dialLink } from "@nano/link/dial-link";
import { decodePostmortemAnswer, encodePostmortemQuestion, type PostmortemQuestion } from "@nano/protocol/messages";
import { burnSource } from "@nano/test-kit/burn-source";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, onTestFinished, test } from "vitest";
import { HANG_GRACE_MS } from "../src/control/hang-watch.ts";
import { PostmortemServer } from "../src/control/postmortem-server.ts";
import { canDropPermission } from "../src/control/worker-permissions.ts";
import { WorkerProcess } from "../src/control/worker-process.ts";
import { readRunningEntry } from "../src/flight-recorder.ts";
import { assign, dialWorker, Inbox, isAlive, nodeDirectories, openPool, workerOptions } from "./process-harness.ts";
import { appScript, temporaryDirectory } from "./sliver-fixture.ts";
import { ask, type RouterStream, send } from "./worker-harness.ts";

const WAITS = "if (request.url.endsWith('/wait')) { console.log('waits'); await new Promise(() => {}); }";
/** V8 looks once in a thousand turns of such a loop whether it is to stop, and each turn takes milliseconds. */
const HANGS = "const text = '[' + '1,'.repeat(1e6) + '1]'; for (;;) JSON.parse(text);";
/** isolated-vm copies a thrown value outside of any time limit of its own. */
const LOOPS_WHILE_COPIED =
  "const e = new Error('x'); Object.defineProperty(e, 'stack', { get() { for (;;); } }); Promise.reject(e); return new Response();";

function firstOf(pool: Awaited<ReturnType<typeof openPool>>["pool"]): WorkerProcess {
  const [worker] = pool.workers;
  if (worker === undefined) throw new Error("no worker");
  return worker;
}

const linesOf = (inbox: Inbox): string[] => inbox.of("log").flatMap(({ lines }) => lines.map(({ text }) => text));

const idOf = (heard: RouterStream): number => heard.stream?.id ?? -1;

describe("a worker that dies", () => {
  test("is replaced at once; what was inside and what had been entered is known of it", async () => {
    const { pool, events, inbox } = await openPool(1);
    const worker = firstOf(pool);
    const versionId = assign(worker, appScript(`${WAITS} for (;;);`), { limits: { cpuTimeMs: 60_000 } });
    const link = await dialWorker(worker, "router-9");
    const get = send(link, { versionId, path: "/wait" });
    const post = send(link, { versionId, path: "/wait", method: "POST", body: "x" });
    await eventually(() => linesOf(inbox).length === 2);
    const inside = send(link, { versionId, method: "PATCH", body: "x" });
    const never = send(link, { versionId, method: "POST", body: "x" });
    await eventually(() => readRunningEntry(worker.recorderFd)?.streamId === idOf(inside));
    const killedMs = performance.now();
    if (worker.pid !== undefined) process.kill(worker.pid, "SIGKILL");
    await Promise.all([get, post, inside, never].map(({ done }) => done));
    const question: PostmortemQuestion = {
      workerId: worker.id,
      peer: "router-9",
      streamIds: [get, post, inside, never].map(idOf),
    };
    expect(await pool.examine(question)).toEqual({ suspect: idOf(inside), entered: [idOf(post), idOf(inside)] });
    expect(await pool.examine({ ...question, peer: "router-8" })).toEqual({ suspect: 0, entered: [] });
    expect(await pool.examine({ ...question, streamIds: [idOf(get)] })).toEqual({ suspect: 0, entered: [] });
    await eventually(() => pool.size === 1);
    expect(performance.now() - killedMs).toBeLessThan(2_000);
    expect(events.deaths).toMatchObject([{ id: worker.id, cause: "died" }]);
    expect(firstOf(pool).id).not.toBe(worker.id);
    expect(pool.get(worker.id)).toBeUndefined();
  });

  test("is replaced though the first attempts to start another fail", async () => {
    let attempts = 0;
    const directories = nodeDirectories();
    const { pool } = await openPool(1, {
      start: async (id) => {
        attempts += 1;
        if (attempts === 2 || attempts === 3) throw new Error("no room");
        return WorkerProcess.start(workerOptions(id, directories, new Inbox()));
      },
    });
    const worker = firstOf(pool);
    worker.kill();
    await worker.exited;
    await eventually(() => pool.size === 1);
    // One more where the next spare has begun already.
    expect(attempts).toBeGreaterThanOrEqual(4);
  });
});

describe("the spare worker", () => {
  test("is started beside those that serve, and takes a dead one's place without a start", async () => {
    const started: string[] = [];
    const equipped: string[] = [];
    const directories = nodeDirectories();
    const { pool } = await openPool(1, {
      start: async (id) => {
        const worker = await WorkerProcess.start(workerOptions(id, directories, new Inbox()));
        started.push(id);
        return worker;
      },
      equip: async (worker) => void equipped.push(worker.id),
    });
    // Loaded, and given nothing.
    await eventually(() => started.length === 2);
    expect(equipped).toEqual([started[0]]);
    const worker = firstOf(pool);
    worker.kill();
    await worker.exited;
    await eventually(() => pool.size === 1);
    expect(firstOf(pool).id).toBe(started[1]);
    expect(equipped).toEqual([started[0], started[1]]);
    await eventually(() => started.length === 3);
  });
});

/** Of an entry with 100 ms of CPU: twice that and 20 ms where it is watched, otherwise 4 times and 50 ms, to a multiple of 32 ms. */
const LIMIT_MS = canDropPermission() ? 220 : 450;
const isLimit = (limitMs: number): boolean => limitMs >= LIMIT_MS && limitMs <= LIMIT_MS + 33;

describe("a worker that hangs", () => {
  test("in what V8's own limit does not cover is killed within its limit and the grace, and its request is the suspect", async () => {
    const { pool, events, logs, inbox } = await openPool(2);
    const worker = firstOf(pool);
    const versionId = assign(
      worker,
      appScript(`${WAITS} if (request.url.endsWith('/warm')) return new Response(); ${HANGS}`),
      {
        limits: { cpuTimeMs: 100 },
      },
    );
    const link = await dialWorker(worker);
    await ask(link, { versionId, path: "/warm" });
    const post = send(link, { versionId, path: "/wait", method: "POST", body: "x" });
    await eventually(() => linesOf(inbox).length === 1);
    const startedMs = performance.now();
    const hangs = send(link, { versionId });
    await hangs.done;
    await eventually(() => events.deaths.length === 1);
    const [death] = events.deaths;
    // The limit of its entry, the supervisor's grace, and what a loaded machine adds.
    expect((death?.atMs ?? 0) - startedMs).toBeLessThan(LIMIT_MS + HANG_GRACE_MS + 1_000);
    expect((death?.atMs ?? 0) - startedMs).toBeGreaterThan(LIMIT_MS);
    expect(death).toMatchObject({ id: worker.id, cause: "hung" });
    expect(logs.map(([msg]) => msg)).toEqual(["worker hangs", "worker lost"]);
    expect(logs[0]?.[1]).toMatchObject({ app: "subject", limitMs: expect.toSatisfy(isLimit) });
    const question = { workerId: worker.id, peer: "router-1", streamIds: [idOf(post), idOf(hangs)] };
    expect(await pool.examine(question)).toEqual({ suspect: idOf(hangs), entered: [idOf(post)] });
    await eventually(() => pool.size === 2);
  });

  test.runIf(canDropPermission())(
    "is told from one whose app loops where isolated-vm has no limit: the app's isolate ends, and the worker serves on",
    async () => {
      const { pool, events } = await openPool(1);
      const worker = firstOf(pool);
      const versionId = assign(
        worker,
        appScript(`if (request.url.endsWith('/quick')) return new Response('here'); ${LOOPS_WHILE_COPIED}`),
        { limits: { cpuTimeMs: 100 } },
      );
      const link = await dialWorker(worker);
      await ask(link, { versionId });
      expect((await ask(link, { versionId, path: "/quick" })).text).toBe("here");
      expect(events.deaths).toEqual([]);
    },
  );

  test("is told from one that works: a long entry within its limit is left alone", async () => {
    const { pool, events } = await openPool(1);
    const worker = firstOf(pool);
    const versionId = assign(worker, appScript(`${burnSource()} burn(500); return new Response('worked');`), {
      limits: { cpuTimeMs: 1_000 },
    });
    expect((await ask(await dialWorker(worker), { versionId })).text).toBe("worked");
    expect(events.deaths).toEqual([]);
  });
});

describe("a postmortem", () => {
  test("of a worker that lives, or of which nothing is known, has no answer", async () => {
    const { pool } = await openPool(1);
    const question = { workerId: firstOf(pool).id as string, peer: "router-1", streamIds: [1] };
    expect(await pool.examine(question)).toBeNull();
    expect(await pool.examine({ ...question, workerId: "w-other" })).toBeNull();
  });

  test("waits for the end of a worker that is dying", async () => {
    const { pool } = await openPool(1);
    const worker = firstOf(pool);
    const asked = pool.examine({ workerId: worker.id, peer: "router-1", streamIds: [1] });
    worker.kill();
    expect(await asked).toEqual({ suspect: 0, entered: [] });
  });

  test("is served to routers that have the supervisor's credential", async () => {
    const { pool } = await openPool(1);
    const worker = firstOf(pool);
    worker.kill();
    await worker.exited;
    const address = join(temporaryDirectory(), "s.sock");
    const server = new PostmortemServer({ address, credential: "right", peer: "node-1", pool });
    await server.open();
    onTestFinished(() => server.close());
    expect((await dialLink({ address, credential: "wrong", peer: "r" })).type).toBe("ended");
    const dialed = await dialLink({ address, credential: "right", peer: "r" });
    if (dialed.type === "ended") throw new Error("no link");
    const askServer = (workerId: string): Promise<unknown> =>
      new Promise((resolve) => {
        const listener = {
          onHead: (payload: Buffer) => resolve(decodePostmortemAnswer(payload)),
          onData() {},
          onEnd() {},
          onReset: (error: { code: string }) => resolve(error.code),
          onDrain() {},
        };
        dialed.link.openStream(encodePostmortemQuestion({ workerId, peer: "r", streamIds: [3] }), listener, {
          isEnd: true,
        });
      });
    expect(await askServer(worker.id)).toEqual({ suspect: 0, entered: [] });
    expect(await askServer("w-other")).toBe("EXEC_WORKER_UNKNOWN");
    dialed.link.close();
  });
});

describe("close", () => {
  test("lets workers finish, and leaves no process, socket, directory or recorder", async () => {
    const { pool, inbox, directories: own } = await openPool(2);
    const pids = [...pool.workers].map(({ pid }) => pid ?? 0);
    const worker = firstOf(pool);
    const versionId = assign(
      worker,
      appScript("console.log('begun'); await new Promise((r) => setTimeout(r, 80)); return new Response('done');"),
    );
    const heard = send(await dialWorker(worker), { versionId });
    await eventually(() => linesOf(inbox).length === 1);
    await pool.close(new AbortController().signal);
    await heard.done;
    expect(heard.text).toBe("done");
    expect(pids.filter(isAlive)).toEqual([]);
    expect(Object.values(own).flatMap((path) => readdirSync(path))).toEqual([]);
  });

  test("kills at the deadline what does not finish, also a deadline that has passed", async () => {
    const { pool, inbox } = await openPool(1);
    const worker = firstOf(pool);
    const versionId = assign(worker, appScript("console.log('begun'); await new Promise(() => {});"));
    send(await dialWorker(worker), { versionId });
    await eventually(() => linesOf(inbox).length === 1);
    await pool.close(AbortSignal.abort());
    expect(worker.ending).toBe("SIGKILL");
  });

  test("while a replacement starts waits for it, and leaves nothing of it", async () => {
    const { pool, directories: own } = await openPool(1);
    const worker = firstOf(pool);
    worker.kill();
    await worker.exited;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(pool.size).toBe(0);
    await pool.close(new AbortController().signal);
    expect(pool.size).toBe(0);
    expect(Object.values(own).flatMap((path) => readdirSync(path))).toEqual([]);
  });
});
