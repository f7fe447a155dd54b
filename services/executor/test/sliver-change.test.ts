/** A version whose sliver was built again moves to it under load, and an app that is edited finds an isolate. */
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import type { AppName } from "@nano/protocol/brands";
import { resolveManifest } from "@nano/protocol/manifest";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, test } from "vitest";
import type { Assignment } from "../src/worker-messages.ts";
import { dialWorker, startWorker } from "./process-harness.ts";
import { appScript, nextVersionId, type SliverFixture, writeSliverEntry } from "./sliver-fixture.ts";
import { ask, send } from "./worker-harness.ts";

const buildOf = (name: string): string =>
  appScript(
    `if (request.url.endsWith("/slow")) { console.log("begun"); await new Promise((r) => setTimeout(r, 200)); } return new Response("${name}");`,
  );

async function open() {
  const { worker, inbox } = await startWorker();
  const versionId = nextVersionId();
  const assign = (fixture: SliverFixture, change: Partial<Assignment> = {}): string => {
    const resolved = resolveManifest({});
    const limits = { ...resolved.limits, cpuTimeMs: 5_000, initTimeMs: 10_000 };
    const sliverPath = change.sliverPath ?? writeSliverEntry(fixture, worker.directory);
    const app = "subject" as AppName;
    const assignment = { versionId, app, manifest: { ...resolved, limits }, assetsPath: null, ...change, sliverPath };
    worker.send({ type: "assign", assignment });
    return sliverPath;
  };
  const restoreCount = (): number => inbox.of("stats").at(-1)?.stats.coldStarts ?? 0;
  return { worker, inbox, versionId, assign, restoreCount, link: await dialWorker(worker) };
}

describe("a version whose sliver is damaged on disk", () => {
  test("starts from the new copy that it is given, and says nothing of the old", async () => {
    const { worker, inbox, versionId, assign, link } = await open();
    const sliverPath = writeSliverEntry({ script: buildOf("whole") }, worker.directory);
    const whole = readFileSync(sliverPath);
    const blank = Buffer.from(whole).fill(0, 8 * 1024, 72 * 1024);
    writeFileSync(sliverPath, blank);
    assign({ script: buildOf("whole") }, { sliverPath });
    expect((await ask(link, { versionId })).text).toBe("whole");
    await eventually(() => inbox.of("fell").length === 1);
    writeFileSync(sliverPath, whole);
    assign({ script: buildOf("whole") }, { sliverPath, isFetchedAgain: true });
    await eventually(() => inbox.of("adopted").length === 1);
    expect((await ask(link, { versionId })).text).toBe("whole");
    expect(inbox.of("fell").map(({ fall }) => fall.reason)).toEqual(["damaged"]);
  });

  test("waits with its requests where it cannot be opened, until it is given again or refused", async () => {
    const { worker, inbox, versionId, assign, link } = await open();
    const sliverPath = writeSliverEntry({ script: buildOf("whole") }, worker.directory);
    const whole = readFileSync(sliverPath);
    truncateSync(sliverPath, 1_000);
    const early = send(link, { versionId });
    assign({ script: buildOf("whole") }, { sliverPath });
    await eventually(() => inbox.of("unreadable").length === 1);
    expect(inbox.of("unreadable")).toMatchObject([
      { versionId, path: sliverPath, error: { code: "EXEC_SLIVER_REFUSED" } },
    ]);
    writeFileSync(sliverPath, whole);
    assign({ script: buildOf("whole") }, { sliverPath });
    await early.done;
    expect(early.text).toBe("whole");
  });
});

describe("a version that is given again with another sliver", () => {
  test("is restored before traffic moves; what is in flight ends where it is, and no request fails", async () => {
    const { inbox, versionId, assign, link, restoreCount } = await open();
    assign({ script: buildOf("old") });
    expect((await ask(link, { versionId })).text).toBe("old");
    const slow = send(link, { versionId, path: "/slow" });
    await eventually(() => inbox.of("log").length > 0);
    const texts: string[] = [];
    let isOver = false;
    const load = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const { text, error } = await ask(link, { versionId });
        texts.push(error === null ? text : error.reason);
      }
    });
    await eventually(() => texts.length > 20);
    const path = assign({ script: buildOf("new") });
    await eventually(() => texts.at(-1) === "new");
    isOver = true;
    await Promise.all(load);
    await slow.done;
    expect([...new Set(texts)].sort()).toEqual(["new", "old"]);
    expect(texts.lastIndexOf("old")).toBeLessThan(texts.indexOf("new"));
    expect(slow.text).toBe("old");
    expect(inbox.of("adopted")).toMatchObject([{ versionId, sliverPath: path }]);
    // The old isolate is gone with its last request.
    await eventually(() => restoreCount() === 2 && inbox.of("stats").at(-1)?.stats.isolates === 1);
  });

  test("keeps the one that works where the new one cannot start at all", async () => {
    const { inbox, versionId, assign, link } = await open();
    const oldPath = assign({ script: buildOf("old") });
    expect((await ask(link, { versionId })).text).toBe("old");
    const broken = {
      script: buildOf("new"),
      attachSecret: "0".repeat(64),
      scriptSection: "throw new Error('broken');",
    };
    const newPath = assign(broken);
    await eventually(() => inbox.of("adopted").length === 1);
    expect(inbox.of("adopted")).toMatchObject([{ versionId, sliverPath: oldPath }]);
    expect(inbox.of("fell")).toMatchObject([{ fall: { versionId, sliverPath: newPath, reason: "restore_failed" } }]);
    expect((await ask(link, { versionId })).text).toBe("old");
  });

  test("that nobody calls is not restored for that", async () => {
    const { inbox, versionId, assign, link, restoreCount } = await open();
    assign({ script: buildOf("old") });
    assign({ script: buildOf("new") });
    await eventually(() => inbox.of("adopted").length === 1);
    expect((await ask(link, { versionId })).text).toBe("new");
    await eventually(() => restoreCount() === 1);
  });
});

test("a version that workers died of starts from source from then on; isolates that live serve on", async () => {
  const { inbox, versionId, assign, link, restoreCount } = await open();
  const path = assign({ script: buildOf("app") });
  expect((await ask(link, { versionId })).text).toBe("app");
  assign({ script: buildOf("app") }, { sliverPath: path, isSourceOnly: true });
  await eventually(() => inbox.of("fell").length === 1);
  expect(inbox.of("fell")).toMatchObject([
    { fall: { versionId, from: "heap", to: "source", reason: "worker_deaths" } },
  ]);
  expect((await ask(link, { versionId })).text).toBe("app");
  await eventually(() => restoreCount() === 1);
});

describe("an app's next version", () => {
  test("is restored when it is assigned, where the version before is warm", async () => {
    const { inbox, versionId, assign, link, restoreCount } = await open();
    assign({ script: buildOf("one") });
    expect((await ask(link, { versionId })).text).toBe("one");
    const next = nextVersionId();
    assign({ script: buildOf("two") }, { versionId: next });
    await eventually(() => restoreCount() === 2 && inbox.of("stats").at(-1)?.stats.isolates === 2);
    expect((await ask(link, { versionId: next })).text).toBe("two");
    await eventually(() => inbox.of("stats").at(-1)?.stats.requests === 2);
    expect(restoreCount()).toBe(2);
  });

  test("is not restored where nobody calls the app, nor for another app's sake", async () => {
    const { inbox, versionId, assign, link, restoreCount } = await open();
    assign({ script: buildOf("one") });
    assign({ script: buildOf("two") }, { versionId: nextVersionId() });
    expect((await ask(link, { versionId })).text).toBe("one");
    assign({ script: buildOf("other") }, { versionId: nextVersionId(), app: "other" as AppName });
    const seen = inbox.of("stats").length;
    await eventually(() => inbox.of("stats").length > seen + 1);
    expect(restoreCount()).toBe(1);
  });
});
