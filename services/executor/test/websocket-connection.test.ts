/** Connections on the worker's own thread: from the upgrade over messages to the end. */
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, test } from "vitest";
import { appScript } from "./sliver-fixture.ts";
import { connect, ECHO, openSocketWorker, upgradeWith } from "./socket-harness.ts";

describe("an upgrade", () => {
  test("runs the handler in an isolate of its own, and relays messages both ways", async () => {
    const worker = await openSocketWorker();
    const lane = worker.serve(appScript(ECHO));
    const link = await worker.dial();
    const [first, second] = [await connect(link, lane), await connect(link, lane)];
    expect([first.head?.status, second.head?.status]).toEqual([101, 101]);
    const big = "x".repeat(700_000);
    for (const text of ["hello", "", "gr\u00fc\u00df \u{1f600}", big]) first.send(text);
    first.send(Buffer.from([0, 255, 1]));
    expect(await first.heard(5)).toEqual(["hello", "", "gr\u00fc\u00df \u{1f600}", big, Buffer.from([0, 255, 1])]);
    second.send("other");
    expect(await second.heard(1)).toEqual(["other"]);
    expect(worker.live.stats(0)).toMatchObject({ connections: 2, opened: 2, connectionsByApp: { subject: 2 } });
  });

  test("that the handler declines is answered as it says, and leaves nothing", async () => {
    const worker = await openSocketWorker();
    const lane = worker.serve(appScript('return new Response("no", { status: 426 });'));
    const link = await worker.dial();
    const socket = await connect(link, lane);
    await socket.done;
    expect([socket.head?.status, socket.body.toString()]).toEqual([426, "no"]);
    socket.stream?.end();
    await eventually(() => lane.isIdle && worker.live.size === 0);
    expect(worker.live.stats(0).refused).toEqual({ declined: 1 });
  });
});

describe("the end", () => {
  test("by the client reaches the guest after its messages, and waitUntil is let finish", async () => {
    const worker = await openSocketWorker();
    const lane = worker.serve(
      appScript(
        upgradeWith(`server.addEventListener("message", (event) => console.log(event.data));
        server.addEventListener("close", ({ code, reason, wasClean }) => {
          console.log(code + reason + wasClean);
          ctx.waitUntil(new Promise((r) => setTimeout(r, 5)).then(() => console.log("waited")));
        });`),
      ),
    );
    const socket = await connect(await worker.dial(), lane);
    socket.send("last");
    socket.closed(4001, "bye");
    await socket.done;
    await eventually(() => lane.isIdle);
    expect(worker.logs).toEqual(["last", "4001byetrue", "waited"]);
    expect(worker.live.stats(0)).toMatchObject({ connections: 0, closed: { client: 1 } });
  });

  test("by the app comes behind what it sent", async () => {
    const worker = await openSocketWorker();
    const lane = worker.serve(
      appScript(
        upgradeWith(`server.addEventListener("message", () => { server.send("one"); server.close(4000, "over"); });
        server.addEventListener("close", ({ code }) => console.log("closed " + code));`),
      ),
    );
    const socket = await connect(await worker.dial(), lane);
    socket.send("go");
    await socket.done;
    expect([socket.messages, socket.close]).toEqual([["one"], { code: 4000, reason: "over", isClean: false }]);
    socket.closed(4000, "over");
    await eventually(() => lane.isIdle);
    expect(worker.logs).toEqual(["closed 4000"]);
    expect(worker.live.stats(0).closed).toEqual({ app: 1 });
  });
});
