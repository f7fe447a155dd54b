/** How an executor leaves: what is in flight ends, what is on its way is refused by name, what is too long is cut and counted. */
import type { Link } from "@nano/link/link";
import type { VersionId } from "@nano/protocol/brands";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { openSupervisor, openSurroundings, startExecutor } from "./executor-fixture.ts";
import { appScript, nextVersionId } from "./sliver-fixture.ts";
import { type RouterStream, send } from "./worker-harness.ts";

const APP = appScript(`
  const { pathname } = new URL(request.url);
  if (pathname === "/slow") await new Promise((resolve) => setTimeout(resolve, 600));
  if (pathname === "/later") await new Promise((resolve) => setTimeout(resolve, 20_000));
  if (pathname === "/endless") {
    return new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([1])) }));
  }
  return new Response("done");`);
const LIMITS = { limits: { timeout_secs: 60, cpu_time_ms: 5_000 } } as const;
const LOCAL = { listen: { address: "127.0.0.1:0" }, workers: { count: 2 } };

interface Tally {
  answered: number;
  refused: number;
  readonly wrong: string[];
}

/** Requests one after the other on a link, until it takes none: as a router that has not heard yet. */
function keepAsking(link: Link, versionId: VersionId, tally: Tally): void {
  if (!link.isOpen) return;
  const heard = send(link, { versionId });
  void heard.done.then(() => {
    const { error } = heard;
    if (error === null && heard.text === "done") tally.answered += 1;
    else if (error?.reason === "draining" && error.retryable) tally.refused += 1;
    else tally.wrong.push(error?.code ?? heard.text);
    setImmediate(() => keepAsking(link, versionId, tally));
  });
}

test("an executor that is told to end under requests loses none, and is gone from the control store", async () => {
  const around = await openSurroundings();
  await around.serve();
  const versionId = nextVersionId();
  await around.publish(versionId, { script: APP });
  await around.activate(versionId, LIMITS);
  const executor = await startExecutor(around, LOCAL);
  const links = await around.dialAll();
  expect(links).toHaveLength(2);
  const tally: Tally = { answered: 0, refused: 0, wrong: [] };
  for (const link of links) for (let i = 0; i < 8; i++) keepAsking(link, versionId, tally);
  await eventually(() => tally.answered > 50);
  const slow = links.map((link) => send(link, { versionId, path: "/slow" }));
  const ended = executor.end();
  await eventually(async () => (await around.node()).draining);
  expect(await ended).toBe(0);
  for (const heard of slow) expect([heard.error, heard.text]).toEqual([null, "done"]);
  await eventually(() => links.every((link) => link.isClosed));
  expect(tally.wrong).toEqual([]);
  expect(await around.nodes()).toEqual([]);
});

test("what is longer than the grace is cut and counted; what may run again is told so", async () => {
  const around = await openSurroundings();
  const versionId = nextVersionId();
  await around.publish(versionId, { script: APP });
  await around.activate(versionId, LIMITS);
  const { supervisor, text } = await openSupervisor(around, {
    listen: { address: "127.0.0.1:0" },
    workers: { count: 1 },
    drain: { noticeMs: 0, graceMs: 100 },
  });
  const [link] = await around.dialAll();
  if (link === undefined) throw new Error("no worker");
  const stream = send(link, { versionId, path: "/endless" });
  await stream.answered;
  const retryable = send(link, { versionId, path: "/later" });
  const entered = send(link, { versionId, path: "/later", method: "POST", body: "x" });
  const uploading = send(link, { versionId, path: "/later", method: "POST", body: "open" });
  await eventually(() => supervisor.readiness.isReady);
  await eventually(async () => /executor_running_requests_count [3-9]/.test(await text()));
  await supervisor.close(new AbortController().signal);
  const codeOf = ({ error }: RouterStream) => [error?.code, error?.retryable];
  expect(codeOf(stream)).toEqual(["EXEC_DRAIN_CUT", false]);
  expect(codeOf(entered)).toEqual(["EXEC_DRAIN_CUT", false]);
  expect(codeOf(retryable)).toEqual(["EXEC_WORKER_DRAINING", true]);
  // Its handler does not wait for its body.
  expect(codeOf(uploading)).toEqual(["EXEC_DRAIN_CUT", false]);
  expect(await text()).toContain('executor_drained_requests_total{outcome="cut"} 4');
});
