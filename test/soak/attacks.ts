/**
 * Mixed load at a steady rate on a NANO's well-behaved apps, while attacks of the corpus arrive at random: what failed, what was not contained,
 * and what is held afterwards beside what was held before.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { AttackTarget } from "../attacks/harness/attack.ts";
import type { NamedAttack } from "../attacks/harness/corpus.ts";
import { type EchoingSockets, loadNeighbours, type NeighbourReport } from "../attacks/harness/neighbours.ts";
import { strikeOnce } from "../attacks/harness/run-attack.ts";
import { createMix } from "../support/load-mix.ts";
import type { NanoProcess } from "../support/nano-process.ts";
import { type LoadFailure, type LoadReport, runLoad } from "../support/open-loop.ts";
import type { ProcessKind } from "../support/process-table.ts";
import type { Arrival } from "./attack-draw.ts";
import { findGrown, type Holdings, look } from "./holdings.ts";
import type { ProcessWatch } from "./process-watch.ts";

/** Of what each neighbour gets, beside that. */
const MIX_RATIO = 0.3;
/** One request of the mix in so many: some three are alive at a time. */
const STREAM_EVERY = 100;
/** The load is made in pieces of this length, each reported when its last request has ended; the next has begun by then. */
const PIECE_MS = 60_000;
const WARM_UP_MS = 10_000;
/** Longer than workers for connections, and those of apps in quarantine, outlive their last use. */
const SETTLE_MS = 90_000;
const LOOK_EVERY_MS = 500;
/** In a row: workers report once a second. */
const CALM_LOOKS = 4;
const MAX_FAILURES_KEPT = 100;
/** What an attack got whose process or isolate another attack ended, or that found none: nothing. */
const ENDED_BY_ANOTHER =
  /^(?:502 (?:worker_lost|isolate_lost)|503 (?:quarantined|websocket_held_back|no_worker)|1012|was not greeted|threw (?:connect E|Nothing serves))/;
const MIB = 1024 * 1024;

export interface AttackSoakOptions {
  readonly sockets: EchoingSockets;
  readonly hosts: readonly string[];
  readonly durationMs: number;
  /** Of each neighbour. */
  readonly requestsPerSecond: number;
  nextArrival(): Arrival;
  aim(attack: NamedAttack): AttackTarget;
  onProgress(line: string): void;
}

/** One arrival of an attack. */
export interface Strike {
  readonly id: string;
  readonly atMs: number;
  readonly tookMs: number;
  readonly what: string;
  readonly isContained: boolean;
  /** What it does to its process: see `Attack`. */
  readonly harm: NamedAttack["harm"];
}

/** A piece of the load. */
export interface SoakPiece {
  readonly requestCount: number;
  readonly failedCount: number;
  readonly lostCount: number;
  /** Of those, requests that may run again: each was inside a worker when that died. */
  readonly suspectCount: number;
  readonly p99Ms: number;
  readonly brokenSocketCount: number;
}

export interface AttackSoakResult {
  readonly elapsedMs: number;
  readonly pieces: readonly SoakPiece[];
  readonly requestCount: number;
  readonly failedCount: number;
  /** The first of them. */
  readonly failures: readonly LoadFailure[];
  readonly lostCount: number;
  readonly suspectCount: number;
  readonly lost: readonly LoadFailure[];
  readonly brokenSockets: readonly string[];
  readonly strikes: readonly Strike[];
  readonly before: Holdings;
  readonly after: Holdings;
}

interface Tally {
  readonly pieces: SoakPiece[];
  readonly failures: LoadFailure[];
  readonly lost: LoadFailure[];
  readonly brokenSockets: string[];
  readonly strikes: Strike[];
}

/** @param watch of that NANO, which goes on afterwards */
export async function soakWithAttacks(
  nano: NanoProcess,
  watch: ProcessWatch,
  options: AttackSoakOptions,
): Promise<AttackSoakResult> {
  const { sockets, hosts, durationMs, onProgress } = options;
  const load = (forMs: number): Promise<PieceLoads> => loadPiece(nano, options, forMs);
  const tally: Tally = { pieces: [], failures: [], lost: [], brokenSockets: [], strikes: [] };
  const letGo = (): void => {
    sockets.close();
    nano.dropConnections();
  };

  await load(Math.min(WARM_UP_MS, durationMs));
  // What holds an app holds it from now on.
  for (const host of hosts) await nano.ask(host);
  letGo();
  const before = await settle(nano, null);

  const startMs = performance.now();
  const isOver = (): boolean => performance.now() - startMs >= durationMs;
  const striking = strikeUntil(isOver, options, tally, startMs);
  const loading: Promise<void>[] = [];
  for (let beganMs = 0; beganMs < durationMs; beganMs += PIECE_MS) {
    await delay(Math.max(0, startMs + beganMs - performance.now()));
    const pieceMs = Math.min(PIECE_MS, durationMs - beganMs);
    loading.push(
      load(pieceMs).then((loads) => {
        addPiece(tally, loads, beganMs);
        onProgress(describeProgress(beganMs + pieceMs, tally, watch.residentByKind()));
      }),
    );
  }
  await Promise.all([striking, ...loading]);
  const elapsedMs = performance.now() - startMs;
  watch.endSamples();
  letGo();
  const after = await settle(nano, before);
  const sum = (of: (piece: SoakPiece) => number): number => tally.pieces.reduce((total, piece) => total + of(piece), 0);
  return {
    elapsedMs,
    ...tally,
    requestCount: sum(({ requestCount }) => requestCount),
    failedCount: sum(({ failedCount }) => failedCount),
    lostCount: sum(({ lostCount }) => lostCount),
    suspectCount: sum(({ suspectCount }) => suspectCount),
    before,
    after,
  };
}

interface PieceLoads {
  readonly neighbours: NeighbourReport;
  readonly mix: LoadReport;
}

async function loadPiece(
  nano: NanoProcess,
  { sockets, requestsPerSecond }: AttackSoakOptions,
  durationMs: number,
): Promise<PieceLoads> {
  const shot = createMix({ ask: (...request) => nano.ask(...request), streamEvery: STREAM_EVERY });
  const [neighbours, mix] = await Promise.all([
    loadNeighbours(nano, { sockets, durationMs, requestsPerSecond }),
    runLoad({ requestsPerSecond: requestsPerSecond * MIX_RATIO, durationMs, shot }),
  ]);
  return { neighbours, mix };
}

function addPiece(tally: Tally, { neighbours, mix }: PieceLoads, beganMs: number): void {
  const loads = [neighbours.quick, neighbours.waiting, mix];
  const sum = (of: (load: LoadReport) => number): number => loads.reduce((total, load) => total + of(load), 0);
  tally.pieces.push({
    requestCount: sum(({ requests }) => requests),
    failedCount: sum(({ failures }) => failures.length),
    lostCount: sum(({ lost }) => lost.length),
    suspectCount: sum(({ lost }) => lost.filter(isSuspect).length),
    p99Ms: Math.max(...loads.map(({ p99Ms }) => p99Ms)),
    brokenSocketCount: neighbours.brokenSockets.length,
  });
  tally.brokenSockets.push(...neighbours.brokenSockets);
  for (const kind of ["failures", "lost"] as const) {
    const room = MAX_FAILURES_KEPT - tally[kind].length;
    const found = loads.flatMap((load) => load[kind]).slice(0, Math.max(0, room));
    tally[kind].push(...found.map((each) => ({ ...each, atMs: each.atMs + beganMs })));
  }
}

function isSuspect({ name, what }: LoadFailure): boolean {
  return name !== "upload" && what.startsWith("502");
}

/** Answers when the last arrival has ended. */
async function strikeUntil(
  isOver: () => boolean,
  { nextArrival, aim }: AttackSoakOptions,
  { strikes }: Tally,
  startMs: number,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  const strike = async (attack: NamedAttack): Promise<void> => {
    const beganMs = performance.now();
    const { isContained, what } = await strikeOnce(attack, aim(attack));
    strikes.push({
      id: attack.id,
      atMs: Math.round(beganMs - startMs),
      tookMs: performance.now() - beganMs,
      what,
      harm: attack.harm,
      isContained: isContained || ENDED_BY_ANOTHER.test(what),
    });
  };
  for (;;) {
    const { attack, pauseMs } = nextArrival();
    await delay(pauseMs);
    if (isOver()) break;
    const struck = strike(attack);
    underWay.add(struck);
    void struck.then(() => underWay.delete(struck));
  }
  await Promise.all(underWay);
}

function describeProgress(
  elapsedMs: number,
  { pieces, strikes }: Tally,
  resident: ReadonlyMap<ProcessKind, readonly number[]>,
): string {
  const piece = pieces.at(-1);
  const memory = [...resident].map(
    ([kind, bytes]) => `${kind} ${bytes.map((each) => Math.round(each / MIB)).join("+")}`,
  );
  const contained = strikes.filter(({ isContained }) => isContained).length;
  return (
    `${Math.round(elapsedMs / 1000)} s: ${piece?.requestCount ?? 0} requests, ${piece?.failedCount ?? 0} failed, ` +
    `${piece?.lostCount ?? 0} lost with their process, p99 ${Math.round(piece?.p99Ms ?? 0)} ms; ` +
    `${contained} of ${strikes.length} attacks contained; resident MB: ${memory.join(", ")}`
  );
}

/** What is held once nothing is above what was, or what there is after `SETTLE_MS`. */
async function settle(nano: NanoProcess, before: Holdings | null): Promise<Holdings> {
  const deadlineMs = performance.now() + SETTLE_MS;
  let calmCount = 0;
  for (;;) {
    await delay(LOOK_EVERY_MS);
    const held = await look(nano);
    const isSettled = held.runningCount === 0 && (before === null || findGrown(before, held).length === 0);
    calmCount = isSettled ? calmCount + 1 : 0;
    if (calmCount >= CALM_LOOKS || performance.now() > deadlineMs) return held;
  }
}
