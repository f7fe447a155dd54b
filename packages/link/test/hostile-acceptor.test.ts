/** The initiator's side of a link whose acceptor does not keep to the protocol: a worker that somebody has taken over, and its router. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FLAG_END_STREAM, FrameType, MAX_DATA_BYTES } from "@nano/protocol/frames";
import { encodeWindow } from "@nano/protocol/messages";
import { expect, onTestFinished, test } from "vitest";
import { INITIAL_WINDOW_BYTES } from "../src/limits.ts";
import type { Link } from "../src/link.ts";
import type { LinkOutcome } from "../src/link-outcome.ts";
import { openTestLink, openTestStream, type RecordingListener } from "./linked-pair.ts";
import { RawPeer } from "./raw-peer.ts";

/** A link with one open stream, which has granted nothing, and the raw end that it is open to. */
async function openToRawEnd(): Promise<{
  link: Link;
  heard: RecordingListener;
  peer: RawPeer;
  ended: Promise<LinkOutcome>;
}> {
  const folder = mkdtempSync(join(tmpdir(), "nano-link-"));
  const address = join(folder, "s");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(address, resolve));
  onTestFinished(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const accepted = (once(server, "connection") as Promise<[Socket]>).then(([socket]) => {
    onTestFinished(() => void socket.destroy());
    const peer = new RawPeer(socket);
    peer.hello({ credential: "" });
    return peer;
  });
  const ended = Promise.withResolvers<LinkOutcome>();
  const link = await openTestLink(address, { onClose: ended.resolve });
  const peer = await accepted;
  const { heard } = openTestStream(link, "a request", true);
  heard.isGranting = false;
  await peer.next(({ type }) => type === FrameType.HEAD);
  return { link, heard, peer, ended: ended.promise };
}

const answer = Buffer.from("an answer");

test.each<[what: string, misbehave: (peer: RawPeer) => void]>([
  ["opens a stream of its own", (peer) => peer.send(FrameType.HEAD, 2, answer)],
  ["sends a body ahead of its head", (peer) => peer.send(FrameType.DATA, 1, answer)],
  ["ends what it has not begun", (peer) => peer.send(FrameType.END, 1, undefined, FLAG_END_STREAM)],
  [
    "answers twice",
    (peer) => {
      peer.send(FrameType.HEAD, 1, answer);
      peer.send(FrameType.HEAD, 1, answer);
    },
  ],
  [
    "sends more than it was granted",
    (peer) => {
      peer.send(FrameType.HEAD, 1, answer);
      for (let sent = 0; sent <= INITIAL_WINDOW_BYTES; sent += MAX_DATA_BYTES) {
        peer.send(FrameType.DATA, 1, Buffer.alloc(MAX_DATA_BYTES));
      }
    },
  ],
  ["grants credit beyond all bounds", (peer) => peer.send(FrameType.WINDOW, 1, encodeWindow(0xffff_ffff))],
  ["greets again", (peer) => peer.hello()],
  ["sends a frame that there is none", (peer) => peer.send(77 as FrameType, 1)],
])("an acceptor that %s ends its link, and its streams with it, once", async (_what, misbehave) => {
  const { heard, peer, ended } = await openToRawEnd();
  misbehave(peer);
  expect(await ended).toMatchObject({ type: "violated" });
  expect(heard.resets.map(({ code }) => code)).toEqual(["LINK_LOST"]);
  await peer.closed;
});

test("what an acceptor says of a stream that is over disturbs no other", async () => {
  const { link, heard, peer } = await openToRawEnd();
  peer.send(FrameType.HEAD, 1, answer, FLAG_END_STREAM);
  await heard.until(({ endCount }) => endCount > 0);
  peer.send(FrameType.DATA, 1, answer);
  peer.send(FrameType.RESET, 1, Buffer.alloc(0));
  peer.send(FrameType.WINDOW, 1, encodeWindow(1));
  const { heard: next } = openTestStream(link, "the next request", true);
  await peer.next(({ streamId }) => streamId === 2);
  peer.send(FrameType.HEAD, 2, answer, FLAG_END_STREAM);
  await next.until(({ endCount }) => endCount > 0);
  expect(next.heads).toEqual(["an answer"]);
  expect(heard.resets).toEqual([]);
});
