/** A whole executor on an embedded store: what it does about slivers that cannot be restored, and versions that end workers. */
import { dialLink } from "@nano/link/dial-link";
import type { Link } from "@nano/link/link";
import type { StreamListener } from "@nano/link/link-stream";
import type { NodeId, VersionId } from "@nano/protocol/brands";
import { decodeSocketWorkerAnswer, encodeOwnWorkerQuestion, type SocketWorkerAnswer } from "@nano/protocol/messages";
import { eventually } from "@nano/test-kit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { APP, openSupervisor, openSurroundings } from "./executor-fixture.ts";
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

/** Applies a function to a hundred million arguments: V8 ends the process. */
const KILLING_SCRIPT = appScript(
  "if (!request.url.endsWith('/kill')) return new Response('alive'); return new Response(String(Math.max.apply(null, new Array(1e8).fill(1))));",
);

test("a version that ends workers is named, refused by those that are shared before it is entered, and served by one of its own", async () => {
  const { node, publish, activate, metrics, askUntilAnswered } = await openExecutor(2);
  const versionId = nextVersionId();
  await publish(versionId, { script: KILLING_SCRIPT });
  await activate(versionId);
  for (let deaths = 1; deaths <= 2; deaths++) {
    await askUntilAnswered(versionId);
    const [endpoint] = (await node()).workers;
    const dialed = await dialLink({ ...endpoint, peer: "router" } as Parameters<typeof dialLink>[0]);
    if (dialed.type === "ended") throw new Error(dialed.outcome.error.message);
    const { error } = await ask(dialed.link, { versionId, path: "/kill" });
    expect(error?.code).toMatch(/^LINK_/);
    await eventually(async () => !(await node()).workers.some(({ id }) => id === endpoint?.id));
  }
  await eventually(async () => (await node()).workers.length === 2);
  expect(Object.keys((await node()).quarantined ?? {})).toEqual([versionId]);
  for (const { address, credential } of (await node()).workers) {
    const dialed = await dialLink({ address, credential, peer: "router" });
    if (dialed.type === "ended") throw new Error(dialed.outcome.error.message);
    const { error } = await ask(dialed.link, { versionId });
    expect(error).toMatchObject({ code: "EXEC_OWN_WORKER", retryable: true, reason: "quarantined" });
    dialed.link.close();
  }
  const { address, credential } = (await node()).supervisor;
  const own = await askForOwn(versionId, { address, credential });
  expect((await ask(own, { versionId })).text).toBe("alive");
  expect((await ask(own, { versionId, path: "/kill" })).error?.code).toMatch(/^LINK_/);
  // Until its supervisor has noticed, it names the one that is gone.
  await eventually(() =>
    askForOwn(versionId, { address, credential }).then(
      () => false,
      (error: Error) => /gets another one in \d+ ms/.test(error.message),
    ),
  );
  const text = await metrics.registry.metrics();
  expect(text).toContain("executor_quarantined_versions_count 1");
  expect(text).toContain('executor_quarantine_changes_total{change="quarantined"} 1');
  expect(text).toContain('executor_own_workers_refused_total{cause="held_back"} 1');
});

test("an executor adopts what another node's record names, for as long as that is not forgiven", async () => {
  const { node, nodes, embedded, publish, activate } = await openExecutor(1);
  const versionId = nextVersionId();
  await publish(versionId, { script: KILLING_SCRIPT });
  await activate(versionId);
  const own = await node();
  const at = new Date().toISOString();
  const quarantined = { [versionId]: { app: APP, at } };
  await embedded.store.renewLease({ ...own, id: "other" as NodeId, workers: [], quarantined }, 60_000);
  await eventually(async () => {
    const ours = (await nodes()).find(({ id }) => id === own.id);
    return ours?.quarantined?.[versionId]?.at === at;
  });
  const [endpoint] = own.workers;
  const dialed = await dialLink({ ...endpoint, peer: "router" } as Parameters<typeof dialLink>[0]);
  if (dialed.type === "ended") throw new Error(dialed.outcome.error.message);
  expect((await ask(dialed.link, { versionId })).error).toMatchObject({ code: "EXEC_OWN_WORKER" });
  dialed.link.close();
  expect((await ask(await askForOwn(versionId, own.supervisor), { versionId })).text).toBe("alive");
});

/** A link to the version's own worker, as a router gets it. @throws with what the supervisor says */
async function askForOwn(versionId: VersionId, supervisor: { address: string; credential: string }): Promise<Link> {
  const dialed = await dialLink({ ...supervisor, peer: "router" });
  if (dialed.type === "ended") throw new Error(dialed.outcome.error.message);
  const answered = Promise.withResolvers<SocketWorkerAnswer>();
  const listener: StreamListener = {
    onHead: (payload) => answered.resolve(decodeSocketWorkerAnswer(payload)),
    onData() {},
    onEnd() {},
    onReset: (error) => answered.reject(new Error(error.message)),
    onDrain() {},
  };
  dialed.link.openStream(encodeOwnWorkerQuestion({ versionId }), listener, { isEnd: true });
  const named = await answered.promise.finally(() => dialed.link.close());
  const own = await dialLink({ ...named, peer: "router" });
  if (own.type === "ended") throw new Error(own.outcome.error.message);
  onTestFinished(() => own.link.close());
  return own.link;
}
