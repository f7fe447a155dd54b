/**
 * Each kind of process of a loaded NANO is killed in turn. Whatever it is, it is started again at once, and no retryable request fails; what was
 * lost with it is counted beside that. Open loop, keep-alive clients, uploads, streams, fetches and an app's cache, bodies checked.
 */
import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { burnSource } from "@nano/test-kit/burn-source";
import { eventually } from "@nano/test-kit/eventually";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Fixture } from "../support/fixtures.ts";
import { askHttp } from "../support/http-answer.ts";
import { createMix, createMixApps, expectText } from "../support/load-mix.ts";
import { NanoProcess } from "../support/nano-process.ts";
import { type LoadShot, runLoad } from "../support/open-loop.ts";
import type { ProcessKind } from "../support/process-table.ts";
import { RawWebSocket } from "../support/raw-websocket.ts";
import { describeFailures, renderSteps, type StepColumn, type StepRow } from "../support/step-table.ts";

const REQUESTS_PER_SECOND = 60;
/** One request in so many. */
const FETCH_EVERY = 6;
const CACHE_EVERY = 7;
const STREAM_EVERY = 40;
const STREAM_MS = 1_500;
/** Of requests that may run again, those that were inside a worker when it died: one for each thread. */
const MAX_SUSPECTS = 2;
const KILL_AFTER_MS = 800;
const CALM_MS = 500;
/** Of the one-machine router: from its death to the first answer on a connection of its own. Where an empty Node takes long to start, so many times as long. */
const ROUTER_BACK_WITHIN_MS = 1_000;
const ROUTER_BACK_WITHIN_STARTS = 12;
const BACK_WITHIN_MS = 30_000;
const SERVING_TIMEOUT_MS = 120_000;
/** Of a loaded machine; an entry's limit is no subject here. */
const LIMITS = { cpu_time_ms: 2_000 };
/** An address that the operator allows to apps. */
const INTERNET = "127.0.0.2";
const FETCHED = "from elsewhere";
const HOSTS = {
  fetching: "fetching.localhost",
  caching: "caching.localhost",
  edited: "edited.localhost",
  echo: "echo.localhost",
};
/** V8 optimises nothing while a heap is made: long enough to be met half done. */
const SLOW_TOP_LEVEL = `${burnSource()} burn(12);`;

const CACHING = `export default { async fetch(request, env, ctx) {
  const key = "http://kept.test/" + new URL(request.url).search;
  await caches.default.put(key, new Response("kept", { headers: { "cache-control": "max-age=60" } }));
  const found = await caches.default.match(key);
  return new Response("cache", { headers: { "x-found": String(found !== undefined) } });
} }`;
const ECHO = `export default { fetch() {
  const [client, server] = new WebSocketPair();
  server.accept();
  server.addEventListener("message", ({ data }) => server.send(data));
  return new Response(null, { status: 101, webSocket: client });
} }`;
const says = (text: string): string => `export default { fetch: () => new Response("${text}") }`;
const fetching = (port: number): string => `export default { async fetch() {
  try {
    return new Response(await (await fetch("http://${INTERNET}:${port}/")).text());
  } catch (error) {
    return new Response(error.message, { status: 500 });
  }
} }`;

interface KilledRow extends StepRow {
  /** Of `other`: connections that were refused while no router was there. */
  readonly refusedCount: number;
}

const REFUSED: StepColumn<KilledRow> = { title: "refused", of: ({ refusedCount }) => refusedCount };

let origin: Server;
let fixture: Fixture;
let nano: NanoProcess;
let editCount = 0;
const rows: KilledRow[] = [];

beforeAll(async () => {
  origin = createServer((_, res) => res.end(FETCHED));
  await new Promise<void>((resolve) => origin.listen(0, INTERNET, resolve));
  const own = [
    { hostname: HOSTS.fetching, source: fetching((origin.address() as AddressInfo).port) },
    { hostname: HOSTS.caching, source: CACHING },
    { hostname: HOSTS.edited, source: says("edit 0") },
    { hostname: HOSTS.echo, source: ECHO },
  ];
  const apps = [...createMixApps({ streamMs: STREAM_MS }), ...own].map((app) => ({
    ...app,
    settings: { limits: LIMITS },
  }));
  fixture = new Fixture(apps, { egress_allowed_ranges: [`${INTERNET}/32`] });
  nano = await NanoProcess.start(fixture.args);
}, SERVING_TIMEOUT_MS);
afterAll(async () => {
  await nano?.close();
  fixture?.remove();
  origin?.closeAllConnections();
  origin?.close();
  const failures = rows.map((row) => describeFailures(row)).filter((text) => text !== "");
  process.stdout.write(`\n${[renderSteps(rows, [REFUSED]), ...failures].join("\n\n")}\n`);
});

function shotOf(mix: (index: number) => LoadShot, index: number): LoadShot {
  if (index % FETCH_EVERY === 1) {
    return {
      name: HOSTS.fetching,
      send: () => nano.ask(HOSTS.fetching),
      check: (answer) => expectText(answer, FETCHED),
    };
  }
  if (index % CACHE_EVERY === 1) {
    return {
      name: HOSTS.caching,
      send: () => nano.ask(HOSTS.caching, `/?${index}`),
      check: (answer) => expectText(answer, "cache"),
    };
  }
  return mix(index);
}

/** The oldest of the kind; of workers the youngest is the spare, which serves nobody. */
function kill(kind: ProcessKind): number {
  const [victim] = nano.processesOf(kind);
  if (victim === undefined) throw new Error(`There is no ${kind}`);
  process.kill(victim, "SIGKILL");
  return victim;
}

async function isReplaced(kind: ProcessKind, victim: number): Promise<boolean> {
  const found = nano.processesOf(kind);
  return found.length > 0 && !found.includes(victim);
}

/** Runs the load, kills something in its midst, and goes on until all is as before. */
async function runStep(
  name: string,
  disturb: (recovered: () => void) => Promise<void>,
  isExcused = (_: Error): boolean => false,
) {
  const mix = createMix({ ask: (...request) => nano.ask(...request), streamEvery: STREAM_EVERY });
  let recoveredMs = Number.POSITIVE_INFINITY;
  let isOver = false;
  const happen = async (): Promise<void> => {
    await delay(KILL_AFTER_MS);
    const killedMs = performance.now();
    const recovered = (): void => {
      recoveredMs = Math.min(recoveredMs, performance.now() - killedMs);
    };
    try {
      await disturb(recovered);
      recovered();
      await delay(CALM_MS);
    } finally {
      isOver = true;
    }
  };
  const [report] = await Promise.all([
    runLoad({
      requestsPerSecond: REQUESTS_PER_SECOND,
      durationMs: KILL_AFTER_MS + CALM_MS,
      shot: (index) => shotOf(mix, index),
      isOver: () => isOver,
      isExcused,
    }),
    happen(),
  ]);
  const row: KilledRow = {
    name,
    requests: report.requests,
    failed: report.failures,
    other: report.lost,
    p99Ms: report.p99Ms,
    maxMs: report.maxMs,
    recoveredMs,
    refusedCount: report.lost.filter(({ what }) => what.includes("ECONNREFUSED")).length,
  };
  rows.push(row);
  expect(row.failed, describeFailures(row)).toEqual([]);
  const suspects = row.other.filter(({ name: asked, what }) => asked !== "upload" && what.startsWith("502"));
  expect(suspects.length, describeFailures(row)).toBeLessThanOrEqual(MAX_SUSPECTS);
  return row;
}

/** How long one that does nothing takes under the same load. */
async function startEmptyNode(): Promise<number> {
  const startMs = performance.now();
  await promisify(execFile)(process.execPath, ["-e", "0"]);
  return performance.now() - startMs;
}

async function serves(): Promise<boolean> {
  const answer = await nano.ask("named.localhost", "/", { headers: { "x-request-tag": "near" } });
  return answer.text === "tag near";
}

/** An app's edit, and that it is served. */
async function edit(topLevel = ""): Promise<() => Promise<void>> {
  editCount += 1;
  const text = `edit ${editCount}`;
  fixture.edit(HOSTS.edited, `${topLevel} ${says(text)}`);
  return () => eventually(async () => (await nano.ask(HOSTS.edited)).text === text, { timeoutMs: BACK_WITHIN_MS });
}

test("a killed router is back within a second, and none of what comes then fails", async () => {
  let isAway = false;
  let emptyStartMs = 0;
  const row = await runStep(
    "router",
    async (recovered) => {
      isAway = true;
      kill("router");
      const starting = startEmptyNode();
      const place = { host: "127.0.0.1", port: nano.port, path: "/" };
      const ask = async (): Promise<boolean> => {
        const answer = await askHttp(place, { headers: { host: "named.localhost", connection: "close" } }).catch(
          () => null,
        );
        return answer?.status === 200;
      };
      await eventually(ask, { timeoutMs: BACK_WITHIN_MS });
      isAway = false;
      recovered();
      emptyStartMs = await starting;
    },
    () => isAway,
  );
  expect(row.recoveredMs).toBeLessThan(Math.max(ROUTER_BACK_WITHIN_MS, ROUTER_BACK_WITHIN_STARTS * emptyStartMs));
});

test("a killed worker is replaced", async () => {
  await runStep("worker", async () => {
    const [count, ends] = [await nano.metric("router_links_count"), await nano.metric("router_link_ends_total")];
    kill("worker");
    await eventually(
      async () =>
        (await nano.metric("router_link_ends_total")) > ends && (await nano.metric("router_links_count")) === count,
      { timeoutMs: BACK_WITHIN_MS },
    );
  });
});

test("a killed executor takes its workers with it, and all of them are back", async () => {
  await runStep("executor", async () => {
    const [count, ends] = [await nano.metric("router_links_count"), await nano.metric("router_link_ends_total")];
    kill("executor");
    await eventually(
      async () =>
        (await nano.metric("router_link_ends_total")) >= ends + count &&
        (await nano.metric("router_links_count")) === count,
      { timeoutMs: BACK_WITHIN_MS },
    );
    expect(await serves()).toBe(true);
  });
});

test("while a killed egress process is away fetches wait", async () => {
  await runStep("egress", async () => {
    const victim = kill("egress");
    await eventually(() => isReplaced("egress", victim), { timeoutMs: BACK_WITHIN_MS });
    expect((await nano.ask(HOSTS.fetching)).text).toBe(FETCHED);
  });
});

test("while a killed cache process is away nothing is in the cache", async () => {
  await runStep("cache", async () => {
    const victim = kill("cache");
    await eventually(() => isReplaced("cache", victim), { timeoutMs: BACK_WITHIN_MS });
    await eventually(async () => (await nano.ask(HOSTS.caching, "/?back")).headers["x-found"] === "true", {
      timeoutMs: BACK_WITHIN_MS,
    });
  });
});

test("a killed registry is back, and takes the next edit", async () => {
  await runStep("app-registry", async () => {
    const victim = kill("app-registry");
    const served = await edit();
    await eventually(() => isReplaced("app-registry", victim), { timeoutMs: BACK_WITHIN_MS });
    await served();
  });
});

test("a killed builder is back, and builds the next edit", async () => {
  await runStep("sliver-builder", async () => {
    const victim = kill("sliver-builder");
    const served = await edit();
    await eventually(() => isReplaced("sliver-builder", victim), { timeoutMs: BACK_WITHIN_MS });
    await served();
  });
});

test("a build whose child is killed begins again", async () => {
  await runStep("build child", async () => {
    const served = await edit(SLOW_TOP_LEVEL);
    await eventually(async () => (await nano.metric("sliver_builder_builds_running_count")) > 0, {
      timeoutMs: BACK_WITHIN_MS,
    });
    // The others stand by.
    kill("build child");
    await served();
  });
});

test("connections of a killed WebSocket worker end, and new ones are served", async () => {
  const socket = await RawWebSocket.open({ port: nano.port, host: HOSTS.echo });
  await runStep("WebSocket worker", async () => {
    kill("WebSocket worker");
    expect((await socket.ended).code).toBe(1012);
    const next = await RawWebSocket.open({ port: nano.port, host: HOSTS.echo });
    next.sendText("again");
    expect(await next.nextMessage()).toBe("again");
    next.destroy();
  });
});
