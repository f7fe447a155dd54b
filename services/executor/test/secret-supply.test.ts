/** Secrets on their way from the store's records to the workers that serve their app. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createSealKey, loadOrCreateSealKey, type SealKey } from "@nano/control-store/seal-key";
import { sealSecrets } from "@nano/control-store/sealed-secrets";
import { engineFingerprint } from "@nano/isolate/engine";
import type { AppName, ArtifactDigest, NodeId, VersionId } from "@nano/protocol/brands";
import { resolveManifest } from "@nano/protocol/manifest";
import { recordKey, type SecretsRecord, type StoreRecord } from "@nano/protocol/records";
import type { SecretValues } from "@nano/protocol/secrets";
import type { LogFields } from "@nano/service-kit/logger";
import { DirectoryStore } from "@nano/sliver/directory-store";
import { NodeCache } from "@nano/sliver/node-cache";
import { createSigningKey, trustKey } from "@nano/sliver/signing-key";
import { digestOf } from "@nano/sliver/sliver-store";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { TrustedKeyDirectory } from "../src/control/trusted-keys.ts";
import { VersionSupply } from "../src/control/version-supply.ts";
import type { WorkerProcess } from "../src/control/worker-process.ts";
import type { ToWorker } from "../src/worker-messages.ts";
import { silentLogger } from "./process-harness.ts";
import { appScript, createSliver, nextVersionId, temporaryDirectory } from "./sliver-fixture.ts";

const SHOP = "shop" as AppName;
const BLOG = "blog" as AppName;
const BUNDLE = "b".repeat(64) as ArtifactDigest;
const HUSH = "hush-1c0ffee1";

class FakeWorker {
  readonly id: string;
  readonly directory: string;
  readonly sent: ToWorker[] = [];

  constructor(directory: string) {
    mkdirSync(directory);
    this.id = basename(directory);
    this.directory = directory;
  }
  get process(): WorkerProcess {
    return this as unknown as WorkerProcess;
  }
  send(message: ToWorker): void {
    this.sent.push(message);
  }
  /** Each set that it was sent for an app, with a version or alone. */
  setsOf(app: AppName): (SecretValues | undefined)[] {
    return this.sent.flatMap((message) => {
      if (message.type === "assign" && message.assignment.app === app) return [message.secrets];
      return message.type === "secrets" && message.app === app ? [message.secrets] : [];
    });
  }
  get refusals(): string[] {
    return this.sent.flatMap((message) => (message.type === "refuse" ? [message.error.code] : []));
  }
}

async function open() {
  const root = temporaryDirectory();
  const signingKey = createSigningKey();
  await trustKey(join(root, "trusted"), signingKey);
  const keys = new TrustedKeyDirectory(join(root, "trusted"));
  const store = new DirectoryStore(join(root, "store"));
  const cache = await NodeCache.open({ directory: join(root, "cache"), store, trustedKeys: () => keys.current });
  const keyFile = join(root, "secrets.key");
  const key = loadOrCreateSealKey(keyFile);
  const serving = [new FakeWorker(join(root, "w0"))];
  const starting: FakeWorker[] = [];
  const logs: [string, LogFields | undefined][] = [];
  const note = (msg: string, fields?: LogFields): void => void logs.push([msg, fields]);
  const logger = { ...silentLogger, error: note, warn: note };
  const supply = new VersionSupply({
    nodeId: "node-1" as NodeId,
    aheadCount: 100,
    engine: engineFingerprint(),
    cache,
    keys,
    logger: logger as typeof silentLogger,
    secretsKeyFile: keyFile,
    workers: () => serving.map(({ process }) => process),
    startedWorkers: () => [...serving, ...starting].map(({ process }) => process),
  });
  const records = new Map<string, StoreRecord>();
  const put = (...changed: StoreRecord[]): void => {
    for (const record of changed) records.set(recordKey(record), record);
    supply.update(new Map(records));
  };
  let revision = 0;
  const setSecrets = (app: AppName, secrets: SecretValues, sealKey: SealKey = key): void => {
    revision += 1;
    const sealed = sealSecrets(secrets, { app, key: sealKey });
    put({ kind: "secrets", app, sealed, revision, updatedAt: "2026-11-22T00:00:00.000Z" } satisfies SecretsRecord);
  };
  const activate = async (app: AppName): Promise<VersionId> => {
    const id = nextVersionId();
    const script = appScript("return new Response('hello');");
    const sliver = createSliver({ script, app, key: signingKey, versionId: id, bundle: BUNDLE });
    await store.put(digestOf(sliver), sliver);
    const slivers = { [engineFingerprint()]: digestOf(sliver) };
    put(
      { kind: "app", name: app, activeVersion: id },
      { kind: "build", version: id, state: "built", error: null, slivers },
      {
        kind: "version",
        id,
        app,
        manifest: resolveManifest({}),
        bundle: BUNDLE,
        assets: null,
        createdAt: "2026-11-22T00:00:00.000Z",
      },
    );
    return id;
  };
  const remove = (app: AppName): void => {
    records.delete(`secrets/${app}`);
    supply.update(new Map(records));
  };
  const worker = serving[0] as FakeWorker;
  return { root, supply, keyFile, key, worker, starting, logs, setSecrets, activate, remove, put };
}

test("a worker gets the secrets of an app with its version, again when they change, and those of no other app", async () => {
  const { worker, setSecrets, activate, remove } = await open();
  setSecrets(SHOP, { KEY: HUSH });
  setSecrets(BLOG, { KEY: "of the blog" });
  await activate(SHOP);
  await eventually(() => worker.setsOf(SHOP).length === 1);
  setSecrets(SHOP, { KEY: "second" });
  setSecrets(BLOG, { KEY: "of the blog, too" });
  remove(SHOP);
  expect(worker.setsOf(SHOP)).toEqual([{ KEY: HUSH }, { KEY: "second" }, {}]);
  expect(JSON.stringify(worker.sent)).not.toContain("of the blog");
});

test("a state that changes nothing of them sends nothing", async () => {
  const { worker, setSecrets, activate, put } = await open();
  setSecrets(SHOP, { KEY: HUSH });
  await activate(SHOP);
  await eventually(() => worker.setsOf(SHOP).length === 1);
  put({ kind: "route", host: "shop.test", path: "/", app: SHOP });
  expect(worker.setsOf(SHOP)).toHaveLength(1);
});

test("a change while a worker is being equipped reaches it", async () => {
  const { root, supply, starting, setSecrets, activate, worker } = await open();
  setSecrets(SHOP, { KEY: HUSH });
  await activate(SHOP);
  await eventually(() => worker.setsOf(SHOP).length === 1);
  const late = new FakeWorker(join(root, "w1"));
  starting.push(late);
  await supply.welcome(late.process);
  setSecrets(SHOP, { KEY: "second" });
  expect(late.setsOf(SHOP)).toEqual([{ KEY: HUSH }, { KEY: "second" }]);
});

test("an app whose secrets do not open is refused, told once by name, and given when the key is put right", async () => {
  const { worker, supply, keyFile, key, logs, setSecrets, activate } = await open();
  const other = createSealKey();
  writeFileSync(keyFile, other.key.export().toString("hex"));
  setSecrets(SHOP, { KEY: HUSH });
  const id = await activate(SHOP);
  await eventually(() => worker.refusals.length === 1);
  expect(worker.refusals).toEqual(["EXEC_SECRETS_UNREADABLE"]);
  await supply.give(worker.process, id);
  expect(worker.refusals).toHaveLength(2);
  const told = logs.filter(([msg]) => msg === "secrets cannot be opened");
  expect(told).toHaveLength(1);
  expect(told[0]?.[1]).toMatchObject({ app: SHOP, err: { code: "EXEC_SECRETS_UNREADABLE" } });
  expect(String(told[0]?.[1]?.err)).toMatch(/shop.*another key/);
  expect(JSON.stringify([logs, worker.sent])).not.toContain(HUSH);
  writeFileSync(keyFile, key.key.export().toString("hex"));
  await supply.give(worker.process, id);
  expect(worker.setsOf(SHOP).at(-1)).toEqual({ KEY: HUSH });
});

test("without a key file an app that has secrets is refused, one that has none is served", async () => {
  const { worker, keyFile, setSecrets, activate } = await open();
  rmSync(keyFile);
  setSecrets(SHOP, { KEY: HUSH });
  await activate(SHOP);
  await activate(BLOG);
  await eventually(() => worker.refusals.length === 1 && worker.setsOf(BLOG).length === 1);
  expect(worker.setsOf(BLOG)).toEqual([{}]);
  expect(worker.setsOf(SHOP)).toEqual([]);
});

test("after a set that does not open, the last good one serves on, also in workers that start then", async () => {
  const { root, supply, worker, setSecrets, activate } = await open();
  setSecrets(SHOP, { KEY: HUSH });
  await activate(SHOP);
  await eventually(() => worker.setsOf(SHOP).length === 1);
  setSecrets(SHOP, { KEY: "never seen" }, createSealKey());
  const late = new FakeWorker(join(root, "w1"));
  await supply.welcome(late.process);
  expect([worker.setsOf(SHOP), late.setsOf(SHOP)]).toEqual([[{ KEY: HUSH }], [{ KEY: HUSH }]]);
  expect(worker.refusals).toEqual([]);
});
