import type { AppName, VersionId } from "@nano/protocol/brands";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test, vi } from "vitest";
import { GuestLogs } from "../src/request/guest-logs.ts";
import type { AppLogLine } from "../src/worker-messages.ts";

function line(text: string, app = "a", stack?: string): AppLogLine {
  return {
    app: app as AppName,
    versionId: "v0000000000000000" as VersionId,
    requestId: null,
    level: "log",
    text,
    ...(stack === undefined ? {} : { stack }),
  };
}

function openLogs(bytesPerSecond: number) {
  const batches: (readonly AppLogLine[])[] = [];
  const logs = new GuestLogs({ bytesPerSecond, send: (lines) => batches.push(lines) });
  return { logs, batches };
}

test("the lines of one turn leave together, in order", async () => {
  const { logs, batches } = openLogs(10_000);
  for (const text of ["1", "2", "3"]) logs.add(line(text));
  expect(batches).toEqual([]);
  await eventually(() => batches.length === 1);
  expect(batches[0]?.map(({ text }) => text)).toEqual(["1", "2", "3"]);
});

test("lines over an app's quota are dropped and counted, those of other apps are not", async () => {
  const { logs, batches } = openLogs(1_000);
  logs.add(line("x".repeat(800)));
  logs.add(line("y".repeat(800)));
  logs.add(line("z", "a", "s".repeat(800)));
  logs.add(line("fine", "b"));
  await eventually(() => batches.length === 1);
  expect(batches[0]?.map(({ text }) => text[0])).toEqual(["x", "f"]);
  expect(logs.droppedCount).toBe(2);
});

test("an empty line is not free", () => {
  const { logs } = openLogs(10_000);
  for (let i = 0; i < 1_000; i++) logs.add(line(""));
  expect(logs.droppedCount).toBeGreaterThan(500);
});

test("an app may have a smaller quota than the worker's, and its lines are dropped by that name", async () => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  try {
    const { logs, batches } = openLogs(1_000);
    for (const [app, bytesPerSecond] of [
      ["a", 300],
      ["b", 9_000],
    ] as const) {
      for (let i = 0; i < 2; i++) logs.add(line("x".repeat(100), app), bytesPerSecond);
      logs.add(line("y".repeat(800), app), bytesPerSecond);
    }
    vi.advanceTimersByTime(1_001);
    await eventually(() => batches.flat().length === 5);
    const told = batches.flat().map(({ app, text }) => `${app} ${text.slice(0, 1)}${/\(.*\)/.exec(text)?.[0] ?? ""}`);
    expect(told).toEqual(["a x", "b x", "b x", "a 2(limits.log_bytes_per_second)", "b 1(workers.logBytesPerSecond)"]);
  } finally {
    vi.useRealTimers();
  }
});

test("the quota is of a second", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  try {
    const { logs } = openLogs(1_000);
    logs.add(line("x".repeat(800)));
    logs.add(line("x".repeat(800)));
    vi.advanceTimersByTime(1_001);
    logs.add(line("x".repeat(800)));
    expect(logs.droppedCount).toBe(1);
  } finally {
    vi.useRealTimers();
  }
});

test("of lines that were dropped one line says how many, and by which limit, once a second and app", async () => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  try {
    const { logs, batches } = openLogs(1_000);
    for (let i = 0; i < 20; i++) logs.add(line("x".repeat(800)));
    logs.add(line("fine", "b"));
    vi.advanceTimersByTime(1_001);
    for (let i = 0; i < 3; i++) logs.add(line("y".repeat(800)));
    vi.advanceTimersByTime(10_000);
    await eventually(() => batches.flat().length === 5);
    const notices = batches.flat().filter(({ level }) => level === "warn");
    expect(notices.map(({ app, text }) => `${app} ${text.split(" of ")[0]}`)).toEqual(["a 19 lines", "a 2 lines"]);
    expect(notices[0]?.text).toContain("1000 bytes of an app's log on per second (workers.logBytesPerSecond)");
  } finally {
    vi.useRealTimers();
  }
});
