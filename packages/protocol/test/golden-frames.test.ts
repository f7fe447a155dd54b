import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { encodeFrame, FLAG_END_STREAM, FrameDecoder, FrameType } from "../src/frames.ts";
import { goldenFrames } from "./golden-frames.ts";

const folder = new URL("golden/", import.meta.url);

function goldenPath(name: string): URL {
  return new URL(`v1-${name}.bin`, folder);
}

if (process.env.NANO_WRITE_GOLDEN === "1") {
  for (const frame of goldenFrames) {
    const bytes = encodeFrame(frame.type, frame.streamId, frame.payload, frame.flags);
    if (!existsSync(goldenPath(frame.name))) writeFileSync(goldenPath(frame.name), bytes);
  }
}

test.each(goldenFrames)("a $name frame of version 1 is written as it always was", (frame) => {
  const bytes = encodeFrame(frame.type, frame.streamId, frame.payload, frame.flags);
  expect(bytes.toString("hex")).toBe(readFileSync(goldenPath(frame.name)).toString("hex"));
});

test.each(goldenFrames)("a $name frame of version 1 is read, whole or byte by byte", (frame) => {
  const bytes = readFileSync(goldenPath(frame.name));
  for (const stepBytes of [bytes.length, 1, 5]) {
    const seen: unknown[] = [];
    const decoder = new FrameDecoder((type, isEnd, streamId, payload) => {
      seen.push({
        type,
        isEnd,
        streamId,
        payload: payload.toString("hex"),
        message: frame.decode?.(Buffer.from(payload)),
      });
    });
    for (let at = 0; at < bytes.length; at += stepBytes) decoder.push(bytes.subarray(at, at + stepBytes));
    expect(seen).toEqual([
      {
        type: frame.type,
        isEnd: (frame.flags & FLAG_END_STREAM) !== 0,
        streamId: frame.streamId,
        payload: frame.payload.toString("hex"),
        message: frame.message,
      },
    ]);
  }
});

test("every frame type has a golden frame, and every golden file is still read", () => {
  expect(new Set(goldenFrames.map((frame) => frame.type))).toEqual(new Set(Object.values(FrameType)));
  const files = readdirSync(folder).map((file) => basename(file));
  expect(files.sort()).toEqual(goldenFrames.map((frame) => `v1-${frame.name}.bin`).sort());
});

test("a frame that is larger than its type allows, or of no known type, is refused from its header alone", () => {
  const refuse = (bytes: Buffer): unknown => {
    try {
      new FrameDecoder(() => expect.unreachable()).push(bytes);
    } catch (error) {
      return (error as { code: string }).code;
    }
    return null;
  };
  expect(refuse(Buffer.from([1, 0, 1, 0, FrameType.DATA, 0, 0, 0, 1, 0, 0, 0]))).toBe("FRAME_TOO_LARGE");
  expect(refuse(Buffer.from([0, 0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0]))).toBe("FRAME_UNKNOWN_TYPE");
  expect(refuse(Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]))).toBe("FRAME_UNKNOWN_TYPE");
});
