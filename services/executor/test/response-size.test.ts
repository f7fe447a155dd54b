import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, test } from "vitest";
import { appScript } from "./sliver-fixture.ts";
import { ask, openWorker } from "./worker-harness.ts";

const LIMITS = { responseBodyBytes: 100, waitUntilMs: 10 };

const streamed = (count: number): string =>
  `let left = ${count}; return new Response(new ReadableStream({ pull(c) { if (left-- > 0) c.enqueue(new Uint8Array(50)); else c.close(); } }));`;

describe("a response's body", () => {
  test.each([
    ["a text", "return new Response('x'.repeat(100));"],
    ["bytes", "return new Response(new Uint8Array(100));"],
    ["a stream", streamed(2)],
  ])("of %s may be as large as the limit", async (_, script) => {
    const worker = await openWorker();
    const { assignment } = worker.serve(appScript(script), { limits: LIMITS });
    const answer = await ask(await worker.dial(), { versionId: assignment.versionId });
    expect([answer.error, answer.body.length]).toEqual([null, 100]);
  });

  test.each([
    ["a text", "return new Response('ü'.repeat(51));"],
    ["bytes", "return new Response(new Uint8Array(101));"],
  ])("of %s over it is a 500 in its place, told in the app's log", async (_, script) => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript(script), { limits: LIMITS });
    const answer = await ask(await worker.dial(), { versionId: assignment.versionId });
    expect(answer.head).toBeNull();
    expect(answer.error).toMatchObject({ reason: "response_too_large", httpStatus: 500 });
    expect(worker.logs.filter((text) => text.startsWith("response_too_large: "))).toHaveLength(1);
    expect(worker.counters.limitEnds).toEqual({ response_too_large: 1 });
    await eventually(() => lane.isIdle);
  });

  test.each([
    ["the app's own", streamed(1_000), undefined],
    ["handed on", "return new Response(request.body);", Buffer.alloc(100_000)],
  ])("that is %s is cut where it goes over, and its slot is free", async (_, script, body) => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(appScript(script), { limits: LIMITS });
    const { versionId } = assignment;
    const answer = await ask(await worker.dial(), {
      versionId,
      method: body === undefined ? "GET" : "POST",
      ...(body === undefined ? {} : { body }),
    });
    expect(answer.body.length).toBeLessThanOrEqual(100);
    expect([answer.isEnded, answer.error?.reason]).toEqual([false, "response_too_large"]);
    expect(worker.counters.limitEnds).toEqual({ response_too_large: 1 });
    await eventually(() => lane.isIdle);
  });
});
