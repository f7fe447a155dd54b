/** The control store goes away: what is known is served, readiness says what is true, and the way back is taken by itself. */
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { openSurroundings, startExecutor } from "./executor-fixture.ts";
import { appScript, nextVersionId } from "./sliver-fixture.ts";
import { ask } from "./worker-harness.ts";

const SETTINGS = { listen: { address: "127.0.0.1:0" }, workers: { count: 1 }, node: { leaseMs: 600 } };

test("an executor started without the control store is alive, not ready, and says why; then it is announced", async () => {
  const around = await openSurroundings();
  const executor = await startExecutor(around, SETTINGS);
  expect((await executor.admin("/healthz")).status).toBe(200);
  const { status, text } = await executor.admin("/readyz");
  expect(status).toBe(503);
  expect(text).toContain("control store was not read yet");
  expect((await executor.admin("/metrics")).text).toMatch(/executor_state_age_seconds [1-9]/);
  const store = await around.serve();
  await eventually(async () => (await executor.admin("/readyz")).status === 200);
  expect((await around.node()).workers).toHaveLength(1);
  await store.close();
});

test("while the control store is away an executor serves what it knows, is ready, and says how old that is", async () => {
  const around = await openSurroundings();
  const store = await around.serve();
  const versionId = nextVersionId();
  await around.publish(versionId, { script: appScript("return new Response('known');") });
  await around.activate(versionId);
  const executor = await startExecutor(around, SETTINGS);
  const [link] = await around.dialAll();
  if (link === undefined) throw new Error("no worker");
  expect((await ask(link, { versionId })).text).toBe("known");
  expect((await executor.admin("/metrics")).text).toContain("executor_state_age_seconds 0");
  await store.close();
  await eventually(async () => !(await executor.admin("/metrics")).text.includes("executor_state_age_seconds 0\n"));
  await eventually(async () => (await around.nodes()).length === 0);
  expect((await ask(link, { versionId })).text).toBe("known");
  expect((await executor.admin("/readyz")).status).toBe(200);
  await around.serve();
  await eventually(async () => (await around.nodes()).length === 1);
  await eventually(async () => (await executor.admin("/metrics")).text.includes("executor_state_age_seconds 0\n"));
});
