/** Work that goes on after the answer, in a worker process. */
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { assign, dialWorker, startWorker } from "./process-harness.ts";
import { appScript } from "./sliver-fixture.ts";
import { ask } from "./worker-harness.ts";

const TALKS = appScript("for (let i = 0; i < 9; i++) console.log('x'.repeat(200)); return new Response();");
const WORK = appScript(`
  const { pathname } = new URL(request.url);
  ctx.passThroughOnException();
  if (pathname === "/late") ctx.waitUntil(new Promise(() => {}));
  else ctx.waitUntil(scheduler.wait(5).then(() => {
    if (pathname === "/fails") throw new RangeError("no more");
    console.log("after the answer");
  }));
  return new Response("answered");`);

test("it goes on, its failure and its limit are logged with app, version and request, and the app serves on", async () => {
  const { worker, inbox } = await startWorker();
  const versionId = assign(worker, WORK, { manifest: { limits: { wait_until_secs: 0.3 } } });
  const link = await dialWorker(worker);
  const lines = () => inbox.of("log").flatMap((each) => each.lines);
  for (const [path, level, text] of [
    ["/works", "log", "after the answer"],
    ["/fails", "error", "waitUntil: RangeError: no more"],
    ["/late", "warn", "waitUntil took longer than 300 ms"],
  ] as const) {
    const before = lines().length;
    const answer = await ask(link, { versionId, path });
    expect([answer.error, answer.text]).toEqual([null, "answered"]);
    await eventually(() => lines().length > before);
    expect(lines()[before]).toMatchObject({
      app: "subject",
      versionId,
      requestId: expect.any(String),
      level,
      text: expect.stringContaining(text),
    });
  }
  // What an app says is bounded by its own limit, and each limit that it met is told to the supervisor.
  await ask(link, { versionId: assign(worker, TALKS, { manifest: { limits: { log_bytes_per_second: 1000 } } }) });
  await eventually(() => lines().some(({ text }) => text.includes("limits.log_bytes_per_second")));
  await eventually(() => inbox.of("stats").some(({ stats }) => stats.limitEnds.wait_until === 1));
});
