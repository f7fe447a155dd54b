/** What finding app and worker costs a router, by its own classes over the records of a cell, with workers that are only names. */
import type { Link } from "@nano/link/link";
import type { AppName, NodeId, WorkerId } from "@nano/protocol/brands";
import { recordKey, type StoreChange } from "@nano/protocol/records";
import { CellRoutes } from "@nano/router/control/cell-routes";
import type { Cell } from "@nano/router/control/open-cells";
import { RoutingHolder } from "@nano/router/control/routing-holder";
import { Standby } from "@nano/router/control/standby";
import { TargetCanonicalizer } from "@nano/router/request/canonical-target";
import { WorkerSet } from "@nano/router/request/pick-worker";
import type { AskedWorkerSource } from "@nano/router/request/routing-state";
import { createSilentLogger } from "@nano/service-kit/logger";
import { toChanges } from "./cluster-records.ts";
import type { LookupEffort, LookupFigures } from "./cluster-router.ts";

const REQUESTS_PER_SAMPLE = 2_000;
const CHANGES_PER_SAMPLE = 100;
const CAPACITY_COUNT = 64;
/** An open link without requests: all that picking a worker looks at. */
const IDLE_LINK = { isOpen: true, streamCount: 0 } as Link;

/** Nothing here upgrades or is in quarantine. */
const NO_ASKED_WORKERS: AskedWorkerSource<string> = {
  pick: () => null,
  forget: () => undefined,
  waitForAnswer: () => Promise.resolve(),
};

interface Asked {
  readonly host: string;
  readonly path: string;
  readonly app: AppName;
}

export async function measureLookups({ store }: Cell, { rounds, workerCount }: LookupEffort): Promise<LookupFigures> {
  const snapshot = await store.loadSnapshot();
  const records = new Map(snapshot.records.map((record) => [recordKey(record), record]));
  const holder = new RoutingHolder();
  const workers = namedWorkers(workerCount);
  const cellRoutes = new CellRoutes({
    cell: { workers, webSocketWorkers: NO_ASKED_WORKERS, ownWorkers: NO_ASKED_WORKERS, isQuarantined: () => false },
    place: 0,
    holder,
    standby: new Standby({ prepareMs: 0, onEnd() {} }),
    logger: createSilentLogger(),
  });
  const apply = (changes: readonly StoreChange[]): void => cellRoutes.apply(changes, records, null);
  const tableStartMs = performance.now();
  apply(toChanges(snapshot.records));
  const tableMs = performance.now() - tableStartMs;

  const asked = snapshot.records.flatMap((record) =>
    record.kind === "route" ? [{ host: record.host, path: `${record.path}?page=1`, app: record.app }] : [],
  );
  // Neighbours in the snapshot are neighbours in memory, which requests are not.
  asked.sort((a, b) => (reversed(a.app) < reversed(b.app) ? -1 : 1));
  const targets = new TargetCanonicalizer("http");
  const appUs = sample(rounds, asked, ({ host, path, app }) => {
    const target = targets.canonicalize(path, host);
    const found = "refused" in target ? null : holder.find(target.host, target.path);
    if (found?.target.app !== app) throw new Error(`${host}${path} led to ${found?.target.app}, not to ${app}`);
  });
  const pick = (set: WorkerSet, app: AppName): void => {
    if (set.pick(app, 0, null) === null) throw new Error(`${app} got no worker`);
  };
  // Each sample on workers of its own, so that every app comes for the first time.
  const firstWorkerUs = Array.from({ length: Math.ceil(rounds / 10) }, () => {
    const set = namedWorkers(workerCount);
    return timeUs(REQUESTS_PER_SAMPLE, (count) => pick(set, `${asked[0]?.app}-${count}` as AppName));
  });
  const workerUs = sample(rounds, asked, ({ app }) => pick(workers, app));
  const changes = toChanges(snapshot.records.filter(({ kind }) => kind === "app" || kind === "route"));
  const changeUs = Array.from({ length: rounds }, (_, round) =>
    timeUs(CHANGES_PER_SAMPLE, (count) => {
      const change = changes[(round * CHANGES_PER_SAMPLE + count) % changes.length];
      if (change !== undefined) apply([change]);
    }),
  );
  return { appUs, workerUs, firstWorkerUs, tableMs, changeUs };
}

function namedWorkers(count: number): WorkerSet {
  return new WorkerSet(
    Array.from({ length: count }, (_, index) => ({
      id: `node-${index >> 1}-w${index & 1}` as WorkerId,
      nodeId: `node-${index >> 1}` as NodeId,
      supervisor: { address: "", credential: "" },
      link: IDLE_LINK,
      capacity: CAPACITY_COUNT,
      foreignCount: 0,
      askPostmortem: () => Promise.resolve(null),
    })),
  );
}

function sample(rounds: number, asked: readonly Asked[], run: (asked: Asked) => void): number[] {
  let at = 0;
  const next = (): void => {
    const each = asked[at];
    at = (at + 1) % asked.length;
    if (each !== undefined) run(each);
  };
  // Once through all of them uncounted.
  for (let count = 0; count < asked.length; count++) next();
  return Array.from({ length: rounds }, () => timeUs(REQUESTS_PER_SAMPLE, next));
}

function timeUs(count: number, run: (count: number) => void): number {
  const startMs = performance.now();
  for (let done = 0; done < count; done++) run(done);
  return ((performance.now() - startMs) * 1000) / count;
}

function reversed(text: string): string {
  return [...text].reverse().join("");
}
