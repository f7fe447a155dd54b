/** A version that another process of the node serves from now on: what a worker does with its requests. */
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { appScript, nextVersionId } from "./sliver-fixture.ts";
import { ask, GONE, openWorker, send } from "./worker-harness.ts";

const REFUSED = { code: "EXEC_OWN_WORKER", reason: "quarantined", retryable: true };
const SCRIPT = appScript(
  "console.log(new URL(request.url).pathname); if (request.url.endsWith('/run')) await new Promise((r) => setTimeout(r, 300)); return new Response('served');",
);

test("what waits or comes is refused before it is entered, what runs ends, and then its isolate goes", async () => {
  const worker = await openWorker();
  const { assignment, lane } = worker.serve(SCRIPT, { limits: { concurrentRequests: 1, queueDepth: 10 } });
  const other = worker.serve(SCRIPT);
  const { versionId } = assignment;
  const link = await worker.dial();
  const running = send(link, { versionId, path: "/run" });
  const waiting = [send(link, { versionId, path: "/waits" }), send(link, { versionId, method: "POST", body: "open" })];
  await eventually(() => lane.runningCount === 1 && lane.waitingCount === 2);
  worker.versions.moveElsewhere([versionId]);
  await Promise.all(waiting.map(({ done }) => done));
  for (const { error } of waiting) expect(error).toMatchObject(REFUSED);
  expect((await ask(link, { versionId, path: "/late" })).error).toMatchObject(REFUSED);
  await running.done;
  expect(running.text).toBe("served");
  await eventually(() => !lane.isWarm);
  expect(worker.logs).toEqual(["/run"]);
  expect((await ask(link, { versionId: other.assignment.versionId })).text).toBe("served");
});

test("one that waits for the material of the version is refused, too", async () => {
  const worker = await openWorker();
  const versionId = nextVersionId();
  const held = send(await worker.dial(), { versionId });
  await eventually(() => worker.needed.length === 1);
  worker.versions.moveElsewhere([versionId]);
  await held.done;
  expect(held.error).toMatchObject(REFUSED);
});

test("a version that comes back is served as before, and what waits for it too long is told so", async () => {
  const worker = await openWorker();
  const script = appScript(
    "if (!request.url.endsWith('/hold')) return new Response('served'); return new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array(1)); } }));",
  );
  const { assignment, lane } = worker.serve(script, { limits: { concurrentRequests: 1, timeoutMs: 400 } });
  const { versionId } = assignment;
  const link = await worker.dial();
  const hold = async (): Promise<ReturnType<typeof send>> => {
    const held = send(link, { versionId, path: "/hold" });
    await held.answered;
    return held;
  };
  const first = await hold();
  const waits = send(link, { versionId });
  await eventually(() => lane.waitingCount === 1);
  worker.versions.moveElsewhere([versionId]);
  await waits.done;
  first.stream?.reset(GONE);
  await eventually(() => lane.isIdle && !lane.isWarm);

  worker.versions.moveElsewhere([]);
  expect((await ask(link, { versionId })).text).toBe("served");
  expect(lane.isWarm).toBe(true);
  await hold();
  expect((await ask(link, { versionId })).error).toMatchObject({ reason: "wall_limit" });
});
