import type { AssetEntry } from "@nano/sliver/asset-pack";
import { expect, test } from "vitest";
import { decideAssetPart } from "../src/request/asset-conditions.ts";

const ETAG = "0123456789abcdef";
const TAG = `"${ETAG}"`;
const fileOf = (length: number): AssetEntry => ({
  path: "/a",
  offset: 0,
  length,
  contentType: "text/plain",
  etag: ETAG,
});
const TEN = fileOf(10);
const decide = (headers: readonly string[], entry = TEN, method = "GET") => decideAssetPart(method, headers, entry);

test.each<[string, boolean]>([
  [TAG, true],
  [`W/${TAG}`, true],
  [`"x", ${TAG}`, true],
  [`"a,b" ,W/${TAG},"y"`, true],
  ["*", true],
  [" * ", true],
  [`"${ETAG}x"`, false],
  [ETAG, false],
  [`"x", "y"`, false],
  ['"*"', false],
  ["", false],
])("If-None-Match: %s means a copy that is fresh: %j", (list, isFresh) => {
  expect(decide(["if-none-match", list]).status).toBe(isFresh ? 304 : 200);
  expect(decide(["If-None-Match", list], TEN, "HEAD").status).toBe(isFresh ? 304 : 200);
  expect(decide(["if-none-match", '"x"', "if-none-match", list]).status).toBe(
    isFresh && !list.includes("*") ? 304 : 200,
  );
});

test.each<[string, number]>([
  [TAG, 200],
  [`"x", ${TAG}`, 200],
  ["*", 200],
  [`W/${TAG}`, 412],
  ['"x"', 412],
])("If-Match: %s is answered %i", (list, status) => {
  expect(decide(["if-match", list]).status).toBe(status);
});

test("a condition that failed goes before one that is fresh, and both before a range", () => {
  expect(decide(["if-none-match", TAG, "if-match", '"x"', "range", "bytes=0-1"]).status).toBe(412);
  expect(decide(["if-none-match", TAG, "range", "bytes=0-1"]).status).toBe(304);
});

test.each<[string, [number, number, number]]>([
  ["bytes=0-0", [206, 0, 1]],
  ["bytes=2-5", [206, 2, 4]],
  ["Bytes=2-5", [206, 2, 4]],
  ["bytes=2-", [206, 2, 8]],
  ["bytes=2-9", [206, 2, 8]],
  ["bytes=2-99999999999999999999999", [206, 2, 8]],
  ["bytes=9-", [206, 9, 1]],
  ["bytes=-3", [206, 7, 3]],
  ["bytes=-10", [206, 0, 10]],
  ["bytes=-99999999999999999999999", [206, 0, 10]],
  ["bytes=10-", [416, 0, 0]],
  ["bytes=99999999999999999999999-", [416, 0, 0]],
  ["bytes=-0", [416, 0, 0]],
  // What does not parse, and several at once: the whole file.
  ["bytes=0-1,3-4", [200, 0, 10]],
  ["bytes=0-1, bytes=3-4", [200, 0, 10]],
  ["bytes=5-2", [200, 0, 10]],
  ["bytes=12-11", [200, 0, 10]],
  ["bytes=-", [200, 0, 10]],
  ["bytes=", [200, 0, 10]],
  ["bytes=a-b", [200, 0, 10]],
  ["bytes=+1-2", [200, 0, 10]],
  ["bytes=1.5-2", [200, 0, 10]],
  ["bytes=0x1-2", [200, 0, 10]],
  ["bytes 0-1", [200, 0, 10]],
  ["lines=0-1", [200, 0, 10]],
])("Range: %s of ten bytes is %j", (range, [status, start, length]) => {
  expect(decide(["range", range])).toEqual({ status, start, length });
});

test("a range is of GET alone, and two of them are none", () => {
  expect(decide(["range", "bytes=0-1"], TEN, "HEAD")).toMatchObject({ status: 200, length: 10 });
  expect(decide(["range", "bytes=0-1", "range", "bytes=3-4"])).toMatchObject({ status: 200, length: 10 });
});

test("an empty file has no byte to begin at, and its last bytes are all of it", () => {
  expect(decide(["range", "bytes=0-"], fileOf(0))).toMatchObject({ status: 416 });
  expect(decide(["range", "bytes=-5"], fileOf(0))).toEqual({ status: 200, start: 0, length: 0 });
});

test.each<[string, number]>([
  [TAG, 206],
  [` ${TAG} `, 206],
  [`W/${TAG}`, 200],
  ['"x"', 200],
  [`"x", ${TAG}`, 200],
  ["Sun, 22 Nov 2026 21:00:00 GMT", 200],
])("If-Range: %s with a range is answered %i", (tag, status) => {
  expect(decide(["if-range", tag, "range", "bytes=0-1"]).status).toBe(status);
  expect(decide(["if-range", tag]).status).toBe(200);
});

test("the value of another header is no condition, and dates are passed over", () => {
  expect(decide(["x", "if-none-match", "y", TAG]).status).toBe(200);
  const date = "Sun, 22 Nov 2026 21:00:00 GMT";
  expect(decide(["if-modified-since", date, "if-unmodified-since", date]).status).toBe(200);
});

test("no range leads out of the file", () => {
  const numbers = ["", 0, 1, 2, 3, 4, 5, 6];
  for (let size = 0; size < 5; size += 1) {
    for (const first of numbers) {
      for (const last of numbers) {
        const { status, start, length } = decide(["range", `bytes=${first}-${last}`], fileOf(size));
        expect(start + length).toBeLessThanOrEqual(size);
        if (status === 206) expect(length).toBeGreaterThan(0);
        if (status === 200) expect([start, length]).toEqual([0, size]);
      }
    }
  }
});
