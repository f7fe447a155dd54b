import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { AppName, VersionId } from "@nano/protocol/brands";
import { expect, onTestFinished, test } from "vitest";
import {
  FlightRecorder,
  RECORDER_SLOTS,
  readEnteredStreams,
  readRestoringVersion,
  readRunningEntries,
  readRunningEntry,
  recorderLinkId,
} from "../src/flight-recorder.ts";
import { temporaryDirectory } from "./sliver-fixture.ts";

const APP = "shop" as AppName;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function openFile(): number {
  const fd = openSync(join(temporaryDirectory(), "recorder"), "w+");
  onTestFinished(() => closeSync(fd));
  return fd;
}

test("an entry is there before it runs, and over when the turn ends", async () => {
  const fd = openFile();
  const recorder = new FlightRecorder(fd);
  expect(readRunningEntry(fd)).toBeNull();
  recorder.begin(APP, { linkId: 5, streamId: 9 }, 110);
  expect(readRunningEntry(fd)).toMatchObject({ app: "shop", linkId: 5, streamId: 9, limitMs: 110 });
  recorder.end();
  await nextTurn();
  expect(readRunningEntry(fd)).toBeNull();
});

test("an entry that begins in the turn in which another ended stays", async () => {
  const fd = openFile();
  const recorder = new FlightRecorder(fd);
  recorder.begin(APP, { linkId: 5, streamId: 9 }, 110);
  recorder.end();
  const versionId = "v00000000000000ab" as VersionId;
  recorder.begin("longer.name" as AppName, null, 20, versionId);
  await nextTurn();
  expect(readRunningEntry(fd)).toMatchObject({ app: "longer.name", versionId, linkId: 0, streamId: 0, limitMs: 20 });
  recorder.end();
  await nextTurn();
  expect(readRunningEntry(fd)).toBeNull();
});

test("a restore is there with its version from before it begins until it is over, whatever is entered in it", () => {
  const fd = openFile();
  const recorder = new FlightRecorder(fd);
  const version = "v00000000000000ab" as VersionId;
  expect(readRestoringVersion(fd)).toBeNull();
  recorder.beginRestore(APP, version, 2_000);
  expect(readRestoringVersion(fd)).toBe(version);
  expect(readRunningEntry(fd)).toMatchObject({ app: "shop", streamId: 0, limitMs: 2_000 });
  recorder.begin(APP, null, 2_000);
  recorder.end();
  expect(readRestoringVersion(fd)).toBe(version);
  recorder.endRestore();
  expect(readRestoringVersion(fd)).toBeNull();
  recorder.begin(APP, { linkId: 5, streamId: 9 }, 110);
  expect(readRestoringVersion(fd), "what is entered later is no restore").toBeNull();
});

test("the longest name of an app fits, a shorter one after it is whole", () => {
  const fd = openFile();
  const recorder = new FlightRecorder(fd);
  const longest = "a".repeat(63) as AppName;
  recorder.begin(longest, null, 1);
  expect(readRunningEntry(fd)?.app).toBe(longest);
  recorder.begin(APP, null, 1);
  expect(readRunningEntry(fd)?.app).toBe("shop");
});

test("how long an entry runs is seen from another clock's point of view", () => {
  const fd = openFile();
  new FlightRecorder(fd).begin(APP, null, 1);
  const entry = readRunningEntry(fd);
  expect(entry?.runMs).toBeGreaterThanOrEqual(0);
  expect(entry?.runMs).toBeLessThan(1_000);
});

test("slots hold requests that were entered until they are given back", () => {
  const fd = openFile();
  const recorder = new FlightRecorder(fd);
  const link = recorderLinkId("router-1");
  const slots = [3, 4, 5].map((streamId) => recorder.takeSlot({ linkId: link, streamId }));
  recorder.takeSlot({ linkId: recorderLinkId("router-2"), streamId: 4 });
  recorder.returnSlot(slots[1] as number);
  recorder.returnSlot(-1);
  expect(readEnteredStreams(fd, link)).toEqual(new Set([3, 5]));
});

test("a link whose name is 0 has no streams but its own", () => {
  const fd = openFile();
  const recorder = new FlightRecorder(fd);
  recorder.returnSlot(recorder.takeSlot({ linkId: 0, streamId: 8 }));
  expect(readEnteredStreams(fd, 0)).toEqual(new Set());
});

test("with more requests than slots all count as entered, until there are fewer again", () => {
  const fd = openFile();
  const recorder = new FlightRecorder(fd);
  const slots = Array.from({ length: RECORDER_SLOTS }, (_, i) => recorder.takeSlot({ linkId: 1, streamId: i + 1 }));
  expect(readEnteredStreams(fd, 1)?.size).toBe(RECORDER_SLOTS);
  const over = [recorder.takeSlot({ linkId: 1, streamId: 90_001 }), recorder.takeSlot({ linkId: 1, streamId: 90_002 })];
  expect(readEnteredStreams(fd, 1)).toBeNull();
  recorder.returnSlot(slots[0] as number);
  recorder.returnSlot(over[0] as number);
  expect(readEnteredStreams(fd, 1)).toBeNull();
  recorder.returnSlot(over[1] as number);
  expect(readEnteredStreams(fd, 1)?.size).toBe(RECORDER_SLOTS - 1);
});

test("a file that no worker has written yet says nothing", () => {
  const fd = openFile();
  expect(readRunningEntry(fd)).toBeNull();
  expect(readEnteredStreams(fd, 1)).toBeNull();
  writeSync(fd, Buffer.alloc(40));
  expect(readRunningEntry(fd)).toBeNull();
});

test("each thread has a record of its own, and the worker's slots are the worker's", async () => {
  const fd = openFile();
  const own = new FlightRecorder(fd);
  const [second, last] = [new FlightRecorder(fd, { thread: 2 }), new FlightRecorder(fd, { thread: 256 })];
  expect(readRunningEntries(fd)).toEqual([]);
  own.takeSlot({ linkId: 5, streamId: 9 });
  second.begin(APP, { linkId: 5, streamId: 11 }, 100);
  expect([readRunningEntry(fd), readRunningEntries(fd)]).toMatchObject([null, [{ thread: 2, streamId: 11 }]]);
  own.begin(APP, { linkId: 5, streamId: 9 }, 100);
  const version = "v00000000000000ab" as VersionId;
  last.beginRestore(APP, version, 2_000);
  expect(readRunningEntries(fd).map(({ thread }) => thread)).toEqual([0, 2, 256]);
  expect(readRestoringVersion(fd)).toBe(version);
  last.endRestore();
  second.end();
  await nextTurn();
  expect(readRunningEntries(fd).map(({ thread }) => thread)).toEqual([0]);
  expect([readRestoringVersion(fd), readEnteredStreams(fd, 5)]).toEqual([null, new Set([9])]);
});
