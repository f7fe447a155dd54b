/** One port for all workers of an executor and its supervisor. */
import { createHash, randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { dialLink } from "@nano/link/dial-link";
import type { Link } from "@nano/link/link";
import type { RequestId, VersionId } from "@nano/protocol/brands";
import { encodeFrame, FLAG_END_STREAM, FrameDecoder, FrameType, MAX_DATA_BYTES } from "@nano/protocol/frames";
import { encodeHello, encodeRequestHead } from "@nano/protocol/messages";
import { eventually } from "@nano/test-kit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { Entrance, type EntranceOptions, type EntranceRefusal } from "../src/control/entrance.ts";
import { PostmortemServer } from "../src/control/postmortem-server.ts";
import type { WorkerPool } from "../src/control/worker-pool.ts";
import type { WorkerProcess } from "../src/control/worker-process.ts";
import { assign, startWorker } from "./process-harness.ts";
import { appScript, temporaryDirectory } from "./sliver-fixture.ts";
import { ask, send } from "./worker-harness.ts";

const SUPERVISOR_CREDENTIAL = "the supervisor's";
const WHO = appScript("return new Response('one');");

async function openEntrance(workers: readonly WorkerProcess[], overrides: Partial<EntranceOptions> = {}) {
  const refusals: EntranceRefusal[] = [];
  const pool = { examine: async () => ({ suspect: 0, entered: [] }) } as unknown as WorkerPool;
  const address = `${temporaryDirectory()}/s`;
  const postmortems = new PostmortemServer({ address, credential: SUPERVISOR_CREDENTIAL, peer: "node", pool });
  const entrance = new Entrance({
    address: "127.0.0.1:0",
    maxGreetingCount: 8,
    receivers: () =>
      workers.map((worker) => ({
        credential: worker.endpoint.credential,
        receive: (socket: Socket, received: Buffer) => worker.handOver(socket, received),
      })),
    supervisor: {
      receive: (socket, received) => postmortems.accept(socket, received),
    },
    onRefused: (cause) => refusals.push(cause),
    ...overrides,
  });
  const bound = await entrance.open();
  onTestFinished(() => {
    entrance.close();
    postmortems.close();
  });
  const dial = async (credential: string): Promise<Link> => {
    const dialled = await dialLink({ address: bound, credential, peer: "router-1" });
    if (dialled.type === "ended") throw new Error(dialled.outcome.error.message);
    onTestFinished(() => dialled.link.close());
    return dialled.link;
  };
  const connectRaw = async (): Promise<Socket> => {
    const socket = connect({ host: "127.0.0.1", port: Number(bound.split(":").at(-1)) });
    socket.on("error", () => undefined);
    await new Promise((resolve) => socket.once("connect", resolve));
    onTestFinished(() => void socket.destroy());
    return socket;
  };
  return { entrance, refusals, dial, connectRaw };
}

function helloOf(credential: string): Buffer {
  const hello = encodeHello({ oldestVersion: 1, newestVersion: 1, credential, peer: "raw" });
  return encodeFrame(FrameType.HELLO, 0, hello);
}

function closing(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

test("each worker is reached by its credential through the one port, and one that dies takes no other with it", async () => {
  const [{ worker: first }, { worker: second }] = await Promise.all([startWorker(), startWorker()]);
  const { dial } = await openEntrance([first, second]);
  const versions = [assign(first, WHO), assign(second, appScript("return new Response('two');"))] as const;
  const links = [await dial(first.endpoint.credential), await dial(second.endpoint.credential)] as const;
  expect((await ask(links[0], { versionId: versions[0] })).text).toBe("one");
  expect((await ask(links[1], { versionId: versions[1] })).text).toBe("two");
  first.kill();
  await eventually(() => links[0].isClosed);
  expect((await ask(links[1], { versionId: versions[1] })).text).toBe("two");
});

test("no byte is lost of what comes right behind the HELLO", async () => {
  const { worker } = await startWorker();
  const { connectRaw } = await openEntrance([worker]);
  const versionId = assign(worker, appScript("return new Response(await request.arrayBuffer());"));
  const body = randomBytes(200_000);
  const head = encodeRequestHead({
    requestId: "r1" as RequestId,
    versionId: versionId as VersionId,
    method: "POST",
    url: "http://subject.test/",
    headers: "host\nsubject.test\n",
  });
  const frames = [helloOf(worker.endpoint.credential), encodeFrame(FrameType.HEAD, 1, head)];
  for (let at = 0; at < body.length; at += MAX_DATA_BYTES) {
    const flags = at + MAX_DATA_BYTES >= body.length ? FLAG_END_STREAM : 0;
    frames.push(encodeFrame(FrameType.DATA, 1, body.subarray(at, at + MAX_DATA_BYTES), flags));
  }
  const bytes = Buffer.concat(frames);
  for (const firstBytes of [bytes.length, 5, 40_000]) {
    const socket = await connectRaw();
    const received: Buffer[] = [];
    const ended = new Promise<void>((resolve) => {
      const decoder = new FrameDecoder((type, isEnd, streamId, payload) => {
        if (type === FrameType.DATA) received.push(Buffer.from(payload));
        if (streamId === 1 && isEnd) resolve();
      });
      socket.on("data", (chunk: Buffer) => decoder.push(chunk));
    });
    socket.write(bytes.subarray(0, firstBytes));
    setImmediate(() => socket.write(bytes.subarray(firstBytes)));
    await ended;
    const digest = (part: Buffer): string => createHash("sha256").update(part).digest("hex");
    expect(digest(Buffer.concat(received))).toBe(digest(body));
    socket.destroy();
  }
});

test("the supervisor itself answers at the same port, and refuses who has no credential that fits", async () => {
  const { worker } = await startWorker();
  const { dial } = await openEntrance([worker]);
  expect((await dial(SUPERVISOR_CREDENTIAL)).isOpen).toBe(true);
  await expect(dial("guessed")).rejects.toThrow("Credential was refused");
  await expect(dial("")).rejects.toThrow("Credential was refused");
});

test("who says nothing, or no HELLO, is closed in time, and of those only so many may wait", async () => {
  const { entrance, refusals, connectRaw } = await openEntrance([], { greetingMs: 200, maxGreetingCount: 2 });
  const silent = await connectRaw();
  const wrong = await connectRaw();
  await eventually(() => entrance.greetingCount === 2);
  await closing(await connectRaw());
  expect(refusals).toEqual(["too_many"]);
  wrong.write("GET / HTTP/1.1\r\nhost: executor\r\n\r\n");
  await closing(wrong);
  await closing(silent);
  expect(refusals).toEqual(["too_many", "no_hello", "timed_out"]);
  await eventually(() => entrance.greetingCount === 0);
});

test("a router that waits for a worker hears of its death", async () => {
  const { worker } = await startWorker();
  const { connectRaw, dial } = await openEntrance([worker]);
  const versionId = assign(worker, appScript("for (;;);"));
  const heard = send(await dial(worker.endpoint.credential), { versionId });
  const waiting = await Promise.all(Array.from({ length: 5 }, connectRaw));
  const closed = waiting.map(closing);
  for (const socket of waiting) socket.write(helloOf(worker.endpoint.credential));
  await new Promise((resolve) => setImmediate(resolve));
  worker.kill();
  await Promise.all([...closed, heard.done]);
});
