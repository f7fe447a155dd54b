/** What a soak with attacks showed, as tables, and what of it is wrong. */
import { SOCKET_COUNT } from "../attacks/harness/neighbours.ts";
import { formatTable } from "../bench/table.ts";
import type { LoadFailure } from "../support/open-loop.ts";
import { processKinds } from "../support/process-table.ts";
import type { AttackSoakResult, Strike } from "./attacks.ts";
import { findGrown, type Holdings } from "./holdings.ts";
import { type ProcessLife, slopeOf } from "./process-watch.ts";

const MAX_SLOPE_RATIO = 0.01;
/** Lines of one kind. */
const MAX_LINES = 20;
/** Its code, at the begin of what is said of a socket. */
const PROCESS_LOST = "1012";
const MIB = 1024 * 1024;

export interface AttackVerdict {
  readonly summary: string;
  /** What is not as it must be. */
  readonly wrong: readonly string[];
}

export interface JudgedSoak {
  readonly result: AttackSoakResult;
  readonly lives: readonly ProcessLife[];
  /** Processes that outlived NANO. */
  readonly left: readonly ProcessLife[];
}

export function judgeAttackSoak({ result, lives, left }: JudgedSoak): AttackVerdict {
  const { strikes, requestCount, failedCount, lostCount, suspectCount, failures, brokenSockets, before, after } =
    result;
  const free = strikes.filter(({ isContained }) => !isContained);
  const deadCount = lives.filter((life) => life.kind === "worker" && !life.isAlive).length;
  const steep = lives.filter((life) => life.isAlive && isWorker(life) && (slopeOf(life) ?? 0) > MAX_SLOPE_RATIO);
  const wrong = [
    ...describeFailures(failures),
    ...(failedCount > failures.length ? [`${failedCount} requests failed in all`] : []),
    ...(suspectCount > deadCount
      ? [`${suspectCount} requests that may run again were lost with workers, of which ${deadCount} have ended`]
      : []),
    ...describeBroken(brokenSockets, strikes),
    ...free.slice(0, MAX_LINES).map(({ id, atMs, what }) => `${id} was not contained at ${atMs} ms: ${what}`),
    ...steep.map((life) => `memory of ${nameOf(life)} grows by ${percent(slopeOf(life))} per 10 minutes`),
    ...findGrown(before, after),
    ...left.map((life) => `${nameOf(life)} was left`),
  ];
  const summary =
    `${requestCount} requests in ${(result.elapsedMs / 60_000).toFixed(1)} minutes, ${failedCount} failed, ` +
    `${lostCount} lost with the process or isolate that they were in, ${brokenSockets.length} sockets closed; ` +
    `${strikes.length} attacks, ${strikes.length - free.length} contained; ${left.length} processes left`;
  return { summary, wrong };
}

/** A process of connections takes those of its apps with it, once for each app that ends it: from then on that has one to itself. */
function describeBroken(brokenSockets: readonly string[], strikes: readonly Strike[]): string[] {
  const restarted = brokenSockets.filter((what) => what.startsWith(PROCESS_LOST));
  const killers = new Set(strikes.flatMap(({ id, harm }) => (harm === undefined ? [] : [id])));
  const allowedCount = SOCKET_COUNT * killers.size;
  return [
    ...brokenSockets
      .filter((what) => !restarted.includes(what))
      .slice(0, MAX_LINES)
      .map((what) => `a neighbour's socket closed: ${what}`),
    ...(restarted.length > allowedCount
      ? [`${restarted.length} sockets of a neighbour closed with their process, where ${allowedCount} may`]
      : []),
  ];
}

/** By their kinds. */
function describeFailures(failures: readonly LoadFailure[]): string[] {
  const kinds = Map.groupBy(failures, ({ name, what }) => `${name}: ${what.split("\n")[0]}`);
  return [...kinds].slice(0, MAX_LINES).map(([kind, [first, ...others]]) => {
    return `${others.length + 1} requests failed, the first at ${first?.atMs} ms: ${kind}`;
  });
}

export function showAttackSoak(result: AttackSoakResult, lives: readonly ProcessLife[]): string {
  return [tableOfAttacks(result.strikes), tableOfProcesses(lives), tableOfHoldings(result)].join("\n\n");
}

function tableOfAttacks(strikes: readonly Strike[]): string {
  const byId = [...Map.groupBy(strikes, ({ id }) => id)].sort(([a], [b]) => a.localeCompare(b));
  const rows = byId.map(([id, all]) => {
    const tookMs = all.map((strike) => strike.tookMs).sort((a, b) => a - b);
    const outcomes = [...Map.groupBy(all, ({ what }) => what)].map(([what, of]) => `${of.length} × ${what}`);
    const isWrong = all.some(({ isContained }) => !isContained);
    return [
      id,
      String(all.length),
      outcomes.join(", "),
      `${Math.round(tookMs[Math.floor(tookMs.length / 2)] ?? 0)} ms, at most ${Math.round(tookMs.at(-1) ?? 0)} ms`,
      isWrong ? "wrong" : "",
    ];
  });
  return formatTable(["attack", "arrivals", "outcomes", "contained in", ""], rows);
}

/** Those that lived until the end, and how many of each kind came before them. */
function tableOfProcesses(lives: readonly ProcessLife[]): string {
  const endMs = Math.max(0, ...lives.map(({ samples }) => samples.at(-1)?.elapsedMs ?? 0));
  const rows = processKinds.flatMap((kind) => {
    const all = lives.filter((life) => life.kind === kind);
    const alive = all.filter(({ isAlive }) => isAlive);
    return alive.map((life, at) => {
      const bytes = life.samples.map(({ residentBytes }) => residentBytes);
      return [
        nameOf(life),
        at === 0 ? String(all.length - alive.length) : "",
        `${((endMs - life.bornMs) / 60_000).toFixed(1)} min`,
        mb(bytes[0]),
        mb(Math.max(0, ...bytes)),
        mb(bytes.at(-1)),
        percent(slopeOf(life)),
      ];
    });
  });
  return formatTable(
    ["process", "ended before", "lived", "first MB", "most MB", "last MB", "slope per 10 minutes, last half"],
    rows,
  );
}

function tableOfHoldings({ before, after }: AttackSoakResult): string {
  const counts: readonly (readonly [string, keyof Holdings & `${string}Count`])[] = [
    ["workers", "workerCount"],
    ["isolates in caches", "isolateCount"],
    ["isolates that live", "liveIsolateCount"],
    ["requests in isolates", "runningCount"],
    ["WebSocket connections", "connectionCount"],
  ];
  const rows = [
    ...processKinds.map((kind) => [
      `descriptors, ${kind}`,
      String(before.descriptors[kind] ?? "–"),
      String(after.descriptors[kind] ?? "–"),
    ]),
    ...counts.map(([name, key]) => [name, String(before[key]), String(after[key])]),
  ];
  return formatTable(["held at rest", "before", "after"], rows);
}

function isWorker({ kind }: ProcessLife): boolean {
  return kind === "worker" || kind === "WebSocket worker";
}

function nameOf({ kind, pid }: ProcessLife): string {
  return `${kind} ${pid}`;
}

function mb(bytes = 0): string {
  return (bytes / MIB).toFixed(1);
}

/** Null: it served for too short a time. */
function percent(ratio: number | null): string {
  return ratio === null ? "–" : `${(ratio * 100).toFixed(2)} %`;
}
