import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BuildEvent, BuildJob } from "@nano/protocol/records";
import { DirectoryStore } from "@nano/sliver/directory-store";
import { trustedKeysOf } from "@nano/sliver/signing-key";
import { parseSliver } from "@nano/sliver/sliver-file";
import { digestOf } from "@nano/sliver/sliver-store";
import { expect, it, onTestFinished } from "vitest";
import { runBuildJob } from "../src/control/run-build-job.ts";
import { appScript, buildChildIds, partsOf, signingKey } from "./builder-harness.ts";

async function createStore() {
  const directory = await mkdtemp(join(tmpdir(), "nano-builder-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const store = new DirectoryStore(directory);
  const listFiles = async () => {
    const all = await readdir(directory, { recursive: true, withFileTypes: true });
    return all.flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  };
  return { store, listFiles };
}

async function createJob(store: DirectoryStore, content: string): Promise<BuildJob> {
  const bytes = Buffer.from(content);
  const bundle = digestOf(bytes);
  await store.put(bundle, bytes);
  const { app, versionId, manifest } = partsOf("");
  return { app, version: versionId, manifest, bundle };
}

it("a job ends as built, with its sliver in the store and its steps reported", async () => {
  const { store, listFiles } = await createStore();
  const job = await createJob(store, JSON.stringify(partsOf(appScript("")).bundle));
  const events: BuildEvent[] = [];
  const outcome = await runBuildJob(job, { store, signingKey, report: (event) => events.push(event) });
  if (outcome.type !== "built") throw new Error(outcome.error.message);
  expect(outcome.rung).toBe("heap");
  expect((await listFiles()).sort()).toEqual([job.bundle, outcome.sliver].sort());
  const sliver = await store.get(outcome.sliver);
  const { manifest } = parseSliver(sliver as Buffer, { trustedKeys: trustedKeysOf(signingKey) });
  expect(manifest).toMatchObject({ app: job.app, versionId: job.version, bundle: job.bundle });
  const steps = events.flatMap((event) => (event.type === "progress" ? [event.step] : []));
  expect(steps).toEqual(["read bundle", "run top level", "serialise heap", "probe heap", "sign", "publish"]);
});

it.each([
  ["throws at its top level", JSON.stringify(partsOf(appScript("throw new Error('no')")).bundle), "BUILD_INIT_THREW"],
  ["is no JSON", "script", "BUILD_BUNDLE_MALFORMED"],
  ["is of another format", JSON.stringify({ format: 2 }), "BUILD_BUNDLE_MALFORMED"],
  ["has no script", JSON.stringify({ format: 1, sourceMap: "" }), "BUILD_BUNDLE_MALFORMED"],
])("a bundle that %s fails the job and leaves nothing in the store", async (_, content, code) => {
  const { store, listFiles } = await createStore();
  const job = await createJob(store, content);
  const outcome = await runBuildJob(job, { store, signingKey, report: () => undefined });
  expect(outcome).toMatchObject({ type: "failed", error: { code } });
  expect(await listFiles()).toEqual([job.bundle]);
});

it("a bundle that is not in the store fails the job", async () => {
  const { store } = await createStore();
  const job = await createJob(store, "x");
  await store.delete(job.bundle);
  const outcome = await runBuildJob(job, { store, signingKey, report: () => undefined });
  expect(outcome).toMatchObject({ type: "failed", error: { code: "BUILD_BUNDLE_MISSING" } });
});

it("a store that refuses the sliver fails the job", async () => {
  const { store } = await createStore();
  const job = await createJob(store, JSON.stringify(partsOf(appScript("")).bundle));
  store.put = async () => {
    throw new Error("ENOSPC");
  };
  const outcome = await runBuildJob(job, { store, signingKey, report: () => undefined });
  expect(outcome).toMatchObject({ type: "failed", error: { code: "BUILD_STORE_FAILED", retryable: true } });
});

it("a job that is cancelled throws, so that the queue gives it to another builder", async () => {
  const { store, listFiles } = await createStore();
  const job = await createJob(store, JSON.stringify(partsOf(appScript("for (;;);")).bundle));
  const cancelling = new AbortController();
  const running = runBuildJob(job, {
    store,
    signingKey,
    signal: cancelling.signal,
    report: (event) => {
      if (event.type === "progress" && event.step === "run top level") cancelling.abort();
    },
  });
  await expect(running).rejects.toThrow("Build was cancelled");
  expect(await listFiles()).toEqual([job.bundle]);
  expect(buildChildIds()).toEqual([]);
});
