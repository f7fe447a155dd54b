/** What surrounds an executor in tests: a control store with records, slivers, directories, and the executor in this process or its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openEmbedded } from "@nano/control-store/open-embedded";
import { type StoreServer, serveStore } from "@nano/control-store/serve-store";
import { engineFingerprint } from "@nano/isolate/engine";
import { dialLink } from "@nano/link/dial-link";
import type { Link } from "@nano/link/link";
import type { AppName, ArtifactDigest, VersionId } from "@nano/protocol/brands";
import { type ManifestInput, resolveManifest } from "@nano/protocol/manifest";
import { type AppRecord, type NodeRecord, recordKey, type StoreRecord } from "@nano/protocol/records";
import { loadConfig } from "@nano/service-kit/config";
import { Metrics } from "@nano/service-kit/metrics";
import type { ReadyMessage } from "@nano/service-kit/run-service";
import { DirectoryStore } from "@nano/sliver/directory-store";
import { createSigningKey, trustKey } from "@nano/sliver/signing-key";
import { digestOf } from "@nano/sliver/sliver-store";
import { eventually } from "@nano/test-kit/eventually";
import { onTestFinished } from "vitest";
import { config } from "../src/config.ts";
import { Supervisor } from "../src/control/supervisor.ts";
import { silentLogger } from "./process-harness.ts";
import { createSliver, type SliverFixture, temporaryDirectory } from "./sliver-fixture.ts";

export const APP = "subject" as AppName;
const BUNDLE = "b".repeat(64) as ArtifactDigest;
const ENGINE = engineFingerprint();
const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

type Settings = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export async function openSurroundings() {
  const root = temporaryDirectory();
  const directories: Record<string, string> = {};
  for (const name of ["artifacts", "keys", "cache", "run", "rec"]) {
    directories[name] = join(root, name);
    mkdirSync(join(root, name));
  }
  const embedded = openEmbedded(join(root, "store.sqlite"));
  onTestFinished(() => embedded.close());
  const key = createSigningKey();
  await trustKey(join(root, "keys"), key);
  const artifacts = new DirectoryStore(join(root, "artifacts"));
  const put = async (...records: StoreRecord[]): Promise<void> => {
    await embedded.store.commit(records.map((record) => ({ key: recordKey(record), record })));
  };
  const nodes = async (): Promise<NodeRecord[]> => {
    const { records } = await embedded.store.loadSnapshot();
    return records.filter((record): record is NodeRecord => record.kind === "node");
  };
  const node = async (): Promise<NodeRecord> => {
    const [found] = await nodes();
    if (found === undefined) throw new Error("no node record");
    return found;
  };
  return {
    root,
    embedded,
    put,
    nodes,
    node,
    socketPath: join(root, "store.sock"),
    settings: {
      controlStore: { socketPath: join(root, "store.sock") },
      store: { directory: directories.artifacts },
      trustedKeys: { directory: directories.keys },
      cache: { directory: directories.cache },
      run: { directory: directories.run },
      recorder: { directory: directories.rec },
    } as Settings,
    serve: (): Promise<StoreServer> =>
      serveStore(embedded.store, embedded.queue, { socketPath: join(root, "store.sock") }),
    /** Puts the build record of a sliver, and answers its digest. */
    async publish(versionId: VersionId, fixture: SliverFixture): Promise<ArtifactDigest> {
      const sliver = createSliver({ ...fixture, versionId, key, bundle: BUNDLE });
      const digest = digestOf(sliver);
      await artifacts.put(digest, sliver);
      await put({ kind: "build", version: versionId, state: "built", error: null, slivers: { [ENGINE]: digest } });
      return digest;
    },
    activate: (id: VersionId, manifest: ManifestInput = {}) =>
      put(
        {
          kind: "version",
          id,
          app: APP,
          manifest: resolveManifest(manifest),
          bundle: BUNDLE,
          assets: null,
          createdAt: "2026-11-22T00:00:00.000Z",
        },
        { kind: "app", name: APP, activeVersion: id } satisfies AppRecord,
      ),
    /** A router's links to all workers. */
    async dialAll(): Promise<Link[]> {
      await eventually(async () => ((await nodes())[0]?.workers.length ?? 0) > 0);
      const { workers } = await node();
      return Promise.all(
        workers.map(async ({ address, credential, id }) => {
          const dialed = await dialLink({ address, credential, peer: `router-1#${id}`, isPrompt: true });
          if (dialed.type === "ended") throw new Error(dialed.outcome.error.message);
          onTestFinished(() => dialed.link.close());
          return dialed.link;
        }),
      );
    },
  };
}

export type Surroundings = Awaited<ReturnType<typeof openSurroundings>>;

/** An executor in this process; its workers are processes. */
export async function openSupervisor(around: Surroundings, settings: Settings = {}) {
  const { value } = loadConfig(config, { explicit: merge(around.settings, settings) });
  const metrics = new Metrics("executor");
  const supervisor = await Supervisor.open({
    config: value,
    engine: ENGINE,
    store: around.embedded.store,
    logger: silentLogger,
    metrics,
    writeAppLine: () => undefined,
  });
  onTestFinished(() => supervisor.close(AbortSignal.abort()));
  return { supervisor, metrics, text: () => metrics.registry.metrics() };
}

export interface ExecutorProcess {
  readonly child: ChildProcess;
  readonly output: string[];
  readonly addresses: Readonly<Record<string, string>>;
  admin(path: string): Promise<{ status: number; text: string }>;
  /** Tells it to end, and answers its exit code. */
  end(): Promise<number | null>;
}

/** An executor as it is deployed: a process with an environment. */
export async function startExecutor(around: Surroundings, settings: Settings = {}): Promise<ExecutorProcess> {
  const env: Record<string, string> = { EXECUTOR_ADMIN_ADDRESS: "127.0.0.1:0" };
  for (const [group, fields] of Object.entries(merge(around.settings, settings))) {
    for (const [name, value] of Object.entries(fields)) env[envName(group, name)] = String(value);
  }
  const child = spawn(process.execPath, ["--no-node-snapshot", MAIN], {
    env,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text: Buffer) => output.push(text.toString()));
  const exited = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const ready = (await Promise.race([
    once(child, "message"),
    exited.then(() => Promise.reject(new Error(output.join("")))),
  ])) as [ReadyMessage];
  const { addresses } = ready[0];
  return {
    child,
    output,
    addresses,
    async admin(path) {
      const answer = await fetch(`http://${addresses.admin}${path}`);
      return { status: answer.status, text: await answer.text() };
    },
    async end() {
      child.kill("SIGTERM");
      return ((await exited) as [number | null])[0];
    },
  };
}

function merge(base: Settings, more: Settings): Settings {
  const merged: Record<string, Readonly<Record<string, unknown>>> = { ...base };
  for (const [group, fields] of Object.entries(more)) merged[group] = { ...merged[group], ...fields };
  return merged;
}

function envName(group: string, name: string): string {
  const words = (text: string): string => text.replace(/[A-Z]/g, "_$&").toUpperCase();
  return `EXECUTOR_${words(group)}_${words(name)}`;
}
