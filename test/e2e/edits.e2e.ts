/** Edits of an app while it serves: every answer is of the old or the new version, and a broken edit changes nothing. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { Fixture } from "../support/fixtures.ts";
import { NanoProcess } from "../support/nano-process.ts";

const HOST = "edited.localhost";
const version = (n: number): string => `export default { fetch: () => new Response("version ${n}") }`;
const RELOAD_WITHIN_MS = 1_000;
/** Of `versions.keptCount`. */
const KEPT_VERSIONS = 20;
/** A bundle and a sliver. */
const FILES_PER_VERSION = 2;
const MANY_EDITS_TIMEOUT_MS = 120_000;

let fixture: Fixture;
let nano: NanoProcess;

async function start(source: string): Promise<void> {
  fixture = new Fixture([{ hostname: HOST, source }]);
  nano = await NanoProcess.start(fixture.args);
}

afterEach(async () => {
  await nano?.close();
  fixture?.remove();
});

function storedFiles(): string[] {
  const entries = readdirSync(join(nano.directory, "data", "artifacts"), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

async function untilAnswer(text: string): Promise<number> {
  const startMs = performance.now();
  for (;;) {
    // A person who reloads the page, not a load: the build has the machine to itself.
    await new Promise((resolve) => setTimeout(resolve, 10));
    if ((await nano.ask(HOST)).text === text) return performance.now() - startMs;
    if (performance.now() - startMs > 20_000) throw new Error(`${HOST} never answered ${text}:\n${nano.output}`);
  }
}

test("while an app is edited under load, every answer is of the old or the new version", async () => {
  await start(version(1));
  let isLoading = true;
  const texts = new Set<string>();
  const load = Array.from({ length: 8 }, async () => {
    while (isLoading) {
      const answer = await nano.ask(HOST);
      texts.add(`${answer.status} ${answer.text}`);
    }
  });
  await untilAnswer("version 1");
  for (let n = 2; n <= 4; n++) {
    fixture.edit(HOST, version(n));
    await untilAnswer(`version ${n}`);
  }
  isLoading = false;
  await Promise.all(load);
  expect([...texts].sort()).toEqual([1, 2, 3, 4].map((n) => `200 version ${n}`));
});

test("an edit is served within a second", async () => {
  await start(version(1));
  await untilAnswer("version 1");
  const reloadedMs: number[] = [];
  for (let n = 2; n <= 6; n++) {
    fixture.edit(HOST, version(n));
    reloadedMs.push(await untilAnswer(`version ${n}`));
  }
  reloadedMs.sort((a, b) => a - b);
  expect(reloadedMs[2]).toBeLessThan(RELOAD_WITHIN_MS);
});

test(
  "an app that is edited again and again takes no more room",
  async () => {
    await start(version(1));
    await untilAnswer("version 1");
    for (let n = 2; n <= KEPT_VERSIONS + 2; n++) {
      fixture.edit(HOST, version(n));
      await untilAnswer(`version ${n}`);
    }
    await vi.waitFor(() => expect(storedFiles()).toHaveLength(KEPT_VERSIONS * FILES_PER_VERSION));
  },
  MANY_EDITS_TIMEOUT_MS,
);

test("an edit with a syntax error is told with file, line and excerpt, and the old version serves on", async () => {
  await start(version(1));
  await untilAnswer("version 1");
  const from = nano.output.length;
  fixture.edit(HOST, "export default { fetch: () => new Response('x' }\n");
  await nano.waitForOutput(/index\.js:1:\d+[\s\S]*new Response\('x' }/, from);
  expect((await nano.ask(HOST)).text).toBe("version 1");
  fixture.edit(HOST, version(1));
  await nano.waitForOutput(/✓ edited: unchanged/, from);
});

test("an edit whose init throws is told with file, line and excerpt, and the old version serves on", async () => {
  await start(version(1));
  await untilAnswer("version 1");
  const from = nano.output.length;
  const stored = storedFiles().sort();
  fixture.edit(HOST, `const table = null;\nconst size = table.length;\n${version(2)}`);
  await nano.waitForOutput(/index\.js:2:\d+[\s\S]*table\.length/, from);
  expect((await nano.ask(HOST)).text).toBe("version 1");
  // Removed at once, but the failure is told first.
  await vi.waitFor(() => expect(storedFiles().sort()).toEqual(stored));
  fixture.edit(HOST, version(3));
  await untilAnswer("version 3");
});

test("a changed config is applied without a restart, and a bad one is refused whole", async () => {
  await start(version(1));
  await untilAnswer("version 1");
  let from = nano.output.length;
  fixture.write([
    { hostname: HOST, source: version(1) },
    { hostname: "bad.localhost", source: version(9), settings: { limits: { memory_mb: -1 } } },
  ]);
  await nano.waitForOutput(/memory_mb/, from);
  expect((await nano.ask(HOST)).text).toBe("version 1");
  expect((await nano.ask("bad.localhost")).status).toBe(404);
  from = nano.output.length;
  fixture.write([
    { hostname: HOST, source: version(1) },
    { hostname: "second.localhost", source: version(2) },
  ]);
  // What is listed is served: the very next request meets it.
  await nano.waitForOutput(/curl .*second/, from);
  expect((await nano.ask("second.localhost")).text).toBe("version 2");
  expect(nano.output.slice(from)).not.toMatch(/curl .*edited/);
  expect((await nano.ask("bad.localhost")).status).toBe(404);
  expect((await nano.ask(HOST)).text).toBe("version 1");
  from = nano.output.length;
  fixture.write([]);
  await nano.waitForOutput(/- second: no longer served\nNothing is served: the config file has no apps/, from);
});

test("an app that was never built gets 503 not_built, and is served once it is repaired", async () => {
  fixture = new Fixture([
    { hostname: HOST, source: "export default {" },
    { hostname: "good.localhost", source: version(1) },
  ]);
  nano = await NanoProcess.start(fixture.args);
  const { status, headers } = await nano.ask(HOST);
  expect([status, headers["x-nano-error"]]).toEqual([503, "not_built"]);
  expect((await nano.ask("nobody.localhost")).status).toBe(404);
  fixture.edit(HOST, version(1));
  await untilAnswer("version 1");
});
