import { text } from "node:stream/consumers";
import type { BuildQueue } from "@nano/control-store/build-queue";
import type { VersionId } from "@nano/protocol/brands";
import type { BuildEvent } from "@nano/protocol/records";
import { expect, test } from "vitest";
import { createBuildStream } from "../src/request/build-stream.ts";

const FAILED: BuildEvent = {
  type: "failed",
  error: { code: "X", message: "x", fault: "tenant", retryable: false, httpStatus: 500, reason: "x", details: {} },
};

function queueThatTells(events: readonly BuildEvent[]): BuildQueue {
  const queue: Pick<BuildQueue, "followBuild"> = {
    async *followBuild() {
      yield* events;
    },
  };
  return queue as BuildQueue;
}

function openStream(events: readonly BuildEvent[], options: { settled?: Promise<void>; failure?: BuildEvent } = {}) {
  return createBuildStream({
    queue: queueThatTells(events),
    version: "v0000000000000001" as VersionId,
    signal: new AbortController().signal,
    untilSettled: () => options.settled ?? Promise.resolve(),
    storedFailure: () => options.failure ?? null,
  });
}

test("an outcome is told once the store has it, so that its reader may ask for the version", async () => {
  const settled = Promise.withResolvers<void>();
  let isSettled = false;
  const reader = openStream([FAILED], { settled: settled.promise }).getReader();
  const reading = reader.read().then(() => expect(isSettled).toBe(true));
  await new Promise((resolve) => setImmediate(resolve));
  isSettled = true;
  settled.resolve();
  await reading;
});

test("why a build failed is told although the queue has forgotten it", async () => {
  const lines = await text(openStream([], { failure: FAILED }));
  expect(JSON.parse(lines)).toEqual(FAILED);
});

test("an outcome is told once", async () => {
  const lines = await text(openStream([FAILED], { failure: FAILED }));
  expect(lines.trim().split("\n")).toHaveLength(1);
});
