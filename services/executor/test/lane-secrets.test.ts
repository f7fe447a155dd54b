/** Secrets as requests of a lane see them. */
import type { AppIdentity, AppName } from "@nano/protocol/brands";
import { resolveManifest } from "@nano/protocol/manifest";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { dialWorker, startWorker } from "./process-harness.ts";
import { appScript, nextVersionId, writeSliverEntry } from "./sliver-fixture.ts";
import { ask, openWorker, send } from "./worker-harness.ts";

const SHOW = appScript(
  `const seen = () => env.KEY + " " + env.PLAIN;
   if (!request.url.endsWith("/slow")) return new Response(seen());
   console.log("begun");
   await new Promise((resolve) => setTimeout(resolve, 100));
   return new Response(seen());`,
);

test.each(["request", "app"] as const)(
  "in %s mode requests see variables and secrets, and a change from the next context on",
  async (isolation) => {
    const worker = await openWorker();
    const { assignment, lane } = worker.serve(SHOW, { manifest: { isolation, env_vars: { PLAIN: "plain" } } });
    const { versionId } = assignment;
    const link = await worker.dial();
    expect((await ask(link, { versionId })).text).toBe("undefined plain");
    lane.useSecrets({ KEY: "first" });
    expect((await ask(link, { versionId })).text).toBe("first plain");
    lane.useSecrets({ KEY: "second" });
    expect((await ask(link, { versionId })).text).toBe("second plain");
    lane.useSecrets({});
    expect((await ask(link, { versionId })).text).toBe("undefined plain");
  },
);

test("what is in flight at a change ends with what it began with, and no request fails", async () => {
  const worker = await openWorker();
  const { assignment, lane } = worker.serve(SHOW, { manifest: { isolation: "app" } });
  const { versionId } = assignment;
  const link = await worker.dial();
  lane.useSecrets({ KEY: "old" });
  const slow = send(link, { versionId, path: "/slow" });
  await eventually(() => worker.logs.includes("begun"));
  lane.useSecrets({ KEY: "new" });
  expect((await ask(link, { versionId })).text).toBe("new undefined");
  await slow.done;
  expect([slow.error, slow.text]).toEqual([null, "old undefined"]);
  expect(lane.isIdle).toBe(true);
});

test("a lane that is warm is warm after a change, one that is cold stays so, and the same set again changes nothing", async () => {
  const worker = await openWorker();
  const { assignment, lane } = worker.serve(SHOW);
  lane.useSecrets({ KEY: "a" });
  expect([lane.isWarm, worker.counters.coldStarts]).toEqual([false, 0]);
  await ask(await worker.dial(), { versionId: assignment.versionId });
  lane.useSecrets({ KEY: "a" });
  expect([lane.isWarm, worker.counters.coldStarts]).toEqual([true, 1]);
  lane.useSecrets({ KEY: "b" });
  expect([lane.isWarm, worker.counters.coldStarts]).toEqual([true, 2]);
});

test("an app's version is not given secrets of one that was made under its name after it was deleted", async () => {
  const { worker } = await startWorker();
  const versionId = nextVersionId();
  const [app, identity] = ["subject" as AppName, "a" as AppIdentity];
  const resolved = resolveManifest({});
  const manifest = { ...resolved, limits: { ...resolved.limits, cpuTimeMs: 5_000, initTimeMs: 10_000 } };
  const script = appScript("return new Response(String(env.KEY));");
  const sliverPath = writeSliverEntry({ script }, worker.directory);
  worker.send({ type: "assign", assignment: { versionId, app, identity, manifest, sliverPath, assetsPath: null } });
  const link = await dialWorker(worker);
  const show = async (): Promise<string> => (await ask(link, { versionId })).text;
  expect(await show()).toBe("undefined");
  worker.send({ type: "secrets", app, identity: "b" as AppIdentity, secrets: { KEY: "of another" } });
  worker.send({ type: "secrets", app, secrets: { KEY: "of another" } });
  worker.send({ type: "secrets", app: "other" as AppName, identity, secrets: { KEY: "of another" } });
  for (let i = 0; i < 3; i++) expect(await show()).toBe("undefined");
  worker.send({ type: "secrets", app, identity, secrets: { KEY: "its own" } });
  await eventually(async () => (await show()) === "its own");
});
