import { FrameType } from "@nano/protocol/frames";
import { decodeWireError } from "@nano/protocol/messages";
import { expect, test } from "vitest";
import { isSameCredential } from "../src/credential.ts";
import { dialLink } from "../src/dial-link.ts";
import { openTestLink, startAcceptor } from "./linked-pair.ts";
import { connectRawPeer } from "./raw-peer.ts";

test("both sides know each other's name and the version after the handshake", async () => {
  const acceptor = await startAcceptor();
  const link = await openTestLink(acceptor.address);
  expect(link.peerName).toBe("acceptor");
  expect(link.wireVersion).toBe(1);
  expect(acceptor.links[0]?.peerName).toBe("initiator");
});

test("a wrong credential is refused, and both sides know why", async () => {
  const acceptor = await startAcceptor();
  const result = await dialLink({ address: acceptor.address, credential: "wrong", peer: "initiator" });
  expect(result).toMatchObject({
    type: "ended",
    outcome: { type: "refused", error: { code: "LINK_CREDENTIAL_REFUSED" } },
  });
  expect(await acceptor.nextOutcome()).toMatchObject({ type: "refused", error: { code: "LINK_CREDENTIAL_REFUSED" } });
  expect(JSON.stringify(acceptor.outcomes)).not.toContain("wrong");
});

test("credentials are equal only when they are, and an empty one never fits", () => {
  expect(isSameCredential("abc", "abc")).toBe(true);
  expect(isSameCredential("abc", "abd")).toBe(false);
  expect(isSameCredential("abc", "abcd")).toBe(false);
  expect(isSameCredential("", "")).toBe(false);
});

test("versions that do not meet are refused with both ranges", async () => {
  const acceptor = await startAcceptor();
  const peer = await connectRawPeer(acceptor.address);
  peer.hello({ oldestVersion: 7, newestVersion: 9 });
  const goaway = await peer.next((frame) => frame.type === FrameType.GOAWAY);
  expect(decodeWireError(goaway.payload)).toMatchObject({
    code: "LINK_VERSION_MISMATCH",
    details: { peerOldest: 7, peerNewest: 9, oldest: 1, newest: 1 },
  });
});

test("a newer peer that still speaks our version is served in ours", async () => {
  const acceptor = await startAcceptor();
  const peer = await connectRawPeer(acceptor.address);
  peer.hello({ oldestVersion: 1, newestVersion: 9 });
  await peer.next((frame) => frame.type === FrameType.HELLO);
  expect(acceptor.links[0]?.wireVersion).toBe(1);
});

test("no stream is taken before the HELLO", async () => {
  const acceptor = await startAcceptor();
  const peer = await connectRawPeer(acceptor.address);
  peer.send(FrameType.HEAD, 1, Buffer.from("too early"));
  expect(await acceptor.nextOutcome()).toMatchObject({ type: "violated" });
  expect(acceptor.streams).toHaveLength(0);
});

test("a peer that never greets is let go after the handshake's time", async () => {
  const acceptor = await startAcceptor({ limits: { handshakeTimeoutMs: 20 } });
  const peer = await connectRawPeer(acceptor.address);
  expect(await acceptor.nextOutcome()).toMatchObject({ type: "timed-out", error: { code: "LINK_HANDSHAKE_TIMEOUT" } });
  await peer.closed;
});

test("an address where nobody listens, or that is none, is an outcome and not a throw", async () => {
  const options = { credential: "x", peer: "initiator" };
  for (const address of ["/nowhere/at/all.sock", "127.0.0.1:0", "nonsense"]) {
    expect(await dialLink({ ...options, address })).toMatchObject({
      type: "ended",
      outcome: { type: "failed", error: { code: "LINK_CONNECT_FAILED", details: { address } } },
    });
  }
});
