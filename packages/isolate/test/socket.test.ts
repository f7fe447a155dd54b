/** Runs that were upgraded: what crosses, what ends them, what each entry may cost. */
import { burnSource } from "@nano/test-kit/burn-source";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, test } from "vitest";
import type { SocketSink } from "../src/isolate.ts";
import { appScript, openIsolate, RecordingSink } from "./isolate-harness.ts";

/** Plays the connection. */
class RecordingSocket extends RecordingSink implements SocketSink {
  readonly sent: (string | ArrayBuffer)[] = [];
  bufferedBytes = 0;
  /** What `sendMessage` answers. */
  answer: number | string | null = 0;

  get socket(): SocketSink {
    return this;
  }
  upgrade(): void {
    this.events.push("upgrade");
  }
  sendMessage(data: string | ArrayBuffer): number | string | null {
    this.sent.push(data);
    return this.answer;
  }
  closeSocket(code: number, reason: string): void {
    this.events.push(`close ${code} ${reason}`);
  }
}

function upgradeWith(listeners: string): string {
  return appScript(`const [client, server] = Object.values(new WebSocketPair()); server.accept(); ${listeners}
    return new Response(null, { status: 101, webSocket: client });`);
}

function connect(script: string, options: Parameters<typeof openIsolate>[1] = {}) {
  const opened = openIsolate(script, options);
  const sink = new RecordingSocket();
  const { run } = opened.start({ headers: ["host", "subject.test", "upgrade", "websocket"] }, sink);
  return { ...opened, sink, run };
}

async function upgraded(script: string, options: Parameters<typeof openIsolate>[1] = {}) {
  const connected = connect(script, options);
  await eventually(() => connected.sink.events.includes("upgrade"));
  return connected;
}

test("headers of an upgrade that are too large are a 500 of that name, told once in the log", async () => {
  const answer = `return new Response(null, { status: 101, webSocket: client, headers: { x: "y".repeat(1_100) } });`;
  const script = appScript(`const [client, server] = Object.values(new WebSocketPair()); server.accept(); ${answer}`);
  const { sink, host, met } = connect(script, { limits: { responseHeaderBytes: 1_024 } });
  await sink.settled;
  expect(sink.events).toEqual(["fail response_headers_too_large", "settle"]);
  expect(host.logs.map(({ text }) => text.split(":")[0])).toEqual(["response_headers_too_large"]);
  expect(met).toEqual(["response_headers_too_large"]);
});

describe("messages", () => {
  test("enter with their type, and leave with theirs", async () => {
    const { isolate, run, sink } = await upgraded(
      upgradeWith('server.addEventListener("message", ({ data }) => server.send(data));'),
    );
    isolate.deliverMessage(run, "text");
    isolate.deliverMessage(run, Uint8Array.of(1, 2).buffer);
    expect(sink.sent).toEqual(["text", Uint8Array.of(1, 2).buffer]);
    expect(run.isSettled).toBe(false);
  });

  test("one that is refused as too large is a TypeError of send", async () => {
    const { isolate, run, sink, host } = await upgraded(
      upgradeWith(
        'server.addEventListener("message", () => { try { server.send("x"); } catch (e) { console.log(e.name + ": " + e.message); } });',
      ),
    );
    sink.answer = "The message is over 0 bytes";
    isolate.deliverMessage(run, "go");
    expect(host.logs.map(({ text }) => text)).toEqual(["TypeError: The message is over 0 bytes"]);
  });

  test("nothing is sent after the guest closed, and the close is passed on once", async () => {
    const { isolate, run, sink } = await upgraded(
      upgradeWith(
        'server.addEventListener("message", () => { server.close(4000, "bye"); try { server.send("late"); } catch {} server.close(); });',
      ),
    );
    isolate.deliverMessage(run, "go");
    expect([sink.sent, sink.events]).toEqual([[], ["upgrade", "close 4000 bye"]]);
  });
});

describe("limits", () => {
  test("each message has a CPU budget of its own, and one that exceeds it ends the connection", async () => {
    const { isolate, run, sink } = await upgraded(
      upgradeWith(
        `${burnSource()} server.addEventListener("message", ({ data }) => { burn(Number(data)); server.send("done"); });`,
      ),
      { limits: { cpuTimeMs: 150 } },
    );
    for (let i = 0; i < 16; i++) isolate.deliverMessage(run, "25");
    expect([sink.sent.length, sink.error]).toEqual([16, null]);
    isolate.deliverMessage(run, "5000");
    expect(sink.error).toMatchObject({ reason: "cpu_limit", isHeadSent: true });
    expect([isolate.end, sink.settleCount]).toEqual(["cpu_limit", 1]);
  });

  test("a message that fills the heap ends the connection with memory_limit", async () => {
    const bomb = "let kept = null; for (;;) kept = { kept, more: [1, 2, 3, 4, 5, 6, 7, 8] };";
    const { isolate, run, sink } = await upgraded(
      upgradeWith(`server.addEventListener("message", () => { ${bomb} });`),
      {
        limits: { memoryBytes: 16 * 1024 * 1024, cpuTimeMs: 60_000 },
      },
    );
    isolate.deliverMessage(run, "go");
    expect(sink.error).toMatchObject({ reason: "memory_limit", isHeadSent: true });
    expect([isolate.end, sink.settleCount]).toEqual(["memory_limit", 1]);
  });

  test("a message for which there is no memory ends the connection with memory_limit", async () => {
    const { isolate, run, sink } = await upgraded(
      upgradeWith('const all = []; server.addEventListener("message", ({ data }) => all.push(data));'),
      { limits: { memoryBytes: 8 * 1024 * 1024 } },
    );
    for (let i = 0; i < 40 && !run.isSettled; i++) isolate.deliverMessage(run, new ArrayBuffer(1024 * 1024));
    expect(sink.error?.reason).toBe("memory_limit");
    expect([isolate.end, sink.settleCount]).toEqual(["memory_limit", 1]);
  });

  test("the wall limit ends with the upgrade", async () => {
    const { run, sink } = await upgraded(upgradeWith(""), { limits: { timeoutMs: 200 } });
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect([run.isSettled, sink.error]).toEqual([false, null]);
  });

  test("a connection may fetch so often at once, and not in all", async () => {
    const { isolate, run, host } = await upgraded(
      upgradeWith(
        'server.addEventListener("message", () => fetch("http://a.test/").then(() => {}, (e) => console.log(e.message)));',
      ),
      { limits: { subrequestCount: 2 } },
    );
    for (let i = 0; i < 3; i++) isolate.deliverMessage(run, "go");
    expect(host.fetches).toHaveLength(2);
    await eventually(() => host.logs.length === 1);
    expect(host.logs[0]?.text).toMatch(/2 at once/);
    for (const { listener } of [...host.fetches]) listener.onError("gone");
    for (let i = 0; i < 2; i++) isolate.deliverMessage(run, "go");
    expect(host.fetches).toHaveLength(4);
  });
});

describe("the end", () => {
  test("runs close listeners, then waits for waitUntil, up to its limit", async () => {
    const { isolate, run, sink, host } = await upgraded(
      upgradeWith(
        'server.addEventListener("close", ({ code, reason, wasClean }) => { console.log(code + " " + reason + " " + wasClean); ctx.waitUntil(new Promise(() => {})); });',
      ),
      { limits: { waitUntilMs: 20 } },
    );
    isolate.closeSocket(run, 4001, "bye", true);
    isolate.closeSocket(run, 4002, "again", true);
    expect(run.isSettled).toBe(false);
    await sink.settled;
    expect(host.logs.map(({ text }) => text)).toEqual([
      "4001 bye true",
      expect.stringMatching(/^waitUntil took longer/),
    ]);
    expect(sink.error).toBeNull();
  });

  test("by a listener that throws is logged with its stack and fails the connection", async () => {
    const { isolate, run, sink, host } = await upgraded(
      upgradeWith('server.addEventListener("message", () => { throw new RangeError("no"); });'),
    );
    isolate.deliverMessage(run, "go");
    expect(sink.error).toMatchObject({ reason: "handler_threw", isHeadSent: true });
    expect(host.logs[0]).toMatchObject({
      level: "error",
      text: "RangeError: no",
      stack: expect.stringContaining("no"),
    });
    isolate.closeSocket(run, 1011, "handler_threw", true);
    await sink.settled;
    expect(isolate.end).toBeNull();
  });

  test("a timer goes on without a message having come", async () => {
    const { sink } = await upgraded(upgradeWith("let n = 0; setInterval(() => server.send(String(n++)), 1);"));
    await eventually(() => sink.sent.length >= 3);
    expect(sink.sent.slice(0, 3)).toEqual(["0", "1", "2"]);
  });
});

test("a 101 where no upgrade was asked for is 500 bad_upgrade, said once in the log", async () => {
  const { ask, host } = openIsolate(upgradeWith(""));
  const sink = await ask();
  expect(sink.error).toMatchObject({ reason: "bad_upgrade", httpStatus: 500, isHeadSent: false });
  expect(host.logs.map(({ text }) => text)).toEqual([expect.stringMatching(/^bad_upgrade: /)]);
});
