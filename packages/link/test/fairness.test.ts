import { expect, test } from "vitest";
import { openTestLink, openTestStream, startAcceptor } from "./linked-pair.ts";

test("an endless stream does not keep small answers waiting", async () => {
  const chunk = Buffer.alloc(64 * 1024);
  const acceptor = await startAcceptor({
    onRequest: (stream, head, listener) => {
      stream.sendHead(Buffer.from("ok"));
      if (head === "small") {
        stream.end(Buffer.alloc(40_000, "s"));
        return;
      }
      const pump = (): void => {
        while (stream.write(chunk));
      };
      listener.onDrain = pump;
      pump();
    },
  });
  const link = await openTestLink(acceptor.address);
  const endless = openTestStream(link, "endless", true);
  await endless.heard.until((h) => h.receivedBytes > 4 * 1024 * 1024);
  endless.heard.chunks.length = 0;
  for (let round = 0; round < 20; round += 1) {
    const beforeBytes = endless.heard.receivedBytes;
    const small = openTestStream(link, "small", true);
    await small.heard.until((h) => h.endCount > 0);
    expect(small.heard.receivedBytes).toBe(40_000);
    // What was in flight, and then a turn each: not the endless one's turn only.
    expect(endless.heard.receivedBytes - beforeBytes).toBeLessThan(4 * 1024 * 1024);
    endless.heard.chunks.length = 0;
  }
  endless.stream.reset({
    code: "TEST_DONE",
    message: "Done",
    fault: "caller",
    retryable: false,
    httpStatus: 499,
    reason: "done",
    details: {},
  });
});

test("streams with queued data take turns of one frame", async () => {
  const acceptor = await startAcceptor({
    onRequest: (stream) => {
      stream.sendHead(Buffer.from("ok"));
      stream.end(Buffer.alloc(200 * 1024));
    },
  });
  const link = await openTestLink(acceptor.address);
  const order: string[] = [];
  const opened = ["a", "b", "c"].map((name) => {
    const { heard } = openTestStream(link, name, true);
    const onData = heard.onData.bind(heard);
    heard.onData = (chunk) => {
      // A frame may be told in parts.
      if (order.at(-1) !== name) order.push(name);
      onData(chunk);
    };
    return heard;
  });
  await Promise.all(opened.map((heard) => heard.until((h) => h.endCount > 0)));
  expect(order.slice(0, 6)).toEqual(["a", "b", "c", "a", "b", "c"]);
});

test("a reset overtakes the data that its stream still has queued", async () => {
  const acceptor = await startAcceptor();
  const link = await openTestLink(acceptor.address);
  const { heard } = openTestStream(link, "a", true);
  const far = await acceptor.nextStream();
  far.stream.sendHead(Buffer.from("ok"));
  far.stream.write(Buffer.alloc(200 * 1024));
  far.stream.reset({
    code: "TEST_STOP",
    message: "Stop",
    fault: "tenant",
    retryable: false,
    httpStatus: 500,
    reason: "stop",
    details: {},
  });
  await heard.until((h) => h.resets.length > 0);
  expect(heard.receivedBytes).toBe(0);
});
