/** What one more kept version costs each process that follows a cell: it holds the records of all of them. By the code that follows, from text as Redis has it. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { EMPTY_STATE, type StoreState, stateFromSnapshot } from "@nano/control-store/store-state";
import type { StoreRecord } from "@nano/protocol/records";
import { recordsOf, versionRecords } from "./cluster-records.ts";

export interface KeptVersionCost {
  /** Of an app with one version, a build and two routes. */
  readonly appHeapBytes: number;
  /** Of one more version and its build. */
  readonly heapBytes: number;
  /** CPU of reading its records from their text. */
  readonly readUs: number;
  /** Of its records as text. */
  readonly textBytes: number;
}

interface Effort {
  readonly appCount: number;
  readonly versionsPerApp: number;
}

export function measureKeptVersions({ appCount, versionsPerApp }: Effort): KeptVersionCost {
  const apps = Array.from({ length: appCount }, (_, index) => index);
  const first = texts(apps.flatMap(recordsOf));
  const further = texts(
    apps.flatMap((index) =>
      Array.from({ length: versionsPerApp }, (_, deploy) => versionRecords(index, deploy + 1)).flat(),
    ),
  );
  const versionCount = appCount * versionsPerApp;
  // The first read compiles schemas.
  readAll(first);
  const { state: few, heapBytes: fewBytes } = held(() => readAll(first));
  const { state: many, heapBytes: manyBytes, readUs } = held(() => readAll([...first, ...further]));
  if (many.records.size - few.records.size !== further.length) throw new Error(`${many.records.size} records are left`);
  const { readUs: fewUs } = held(() => readAll(first));
  return {
    appHeapBytes: fewBytes / appCount,
    heapBytes: (manyBytes - fewBytes) / versionCount,
    readUs: (readUs - fewUs) / versionCount,
    textBytes: further.reduce((sum, text) => sum + text.length, 0) / versionCount,
  };
}

function texts(records: readonly StoreRecord[]): string[] {
  return records.map((record) => JSON.stringify(record));
}

function readAll(lines: readonly string[]): StoreState {
  const records = lines.map((line) => JSON.parse(line) as StoreRecord);
  return stateFromSnapshot(EMPTY_STATE, { epoch: "bench", seq: 1, records }).state;
}

/** What a state holds of the heap, and the CPU that reading it took. */
function held(read: () => StoreState): { state: StoreState; heapBytes: number; readUs: number } {
  const before = heapBytes();
  const start = process.cpuUsage();
  const state = read();
  const { user, system } = process.cpuUsage(start);
  return { state, heapBytes: heapBytes() - before, readUs: user + system };
}

function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
