/** Secrets as requests of a lane see them. */
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { appScript } from "./sliver-fixture.ts";
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
