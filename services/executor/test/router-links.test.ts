import { connect } from "node:net";
import { dialLink } from "@nano/link/dial-link";
import { encodeFrame, FrameDecoder, FrameType } from "@nano/protocol/frames";
import { decodeSilence, encodeHello } from "@nano/protocol/messages";
import { burnSource } from "@nano/test-kit/burn-source";
import { eventually } from "@nano/test-kit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { appScript } from "./sliver-fixture.ts";
import { ask, openWorker, send } from "./worker-harness.ts";

test("a router without the worker's credential is refused", async () => {
  const worker = await openWorker();
  await expect(worker.dial("router-1", "guessed")).rejects.toThrow(/credential/i);
});

test("a drain takes no new streams, ends those that run, and closes when the last bytes are out", async () => {
  const worker = await openWorker();
  const { assignment } = worker.serve(
    appScript("await new Promise((r) => setTimeout(r, 30)); return new Response('x'.repeat(2_000_000));"),
  );
  const { versionId } = assignment;
  const [busy, idle] = [await worker.dial("router-1"), await worker.dial("router-2")];
  const running = send(busy, { versionId });
  await eventually(() => worker.links.streamCount === 1);
  expect(worker.links.isClosed).toBe(false);
  worker.links.drain();
  await eventually(() => idle.isClosed && !busy.isOpen);
  expect(worker.links.isClosed).toBe(false);
  await running.done;
  expect(running.body.length).toBe(2_000_000);
  await eventually(() => worker.links.isClosed);
});

test("a link that opens after the drain began takes no streams", async () => {
  const worker = await openWorker();
  const socket = connect(worker.address);
  await new Promise((resolve) => socket.once("connect", resolve));
  await eventually(() => !worker.links.isClosed);
  worker.links.drain();
  socket.destroy();
  const late = await dialLink({ address: worker.address, credential: "credential of the worker", peer: "late" });
  if (late.type === "open") await eventually(() => !late.link.isOpen);
  await eventually(() => worker.links.isClosed);
});

test("two routers are two links in the recorder's eyes, and streams of the same number do not mix", async () => {
  const worker = await openWorker();
  const { assignment } = worker.serve(appScript("return new Response(new URL(request.url).pathname);"));
  const { versionId } = assignment;
  const links = [await worker.dial("router-1"), await worker.dial("router-2")];
  const answers = await Promise.all(links.map((link, i) => ask(link, { versionId, path: `/${i}` })));
  expect(answers.map(({ text }) => text)).toEqual(["/0", "/1"]);
});

test("a worker says to routers for how long an entry may keep it, and that it is back", async () => {
  const worker = await openWorker();
  worker.recorder.onEntry = (limitMs) => worker.links.entering(limitMs);
  const spin = `${burnSource()} burn(400); return new Response('spun');`;
  const { assignment } = worker.serve(appScript(spin), { limits: { cpuTimeMs: 20_000 } });
  const { versionId } = assignment;
  const socket = connect(worker.address);
  onTestFinished(() => void socket.destroy());
  const silences: (number | null)[] = [];
  const decoder = new FrameDecoder((type, _isEnd, _streamId, payload) => {
    if (type === FrameType.PING) silences.push(decodeSilence(payload));
  });
  socket.on("data", (chunk: Buffer) => decoder.push(chunk));
  const hello = {
    oldestVersion: 1,
    newestVersion: 1,
    credential: "credential of the worker",
    peer: "r",
    isPrompt: true,
  };
  socket.write(encodeFrame(FrameType.HELLO, 0, encodeHello(hello)));
  const link = await worker.dial("router-2");
  expect((await ask(link, { versionId })).text).toBe("spun");
  await eventually(() => silences.at(-1) === 0);

  expect(Math.max(...silences.map(Number))).toBeGreaterThan(20_000);
});
