/** A supply of versions in tests, with what it takes from and gives to. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { engineFingerprint } from "@nano/isolate/engine";
import type { AppName, ArtifactDigest, NodeId, VersionId } from "@nano/protocol/brands";
import { resolveManifest } from "@nano/protocol/manifest";
import { type BuildRecord, recordKey, type StoreRecord, type VersionRecord } from "@nano/protocol/records";
import { DirectoryStore } from "@nano/sliver/directory-store";
import { NodeCache } from "@nano/sliver/node-cache";
import { createSigningKey, trustKey } from "@nano/sliver/signing-key";
import { digestOf } from "@nano/sliver/sliver-store";
import { onTestFinished, vi } from "vitest";
import { TrustedKeyDirectory } from "../src/control/trusted-keys.ts";
import { VersionSupply } from "../src/control/version-supply.ts";
import type { WorkerProcess } from "../src/control/worker-process.ts";
import type { Assignment, ToWorker } from "../src/worker-messages.ts";
import { silentLogger } from "./process-harness.ts";
import { appScript, createSliver, nextVersionId, type SliverFixture, temporaryDirectory } from "./sliver-fixture.ts";

export const SCRIPT = appScript("return new Response('hello');");
const BUNDLE = "b".repeat(64) as ArtifactDigest;
/** How long a version that is not wanted any more stays with a worker. */
export const RETIRE_MS = 10_000;

/** What a supply sees of a worker process. */
class FakeWorker {
  readonly id: string;
  readonly directory: string;
  readonly sent: ToWorker[] = [];

  constructor(id: string, directory: string) {
    this.id = id;
    this.directory = directory;
  }
  send(message: ToWorker): void {
    this.sent.push(message);
  }
  get process(): WorkerProcess {
    return this as unknown as WorkerProcess;
  }
  assignment(versionId: VersionId): Assignment | undefined {
    return this.sent
      .flatMap((message) => (message.type === "assign" ? [message.assignment] : []))
      .findLast((assignment) => assignment.versionId === versionId);
  }
  refusal(versionId: VersionId): string | undefined {
    return this.sent.flatMap((m) => (m.type === "refuse" && m.versionId === versionId ? [m.error.code] : [])).at(-1);
  }
  countOf(type: ToWorker["type"]): number {
    return this.sent.filter((message) => message.type === type).length;
  }
}

/** A supply over a real cache and artifact store, and workers that note what they are sent. */
export async function openSupply(workerCount = 1, settings: { aheadCount?: number } = {}) {
  const root = temporaryDirectory();
  const key = createSigningKey();
  await trustKey(join(root, "keys"), key);
  const keys = new TrustedKeyDirectory(join(root, "keys"));
  const store = new DirectoryStore(join(root, "store"));
  /** Digests whose way from the store is slow, until they are let go. */
  const slow = new Map<ArtifactDigest, Promise<void>>();
  const fetched: ArtifactDigest[] = [];
  const slowStore = {
    get: async (digest: ArtifactDigest) => {
      fetched.push(digest);
      await slow.get(digest);
      return await store.get(digest);
    },
  };
  const trustedKeys = () => keys.current;
  const cache = await NodeCache.open({ directory: join(root, "cache"), store: slowStore, trustedKeys });
  const workers: FakeWorker[] = [];
  for (let i = 0; i < workerCount; i++) {
    const directory = join(root, "workers", `w${i}`);
    await mkdir(directory, { recursive: true });
    workers.push(new FakeWorker(`w${i}`, directory));
  }
  const decided: string[] = [];
  let changeCount = 0;
  const supply = new VersionSupply({
    nodeId: "node-1" as NodeId,
    aheadCount: settings.aheadCount ?? 100,
    onAhead: (outcome) => decided.push(outcome),
    engine: engineFingerprint(),
    cache,
    keys,
    logger: silentLogger,
    workers: () => workers.map(({ process }) => process),
    onBadSlivers: () => {
      changeCount += 1;
    },
  });
  const records = new Map<string, StoreRecord>();
  const put = (...changed: StoreRecord[]): void => {
    for (const record of changed) records.set(recordKey(record), record);
    supply.update(new Map(records));
  };
  const [first] = workers;
  if (first === undefined) throw new Error("no worker");
  /** Stores a sliver, and answers the records of its version, built. */
  const build = async (fixture: Partial<SliverFixture> = {}, engine = engineFingerprint()) => {
    const id = nextVersionId();
    const sliver = createSliver({
      script: SCRIPT,
      key,
      versionId: id,
      bundle: BUNDLE,
      fingerprint: engine,
      ...fixture,
    });
    const digest = digestOf(sliver);
    await store.put(digest, sliver);
    const version: VersionRecord = {
      kind: "version",
      id,
      app: "subject" as AppName,
      manifest: resolveManifest({}),
      bundle: BUNDLE,
      assets: null,
      createdAt: "2026-11-22T00:00:00.000Z",
    };
    const built: BuildRecord = {
      kind: "build",
      version: id,
      state: "built",
      error: null,
      slivers: { [engine]: digest },
    };
    return { id, version, built, digest };
  };
  /** The build record of a version that was built again: another sliver, of a script that says which. */
  const rebuild = async (id: VersionId, count: number): Promise<BuildRecord> => {
    const again = await build({ versionId: id, script: appScript(`return new Response("build ${count}");`) });
    return { ...again.built, version: id };
  };
  const digestAt = (path: string | null | undefined): string | undefined => path?.split("/").at(-1)?.split(".")[0];
  const activate = (id: VersionId | null): void => put({ kind: "app", name: "subject" as AppName, activeVersion: id });
  return {
    supply,
    put,
    build,
    rebuild,
    activate,
    digestAt,
    slow,
    fetchCount: (digest: ArtifactDigest) => fetched.filter((each) => each === digest).length,
    changes: () => changeCount,
    decided,
    worker: first,
    workers,
    root,
    key,
  };
}

export function useFakeTimeouts(more: readonly "performance"[] = []): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", ...more] });
  onTestFinished(() => void vi.useRealTimers());
}

/** Long enough for an unlink that is under way. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
