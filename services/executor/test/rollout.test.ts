/** How a version in a rollout fares reaches the node's record, also where it ends workers. */
import type { RolloutCount } from "@nano/protocol/records";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { APP, openSupervisor, openSurroundings } from "./executor-fixture.ts";
import { appScript, nextVersionId } from "./sliver-fixture.ts";
import { ask } from "./worker-harness.ts";

const SCRIPT = appScript(`
  const { pathname } = new URL(request.url);
  if (pathname === "/bad") return new Response("bad", { status: 500 });
  if (pathname === "/throw") throw new Error("thrown");
  if (pathname === "/hang") {
    const text = "[" + "1,".repeat(1e6) + "1]";
    for (;;) JSON.parse(text); // V8 looks once in a thousand turns whether it is to stop
  }
  return new Response("good");`);

test("requests of a version in a rollout are counted in the node's record, those that failed or took a worker with them as errors", async () => {
  const around = await openSurroundings();
  const [active, next] = [nextVersionId(), nextVersionId()];
  for (const id of [next, active]) {
    await around.publish(id, { script: SCRIPT });
    await around.activate(id, { limits: { cpu_time_ms: 200 } });
  }
  const rollout = {
    version: next,
    percent: 0,
    stickyBy: { type: "client" },
    haltAt: { errorRate: 0.1, requestCount: 1_000 },
    startedAt: "2026-11-22T00:00:00.000Z",
  } as const;
  await around.put({ kind: "app", name: APP, activeVersion: active, rollout });
  await openSupervisor(around, { workers: { count: 1 } });
  const countOf = async (): Promise<RolloutCount | undefined> => (await around.node()).rollouts?.[next];
  const [link] = await around.dialAll();
  if (link === undefined) throw new Error("no worker");
  for (const path of ["/", "/", "/bad", "/throw"]) await ask(link, { versionId: next, path });
  await ask(link, { versionId: active, path: "/bad" });
  await eventually(async () => (await countOf())?.requestCount === 4);
  expect(await countOf()).toEqual({ requestCount: 4, errorCount: 2, since: rollout.startedAt });
  expect(Object.keys((await around.node()).rollouts ?? {})).toEqual([next]);
  const lost = await ask(link, { versionId: next, path: "/hang" });
  expect(lost.error?.code).toBe("LINK_LOST");
  await eventually(async () => (await countOf())?.requestCount === 5);
  expect(await countOf()).toEqual({ requestCount: 5, errorCount: 3, since: rollout.startedAt });
});

test("a rollout that was halted and is begun again is counted from nothing", async () => {
  const around = await openSurroundings();
  const [active, next] = [nextVersionId(), nextVersionId()];
  for (const id of [next, active]) {
    await around.publish(id, { script: SCRIPT });
    await around.activate(id);
  }
  const rollOut = (startedAt: string, isHalted = false) =>
    around.put({
      kind: "app",
      name: APP,
      activeVersion: active,
      rollout: {
        version: next,
        percent: 0,
        stickyBy: { type: "client" },
        haltAt: { errorRate: 0.1, requestCount: 1_000 },
        startedAt,
        ...(isHalted && { halted: { at: startedAt, requestCount: 2, errorCount: 2 } }),
      },
    });
  const [first, again] = ["2026-11-22T00:00:00.000Z", "2026-11-22T01:00:00.000Z"] as const;
  await rollOut(first);
  await openSupervisor(around, { workers: { count: 1 } });
  const countOf = async (): Promise<RolloutCount | undefined> => (await around.node()).rollouts?.[next];
  const [link] = await around.dialAll();
  if (link === undefined) throw new Error("no worker");
  for (const path of ["/bad", "/bad"]) await ask(link, { versionId: next, path });
  await eventually(async () => (await countOf())?.requestCount === 2);
  await rollOut(first, true);
  await rollOut(again);
  // Those that come before the worker was told are counted for no rollout.
  await eventually(async () => {
    await ask(link, { versionId: next, path: "/" });
    return ((await countOf())?.requestCount ?? 0) > 0 && (await countOf())?.since === again;
  });
  expect(await countOf()).toMatchObject({ errorCount: 0, since: again });
});
