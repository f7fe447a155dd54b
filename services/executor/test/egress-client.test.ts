import { connect, createServer } from "node:net";
import { join } from "node:path";
import type { OutboundFetch, OutboundFetchListener } from "@nano/isolate/isolate";
import { acceptLink } from "@nano/link/accept-link";
import { openLink } from "@nano/link/dial-link";
import type { Link } from "@nano/link/link";
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import { decodeEgressHead, type EgressHead, encodeEgressResponseHead } from "@nano/protocol/messages";
import { eventually } from "@nano/test-kit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { EgressClient } from "../src/request/egress-client.ts";
import { temporaryDirectory } from "./sliver-fixture.ts";

const HEAD: EgressHead = { app: "a", method: "POST", url: "http://up.test/", headers: "", redirect: "follow" };
const FAILURE = {
  code: "T",
  message: "refused by the guard",
  fault: "tenant",
  retryable: false,
  httpStatus: 502,
  reason: "x",
  details: {},
} as const;

/** Plays the egress process: keeps what each stream heard. */
class Upstream implements StreamListener {
  readonly stream: LinkStream;
  readonly head: EgressHead;
  body = "";
  isEnded = false;
  isReset = false;

  constructor(stream: LinkStream, payload: Buffer) {
    this.stream = stream;
    this.head = decodeEgressHead(payload);
  }
  answer(): void {
    this.stream.sendHead(
      encodeEgressResponseHead({ status: 200, statusText: "", headers: "", url: HEAD.url, redirected: false }),
    );
  }
  onHead(): void {}
  onData(chunk: Buffer): void {
    this.body += chunk.toString();
    this.stream.grant(chunk.length);
  }
  onEnd(): void {
    this.isEnded = true;
  }
  onReset(): void {
    this.isReset = true;
  }
  onDrain(): void {}
}

class Heard implements OutboundFetchListener {
  readonly events: string[] = [];
  receivedBytes = 0;
  onHead(): void {
    this.events.push("head");
  }
  onChunk(chunk: ArrayBuffer): void {
    this.receivedBytes += chunk.byteLength;
    this.events.push("chunk");
  }
  onEnd(): void {
    this.events.push("end");
  }
  onError(message: string): void {
    this.events.push(message);
  }
  onBodyDrain(): void {
    this.events.push("drain");
  }
}

async function openEgress(client: EgressClient) {
  const address = join(temporaryDirectory(), "e.sock");
  const upstreams: Upstream[] = [];
  const accepted: Link[] = [];
  const server = createServer((socket) => {
    accepted.push(
      acceptLink(socket, {
        peer: "egress",
        verifyHello: () => true,
        onStream: (stream, payload) => {
          const upstream = new Upstream(stream, payload);
          upstreams.push(upstream);
          return upstream;
        },
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(address, resolve));
  const dialed = await openLink(connect(address), {
    credential: "c",
    peer: "w",
    onClose: (_, link) => client.lost(link),
  });
  if (dialed.type === "ended") throw new Error("no link");
  client.use(dialed.link);
  onTestFinished(() => {
    dialed.link.close();
    for (const link of accepted) link.close();
    server.close();
  });
  const begin = async (head = HEAD): Promise<{ heard: Heard; call: OutboundFetch; upstream: Upstream }> => {
    const heard = new Heard();
    const call = client.open(head, heard);
    const at = upstreams.length;
    await eventually(() => upstreams.length > at);
    return { heard, call, upstream: upstreams[at] as Upstream };
  };
  const close = (): void => {
    for (const link of accepted) link.close();
  };
  return { begin, close, upstreams };
}

test("a fetch goes out with its body and comes back in pieces, each asked for", async () => {
  const { begin } = await openEgress(new EgressClient());
  const { heard, call, upstream } = await begin();
  expect(upstream.head).toEqual(HEAD);
  expect(call.writeBody(Uint8Array.from(Buffer.from("body")).buffer)).toBe(true);
  call.endBody();
  await eventually(() => upstream.isEnded);
  expect(upstream.body).toBe("body");
  upstream.answer();
  upstream.stream.write(Buffer.from("1"));
  upstream.stream.write(Buffer.from("2"));
  upstream.stream.end();
  await eventually(() => heard.events.length === 1);
  for (const expected of ["chunk", "chunk", "end"]) {
    const before = heard.events.length;
    call.pull();
    expect(heard.events).toHaveLength(before); // the guest that asks is still running
    await eventually(() => heard.events.length === before + 1);
    expect(heard.events.at(-1)).toBe(expected);
  }
  call.pull();
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard.events).toHaveLength(4);
});

test("what the guest does not take stays with the egress process", async () => {
  const { begin } = await openEgress(new EgressClient());
  const { heard, call, upstream } = await begin();
  upstream.answer();
  let isFull = false;
  for (let i = 0; i < 10; i++) isFull = !upstream.stream.write(Buffer.alloc(64 * 1024));
  await eventually(() => heard.events.length === 1);
  expect(isFull).toBe(true);
  await eventually(() => upstream.stream.queuedBytes === 6 * 64 * 1024);
  expect(heard.receivedBytes).toBe(0);
  upstream.stream.end();
  while (heard.events.at(-1) !== "end") {
    const before = heard.events.length;
    call.pull();
    await eventually(() => heard.events.length > before);
  }
  expect(heard.receivedBytes).toBe(10 * 64 * 1024);
});

test("whoever takes a chunk may free its memory at once", async () => {
  const { begin } = await openEgress(new EgressClient());
  const { heard, call, upstream } = await begin();
  const totalBytes = 8 * 1024 * 1024;
  heard.onChunk = (chunk) => {
    heard.receivedBytes += chunk.byteLength;
    chunk.transfer(0);
    call.pull();
  };
  upstream.answer();
  call.pull();
  let sentBytes = 0;
  upstream.onDrain = () => {
    while (sentBytes < totalBytes) {
      sentBytes += 64 * 1024;
      if (!upstream.stream.write(Buffer.alloc(64 * 1024))) return;
    }
    upstream.stream.end();
  };
  upstream.onDrain();
  await eventually(() => heard.events.length === 2);
  expect([heard.events, heard.receivedBytes]).toEqual([["head", "end"], totalBytes]);
});

test("a refusal is the message of the error, once", async () => {
  const { begin } = await openEgress(new EgressClient());
  const { heard, call, upstream } = await begin();
  upstream.stream.reset(FAILURE);
  await eventually(() => heard.events.length === 1);
  call.pull();
  call.cancel();
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard.events).toEqual(["refused by the guard"]);
});

test("cancel tells the egress process, and nothing is heard after it", async () => {
  const { begin } = await openEgress(new EgressClient());
  const { heard, call, upstream } = await begin();
  upstream.answer();
  upstream.stream.write(Buffer.from("1"));
  call.pull();
  call.cancel();
  await eventually(() => upstream.isReset);
  expect(heard.events).toEqual([]);
});

test("with the egress process its fetches fail, others fail at once, and the next link serves again", async () => {
  const client = new EgressClient();
  const first = await openEgress(client);
  const { heard } = await first.begin();
  first.close();
  await eventually(() => heard.events.length === 1);
  const orphan = new Heard();
  const call = client.open(HEAD, orphan);
  expect(call.writeBody(new ArrayBuffer(4))).toBe(false);
  call.endBody();
  expect(orphan.events).toEqual([]); // the guest that asked is still running
  await eventually(() => orphan.events.length === 1);
  expect(orphan.events[0]).toContain("egress process");
  const cancelled = new Heard();
  client.open(HEAD, cancelled).cancel();
  const second = await openEgress(client);
  const { heard: again, upstream } = await second.begin();
  upstream.answer();
  await eventually(() => again.events.length === 1);
  expect([again.events, cancelled.events]).toEqual([["head"], []]);
});

test("a fetch without a body waits for the next link, and one that was sent is sent again where that is safe", async () => {
  const client = new EgressClient();
  const first = await openEgress(client);
  const safe = await first.begin({ ...HEAD, method: "GET" });
  safe.call.endBody();
  const unsafe = await first.begin();
  unsafe.call.endBody();
  first.close();
  await eventually(() => unsafe.heard.events.length === 1);
  expect(unsafe.heard.events[0]).toContain("egress process");

  const unsent = new Heard();
  client.open(HEAD, unsent).endBody();
  const cancelled = new Heard();
  const leaving = client.open(HEAD, cancelled);
  leaving.endBody();
  await new Promise((resolve) => setImmediate(resolve));
  leaving.cancel();

  const second = await openEgress(client);
  await eventually(() => second.upstreams.length === 2 && second.upstreams.every(({ isEnded }) => isEnded));
  for (const upstream of second.upstreams) upstream.answer();
  await eventually(() => safe.heard.events.length === 1 && unsent.events.length === 1);
  expect([safe.heard.events, unsent.events, cancelled.events]).toEqual([["head"], ["head"], []]);
});

test("heads beyond what the link takes are refused one by one, begun and cancelled ones too: what is under way stays", async () => {
  const client = new EgressClient();
  const { begin } = await openEgress(client);
  const { heard, call, upstream } = await begin();
  // A link holds 16 MiB at most.
  const long = { ...HEAD, headers: `x\n${"\u00ff".repeat(60_000)}\n` };
  const others = Array.from({ length: 200 }, (_, index) => {
    const other = new Heard();
    const started = client.open(long, other);
    if (index % 2 === 0) started.cancel();
    return other;
  });
  const refused = (): number => others.filter(({ events }) => /^fetch failed: too much/.test(events[0] ?? "")).length;
  await eventually(() => refused() > 0);
  expect(refused()).toBeLessThan(100);
  upstream.answer();
  call.endBody();
  await eventually(() => upstream.isEnded);
  upstream.stream.end();
  await eventually(() => heard.events.at(-1) === "end");
  expect(heard.events).toEqual(["head", "end"]);
  // There is room again.
  await begin();
});
