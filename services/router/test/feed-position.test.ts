import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { appRecords } from "./fake-store.ts";
import { startTestRouter } from "./router-harness.ts";

test("the position that a router tells is that of what its requests see", async () => {
  const { router, store, fetch } = await startTestRouter(appRecords("first", ["first.test"]), {
    request: { noWorkerWaitMs: 0 },
  });
  expect(router.feedPosition()).toEqual({ epoch: "fake", seq: 1 });
  expect((await fetch("/", { host: "second.test" })).headers["x-nano-error"]).toBe("unknown_host");
  store.put(...appRecords("second", ["second.test"]));
  await eventually(() => router.feedPosition()?.seq === 2);
  expect((await fetch("/", { host: "second.test" })).headers["x-nano-error"]).toBe("no_worker");
});

test("a change that no request sees moves the position, too", async () => {
  const { router, store } = await startTestRouter(appRecords("first", ["first.test"]));
  store.put({ kind: "build", version: "v0000000000000001", state: "queued", error: null, slivers: {} } as never);
  await eventually(() => router.feedPosition()?.seq === 2);
});
