import type { WorkerId } from "@nano/protocol/brands";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, test } from "vitest";
import { WHOLE_BODY_BYTES } from "../src/request/request-stream.ts";
import { appScript } from "./sliver-fixture.ts";
import { ask, GONE, openWorker, send } from "./worker-harness.ts";

const ECHO = appScript(
  "return new Response(await request.arrayBuffer(), { headers: { 'x-method': request.method } });",
);
const HANGS = "await new Promise(() => {});";

describe("bodies", () => {
  test.each([
    ["none", undefined, "GET"],
    ["empty", "", "POST"],
    ["small", "grüezi", "POST"],
    ["as large as is collected", Buffer.alloc(WHOLE_BODY_BYTES, 7), "PUT"],
    ["larger than is collected", Buffer.alloc(WHOLE_BODY_BYTES + 1, 8), "PUT"],
    ["larger than the link's window", Buffer.alloc(1_000_000, 9), "POST"],
  ])("%s: what went in comes back", async (_, body, method) => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(ECHO);
    const answer = await ask(await worker.dial(), {
      versionId: assignment.versionId,
      method,
      ...(body === undefined ? {} : { body }),
    });
    expect(answer.error).toBeNull();
    expect(answer.body.equals(Buffer.from(body ?? ""))).toBe(true);
    expect(answer.headers).toContain(method);
    await eventually(() => lane.isIdle);
  });

  test("a body is collected before the isolate is entered, a long one is not waited for", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(ECHO);
    const link = await worker.dial();
    const headers = ["content-length", String(WHOLE_BODY_BYTES)];
    const slow = send(link, { versionId: assignment.versionId, method: "POST", headers, body: "open" });
    slow.stream?.write(Buffer.alloc(1_000));
    await ask(link, { versionId: assignment.versionId });
    expect([lane.waitingCount, lane.runningCount]).toEqual([1, 0]);
    slow.stream?.write(Buffer.alloc(WHOLE_BODY_BYTES));
    await eventually(() => lane.runningCount === 1);
    slow.stream?.end(Buffer.from("!"));
    await slow.done;
    expect(slow.body.length).toBe(1_000 + WHOLE_BODY_BYTES + 1);
  });

  test.each([
    ["that says to be long", ["content-length", String(WHOLE_BODY_BYTES + 1)]],
    ["that does not say how long it is", []],
  ])("an app may answer before a body %s has come", async (_, headers) => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript("return new Response('no need');"));
    const heard = send(await worker.dial(), {
      versionId: assignment.versionId,
      method: "POST",
      headers,
      body: "open",
    });
    await heard.done;
    expect(heard.text).toBe("no need");
    await eventually(() => lane.isIdle);
  });

  test("a body without a length goes both ways at once, piece by piece", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript("return new Response(request.body);"));
    const heard = send(await worker.dial(), {
      versionId: assignment.versionId,
      method: "POST",
      headers: [],
      body: "open",
    });
    for (const text of ["one", "two", "three"]) {
      const before = heard.body.length;
      heard.stream?.write(Buffer.from(text));
      await eventually(() => heard.body.length === before + text.length);
    }
    heard.stream?.end();
    await heard.done;
    expect(heard.text).toBe("onetwothree");
    await eventually(() => lane.isIdle);
  });

  test("a long body that is handed on comes back, with no context held and no more credit than is taken", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript("return new Response(request.body);"));
    const link = await worker.dial();
    const heard = send(link, {
      versionId: assignment.versionId,
      method: "POST",
      headers: ["content-length", "9999999"],
      body: "open",
    });
    heard.isTaking = false;
    const piece = Buffer.alloc(64 * 1024, 3);
    for (let i = 0; i < 32; i++) heard.stream?.write(piece);
    heard.stream?.end();
    await eventually(() => heard.body.length >= 256 * 1024);
    // Two windows and what the worker's link may queue; the rest waits at the sender.
    expect(heard.stream?.queuedBytes).toBeGreaterThan(32 * 64 * 1024 - 4 * 256 * 1024);
    expect(lane.runningCount).toBe(1);
    heard.isTaking = true;
    heard.stream?.grant(heard.body.length);
    await heard.done;
    expect(heard.body.equals(Buffer.alloc(32 * 64 * 1024, 3))).toBe(true);
    await eventually(() => lane.isIdle);
  });

  test("a client that leaves ends a body that is handed on", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript("return new Response(request.body);"));
    const heard = send(await worker.dial(), {
      versionId: assignment.versionId,
      method: "POST",
      headers: [],
      body: "open",
    });
    heard.stream?.write(Buffer.from("one"));
    await heard.answered;
    heard.stream?.reset(GONE);
    await eventually(() => lane.isIdle);
    expect([lane.waitingCount, lane.runningCount]).toEqual([0, 0]);
  });

  test("a body that is handed on is cut at the app's limit", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript("return new Response(request.body);"), {
      limits: { requestBodyBytes: 200_000 },
    });
    const heard = send(await worker.dial(), {
      versionId: assignment.versionId,
      method: "POST",
      headers: ["content-length", "300000"],
      body: "open",
    });
    await heard.answered;
    for (let sent = 0; sent < 300_000; sent += 1_000) heard.stream?.write(Buffer.alloc(1_000));
    await heard.done;
    expect(heard.error).toMatchObject({ reason: "body_too_large" });
    await eventually(() => lane.isIdle);
  });

  test.each([
    ["sent at once", 100],
    ["streamed", 200_000],
  ])("over the limit, %s: 413, once, and the slot is free", async (_, sentBytes) => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript("return new Response(await request.text());"), {
      limits: { requestBodyBytes: sentBytes - 50 },
    });
    const link = await worker.dial();
    const heard = send(link, { versionId: assignment.versionId, method: "POST", body: "open" });
    for (let sent = 0; sent < sentBytes; sent += 50) heard.stream?.write(Buffer.alloc(50));
    await heard.done;
    expect(heard.error).toMatchObject({ httpStatus: 413, reason: "body_too_large" });
    await eventually(() => lane.isIdle);
    expect([lane.waitingCount, lane.runningCount]).toEqual([0, 0]);
  });

  test("a body that nobody reads is taken from the client, up to the limit", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript("return new Response('read nothing');"));
    const answer = await ask(await worker.dial(), {
      versionId: assignment.versionId,
      method: "POST",
      body: Buffer.alloc(1_000_000),
    });
    expect(answer.text).toBe("read nothing");
    await eventually(() => lane.isIdle);
  });

  test("credit comes back only for what the guest took", async () => {
    const worker = await openWorker();
    const { assignment } = worker.serve(
      appScript(
        `const reader = request.body.getReader(); await reader.read();
         await new Promise((r) => { globalThis.go = r; setTimeout(r, 40); });
         let n = 0; for (let part; !(part = await reader.read()).done; ) n += part.value.length; return new Response(String(n));`,
      ),
    );
    const link = await worker.dial();
    const heard = send(link, { versionId: assignment.versionId, method: "POST", body: "open" });
    const piece = Buffer.alloc(64 * 1024);
    let isFull = false;
    for (let i = 0; i < 8; i++) isFull = heard.stream?.write(piece) === false;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isFull).toBe(true);
    expect(heard.stream?.queuedBytes).toBeGreaterThan(0);
    heard.stream?.end();
    await heard.done;
    expect(Number(heard.text)).toBeGreaterThan(7 * 64 * 1024 - 1);
  });
});

describe("answers", () => {
  test("an answer that streams arrives whole, however slowly it is read", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(
      appScript(
        "let n = 0; return new Response(new ReadableStream({ pull(c) { if (n === 40) c.close(); else c.enqueue(new Uint8Array(32768).fill(n++)); } }));",
      ),
    );
    const heard = send(await worker.dial(), { versionId: assignment.versionId });
    heard.isTaking = false;
    await heard.answered;
    await eventually(() => heard.body.length >= 256 * 1024);
    expect(lane.runningCount).toBe(1);
    heard.isTaking = true;
    heard.stream?.grant(heard.body.length);
    await heard.done;
    expect(heard.body.length).toBe(40 * 32_768);
    expect(heard.body.at(-1)).toBe(39);
    await eventually(() => lane.isIdle);
  });

  test("a whole body has its own length, whatever the app wrote", async () => {
    const worker = await openWorker();
    const { assignment } = worker.serve(
      appScript(
        "const h = new Headers(); h.append('content-length', '5'); h.append('Content-Length', '7'); h.append('x', '1'); return new Response('grü', { headers: h });",
      ),
    );
    const { headers } = await ask(await worker.dial(), { versionId: assignment.versionId });
    const lengths = headers.filter((_, i) => headers[i - 1] === "content-length");
    expect(lengths).toEqual(["4"]);
    expect(headers).toContain("x");
  });

  test("a header whose value is the name of another is left as it is", async () => {
    const worker = await openWorker();
    const { assignment } = worker.serve(
      appScript(
        "return new Response('x', { headers: [['access-control-expose-headers', 'content-length'], ['set-cookie', 'a=1']] });",
      ),
    );
    const { headers } = await ask(await worker.dial(), { versionId: assignment.versionId });
    const at = headers.indexOf("access-control-expose-headers");
    expect(headers[at + 1]).toBe("content-length");
    expect(headers[headers.indexOf("set-cookie") + 1]).toBe("a=1");
  });
});

describe("the client leaves", () => {
  test.each([
    ["while its body arrives", "open", ECHO],
    ["while it streams its body", "stream", ECHO],
    ["while its handler waits", undefined, appScript(HANGS)],
    [
      "while the answer streams",
      undefined,
      appScript("return new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(65536)); } }));"),
    ],
  ])("%s: its slot is free", async (_, body, script) => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(script, { limits: { waitUntilMs: 10 } });
    const link = await worker.dial();
    const { versionId } = assignment;
    const heard = send(link, {
      versionId,
      method: body === undefined ? "GET" : "POST",
      ...(body === undefined ? {} : { body: "open" }),
    });
    heard.isTaking = false;
    if (body === "stream") heard.stream?.write(Buffer.alloc(100_000));
    if (body === "open") await eventually(() => lane.waitingCount === 1);
    else await eventually(() => lane.runningCount === 1);
    heard.stream?.reset(GONE);
    await eventually(() => lane.isIdle);
    expect([lane.waitingCount, lane.runningCount]).toEqual([0, 0]);
  });

  test("while it waits in the queue: it is not run", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript(`console.log(request.url); ${HANGS}`), {
      limits: { concurrentRequests: 1, waitUntilMs: 10 },
    });
    const link = await worker.dial();
    const first = send(link, { versionId: assignment.versionId, path: "/first" });
    const second = send(link, { versionId: assignment.versionId, path: "/second" });
    await eventually(() => lane.waitingCount === 1 && lane.runningCount === 1);
    second.stream?.reset(GONE);
    await eventually(() => lane.waitingCount === 0);
    first.stream?.reset(GONE);
    await eventually(() => lane.isIdle);
    expect(worker.logs.filter((text) => text.startsWith("http"))).toEqual(["http://subject.test/first"]);
  });

  test("after its answer, its body still arriving: nothing is counted twice", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript("return new Response('early');"));
    const link = await worker.dial();
    const heard = send(link, { versionId: assignment.versionId, method: "POST", body: "open" });
    heard.stream?.write(Buffer.alloc(100_000));
    await heard.done;
    expect(heard.text).toBe("early");
    await eventually(() => lane.isIdle);
    heard.stream?.reset(GONE);
    await ask(link, { versionId: assignment.versionId });
    await eventually(() => lane.isIdle);
    expect([lane.waitingCount, lane.runningCount]).toEqual([0, 0]);
  });

  test("with the whole link: all its requests end", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript(HANGS), {
      limits: { concurrentRequests: 2, waitUntilMs: 10 },
    });
    const link = await worker.dial();
    for (let i = 0; i < 4; i++) send(link, { versionId: assignment.versionId });
    await eventually(() => lane.runningCount === 2 && lane.waitingCount === 2);
    link.close();
    await eventually(() => lane.isIdle);
    expect(worker.links.streamCount).toBe(0);
  });
});

test("a body over the limit after the answer ends the stream and nothing else", async () => {
  const worker = await openWorker();
  const { assignment, lane } = worker.serve(appScript("return new Response('early');"), {
    limits: { requestBodyBytes: 150_000 },
  });
  const link = await worker.dial();
  const heard = send(link, { versionId: assignment.versionId, method: "POST", body: "open" });
  heard.stream?.write(Buffer.alloc(100_000));
  await heard.done;
  heard.stream?.write(Buffer.alloc(100_000));
  await eventually(() => heard.stream?.isClosed === true);
  await ask(link, { versionId: assignment.versionId });
  await eventually(() => lane.isIdle);
  expect([lane.waitingCount, lane.runningCount]).toEqual([0, 0]);
});

describe("debug headers", () => {
  const HELLO = appScript("return new Response('hello', { headers: { 'x-nano-start': 'mine' } });");

  test("say which version, worker and rung answered, and how its isolate had started", async () => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(HELLO, { debugWorkerId: "w1" as WorkerId });
    const link = await worker.dial();
    const { versionId } = assignment;
    const startsOf = async () => (await ask(link, { versionId })).workerHeaders;
    const common = ["x-nano-version", versionId, "x-nano-worker", "w1", "x-nano-rung", "heap", "x-nano-start"];
    expect(await startsOf()).toEqual([...common, "cold"]);
    expect(await startsOf()).toEqual([...common, "warm"]);
    lane.evict();
    lane.prepareStandby();
    expect(await startsOf()).toEqual([...common, "standby"]);
  });

  test("are not there unless the operator asks for them", async () => {
    const worker = await openWorker();
    const { assignment } = worker.serve(HELLO);
    expect((await ask(await worker.dial(), assignment)).workerHeaders).toEqual([]);
  });
});
