import { connect } from "node:net";
import type { WireError } from "@nano/protocol/errors";
import { encodeFrame, FLAG_END_STREAM, FrameType, MAX_PAYLOAD_BYTES } from "@nano/protocol/frames";
import { decodeWireError, encodeHello, encodeSilence, encodeWireError } from "@nano/protocol/messages";
import { expect, test } from "vitest";
import { openLink } from "../src/dial-link.ts";
import type { LinkOutcome } from "../src/link-outcome.ts";
import { CREDENTIAL, openTestLink, openTestStream, startAcceptor } from "./linked-pair.ts";
import { connectRawPeer, type RawPeer } from "./raw-peer.ts";

test("the death of a peer resets every open stream once, with one stored reason", async () => {
  const acceptor = await startAcceptor();
  const outcomes: LinkOutcome[] = [];
  const ended = Promise.withResolvers<void>();
  const link = await openTestLink(acceptor.address, {
    onClose: (outcome) => {
      outcomes.push(outcome);
      ended.resolve();
    },
  });
  const opened = Array.from({ length: 50 }, (_, index) => openTestStream(link, `${index}`, index % 2 === 0));
  await acceptor.nextStream();
  for (const socket of acceptor.sockets) socket.destroy();
  await ended.promise;
  for (const { heard, stream } of opened) {
    expect(heard.resets.map((error) => error.code)).toEqual(["LINK_LOST"]);
    expect(stream.isLinkLost).toBe(true);
    expect(stream.write(Buffer.from("x"))).toBe(false);
    stream.end();
    stream.grant(1);
  }
  expect(outcomes).toMatchObject([{ type: "peer-closed" }]);
  expect(link.openStream(Buffer.from("x"), opened[0]?.heard ?? expect.unreachable(), { isEnd: true })).toBeNull();
});

test("a stream that never left the process is told from one that did", async () => {
  const acceptor = await startAcceptor();
  const socket = connect(acceptor.address);
  const ended = Promise.withResolvers<LinkOutcome>();
  const result = await openLink(socket, { credential: CREDENTIAL, peer: "initiator", onClose: ended.resolve });
  const { link } = result.type === "open" ? result : expect.unreachable();
  const written = openTestStream(link, "written", true);
  await acceptor.nextStream();
  const kept = openTestStream(link, "kept", true);
  socket.destroy();
  await ended.promise;
  expect(link.wasWritten(written.stream.id)).toBe(true);
  expect(link.wasWritten(kept.stream.id)).toBe(false);
  expect(kept.heard.resets).toHaveLength(1);
});

test("bytes that arrive one by one make the same frames", async () => {
  const acceptor = await startAcceptor();
  const peer = await connectRawPeer(acceptor.address);
  const bytes = Buffer.concat([
    encodeFrame(
      FrameType.HELLO,
      0,
      encodeHello({ oldestVersion: 1, newestVersion: 1, credential: CREDENTIAL, peer: "slow" }),
    ),
    encodeFrame(FrameType.HEAD, 1, Buffer.from("a head")),
    encodeFrame(FrameType.DATA, 1, Buffer.from("hello ")),
    encodeFrame(FrameType.DATA, 1, Buffer.from("world"), FLAG_END_STREAM),
  ]);
  peer.socket.setNoDelay(true);
  for (const byte of bytes)
    await new Promise<void>((resolve) => peer.socket.write(Buffer.from([byte]), () => resolve()));
  const far = await acceptor.nextStream();
  await far.listener.until((h) => h.endCount > 0);
  expect(far.head).toBe("a head");
  expect(far.listener.text).toBe("hello world");
});

test("half a frame and then silence ends the link as timed out", async () => {
  const acceptor = await startAcceptor({ limits: { pingIntervalMs: 10, silentIntervalCount: 4 } });
  const peer = await connectRawPeer(acceptor.address);
  peer.hello({ isPrompt: true });
  peer.socket.write(encodeFrame(FrameType.HEAD, 1, Buffer.alloc(100)).subarray(0, 50));
  expect(await acceptor.nextOutcome()).toMatchObject({ type: "timed-out", error: { code: "LINK_PEER_SILENT" } });
  expect(peer.frames.filter((frame) => frame.type === FrameType.PING).length).toBeGreaterThan(0);
});

test("an idle peer that answers pings is kept", async () => {
  const limits = { pingIntervalMs: 50, silentIntervalCount: 4 };
  const acceptor = await startAcceptor({ limits, isPrompt: true });
  const link = await openTestLink(acceptor.address, { isPrompt: true });
  const peer = await connectRawPeer(acceptor.address);
  peer.hello({ isPrompt: true });
  // The raw peer is silent and is dropped; by then the link, of the same age, has answered several times.
  expect(await acceptor.nextOutcome()).toMatchObject({ type: "timed-out" });
  expect(link.isOpen).toBe(true);
});

test("a peer that promised nothing is waited for longer, and so is one that said for how long it will be silent", async () => {
  const limits = { pingIntervalMs: 10, silentIntervalCount: 2, patientIntervalCount: 20 };
  const acceptor = await startAcceptor({ limits });
  const ends: string[] = [];
  const connectAs = async (name: string, greet: (peer: RawPeer) => void): Promise<void> => {
    const peer = await connectRawPeer(acceptor.address);
    greet(peer);
    await peer.closed;
    ends.push(name);
  };
  await Promise.all([
    connectAs("promised nothing", (peer) => peer.hello()),
    connectAs("announced", (peer) => {
      peer.hello({ isPrompt: true });
      peer.send(FrameType.PING, 0, encodeSilence(100));
    }),
    connectAs("took it back", (peer) => {
      peer.hello({ isPrompt: true });
      peer.send(FrameType.PING, 0, encodeSilence(60_000));
      peer.send(FrameType.PING, 0, encodeSilence(0));
    }),
  ]);
  expect(ends).toEqual(["took it back", "announced", "promised nothing"]);
});

test("a stream that crosses with an acceptor's goaway is refused by name, not lost with the link", async () => {
  const acceptor = await startAcceptor();
  const peer = await connectRawPeer(acceptor.address);
  peer.hello();
  await peer.next((frame) => frame.type === FrameType.HELLO);
  acceptor.links[0]?.goaway();
  await peer.next((frame) => frame.type === FrameType.GOAWAY);
  peer.send(FrameType.HEAD, 1, Buffer.from("on its way"), FLAG_END_STREAM);
  const refused = await peer.next((frame) => frame.type === FrameType.RESET);
  expect(decodeWireError(refused.payload)).toMatchObject({ code: "LINK_DRAINING", retryable: true });
  peer.socket.end();
  await acceptor.nextOutcome();
});

const violations: [string, (peer: RawPeer) => void][] = [
  ["a frame of unknown type", (peer) => peer.send(77 as FrameType, 1)],
  [
    "a frame that is too large",
    (peer) => peer.socket.write(encodeFrame(FrameType.HEAD, 1, Buffer.alloc(MAX_PAYLOAD_BYTES + 1))),
  ],
  ["data for a stream that was never opened", (peer) => peer.send(FrameType.DATA, 9, Buffer.from("x"))],
  [
    "a stream opened twice",
    (peer) => {
      peer.send(FrameType.HEAD, 1, Buffer.from("a"));
      peer.send(FrameType.HEAD, 1, Buffer.from("a"));
    },
  ],
  [
    "data after the end",
    (peer) => {
      peer.send(FrameType.HEAD, 1, Buffer.from("a"), FLAG_END_STREAM);
      peer.send(FrameType.DATA, 1, Buffer.from("x"));
    },
  ],
  [
    "a window of no credit",
    (peer) => {
      peer.send(FrameType.HEAD, 1, Buffer.from("a"));
      peer.send(FrameType.WINDOW, 1, Buffer.from([0, 0, 0, 0]));
    },
  ],
  [
    "a window beyond what can be counted",
    (peer) => {
      peer.send(FrameType.HEAD, 1, Buffer.from("a"));
      peer.send(FrameType.WINDOW, 1, Buffer.from([255, 255, 255, 255]));
    },
  ],
  ["a second HELLO", (peer) => peer.hello()],
];

test.each(violations)("%s ends the link as violated", async (_what, misbehave) => {
  const acceptor = await startAcceptor();
  const peer = await connectRawPeer(acceptor.address);
  peer.hello();
  await peer.next((frame) => frame.type === FrameType.HELLO);
  misbehave(peer);
  expect(await acceptor.nextOutcome()).toMatchObject({ type: "violated" });
  await peer.closed;
});

test("frames that crossed with a reset are ignored", async () => {
  const acceptor = await startAcceptor();
  const peer = await connectRawPeer(acceptor.address);
  peer.hello();
  peer.send(FrameType.HEAD, 1, Buffer.from("a"));
  const far = await acceptor.nextStream();
  far.stream.reset({
    code: "TEST_NO",
    message: "No",
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "queue_full",
    details: {},
  });
  await peer.next((frame) => frame.type === FrameType.RESET);
  peer.send(FrameType.DATA, 1, Buffer.from("late"));
  peer.send(FrameType.END, 1);
  peer.send(FrameType.HEAD, 2, Buffer.from("b"), FLAG_END_STREAM);
  expect((await acceptor.nextStream()).head).toBe("b");
  expect(acceptor.outcomes).toHaveLength(0);
});

const REASON: WireError = {
  code: "TEST_NO",
  message: "No",
  fault: "platform",
  retryable: true,
  httpStatus: 503,
  reason: "queue_full",
  details: {},
};

test.each<[what: string, payload: Buffer, code: string]>([
  ["whole", encodeWireError(REASON), REASON.code],
  ["without details", encodeWireError({ ...REASON, details: null as never }), "LINK_VIOLATION"],
  ["with a status that is none", encodeWireError({ ...REASON, httpStatus: "503" as never }), "LINK_VIOLATION"],
  ["with a message that is none", encodeWireError({ ...REASON, message: {} as never }), "LINK_VIOLATION"],
  ["that does not decode", Buffer.from([0xc1]), "LINK_VIOLATION"],
  ["of nothing", Buffer.alloc(0), "LINK_VIOLATION"],
])("a reset with a reason %s resets its stream, and the link stays", async (_what, payload, code) => {
  const acceptor = await startAcceptor();
  const peer = await connectRawPeer(acceptor.address);
  peer.hello();
  peer.send(FrameType.HEAD, 1, Buffer.from("a"));
  const { listener } = await acceptor.nextStream();
  peer.send(FrameType.RESET, 1, payload);
  await listener.until((heard) => heard.resets.length > 0);
  expect(listener.resets[0]).toMatchObject({ code, details: expect.any(Object), httpStatus: expect.any(Number) });
  expect(acceptor.outcomes).toHaveLength(0);
});

test("more streams than the limit are reset one by one, with a reason that lets the caller try elsewhere", async () => {
  const acceptor = await startAcceptor({ limits: { maxStreamCount: 2 } });
  const link = await openTestLink(acceptor.address);
  openTestStream(link, "a", true);
  openTestStream(link, "b", true);
  const third = openTestStream(link, "c", true);
  await third.heard.until((h) => h.resets.length > 0);
  expect(third.heard.resets[0]).toMatchObject({ code: "LINK_TOO_MANY_STREAMS", retryable: true, reason: "queue_full" });
  expect(link.isOpen).toBe(true);
});

test("after goaway open streams end in peace, new ones are not taken, and the link closes by itself", async () => {
  const acceptor = await startAcceptor();
  const draining = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<LinkOutcome>();
  const link = await openTestLink(acceptor.address, { onDraining: draining.resolve, onClose: closed.resolve });
  const { heard } = openTestStream(link, "open", true);
  const far = await acceptor.nextStream();
  acceptor.links[0]?.goaway();
  await draining.promise;
  expect(link.openStream(Buffer.from("late"), heard, { isEnd: true })).toBeNull();
  far.stream.sendHead(Buffer.from("ok"));
  far.stream.end(Buffer.from("to the end"));
  await heard.until((h) => h.endCount > 0);
  expect(heard.text).toBe("to the end");
  expect(heard.resets).toHaveLength(0);
  await closed.promise;
});

test("a listener that throws ends its link and not the process", async () => {
  const acceptor = await startAcceptor({
    onRequest: () => {
      throw new Error("a bug");
    },
  });
  const link = await openTestLink(acceptor.address);
  const { heard } = openTestStream(link, "a", true);
  expect(await acceptor.nextOutcome()).toMatchObject({ type: "failed", error: { code: "LINK_LISTENER_THREW" } });
  await heard.until((h) => h.resets.length > 0);
});
