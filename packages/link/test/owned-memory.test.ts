import { expect, test } from "vitest";
import type { LinkStream } from "../src/link-stream.ts";
import { openTestLink, openTestStream, type RecordingListener, startAcceptor } from "./linked-pair.ts";

/** Sends chunks as an answer, each when there is room for it. */
async function answerWith(send: (stream: LinkStream) => void): Promise<RecordingListener> {
  const acceptor = await startAcceptor({
    onRequest: (stream) => {
      stream.sendHead(Buffer.from("ok"));
      send(stream);
    },
  });
  const link = await openTestLink(acceptor.address);
  return openTestStream(link, "any", true).heard;
}

function filled(bytes: number, seed: number): ArrayBuffer {
  return Uint8Array.from({ length: bytes }, (_, index) => (index * 31 + seed) & 0xff).buffer;
}

function contentOf(memory: ArrayBuffer): Buffer {
  return Buffer.from(Buffer.from(memory));
}

test.each([100, 20_000, 64 * 1024, 200 * 1024])("memory of %i bytes is freed once it is written", async (bytes) => {
  const memories = Array.from({ length: 3 }, (_, index) => filled(bytes, index));
  const wanted = Buffer.concat(memories.map(contentOf));
  const heard = await answerWith((stream) => {
    for (const memory of memories) stream.writeOwned(memory);
    stream.end();
  });

  await heard.until(({ endCount }) => endCount > 0);
  expect(Buffer.concat(heard.chunks).equals(wanted)).toBe(true);
  await expect.poll(() => memories.every(({ detached }) => detached)).toBe(true);
});

test("memory that waits for credit is kept until its last bytes are written", async () => {
  const memory = filled(600 * 1024, 7);
  const wanted = contentOf(memory);
  let answering: LinkStream | null = null;
  const acceptor = await startAcceptor({
    onRequest: (stream) => {
      answering = stream;
      stream.sendHead(Buffer.from("ok"));
      stream.writeOwned(memory);
      stream.end();
    },
  });
  const link = await openTestLink(acceptor.address);
  const { stream, heard } = openTestStream(link, "any", true);
  heard.isGranting = false;

  await heard.until(({ receivedBytes }) => receivedBytes === 256 * 1024);
  expect(memory.detached).toBe(false);
  expect(answering).toMatchObject({ queuedBytes: 344 * 1024 });

  heard.isGranting = true;
  stream.grant(heard.receivedBytes);
  await heard.until(({ endCount }) => endCount > 0);
  expect(Buffer.concat(heard.chunks).equals(wanted)).toBe(true);
  await expect.poll(() => memory.detached).toBe(true);
});

test("what was written without being given away stays the writer's", async () => {
  const memory = filled(64 * 1024, 3);
  const heard = await answerWith((stream) => {
    stream.write(Buffer.from(memory));
    stream.writeOwned(filled(64 * 1024, 4));
    stream.end();
  });

  await heard.until(({ endCount }) => endCount > 0);
  expect(heard.receivedBytes).toBe(128 * 1024);
  expect(memory.detached).toBe(false);
});

test("memory of a stream that is given up meanwhile is not freed under the socket", async () => {
  const memories = Array.from({ length: 3 }, (_, index) => filled(64 * 1024, index));
  const wanted = Buffer.concat(memories.map(contentOf));
  const other = filled(100, 9);
  const content = contentOf(other);
  const acceptor = await startAcceptor({
    onRequest: (stream, head) => {
      stream.sendHead(Buffer.from("ok"));
      if (head === "other") {
        stream.writeOwned(other);
        stream.end();
        return;
      }
      for (const memory of memories) stream.writeOwned(memory);
      acceptor.links[0]?.flush();
      stream.reset({
        code: "T",
        message: "T",
        fault: "tenant",
        retryable: false,
        httpStatus: 500,
        reason: "t",
        details: {},
      });
    },
  });
  const link = await openTestLink(acceptor.address);
  const given = openTestStream(link, "given up", true).heard;
  const { heard } = openTestStream(link, "other", true);

  await given.until(({ resets }) => resets.length > 0);
  expect(Buffer.concat(given.chunks).equals(wanted.subarray(0, given.receivedBytes))).toBe(true);
  await heard.until(({ endCount }) => endCount > 0);
  expect(Buffer.concat(heard.chunks).equals(content)).toBe(true);
});
