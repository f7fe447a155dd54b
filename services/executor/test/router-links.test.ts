import { connect } from "node:net";
import { dialLink } from "@nano/link/dial-link";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
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
