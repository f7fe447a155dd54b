import { expect, test } from "vitest";
import { appScript } from "./sliver-fixture.ts";
import { ask, openWorker, send } from "./worker-harness.ts";

const MIB = 1024 * 1024;
const LIMIT_MIB = 16;
/** So much in each context, of which there is to be no room for a second one. */
const TABLE = "const table = Array.from({ length: 40_000 }, (_, id) => ({ id, next: null }));";
const HANDLER = `
  const { pathname } = new URL(request.url);
  if (pathname === "/") return new Response("fine " + table.length);
  globalThis.kept = [];
  for (let i = 0; i < Number(pathname.slice(1)); i++) kept.push(Array.from({ length: 2048 }, (_, at) => at + 0.5));
  await new Promise(() => {});`;

test("a request for whose context an isolate has no room any more is answered by a fresh one", async () => {
  const worker = await openWorker();
  const link = await worker.dial();
  const answers = new Set<string | undefined>();
  for (let kept = 400; kept <= 700; kept += 100) {
    const { assignment } = worker.serve(appScript(HANDLER, TABLE), {
      limits: { memoryBytes: LIMIT_MIB * MIB, cpuTimeMs: 5_000, timeoutMs: 2_000 },
      manifest: { limits: { memory_mb: LIMIT_MIB } },
    });
    const { versionId } = assignment;
    send(link, { versionId, path: `/${kept}` });
    const { text, error } = await ask(link, { versionId });
    answers.add(error?.reason ?? text);
  }
  // It did come to that.
  expect(worker.counters.limitEnds.memory_limit).toBeGreaterThan(0);
  expect([...answers]).toEqual(["fine 40000"]);
}, 60_000);
