/**
 * Every kind of frame of wire version 1, with the bytes that it had when the version was made. The files in `golden/` stay
 * for ever: a newer build decodes them all. `NANO_WRITE_GOLDEN=1` writes the ones that are missing, and never changes one.
 */
import type { AppName, RequestId, VersionId } from "../src/brands.ts";
import { FLAG_END_STREAM, FrameType } from "../src/frames.ts";
import * as messages from "../src/messages.ts";

const wireError = {
  code: "EXEC_AT_CAPACITY",
  message: "Executor queue is full: 512 of 512 slots taken",
  fault: "platform",
  retryable: true,
  httpStatus: 503,
  reason: "queue_full",
  details: { queuedCount: 512, limitCount: 512 },
} as const;
const responseHead = {
  status: 200,
  statusText: "",
  headers: "content-type\ntext/plain\nset-cookie\na=1\nset-cookie\nb=2\n",
};

export interface GoldenFrame {
  readonly name: string;
  readonly type: FrameType;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
  /** The payload's value, and what reads it; absent where the payload is raw bytes. */
  readonly message?: unknown;
  readonly decode?: (payload: Buffer) => unknown;
}

function golden<T>(
  name: string,
  frame: { type: FrameType; flags?: number; streamId: number },
  codec: { message: T; encode: (message: T) => Buffer; decode: (payload: Buffer) => T },
): GoldenFrame {
  const { message, encode, decode } = codec;
  return { name, flags: 0, ...frame, payload: encode(message), message, decode };
}

function raw(name: string, frame: { type: FrameType; flags?: number; streamId: number }, payload = ""): GoldenFrame {
  return { name, flags: 0, ...frame, payload: Buffer.from(payload) };
}

export const goldenFrames: readonly GoldenFrame[] = [
  golden(
    "hello",
    { type: FrameType.HELLO, streamId: 0 },
    {
      message: { oldestVersion: 1, newestVersion: 1, credential: "c0ffee", peer: "router-1#1" },
      encode: messages.encodeHello,
      decode: messages.decodeHello,
    },
  ),
  golden(
    "hello-prompt",
    { type: FrameType.HELLO, streamId: 0 },
    {
      message: { oldestVersion: 1, newestVersion: 1, credential: "c0ffee", peer: "worker-1", isPrompt: true },
      encode: messages.encodeHello,
      decode: messages.decodeHello,
    },
  ),
  golden(
    "ping-silence",
    { type: FrameType.PING, streamId: 0 },
    {
      message: 62_000 as number | null,
      encode: (ms) => messages.encodeSilence(ms ?? 0),
      decode: messages.decodeSilence,
    },
  ),
  golden(
    "request-head",
    { type: FrameType.HEAD, flags: FLAG_END_STREAM, streamId: 1 },
    {
      message: {
        requestId: "r-1" as RequestId,
        versionId: "v0123456789abcdef" as VersionId,
        method: "GET",
        url: "http://hello.example/a%20b?c=d",
        headers: "accept\n*/*\nx-latin\n\u00e9\n",
      },
      encode: messages.encodeRequestHead,
      decode: messages.decodeRequestHead,
    },
  ),
  golden(
    "response-head",
    { type: FrameType.HEAD, streamId: 1 },
    {
      message: responseHead,
      encode: messages.encodeResponseHead,
      decode: messages.decodeResponseHead,
    },
  ),
  golden(
    "egress-head",
    { type: FrameType.HEAD, streamId: 2 },
    {
      message: {
        app: "hello" as AppName,
        method: "POST",
        url: "https://api.example/",
        headers: "",
        redirect: "follow" as const,
      },
      encode: messages.encodeEgressHead,
      decode: messages.decodeEgressHead,
    },
  ),
  golden(
    "egress-response-head",
    { type: FrameType.HEAD, streamId: 2 },
    {
      message: { ...responseHead, url: "https://api.example/moved", redirected: true },
      encode: messages.encodeEgressResponseHead,
      decode: messages.decodeEgressResponseHead,
    },
  ),
  golden(
    "postmortem-question",
    { type: FrameType.HEAD, flags: FLAG_END_STREAM, streamId: 3 },
    {
      message: { workerId: "worker-1", peer: "router-1#1", streamIds: [1, 70_000] },
      encode: messages.encodePostmortemQuestion,
      decode: messages.decodePostmortemQuestion,
    },
  ),
  golden(
    "postmortem-answer",
    { type: FrameType.HEAD, flags: FLAG_END_STREAM, streamId: 3 },
    {
      message: { suspect: 1, entered: [70_000] },
      encode: messages.encodePostmortemAnswer,
      decode: messages.decodePostmortemAnswer,
    },
  ),
  raw("data", { type: FrameType.DATA, streamId: 1 }, "hello world"),
  raw("data-end", { type: FrameType.DATA, flags: FLAG_END_STREAM, streamId: 0xffff_ffff }, "last"),
  raw("end", { type: FrameType.END, flags: FLAG_END_STREAM, streamId: 1 }),
  golden(
    "reset",
    { type: FrameType.RESET, streamId: 1 },
    {
      message: wireError,
      encode: messages.encodeWireError,
      decode: messages.decodeWireError,
    },
  ),
  golden(
    "window",
    { type: FrameType.WINDOW, streamId: 1 },
    {
      message: 131_072,
      encode: messages.encodeWindow,
      decode: messages.decodeWindow,
    },
  ),
  raw("ping", { type: FrameType.PING, streamId: 0 }),
  raw("pong", { type: FrameType.PONG, streamId: 0 }),
  golden(
    "goaway",
    { type: FrameType.GOAWAY, streamId: 0 },
    {
      message: { ...wireError, code: "LINK_DRAINING", reason: "draining", details: {} },
      encode: messages.encodeWireError,
      decode: messages.decodeWireError,
    },
  ),
];
