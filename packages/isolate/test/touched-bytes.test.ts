import { describe, expect, test } from "vitest";
import { countTaken, countWritten } from "../src/touched-bytes.ts";
import { appScript, bytesOf, openIsolate, RecordingSink } from "./isolate-harness.ts";

const HEAD = { status: 200, statusText: "", headers: "", url: "http://x.test/", redirected: false };
const KIB = 1024;

/** In a guest's entry this is of the guest's budget. */
function useCpu(ms: number): void {
  const before = process.threadCpuUsage();
  const usedMs = (): number => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  };
  while (usedMs() < ms);
}

describe("CPU for bodies", () => {
  /** Reads a body of 20 chunks, and uses some 5 ms for each. */
  async function readSlowly(cpuMsPerMb: number): Promise<RecordingSink> {
    const { host, isolate, start } = openIsolate(
      appScript(`const reader = request.body.getReader(); let count = 0;
        while (!(await reader.read()).done) { console.log("chunk"); count++; }
        return new Response("chunks: " + count);`),
      { limits: { cpuTimeMs: 40, cpuMsPerMb } },
    );
    host.onLog = () => useCpu(5);
    const sink = new RecordingSink();
    let leftCount = 20;
    sink.onWantBody = () => {
      leftCount -= 1;
      setImmediate(() => (leftCount >= 0 ? isolate.pushBody(run, new ArrayBuffer(100 * KIB)) : isolate.endBody(run)));
    };
    const { run } = start({ method: "POST", body: true }, sink);
    await sink.settled;
    return sink;
  }

  test("a request that reads much may use more than its limit", async () => {
    expect((await readSlowly(200)).text).toBe("chunks: 20");
  });

  test("and is ended by its limit where the app wants none for it", async () => {
    expect((await readSlowly(0)).error).toMatchObject({ reason: "cpu_limit", httpStatus: 503 });
  });
});

describe("bytes of bodies", () => {
  test("of a request and a response that are whole count each", () => {
    const { start } = openIsolate(appScript("return new Response((await request.text()) + '!');"));
    const { run } = start({ method: "POST", body: "12345" });
    expect(run.touchedBytes).toBe(11);
  });

  test("of a response count as its client takes them", () => {
    const { isolate, start } = openIsolate(
      appScript("return new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(10)); } }));"),
    );
    const sink = new RecordingSink();
    sink.hasRoom = false;
    const { run } = start({}, sink);
    expect(run.touchedBytes).toBe(0);
    isolate.pullResponse(run);
    expect(run.touchedBytes).toBe(10);
    isolate.pullResponse(run);
    expect(run.touchedBytes).toBe(20);
  });

  test("of a fetch count both ways", () => {
    const { host, start } = openIsolate(
      appScript(`const sent = await fetch("http://x.test/", { method: "POST", body: "1234567" });
        return new Response((await sent.text()).slice(0, 1));`),
    );
    const { run, sink } = start();
    const [fetch] = host.fetches;
    expect(fetch?.calls).toContain("body 1234567");
    expect(run.touchedBytes).toBe(7);
    fetch?.listener.onHead(HEAD);
    fetch?.listener.onChunk(bytesOf("abcde"));
    fetch?.listener.onEnd();
    expect(sink.text).toBe("a");
    expect(run.touchedBytes).toBe(13);
  });

  test("that is handed on unread count nothing", () => {
    const { isolate, start } = openIsolate(appScript("return new Response(request.body);"));
    const { run, sink } = start({ method: "POST", body: true });
    isolate.pushBody(run, bytesOf("12345"));
    isolate.endBody(run);
    expect(sink.text).toBe("12345");
    expect(run.touchedBytes).toBe(0);
  });

  test("that are written where there is no room count nothing, and what filled it once", () => {
    const run = { touchedBytes: 0 };
    const body = { untakenBytes: 0 };
    countWritten(run, { body, bytes: 10, hasRoom: true });
    countWritten(run, { body, bytes: 5, hasRoom: false });
    for (let i = 0; i < 3; i++) countWritten(run, { body, bytes: 1_000, hasRoom: false });
    expect(run.touchedBytes).toBe(10);
    countTaken(run, body);
    countTaken(run, body);
    expect(run.touchedBytes).toBe(15);
  });
});
