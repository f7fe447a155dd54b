/** A whole executor on an embedded store: what it does about slivers that cannot be restored. */
import { dialLink } from "@nano/link/dial-link";
import type { VersionId } from "@nano/protocol/brands";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { openSupervisor, openSurroundings } from "./executor-fixture.ts";
import { appScript, nextVersionId } from "./sliver-fixture.ts";
import { ask, type RouterStream } from "./worker-harness.ts";

/** V8 ends the process that is given this. */
const KILLING_SNAPSHOT = Buffer.alloc(64 * 1024, 0xff);

async function openExecutor(workerCount: number) {
  const around = await openSurroundings();
  const { node } = around;
  const { metrics } = await openSupervisor(around, { workers: { count: workerCount } });
  return {
    ...around,
    metrics,
    /** Asks any worker that is there, as a router does, until one answers. */
    async askUntilAnswered(versionId: VersionId): Promise<{ heard: RouterStream; attempts: number }> {
      for (let attempts = 1; ; attempts++) {
        await eventually(async () => (await node()).workers.length > 0);
        const [endpoint] = (await node()).workers;
        if (endpoint === undefined) continue;
        const dialed = await dialLink({ address: endpoint.address, credential: endpoint.credential, peer: "router" });
        if (dialed.type === "ended") continue;
        const heard = await ask(dialed.link, { versionId });
        dialed.link.close();
        if (heard.error === null) return { heard, attempts };
        if (attempts > 50) throw new Error(heard.error.message);
      }
    },
  };
}

test("a sliver that kills workers is served from source after the second, named, and taken back once it is rebuilt", async () => {
  const { metrics, publish, activate, node, askUntilAnswered } = await openExecutor(1);
  const versionId = nextVersionId();
  const script = appScript("return new Response('served');");
  const digest = await publish(versionId, { script, snapshot: KILLING_SNAPSHOT });
  await activate(versionId);
  const { heard } = await askUntilAnswered(versionId);
  expect(heard.text).toBe("served");
  expect((await node()).badSlivers).toEqual({ [versionId]: digest });
  const text = await metrics.registry.metrics();
  expect(text).toContain('executor_workers_lost_total{cause="died",kind="http"} 2');
  expect(text).toMatch(/executor_rung_fallbacks_total\{from="heap",to="source",reason="worker_deaths"\} 1/);

  await publish(versionId, { script: appScript("return new Response('rebuilt');") });
  await eventually(async () => Object.keys((await node()).badSlivers ?? {}).length === 0);
  await eventually(async () => (await askUntilAnswered(versionId)).heard.text === "rebuilt");
  await eventually(async () => /executor_snapshot_blobs_bytes [1-9]/.test(await metrics.registry.metrics()));
  expect(await metrics.registry.metrics()).toContain('executor_workers_lost_total{cause="died",kind="http"} 2');
});
