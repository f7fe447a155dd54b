import { expect, test } from "vitest";
import { openTestLink, openTestStream, startAcceptor } from "./linked-pair.ts";

test("a request without body is answered with head and body", async () => {
  const acceptor = await startAcceptor({
    onRequest: (stream, head) => {
      stream.sendHead(Buffer.from(`head of ${head}`));
      stream.end(Buffer.from("body"));
    },
  });
  const link = await openTestLink(acceptor.address);
  const { heard, stream } = openTestStream(link, "a", true);
  await heard.until((h) => h.endCount > 0);
  expect(heard.heads).toEqual(["head of a"]);
  expect(heard.text).toBe("body");
  expect(heard.endCount).toBe(1);
  expect(stream.isClosed).toBe(true);
  expect(link.streamCount).toBe(0);
  expect(acceptor.links[0]?.streamCount).toBe(0);
});

test("a head with end answers in one frame", async () => {
  const acceptor = await startAcceptor({ onRequest: (stream) => stream.sendHead(Buffer.from("204"), true) });
  const link = await openTestLink(acceptor.address);
  const { heard } = openTestStream(link, "a", true);
  await heard.until((h) => h.endCount > 0);
  expect(heard.heads).toEqual(["204"]);
  expect(heard.receivedBytes).toBe(0);
});

test("a body goes up while another comes down, both whole", async () => {
  const acceptor = await startAcceptor();
  const link = await openTestLink(acceptor.address);
  const { stream, heard } = openTestStream(link, "duplex");
  const far = await acceptor.nextStream();
  far.stream.sendHead(Buffer.from("ok"));
  const up = Buffer.alloc(3 * 1024 * 1024, "up");
  const down = Buffer.alloc(2 * 1024 * 1024 + 7, "down");
  stream.end(up);
  far.stream.end(down);
  await Promise.all([heard.until((h) => h.endCount > 0), far.listener.until((h) => h.endCount > 0)]);
  expect(Buffer.concat(far.listener.chunks).equals(up)).toBe(true);
  expect(Buffer.concat(heard.chunks).equals(down)).toBe(true);
});

test("a thousand streams at once each get their own answer", async () => {
  const acceptor = await startAcceptor({
    onRequest: (stream, head) => {
      stream.sendHead(Buffer.from(head));
      stream.end(Buffer.from(`answer to ${head}`));
    },
  });
  const link = await openTestLink(acceptor.address);
  const opened = Array.from({ length: 1000 }, (_, index) => openTestStream(link, `request ${index}`, true));
  await Promise.all(opened.map(({ heard }) => heard.until((h) => h.endCount > 0)));
  opened.forEach(({ heard }, index) => {
    expect(heard.text).toBe(`answer to request ${index}`);
  });
});

test("the head of an answer goes before its body, and the end after it, when writes are many and small", async () => {
  const acceptor = await startAcceptor({
    onRequest: (stream) => {
      stream.sendHead(Buffer.from("head"));
      for (let index = 0; index < 5000; index += 1) stream.write(Buffer.from(`${index},`));
      stream.end();
    },
  });
  const link = await openTestLink(acceptor.address);
  const { heard } = openTestStream(link, "a", true);
  await heard.until((h) => h.endCount > 0);
  expect(heard.text).toBe(Array.from({ length: 5000 }, (_, index) => `${index},`).join(""));
});

test("a stream that is reset by one side is reset once on the other", async () => {
  const acceptor = await startAcceptor();
  const link = await openTestLink(acceptor.address);
  const { stream, heard } = openTestStream(link, "a");
  const far = await acceptor.nextStream();
  const reason = {
    code: "TEST_FULL",
    message: "Full",
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "queue_full",
    details: { queuedCount: 3 },
  } as const;
  far.stream.reset(reason);
  await heard.until((h) => h.resets.length > 0);
  expect(heard.resets).toEqual([reason]);
  expect(stream.isLinkLost).toBe(false);
  stream.reset(reason);
  expect(heard.resets).toHaveLength(1);
  expect(far.listener.resets).toHaveLength(0);
  expect(link.streamCount).toBe(0);
});
