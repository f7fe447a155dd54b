import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEmbedded } from "@nano/control-store/open-embedded";
import { serveStore } from "@nano/control-store/serve-store";
import { DirectoryStore } from "@nano/sliver/directory-store";
import { loadTrustedKeys } from "@nano/sliver/signing-key";
import { parseSliver } from "@nano/sliver/sliver-file";
import { digestOf } from "@nano/sliver/sliver-store";
import { expect, it, onTestFinished } from "vitest";
import { appScript, partsOf } from "./builder-harness.ts";

it("the service makes its key, builds what the queue holds, and ends on SIGTERM", async () => {
  const directory = await mkdtemp(join(tmpdir(), "nano-builder-"));
  const paths = {
    socket: join(directory, "store.sock"),
    artifacts: join(directory, "artifacts"),
    key: join(directory, "keys", "builder.pem"),
    trusted: join(directory, "trusted"),
  };
  const { store: records, queue, close } = openEmbedded(join(directory, "store.sqlite"));
  const server = await serveStore(records, queue, { socketPath: paths.socket });
  const child = fork(new URL("../src/main.ts", import.meta.url), {
    execArgv: [],
    silent: true,
    env: {
      BUILDER_CONTROL_STORE_SOCKET_PATH: paths.socket,
      BUILDER_STORE_DIRECTORY: paths.artifacts,
      BUILDER_SIGNING_KEY_FILE: paths.key,
      BUILDER_TRUSTED_KEYS_DIRECTORY: paths.trusted,
    },
  });
  const exited = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
    await server.close();
    await close();
    await rm(directory, { recursive: true });
  });
  const [ready] = await once(child, "message");
  expect(ready).toMatchObject({ type: "ready", name: "sliver-builder" });

  const store = new DirectoryStore(paths.artifacts);
  const { app, versionId, manifest, bundle } = partsOf(appScript(""));
  const bytes = Buffer.from(JSON.stringify(bundle));
  await store.put(digestOf(bytes), bytes);
  await queue.enqueue({ app, version: versionId, manifest, bundle: digestOf(bytes) });
  let last: unknown;
  for await (const event of queue.followBuild(versionId, AbortSignal.timeout(20_000))) last = event;
  expect(last).toMatchObject({ type: "built", rung: "heap" });
  const sliver = await store.get((last as { sliver: Parameters<typeof store.get>[0] }).sliver);
  const trustedKeys = await loadTrustedKeys(paths.trusted);
  expect(parseSliver(sliver as Buffer, { trustedKeys }).manifest.app).toBe(app);
  expect((await stat(paths.key)).mode & 0o777).toBe(0o600);
  expect(await readdir(paths.trusted)).toHaveLength(1);

  child.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
});
