import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { acceptLink } from "@nano/link/accept-link";
import type { Link } from "@nano/link/link";
import type { WorkerId } from "@nano/protocol/brands";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, onTestFinished, test } from "vitest";
import { canDropPermission } from "../src/control/worker-permissions.ts";
import { WorkerProcess } from "../src/control/worker-process.ts";
import { assign, dialWorker, Inbox, isAlive, nodeDirectories, startWorker, workerOptions } from "./process-harness.ts";
import { appScript } from "./sliver-fixture.ts";
import { ask, send } from "./worker-harness.ts";

const HELLO = appScript("return new Response('hello ' + env.NAME);");

/** What a loop may use. A limit of wall time would be four times as much. */
const LOOP_MS = 100;

/** Of a process's own thread. */
function cpuMsOf(pid: number | undefined): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "latin1").split(" ")[0]) / 1e6;
}

describe("a worker process", () => {
  test("serves what it is assigned, says what it counted, and hands on what its apps say", async () => {
    const { worker, inbox } = await startWorker();
    const versionId = assign(worker, appScript("console.warn('said'); return new Response('hello ' + env.NAME);"), {
      manifest: { env_vars: { NAME: "nano" } },
    });
    const link = await dialWorker(worker);
    const answer = await ask(link, { versionId });
    expect(answer.text).toBe("hello nano");
    await eventually(() => inbox.of("log").length > 0);
    expect(inbox.of("log")[0]?.lines).toMatchObject([{ app: "subject", versionId, level: "warn", text: "said" }]);
    await eventually(() => inbox.of("stats").some(({ stats }) => stats.requests === 1 && stats.isolates === 1));
    expect(inbox.errors).toEqual([]);
  });

  test.runIf(canDropPermission())("ends a loop by the CPU that it used, and serves on", async () => {
    const { worker } = await startWorker();
    const script = appScript("if (request.url.endsWith('/loop')) for (;;) {} return new Response('hello');");
    const versionId = assign(worker, script, { limits: { cpuTimeMs: LOOP_MS } });
    const link = await dialWorker(worker);
    expect((await ask(link, { versionId })).text).toBe("hello");
    const before = cpuMsOf(worker.pid);
    expect((await ask(link, { versionId, path: "/loop" })).error?.reason).toBe("cpu_limit");
    const usedMs = cpuMsOf(worker.pid) - before;
    expect(usedMs).toBeGreaterThanOrEqual(LOOP_MS);
    expect(usedMs).toBeLessThanOrEqual(LOOP_MS * 2 + 20);
    expect((await ask(link, { versionId })).text).toBe("hello");
  });

  test("asks for what it does not have, lets go of what is retired, and keeps what is assigned again", async () => {
    const { worker, inbox } = await startWorker();
    const link = await dialWorker(worker);
    const hang = appScript(
      "if (request.url.endsWith('/hang')) console.log('begun'), await new Promise((r) => setTimeout(r, 150)); return new Response('hello');",
    );
    const versionId = assign(worker, hang);
    expect((await ask(link, { versionId })).text).toBe("hello");
    worker.send({ type: "retire", versionId });
    await eventually(() => inbox.of("released").length === 1);
    const held = send(link, { versionId });
    await eventually(() => inbox.of("need").length === 1);
    assign(worker, hang, { versionId });
    await held.done;
    expect(held.text).toBe("hello");

    const slow = send(link, { versionId, path: "/hang" });
    await eventually(() => inbox.of("log").length > 0);
    worker.send({ type: "retire", versionId });
    assign(worker, hang, { versionId });
    await slow.done;
    expect(slow.text).toBe("hello");
    expect((await ask(link, { versionId })).text).toBe("hello");
    expect(inbox.of("released")).toHaveLength(1);
    expect(inbox.of("need")).toHaveLength(1);
  });

  test("asks for another link to the egress process when it loses the one that it has", async () => {
    const { worker, inbox, directories } = await startWorker();
    const links: Link[] = [];
    const egress = createServer((socket) => {
      const onStream = () => ({ onHead() {}, onData() {}, onEnd() {}, onReset() {}, onDrain() {} });
      links.push(acceptLink(socket, { peer: "egress", verifyHello: () => true, onStream, onClose: () => undefined }));
    });
    const socketPath = join(directories.run, "egress.sock");
    await new Promise<void>((resolve) => egress.listen(socketPath, resolve));
    onTestFinished(() => void egress.close());
    await worker.openPeer("egress", socketPath, "first");
    await eventually(() => links.length === 1);
    expect(inbox.of("peer_lost")).toEqual([]);
    links[0]?.close();
    await eventually(() => inbox.of("peer_lost").length === 1);
    await worker.openPeer("egress", socketPath, "second");
    await eventually(() => links.length === 2);
    links[1]?.close();
    await eventually(() => inbox.of("peer_lost").length === 2);
  });

  test("refuses a version whose files it cannot read, by name", async () => {
    const { worker, inbox } = await startWorker();
    const link = await dialWorker(worker);
    const versionId = assign(worker, HELLO);
    await ask(link, { versionId });
    const unknown = "v00000000000000ff" as typeof versionId;
    const heard = send(link, { versionId: unknown });
    await eventually(() => inbox.of("need").length === 1);
    worker.send({
      type: "assign",
      assignment: {
        versionId: unknown,
        app: "subject" as never,
        manifest: {} as never,
        sliverPath: "/etc/passwd",
        assetsPath: null,
      },
    });
    await eventually(() => inbox.of("unreadable").length === 1);
    const [unreadable] = inbox.of("unreadable");
    expect(unreadable).toMatchObject({ versionId: unknown, path: "/etc/passwd" });
    worker.send({ type: "refuse", versionId: unknown, error: unreadable?.error as never });
    await heard.done;
    expect(heard.error).toMatchObject({ reason: "sliver_refused", httpStatus: 503 });
    expect((await ask(link, { versionId })).error).toBeNull();
  });

  test("has a socket and a directory that are its user's alone, and a recorder without a name", async () => {
    const { worker, directories } = await startWorker();
    expect(statSync(worker.endpoint.address).mode & 0o777).toBe(0o600);
    expect(statSync(worker.directory).mode & 0o777).toBe(0o700);
    expect(readdirSync(directories.recorders)).toEqual([]);
  });

  test("ends by itself after a drain: once its answers are out and waitUntil is done", async () => {
    const { worker, inbox } = await startWorker();
    const versionId = assign(
      worker,
      appScript(
        "ctx.waitUntil(new Promise((r) => setTimeout(r, 200)).then(() => console.log('after'))); await new Promise((r) => setTimeout(r, 60)); return new Response('x'.repeat(1_000_000));",
      ),
    );
    const link = await dialWorker(worker);
    const heard = send(link, { versionId });
    await eventually(() => worker.isGone === false && link.streamCount === 1);
    await ask(link, { versionId: assign(worker, HELLO) });
    worker.drain();
    await heard.done;
    expect(heard.body.length).toBe(1_000_000);
    await worker.exited;
    expect(worker.ending).toBe("exit code 0");
    // What it wrote into its channel may be read after its end.
    const said = () => inbox.of("log").flatMap(({ lines }) => lines.map(({ text }) => text));
    await eventually(() => said().length > 0);
    expect(said()).toEqual(["after"]);
  });

  test("ends with its supervisor's channel, and not by a terminal's signal", async () => {
    const { worker } = await startWorker();
    const { pid } = worker;
    if (pid === undefined) throw new Error("no pid");
    process.kill(pid, "SIGINT");
    process.kill(pid, "SIGTERM");
    const link = await dialWorker(worker);
    expect(link.isOpen).toBe(true);
    expect(isAlive(pid)).toBe(true);
  });
});

describe("a worker that does not start", () => {
  test("in time is an error that says so, and leaves nothing behind", async () => {
    const directories = nodeDirectories();
    const inbox = new Inbox();
    const options = { ...workerOptions("w-late" as WorkerId, directories, inbox), startMs: 1 };
    await expect(WorkerProcess.start(options)).rejects.toMatchObject({
      code: "EXEC_WORKER_START",
      message: expect.stringContaining("within 1 ms"),
    });
    expect([directories.run, directories.recorders, directories.workers].flatMap((path) => readdirSync(path))).toEqual(
      [],
    );
  });

  test("because its socket's path is taken or too long leaves nothing behind", async () => {
    const directories = nodeDirectories();
    const options = {
      ...workerOptions("w-long" as WorkerId, directories, new Inbox()),
      runDirectory: `/tmp/${"x".repeat(120)}`,
    };
    await expect(WorkerProcess.start(options)).rejects.toThrow();
    expect([directories.recorders, directories.workers].flatMap((path) => readdirSync(path))).toEqual([]);
    const { rmSync } = await import("node:fs");
    rmSync(options.runDirectory, { recursive: true, force: true });
  });
});

test("bury removes what a worker left, once", async () => {
  const { worker, directories } = await startWorker();
  worker.kill();
  await worker.exited;
  worker.bury();
  worker.bury();
  expect(existsSync(worker.directory)).toBe(false);
  expect(readdirSync(directories.recorders)).toEqual([]);
  expect(existsSync(worker.endpoint.address)).toBe(false);
});
