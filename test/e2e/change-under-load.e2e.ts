/**
 * A config file that changes while its apps are asked: apps come and go, limits, variables and isolation change, routes move from app to app.
 * No request for a host that stays may fail, and each is answered by one version from beginning to end. Open loop, as in `under-load`.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { burnSource } from "@nano/test-kit/burn-source";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Answer } from "../support/http-answer.ts";
import { createMix, createMixApps } from "../support/load-mix.ts";
import { NanoProcess } from "../support/nano-process.ts";
import { type LoadShot, runLoad } from "../support/open-loop.ts";
import { isWholeRun } from "../support/whole-run.ts";

const REQUESTS_PER_SECOND = 120;
/** At least: until all changes are applied. */
const DURATION_MS = isWholeRun ? 60_000 : 30_000;
/** One request in so many is a stream of over ten seconds. */
const STREAM_EVERY = 600;
/** One request in so many goes to an app that changes. */
const CHANGING_EVERY = 2;
/** Between what is applied and the next change. */
const PAUSE_MS = 1_500;
/** Of a request that outlives the change of its version. */
const SLOW_MS = 2_500;

const named = (name: string): string => `export default { fetch: () => new Response("${name}") }`;
/** Its top level takes as long as a large app's, most of it while its heap is made, where no code is optimised: what is not built yet must not be asked. */
const lateNamed = (name: string): string => `${burnSource()} burn(20); ${named(name)}`;
const WORD = `export default { fetch: (request, env) => new Response("word " + env.WORD) }`;
const SLOW_WORD = `export default { async fetch(request, env) {
  const first = env.WORD;
  await new Promise((resolve) => setTimeout(resolve, ${SLOW_MS}));
  return new Response("word " + first + " " + env.WORD);
} }`;
const COUNT = `let count = 0; export default { async fetch() {
  const mine = ++count;
  await new Promise((resolve) => setTimeout(resolve, 20));
  return new Response("count " + mine);
} }`;
const SLOW_TEXT = `export default { async fetch() {
  await new Promise((resolve) => setTimeout(resolve, ${SLOW_MS}));
  return new Response("gone, at last");
} }`;

const SOURCES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(createMixApps().map(({ hostname, source }) => [hostname, source])),
  word: WORD,
  slow: SLOW_WORD,
  count: COUNT,
  gone: SLOW_TEXT,
  root: named("root"),
  below: lateNamed("below"),
  wild: named("wild"),
  exact: lateNamed("exact"),
  other: lateNamed("other"),
};

interface App {
  readonly hostname: string;
  readonly source: keyof typeof SOURCES;
  readonly [setting: string]: unknown;
}

/** The mix asks these in both modes of isolation, and nothing of them ever changes. */
const STEADY: readonly App[] = createMixApps().map(({ hostname }) => ({
  hostname,
  source: hostname,
  isolation: hostname.startsWith("waiting") || hostname.startsWith("upload") ? "app" : "request",
}));

type Apps = Readonly<Record<string, App>>;

const FIRST: Apps = {
  wordRequest: { hostname: "word-request.localhost", source: "word", env_vars: { WORD: "one" } },
  wordApp: { hostname: "word-app.localhost", source: "word", isolation: "app", env_vars: { WORD: "one" } },
  slowRequest: { hostname: "slow-request.localhost", source: "slow", env_vars: { WORD: "one" } },
  slowApp: { hostname: "slow-app.localhost", source: "slow", isolation: "app", env_vars: { WORD: "one" } },
  flip: { hostname: "flip.localhost", source: "count", isolation: "request" },
  flop: { hostname: "flop.localhost", source: "count", isolation: "app" },
  limited: { hostname: "limited.localhost", source: "count" },
  path: { hostname: "path.localhost", source: "root" },
  wild: { hostname: "*.wild.localhost", source: "wild" },
  swapped: { hostname: "swapped.localhost", source: "root" },
  gone: { hostname: "gone.localhost", source: "gone" },
};

const WORDS = ["wordRequest", "wordApp", "slowRequest", "slowApp"];

/** What is done to the config, one after the other: apps that are put in, or left out. */
const STEPS: readonly [string, (apps: Apps) => Readonly<Record<string, App | null>>][] = [
  ["an app is added", () => ({ added: { hostname: "added.localhost", source: "other" } })],
  ["variables change", (apps) => withSettings(apps, WORDS, wordIs("two"))],
  [
    "limits change",
    (apps) => withSettings(apps, ["limited"], { limits: { workers: 1, concurrent_requests: 64, cpu_time_ms: 100 } }),
  ],
  [
    "isolation changes",
    (apps) => ({
      ...withSettings(apps, ["flip"], { isolation: "app" }),
      ...withSettings(apps, ["flop"], { isolation: "request" }),
    }),
  ],
  ["a path goes to another app", () => ({ below: { hostname: "path.localhost", path: "/below", source: "below" } })],
  ["a host of a wildcard goes to another app", () => ({ exact: { hostname: "one.wild.localhost", source: "exact" } })],
  ["an app's code is another", (apps) => withSettings(apps, ["swapped"], { source: "other" })],
  ["an app is removed", () => ({ gone: null })],
  [
    "isolation changes back, with variables",
    (apps) => ({
      ...withSettings(apps, ["flip"], { isolation: "request", env_vars: { A: "b" } }),
      ...withSettings(apps, ["flop"], { isolation: "app", env_vars: { A: "b" } }),
    }),
  ],
  ["limits change back", (apps) => withSettings(apps, ["limited"], { limits: { workers: 2, queue_depth: 100 } })],
  ["path and host come back", () => ({ below: null, exact: null })],
  [
    "in a wildcard's place comes one host, of an app that is new",
    () => ({ wild: null, exact: { hostname: "one.wild.localhost", source: "exact" } }),
  ],
  ["variables change again", (apps) => withSettings(apps, WORDS, wordIs("three"))],
];

function wordIs(word: string): Readonly<Record<string, unknown>> {
  return { env_vars: { WORD: word } };
}

function withSettings(apps: Apps, names: readonly string[], settings: Readonly<Record<string, unknown>>): Apps {
  return Object.fromEntries(names.map((name) => [name, { ...(apps[name] as App), ...settings }]));
}

const directory = mkdtempSync(join(tmpdir(), "nano-changes-"));
const configFile = join(directory, "nano.config.json");
let nano: NanoProcess;

function configure(apps: readonly App[]): void {
  const entries = apps.map(({ source, ...app }) => ({ ...app, entrypoint: `${source}/index.js` }));
  writeFileSync(configFile, JSON.stringify({ server: { port: 0, admin_port: 0 }, apps: entries }));
}

beforeAll(async () => {
  for (const [name, source] of Object.entries(SOURCES)) {
    mkdirSync(join(directory, name), { recursive: true });
    writeFileSync(join(directory, name, "index.js"), source);
  }
  configure([...STEADY, ...Object.values(FIRST)]);
  nano = await NanoProcess.start(["--config", configFile]);
});
afterAll(async () => {
  await nano?.close();
  rmSync(directory, { recursive: true, force: true });
});

function expectMatch(answer: Answer, expected: RegExp): string | null {
  if (answer.status === 200 && expected.test(answer.text)) return null;
  return `${answer.status} ${answer.headers["x-nano-error"] ?? ""} ${answer.text.slice(0, 60)}`;
}

/** Asked in turns: host, path, what it may answer, whether it takes long. */
const CHANGING: readonly [string, string, RegExp, boolean?][] = [
  ["word-request.localhost", "/", /^word (one|two|three)$/],
  ["word-app.localhost", "/", /^word (one|two|three)$/],
  ["slow-request.localhost", "/", /^word (one|two|three) \1$/, true],
  ["slow-app.localhost", "/", /^word (one|two|three) \1$/, true],
  ["flip.localhost", "/", /^count \d+$/],
  ["flop.localhost", "/", /^count \d+$/],
  ["limited.localhost", "/", /^count \d+$/],
  ["path.localhost", "/", /^root$/],
  ["path.localhost", "/below/x", /^(root|below)$/],
  ["one.wild.localhost", "/", /^(wild|exact)$/],
  ["swapped.localhost", "/", /^(root|other)$/],
];

function changingShot(index: number): LoadShot {
  const [host, path, expected, isLong = false] = CHANGING[index % CHANGING.length] as (typeof CHANGING)[number];
  return {
    name: host + path,
    isLong,
    send: () => nano.ask(host, path),
    check: (answer) => expectMatch(answer, expected),
  };
}

test("changes of the config under load fail no request, in both modes of isolation", async () => {
  const mix = createMix({ ask: (...request) => nano.ask(...request), streamEvery: STREAM_EVERY });
  const shot = (index: number): LoadShot =>
    index % CHANGING_EVERY === 0 ? changingShot(index / CHANGING_EVERY) : mix((index - 1) / CHANGING_EVERY);
  let apps: Apps = FIRST;
  let areChangesOver = false;
  let appliedCount = 0;
  const goneStatuses = new Set<number>();

  const change = async (): Promise<void> => {
    for (const [what, apply] of STEPS) {
      await delay(PAUSE_MS);
      // In flight when its app is removed: it ends as it would have.
      const last = "gone" in apps ? nano.ask("gone.localhost") : null;
      const from = nano.output.length;
      const next = Object.entries({ ...apps, ...apply(apps) });
      apps = Object.fromEntries(next.flatMap(([name, app]) => (app === null ? [] : [[name, app]])));
      const startedMs = performance.now();
      configure([...STEADY, ...Object.values(apps)]);
      const [line] = await nano.waitForOutput(/nano\.config\.json: (?:applied|refused)[^\n]*/, from);
      expect([what, line]).toEqual([what, "nano.config.json: applied"]);
      appliedCount += 1;
      process.stdout.write(`${what}: applied in ${Math.round(performance.now() - startedMs)} ms\n`);
      if (last === null) goneStatuses.add((await nano.ask("gone.localhost")).status);
      else expect((await last).text).toBe("gone, at last");
    }
    await delay(PAUSE_MS);
    areChangesOver = true;
  };
  const load = runLoad({
    requestsPerSecond: REQUESTS_PER_SECOND,
    durationMs: DURATION_MS,
    isOver: () => areChangesOver,
    shot,
  });
  const [report] = await Promise.all([
    load,
    change().catch((error: unknown) => {
      areChangesOver = true;
      throw error;
    }),
  ]);
  process.stdout.write(
    `${report.requests} requests, ${appliedCount} changes, ${report.failures.length} failed, ${report.lost.length} lost, ` +
      `p50 ${report.p50Ms.toFixed(1)} ms, p99 ${report.p99Ms.toFixed(1)} ms, max ${report.maxMs.toFixed(0)} ms\n`,
  );
  expect(appliedCount).toBe(STEPS.length);
  expect(report.failures).toEqual([]);
  // No worker has died, so nothing is excused.
  expect(report.lost).toEqual([]);
  expect([...goneStatuses]).toEqual([404]);
  for (const [host, path, text] of [
    ["added.localhost", "/", "other"],
    ["word-request.localhost", "/", "word three"],
    ["word-app.localhost", "/", "word three"],
    ["path.localhost", "/below/x", "root"],
    ["one.wild.localhost", "/", "exact"],
    ["swapped.localhost", "/", "other"],
    // Of isolation `request` again: each sees the state at the end of init.
    ["flip.localhost", "/", "count 1"],
    ["flip.localhost", "/", "count 1"],
  ] as const) {
    expect([host, (await nano.ask(host, path)).text]).toEqual([host, text]);
  }
  expect((await nano.ask("two.wild.localhost")).status).toBe(404);
}, 240_000);
