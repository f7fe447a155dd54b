import { FLAG_END_STREAM, FrameType, MAX_DATA_BYTES } from "@nano/protocol/frames";
import { decodeWindow } from "@nano/protocol/messages";
import { expect, test } from "vitest";
import { INITIAL_WINDOW_BYTES } from "../src/limits.ts";
import { openTestLink, openTestStream, startAcceptor } from "./linked-pair.ts";
import { connectRawPeer } from "./raw-peer.ts";

/** A stream whose sender has used its whole window, to a side that grants nothing by itself. */
async function openFullStream() {
  const acceptor = await startAcceptor({
    onRequest: (_stream, _head, listener) => {
      listener.isGranting = false;
    },
  });
  const peer = await connectRawPeer(acceptor.address);
  peer.hello();
  peer.send(FrameType.HEAD, 1, Buffer.from("a"));
  for (let sent = 0; sent < INITIAL_WINDOW_BYTES; sent += MAX_DATA_BYTES)
    peer.send(FrameType.DATA, 1, Buffer.alloc(MAX_DATA_BYTES));
  return { acceptor, peer };
}

test("a writer gets no further than the window until the receiver grants", async () => {
  const acceptor = await startAcceptor({
    onRequest: (_stream, _head, listener) => {
      listener.isGranting = false;
    },
  });
  const link = await openTestLink(acceptor.address);
  const { stream, heard } = openTestStream(link, "upload");
  const far = await acceptor.nextStream();
  expect(stream.write(Buffer.alloc(INITIAL_WINDOW_BYTES + 1000))).toBe(false);
  await far.listener.until((h) => h.receivedBytes >= INITIAL_WINDOW_BYTES);
  // Whatever is sent in order behind the data would have overtaken nothing: a second stream's answer shows that time passed.
  const other = openTestStream(link, "other", true);
  (await acceptor.nextStream()).stream.sendHead(Buffer.from("ok"), true);
  await other.heard.until((h) => h.endCount > 0);
  expect(far.listener.receivedBytes).toBe(INITIAL_WINDOW_BYTES);
  expect(heard.drainCount).toBe(0);
  far.stream.grant(INITIAL_WINDOW_BYTES);
  await far.listener.until((h) => h.receivedBytes === INITIAL_WINDOW_BYTES + 1000);
  await heard.until((h) => h.drainCount > 0);
  expect(heard.drainCount).toBe(1);
});

test("small consumed amounts are granted in halves of the window, never more than was sent", async () => {
  const { acceptor, peer } = await openFullStream();
  const far = await acceptor.nextStream();
  await far.listener.until((h) => h.receivedBytes === INITIAL_WINDOW_BYTES);
  far.stream.grant(INITIAL_WINDOW_BYTES / 2 - 1);
  far.stream.grant(10 * INITIAL_WINDOW_BYTES);
  const window = await peer.next((frame) => frame.type === FrameType.WINDOW);
  expect(decodeWindow(window.payload)).toBe(INITIAL_WINDOW_BYTES);
});

test("a peer that sends more than its window is cut off", async () => {
  const { acceptor, peer } = await openFullStream();
  peer.send(FrameType.DATA, 1, Buffer.alloc(1), FLAG_END_STREAM);
  const outcome = await acceptor.nextOutcome();
  expect(outcome).toMatchObject({ type: "violated", error: { code: "LINK_VIOLATION" } });
  expect(outcome.error.message).toContain("flow control of stream 1");
  const { listener } = acceptor.streams[0] ?? expect.unreachable();
  expect(listener.resets.map((error) => error.code)).toEqual(["LINK_LOST"]);
});

test("a peer that does not read stops the writer, and what waits stays bounded", async () => {
  const acceptor = await startAcceptor();
  const peer = await connectRawPeer(acceptor.address);
  peer.hello();
  peer.send(FrameType.HEAD, 1, Buffer.from("a"));
  const far = await acceptor.nextStream();
  peer.socket.pause();
  far.stream.sendHead(Buffer.from("ok"));
  let acceptedBytes = 0;
  const chunk = Buffer.alloc(10_000);
  while (far.stream.write(chunk)) acceptedBytes += chunk.length;
  expect(acceptedBytes).toBeLessThan(2 * INITIAL_WINDOW_BYTES);
  expect(far.stream.queuedBytes).toBeLessThan(2 * INITIAL_WINDOW_BYTES);
});

test("a writer that ignores back-pressure is reset at the bound, and only its stream", async () => {
  const acceptor = await startAcceptor({ limits: { maxQueuedBytes: 1_000_000 } });
  const link = await openTestLink(acceptor.address);
  const { heard } = openTestStream(link, "a", true);
  const far = await acceptor.nextStream();
  far.stream.sendHead(Buffer.from("ok"));
  for (let index = 0; index < 30; index += 1) far.stream.write(Buffer.alloc(100_000));
  expect(far.listener.resets.map((error) => error.code)).toEqual(["LINK_BUFFER_OVERFLOW"]);
  await heard.until((h) => h.resets.length > 0);
  expect(link.isOpen).toBe(true);
});

test("control frames for a peer that does not read end the link at the bound", async () => {
  const acceptor = await startAcceptor({ limits: { maxQueuedBytes: 64 * 1024 } });
  const peer = await connectRawPeer(acceptor.address);
  peer.hello();
  await peer.next((frame) => frame.type === FrameType.HELLO);
  peer.socket.pause();
  const pings = Buffer.concat(
    Array.from({ length: 2000 }, () => Buffer.from([0, 0, 0, 0, FrameType.PING, 0, 0, 0, 0, 0, 0, 0])),
  );
  const flood = setInterval(() => peer.socket.write(pings), 1);
  const outcome = await acceptor.nextOutcome();
  clearInterval(flood);
  expect(outcome).toMatchObject({ type: "stalled", error: { code: "LINK_PEER_STALLED" } });
});
