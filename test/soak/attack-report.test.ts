import { expect, test } from "vitest";
import { type JudgedSoak, judgeAttackSoak } from "./attack-report.ts";
import type { AttackSoakResult, Strike } from "./attacks.ts";
import type { Holdings } from "./holdings.ts";
import type { ProcessLife } from "./process-watch.ts";

const MIB = 1024 * 1024;
const held: Holdings = {
  descriptors: { router: 30, worker: 33 },
  workerCount: 4,
  socketWorkerCount: 1,
  isolateCount: 10,
  liveIsolateCount: 11,
  runningCount: 0,
  connectionCount: 0,
};
const strike: Strike = {
  id: "killers/x",
  atMs: 1,
  tookMs: 1,
  what: "502 worker_lost",
  isContained: true,
  harm: "kills",
};
const result: AttackSoakResult = {
  elapsedMs: 60_000,
  pieces: [],
  requestCount: 100,
  failedCount: 0,
  failures: [],
  lostCount: 1,
  suspectCount: 1,
  lost: [],
  brokenSockets: [],
  strikes: [strike],
  before: held,
  after: held,
};

/** A worker that served for half an hour, and grew so much each minute. */
function workerThatGrew(bytesPerMinute: number, isAlive = true): ProcessLife {
  const samples = Array.from({ length: 30 }, (_, minute) => ({
    elapsedMs: minute * 60_000,
    residentBytes: 150 * MIB + minute * bytesPerMinute,
  }));
  return { pid: 7, kind: "worker", bornMs: 0, servesFromMs: 0, samples, isAlive };
}

const dead = workerThatGrew(0, false);

function findWrong(changes: Partial<AttackSoakResult>, others: Partial<JudgedSoak> = {}): readonly string[] {
  return judgeAttackSoak({ result: { ...result, ...changes }, lives: [workerThatGrew(0), dead], left: [], ...others })
    .wrong;
}

test("a soak in which nothing is wrong is found right, with what was lost in a worker that died", () => {
  expect(findWrong({})).toEqual([]);
  // Where their process died, for one attack that kills it; and a worker more than there was.
  expect(findWrong({ brokenSockets: ["1012 worker_lost", "1012 worker_lost"] })).toEqual([]);
  expect(findWrong({ after: { ...held, workerCount: 5, descriptors: { router: 46 } } })).toEqual([]);
  expect(findWrong({}, { lives: [workerThatGrew(0.1 * MIB), dead] })).toEqual([]);
});

test.each<[string, Partial<AttackSoakResult>, Partial<JudgedSoak>?]>([
  ["1 requests failed", { failedCount: 1, failures: [{ name: "named", atMs: 5, what: "503 queue_full" }] }],
  ["2 requests that may run again were lost", { suspectCount: 2 }],
  ["a neighbour's socket closed: 1006", { brokenSockets: ["1006"] }],
  ["5 sockets of a neighbour closed", { brokenSockets: Array.from({ length: 5 }, () => "1012") }],
  ["killers/x was not contained", { strikes: [{ ...strike, isContained: false, what: "200 escaped" }] }],
  ["descriptors of the router", { after: { ...held, descriptors: { router: 39 } } }],
  ["isolates: 12 live", { after: { ...held, liveIsolateCount: 12 } }],
  ["WebSocket connections: 1", { after: { ...held, connectionCount: 1 } }],
  ["memory of worker 7 grows by", {}, { lives: [workerThatGrew(0.3 * MIB), dead] }],
  ["worker 7 was left", {}, { left: [dead] }],
])("%s is wrong", (said, changes, others) => {
  const wrong = findWrong(changes, others);
  expect(wrong).toHaveLength(1);
  expect(wrong[0]).toContain(said);
});
