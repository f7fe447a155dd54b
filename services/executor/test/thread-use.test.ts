import type { AppName } from "@nano/protocol/brands";
import { expect, test } from "vitest";
import { LONG_ENTRY_MS, noteEntry, ThreadUse } from "../src/request/thread-use.ts";
import { nextVersionId } from "./sliver-fixture.ts";

const APP = "subject" as AppName;
const OTHER = "other" as AppName;

test("long entries are use, of all versions of an app together; short ones only say that it is there", () => {
  const threads = new ThreadUse();
  const uses = [threads.open(nextVersionId(), APP), threads.open(nextVersionId(), APP)];
  const other = threads.open(nextVersionId(), OTHER);
  threads.open(nextVersionId(), "idle" as AppName);
  for (const use of uses) noteEntry(use, 10 * LONG_ENTRY_MS);
  for (let count = 0; count < 1_000; count++) noteEntry(other, LONG_ENTRY_MS / 2);
  expect(threads.take()).toMatchObject({ busyMsByApp: { [APP]: 20 * LONG_ENTRY_MS }, activeAppCount: 2 });
  expect(threads.take()).toMatchObject({ busyMsByApp: {}, activeAppCount: 0 });
});

test("a version that is gone is not counted", () => {
  const threads = new ThreadUse();
  const versionId = nextVersionId();
  noteEntry(threads.open(versionId, APP), 1_000);
  threads.close(versionId);
  expect(threads.take().activeAppCount).toBe(0);
});
