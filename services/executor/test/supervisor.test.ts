/** A whole executor on an embedded store: what it does about slivers that cannot be restored. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openEmbedded } from "@nano/control-store/open-embedded";
import { engineFingerprint } from "@nano/isolate/engine";
import { dialLink } from "@nano/link/dial-link";
import type { AppName, ArtifactDigest, VersionId } from "@nano/protocol/brands";
import { resolveManifest } from "@nano/protocol/manifest";
import { type NodeRecord, recordKey, type StoreRecord } from "@nano/protocol/records";
import { loadConfig } from "@nano/service-kit/config";
import { Metrics } from "@nano/service-kit/metrics";
import { DirectoryStore } from "@nano/sliver/directory-store";
import { createSigningKey, trustKey } from "@nano/sliver/signing-key";
import { digestOf } from "@nano/sliver/sliver-store";
import { eventually } from "@nano/test-kit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { config } from "../src/config.ts";
import { Supervisor } from "../src/control/supervisor.ts";
import { silentLogger } from "./process-harness.ts";
import { appScript, createSliver, nextVersionId, type SliverFixture, temporaryDirectory } from "./sliver-fixture.ts";
import { ask, type RouterStream } from "./worker-harness.ts";

const APP = "subject" as AppName;
const BUNDLE = "b".repeat(64) as ArtifactDigest;
const ENGINE = engineFingerprint();
/** V8 ends the process that is given this. */
const KILLING_SNAPSHOT = Buffer.alloc(64 * 1024, 0xff);

async function openExecutor(workerCount: number) {
  const root = temporaryDirectory();
  const at = (name: string): string => {
    const path = join(root, name);
    mkdirSync(path);
    return path;
  };
  const embedded = openEmbedded(join(root, "store.sqlite"));
  const { value } = loadConfig(config, {
    explicit: {
      controlStore: { socketPath: "/unused" },
      store: { directory: at("artifacts") },
      trustedKeys: { directory: at("keys") },
      cache: { directory: at("cache") },
      run: { directory: at("run") },
      recorder: { directory: at("rec") },
      workers: { count: workerCount },
    },
  });
  const key = createSigningKey();
  await trustKey(join(root, "keys"), key);
  const metrics = new Metrics("executor");
  const supervisor = await Supervisor.open({
    config: value,
    engine: ENGINE,
    store: embedded.store,
    logger: silentLogger,
    metrics,
    writeAppLine: () => undefined,
  });
  onTestFinished(async () => {
    await supervisor.close(AbortSignal.abort());
    await embedded.close();
  });
  const artifacts = new DirectoryStore(join(root, "artifacts"));
  const put = async (...records: StoreRecord[]): Promise<void> => {
    await embedded.store.commit(records.map((record) => ({ key: recordKey(record), record })));
  };
  const node = async (): Promise<NodeRecord> => {
    const { records } = await embedded.store.loadSnapshot();
    const found = records.find(({ kind }) => kind === "node");
    if (found === undefined) throw new Error("no node record");
    return found as NodeRecord;
  };
  return {
    metrics,
    put,
    node,
    /** Puts the build record of a sliver, and answers its digest. */
    async publish(versionId: VersionId, fixture: SliverFixture): Promise<ArtifactDigest> {
      const sliver = createSliver({ ...fixture, versionId, key, bundle: BUNDLE });
      const digest = digestOf(sliver);
      await artifacts.put(digest, sliver);
      await put({ kind: "build", version: versionId, state: "built", error: null, slivers: { [ENGINE]: digest } });
      return digest;
    },
    activate: (id: VersionId) =>
      put(
        {
          kind: "version",
          id,
          app: APP,
          manifest: resolveManifest({}),
          bundle: BUNDLE,
          assets: null,
          createdAt: "2026-11-22T00:00:00.000Z",
        },
        { kind: "app", name: APP, activeVersion: id },
      ),
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
  expect(text).toContain('executor_workers_lost_total{cause="died"} 2');
  expect(text).toMatch(/executor_rung_fallbacks_total\{from="heap",to="source",reason="worker_deaths"\} 1/);

  await publish(versionId, { script: appScript("return new Response('rebuilt');") });
  await eventually(async () => Object.keys((await node()).badSlivers ?? {}).length === 0);
  await eventually(async () => (await askUntilAnswered(versionId)).heard.text === "rebuilt");
  await eventually(async () => /executor_snapshot_blobs_bytes [1-9]/.test(await metrics.registry.metrics()));
  expect(await metrics.registry.metrics()).toContain('executor_workers_lost_total{cause="died"} 2');
});
