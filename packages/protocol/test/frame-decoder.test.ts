import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { encodeFrame, FLAG_END_STREAM, FrameDecoder, FrameType } from "../src/frames.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

interface Told {
  readonly type: FrameType;
  readonly isEnd: boolean;
  readonly streamId: number;
  readonly text: string;
}

/** What a decoder tells of these bytes, pushed so many at a time. */
function decode(bytes: Buffer, stepBytes: number, options: { splitsData: boolean }): Told[] {
  const told: Told[] = [];
  const decoder = new FrameDecoder((type, isEnd, streamId, payload) => {
    told.push({ type, isEnd, streamId, text: payload.toString() });
  }, options);
  for (let at = 0; at < bytes.length; at += stepBytes) decoder.push(bytes.subarray(at, at + stepBytes));
  return told;
}

/** Parts of DATA frames put together: what a decoder that waits for whole frames would have told. */
function joined(told: readonly Told[], dataBytes: readonly number[]): Told[] {
  const left = [...dataBytes];
  const whole: Told[] = [];
  for (const each of told) {
    const last = whole.at(-1);
    const isPart = each.type === FrameType.DATA && last?.type === FrameType.DATA && last.text.length < (left[0] ?? 0);
    if (isPart) whole.splice(-1, 1, { ...each, text: last.text + each.text });
    else whole.push(each);
    const current = whole.at(-1) as Told;
    if (current.type !== FrameType.DATA) continue;
    if (current.text.length < (left[0] ?? 0)) expect(each.isEnd).toBe(false);
    else left.shift();
  }
  return whole;
}

const DATA = ["first of them", "a second one", "the last of stream 3"];
const bytes = Buffer.concat([
  encodeFrame(FrameType.HEAD, 3, Buffer.from("a head that is not told in parts")),
  encodeFrame(FrameType.DATA, 3, Buffer.from(DATA[0] as string)),
  encodeFrame(FrameType.DATA, 5, Buffer.from(DATA[1] as string)),
  encodeFrame(FrameType.WINDOW, 3, Buffer.from("1234")),
  encodeFrame(FrameType.DATA, 3, Buffer.from(DATA[2] as string), FLAG_END_STREAM),
  encodeFrame(FrameType.PING, 0),
]);

test.each([1, 5, 13, 30, 64, bytes.length])("parts of DATA make the same frames, in steps of %i bytes", (stepBytes) => {
  const whole = decode(bytes, stepBytes, { splitsData: false });
  const parts = decode(bytes, stepBytes, { splitsData: true });

  expect(whole.map(({ text }) => text)).toContain(DATA[2]);
  expect(
    joined(
      parts,
      DATA.map((text) => text.length),
    ),
  ).toEqual(whole);
});

test("a frame that comes byte by byte is not held as it comes", async () => {
  const told: number[] = [];
  const decoder = new FrameDecoder((_type, _isEnd, _streamId, payload) => told.push(payload.length));
  const frame = encodeFrame(FrameType.HEAD, 1, Buffer.alloc(2_000));
  const chunks: WeakRef<Buffer>[] = [];
  for (const byte of frame.subarray(0, -1)) {
    const chunk = Buffer.from([byte]);
    chunks.push(new WeakRef(chunk));
    decoder.push(chunk);
  }
  // What a job has made weak references to lives until it ends.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(chunks.filter((chunk) => chunk.deref() !== undefined).length).toBeLessThan(500);
  expect(told).toEqual([]);
  decoder.push(frame.subarray(-1));
  expect(told).toEqual([2_000]);
});

test("a part of DATA is told before the rest of its frame has come", () => {
  const frame = encodeFrame(FrameType.DATA, 7, Buffer.from("here and there"), FLAG_END_STREAM);
  const told: string[] = [];
  const decoder = new FrameDecoder((_type, isEnd, streamId, payload) => told.push(`${streamId} ${isEnd} ${payload}`), {
    splitsData: true,
  });

  decoder.push(frame.subarray(0, 16));
  expect(told).toEqual(["7 false here"]);
  decoder.push(frame.subarray(16));
  expect(told).toEqual(["7 false here", "7 true  and there"]);
});

test("of other frames nothing is told before they are whole", () => {
  const frame = encodeFrame(FrameType.HEAD, 7, Buffer.from("a head"));
  const told = decode(frame.subarray(0, frame.length - 1), 4, { splitsData: true });

  expect(told).toEqual([]);
});
