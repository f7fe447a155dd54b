/** Keys that come while NANO runs: slivers that were refused are taken. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AppName } from "@nano/protocol/brands";
import { createSigningKey, loadTrustedKeys, trustKey } from "@nano/sliver/signing-key";
import { expect, onTestFinished, test } from "vitest";
import type { AppPlan } from "../src/config/config-file.ts";
import type { MakeArtifacts } from "../src/deploy/app-artifacts.ts";
import { openAppSource } from "../src/run/app-source.ts";
import { watchDirectory } from "../src/run/watch-directory.ts";
import { createSampleSliver } from "./sample-sliver.ts";

test("a sliver whose key is added is taken without a restart, and the addition is noticed", async () => {
  const directory = await mkdtemp(join(tmpdir(), "nano-trusted-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const [key, own, trusted] = [createSigningKey(), createSigningKey(), join(directory, "trusted")];
  const path = join(directory, "hello.sliver");
  await writeFile(path, createSampleSliver(key));
  await trustKey(trusted, own);
  const plan: AppPlan = {
    name: "hello" as AppName,
    routes: [],
    source: { kind: "sliver", path },
    manifest: {},
    secrets: { files: {}, dotEnv: null },
  };
  let make: MakeArtifacts | undefined;
  const source = await openAppSource(plan, {
    onWarning: () => {},
    loadTrustedKeys: () => loadTrustedKeys(trusted),
    onChange: (made) => {
      make = made;
    },
  });
  onTestFinished(() => source.close());
  await expect(make?.()).rejects.toMatchObject({ code: "SLIVER_UNTRUSTED_KEY" });
  const added = Promise.withResolvers<void>();
  const watch = watchDirectory(trusted, added.resolve);
  onTestFinished(() => watch.close());
  await trustKey(trusted, key);
  await added.promise;
  expect((await make?.())?.sliver?.fingerprint).toHaveLength(32);
});
