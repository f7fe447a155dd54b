/**
 * `npm run soak:websocket -- [MINUTES] [--connections N] [--alive N]`: opens and closes connections of a NANO of its own, prints what that left,
 * and exits 1 where anything was wrong, or grew.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { report } from "../bench/report.ts";
import { formatBytes, formatCount } from "../bench/table.ts";
import { startSocketNano } from "../bench/websocket-servers.ts";
import { SOCKET_ENDS } from "./socket-life.ts";
import { findGrown, HELD_KEYS, type Holdings, type SocketSoakResult, soakSockets } from "./sockets.ts";

const FULL_MINUTES = 30;
const FULL_CONNECTIONS = 20_000;
const MAX_SLOPE_RATIO = 0.01;
/** From less time, the slope is of the beginning. */
const MIN_SLOPE_MS = 600_000;

const NAMES: Readonly<Record<(typeof HELD_KEYS)[number], string>> = {
  connections: "connections of the executor",
  routerConnections: "connections of the router",
  isolates: "isolates",
  routerDescriptors: "router: descriptors",
  routerThreads: "router: threads",
  workerDescriptors: "WebSocket worker: descriptors",
  workerThreads: "WebSocket worker: threads",
  otherDescriptors: "other processes: descriptors",
  otherThreads: "other processes: threads",
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { alive: { type: "string", default: "50" }, connections: { type: "string" } },
});
const minutes = countOf("MINUTES", positionals[0] ?? String(FULL_MINUTES));
const aliveCount = countOf("--alive", values.alive);
// At the same rate, however long.
const connectionCount = countOf(
  "--connections",
  values.connections ?? String(Math.ceil((FULL_CONNECTIONS * minutes) / FULL_MINUTES)),
);

const directory = mkdtempSync(join(tmpdir(), "nano-sockets-"));
try {
  const nano = await startSocketNano(directory, { threads: ["shared", "dedicated"], maxConnections: 10 * aliveCount });
  try {
    const onProgress = (line: string): void => void process.stdout.write(`${line}\n`);
    const options = { connectionCount, aliveCount, durationMs: minutes * 60_000, onProgress };
    process.exitCode = show(await soakSockets(nano, options)) ? 0 : 1;
  } finally {
    await nano.close();
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** Whether all is right. */
function show(result: SocketSoakResult): boolean {
  const { before, after, wrong, wrongCount, counts, elapsedMs, slopeRatioPerTenMinutes: slope } = result;
  const grown = findGrown(before, after);
  const isRecycled = after.workerPids.join() !== before.workerPids.join();
  const isSlopeJudged = elapsedMs >= MIN_SLOPE_MS && !isRecycled;
  const isSteep = isSlopeJudged && !(slope <= MAX_SLOPE_RATIO);
  const row = (name: string, of: (held: Holdings) => string, note = ""): string[] => [
    name,
    of(before),
    of(after),
    note,
  ];
  const open = result.after.connections + result.after.routerConnections;
  report(connectionCount === FULL_CONNECTIONS ? "soak-websocket" : "soak-websocket-short", {
    title: `websocket, soak: ${formatCount(connectionCount)} connections opened and closed in ${(elapsedMs / 60_000).toFixed(1)} minutes, ${aliveCount} alive, ${formatCount(result.dedicatedCount)} of them of an app with threads of their own`,
    head: ["", "before", "after", ""],
    rows: [
      ...SOCKET_ENDS.map((end) => [`ended: ${end}`, "", formatCount(counts[end]), ""]),
      ["wrong", "", formatCount(wrongCount), wrongCount === 0 ? "" : "wrong"],
      ...HELD_KEYS.map((key) => row(NAMES[key], (held) => formatCount(held[key]), grown.includes(key) ? "grown" : "")),
      row("WebSocket worker: memory", ({ workerBytes }) => formatBytes(workerBytes), isRecycled ? "recycled" : ""),
      [
        "its slope over the last half, per 10 minutes",
        "",
        Number.isFinite(slope) ? `${(slope * 100).toFixed(2)} %` : "–",
        isSteep ? "above 1 %" : isSlopeJudged ? "" : "not judged",
      ],
    ],
    data: result,
  });
  for (const line of wrong) process.stdout.write(`wrong: ${line}\n`);
  return wrongCount === 0 && grown.length === 0 && open === 0 && !isSteep;
}

function countOf(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value >= 0) return value;
  process.stderr.write(`${name} is no number: ${text}\n`);
  process.exit(2);
}
