import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { eventually } from "@nano/test-kit/eventually";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { CpuWatch, CpuWatcher } from "../src/cpu-watch.ts";
import { WatcherWord } from "../src/cpu-watch-words.ts";
import { appScript, openIsolate, type RecordingHost } from "./isolate-harness.ts";

const BUSY_COUNT = 4;
/** How old the kernel's count of a running thread may be. */
const TICK_MS = 4;

let watcher: CpuWatcher;
let cpuWatch: CpuWatch;

beforeAll(async () => {
  watcher = await CpuWatcher.open();
  cpuWatch = openWatch(watcher, 0);
});

afterAll(async () => {
  cpuWatch.close();
  await watcher.close();
});

function openWatch({ shared }: CpuWatcher, thread: number): CpuWatch {
  const watch = CpuWatch.open(shared, thread);
  if (watch === null) throw new Error("this kernel does not count the CPU of threads");
  return watch;
}

/** What a guest can be busy with, for ever. */
const LOOPS: Readonly<Record<string, string>> = {
  "an empty loop": "for (;;) {}",
  "a loop of microtasks": "await new Promise(() => { (function next() { Promise.resolve().then(next); })(); });",
  "a loop in a timer": "await new Promise(() => setTimeout(() => { for (;;) {} }, 0));",
  "a regular expression that backtracks": "/^(a+)+$/.test('a'.repeat(60) + 'b'); return new Response();",
  "a sort with a comparator":
    "const a = Array.from({ length: 1e5 }, (_, i) => (i * 7919) % 100003); for (;;) a.sort((p, q) => (p * 3) % 11 - (q * 3) % 11);",
  "JSON.parse without end":
    "const text = '[' + '1,'.repeat(100) + '1]'; const turn = () => JSON.parse(text); for (;;) turn();",
};

/** What this thread has used since. */
function cpuSince(): () => number {
  const before = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  };
}

/** In a guest's entry this is of the guest's budget; the guest itself has no such clock. */
function useCpu(ms: number): void {
  const usedMs = cpuSince();
  while (usedMs() < ms);
}

/** What this thread used from the first line of a request's log to the end of its last entry. */
function watchUse(host: RecordingHost): () => number {
  let usedMs: (() => number) | null = null;
  let lastMs = 0;
  const { onLog } = host;
  host.onLog = () => {
    usedMs = cpuSince();
    onLog();
  };
  const endEntry = host.endEntry.bind(host);
  host.endEntry = () => {
    if (usedMs !== null) lastMs = usedMs();
    endEntry();
  };
  return () => lastMs;
}

async function expectEndInTime(body: string, limitMs: number): Promise<void> {
  const script = appScript(`console.log("begun"); ${body}`);
  const { ask, host, isolate } = openIsolate(script, { limits: { cpuTimeMs: limitMs }, cpuWatch });
  const usedMs = watchUse(host);
  expect((await ask()).events).toEqual(["fail cpu_limit", "settle"]);
  expect(isolate.end).toBe("cpu_limit");
  expect(usedMs()).toBeGreaterThanOrEqual(limitMs - TICK_MS);
  expect(usedMs()).toBeLessThanOrEqual(limitMs * 2 + 20);
}

describe.each([20, 50, 200])("with a limit of %i ms", (limitMs) => {
  test.each(Object.entries(LOOPS))("%s uses its limit, and less than twice that and 20 ms", (_, body) =>
    expectEndInTime(body, limitMs),
  );
});

describe("beside four busy processes", () => {
  let busy: ChildProcess[] = [];

  beforeAll(async () => {
    busy = Array.from({ length: BUSY_COUNT }, () =>
      spawn(process.execPath, ["-e", "process.stdout.write('on'); for (;;) {}"], {
        stdio: ["ignore", "pipe", "ignore"],
      }),
    );
    await Promise.all(busy.map((each) => once(each.stdout as NodeJS.ReadableStream, "data")));
  });

  afterAll(async () => {
    const gone = busy.map((each) => once(each, "exit"));
    for (const each of busy) each.kill("SIGKILL");
    await Promise.all(gone);
  });

  test.each([20, 50, 200])("a loop with a limit of %i ms is ended as on a quiet machine", (limitMs) =>
    expectEndInTime("for (;;) {}", limitMs),
  );

  test("requests that use four fifths of their limit are answered, however long that takes", async () => {
    const limitMs = 30;
    const { ask, host } = openIsolate(appScript("console.log('work'); return new Response('done');"), {
      limits: { cpuTimeMs: limitMs },
      cpuWatch,
    });
    host.onLog = () => useCpu(limitMs * 0.8);
    for (let count = 0; count < 20; count++) expect((await ask()).text).toBe("done");
  });
});

test("entries of a request have one budget: what is left is what the next may use", async () => {
  const limitMs = 80;
  const { ask, host } = openIsolate(
    appScript("console.log('first'); await new Promise((resolve) => setTimeout(resolve, 1)); for (;;) {}"),
    { limits: { cpuTimeMs: limitMs }, cpuWatch },
  );
  host.onLog = () => useCpu(limitMs * 0.6);
  const usedMs = watchUse(host);
  expect((await ask()).events).toEqual(["fail cpu_limit", "settle"]);
  expect(usedMs()).toBeGreaterThanOrEqual(limitMs - TICK_MS);
  expect(usedMs()).toBeLessThan(limitMs * 1.5);
});

test("others of the thread go on when one is ended, one after another", async () => {
  const neighbour = openIsolate(appScript("return new Response('here');"), { cpuWatch });
  for (let count = 0; count < 5; count++) {
    await expectEndInTime("for (;;) {}", 10);
    expect((await neighbour.ask()).text).toBe("here");
  }
});

test("an isolate that allocates without end is ended by its memory limit still", async () => {
  const { ask, isolate } = openIsolate(appScript("const all = []; for (;;) all.push(new Array(1e5).fill(1.5));"), {
    limits: { memoryBytes: 16 * 1024 * 1024 },
    cpuWatch,
  });
  expect((await ask()).events).toEqual(["fail memory_limit", "settle"]);
  expect(isolate.end).toBe("memory_limit");
});

test("the first entry after a pause wakes the watch", async () => {
  const words = new Int32Array(watcher.shared);
  await eventually(() => Atomics.load(words, WatcherWord.ASLEEP) === 1);
  await expectEndInTime("for (;;) {}", 20);
});

test("without its thread a watch leaves entries to the limit of wall time", async () => {
  const lost = await CpuWatcher.open({ threadCount: 2 });
  const watch = openWatch(lost, 1);
  onTestFinished(() => watch.close());
  expect(watch.isWatching).toBe(true);
  await lost.close();
  await eventually(() => !watch.isWatching);
  const { ask } = openIsolate(appScript("for (;;) {}"), { limits: { cpuTimeMs: 10 }, cpuWatch: watch });
  expect((await ask()).events).toEqual(["fail cpu_limit", "settle"]);
});

test("a watch leaves no descriptor and no thread behind", async () => {
  const counters = (): number => readdirSync("/proc/self/fd").filter((fd) => isCounter(fd)).length;
  const threads = (): number => readdirSync("/proc/self/task").length;
  const turn = async (): Promise<void> => {
    const one = await CpuWatcher.open();
    const watch = openWatch(one, 0);
    const { ask, isolate } = openIsolate(appScript("return new Response('x');"), { cpuWatch: watch });
    expect((await ask()).text).toBe("x");
    isolate.dispose();
    watch.close();
    watch.close();
    await one.close();
  };
  // What isolated-vm keeps of its threads, it keeps from the first on.
  for (let count = 0; count < 3; count++) await turn();
  const [counterCount, threadCount] = [counters(), threads()];
  for (let count = 0; count < 3; count++) await turn();
  expect(counters()).toBe(counterCount);
  await eventually(() => threads() <= threadCount);
});

function isCounter(fd: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).endsWith("/schedstat");
  } catch {
    return false; // it was that of the listing
  }
}
