/**
 * The build queue in the registry's own process, over SQLite.
 *
 * I1 Jobs, attempts, tokens and events are in the file: a registry that returns goes on with them.
 * I2 Claims are in memory: after a restart every job that was building has one claim's time to be reported on, unless its builder's process
 *    is known to be gone. A builder that ends without a word loses its job when that is seen, not when its claim runs out.
 * I3 A job that ended keeps its events until `endedBuildCount` newer ones have ended.
 */
import { randomUUID } from "node:crypto";
import type { StatementSync } from "node:sqlite";
import type { VersionId } from "@nano/protocol/brands";
import { canonicalJson } from "@nano/protocol/canonical-json";
import type { BuildEvent, BuildJob } from "@nano/protocol/records";
import { boundBuildEvent, MAX_EVENTS_PER_BUILD } from "./build-events.ts";
import { type BuildOutcome, type BuildQueue, isOutcome } from "./build-queue.ts";
import { errors } from "./errors.ts";
import type { JobClaim, JobLedger, NumberedBuildEvent, TakenJob } from "./job-ledger.ts";
import { LeaseTable } from "./lease-table.ts";
import { isProcessGone, ownIdentity } from "./process-identity.ts";
import { type RunJob, runJobs } from "./run-jobs.ts";
import type { StoreDatabase } from "./store-database.ts";
import { WakeSignal } from "./wake-signal.ts";

/** How often a job is given to a builder before it is given up. */
export const MAX_ATTEMPTS = 3;
/** How long a take waits for a job before it answers that there is none. */
const TAKE_WAIT_MS = 20_000;
/** How soon it is seen that a builder's process has ended. */
const HOLDER_CHECK_MS = 1_000;
/** Between what is secret of a token and whose it is. */
const HOLDER_MARK = "@";

export interface EmbeddedQueueLimits {
  /** How long a builder that says nothing keeps its job. */
  readonly claimMs: number;
  readonly queuedBuildCount: number;
  readonly endedBuildCount: number;
}

export const DEFAULT_QUEUE_LIMITS: EmbeddedQueueLimits = {
  claimMs: 15_000,
  queuedBuildCount: 10_000,
  endedBuildCount: 1000,
};

interface BuildRow {
  readonly version: VersionId;
  readonly job: string;
  readonly state: "queued" | "building" | "ended";
  readonly attempts: number;
  readonly token: string | null;
}

interface EventRow {
  readonly seq: number;
  readonly event: string;
}

export class EmbeddedQueue implements BuildQueue, JobLedger {
  readonly #db: StoreDatabase;
  readonly #limits: EmbeddedQueueLimits;
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #claims: LeaseTable;
  readonly #queued = new WakeSignal();
  readonly #reported = new WakeSignal();
  readonly #closed = new AbortController();
  readonly #holderCheck: NodeJS.Timeout;

  constructor(db: StoreDatabase, limits: Partial<EmbeddedQueueLimits> = {}) {
    this.#db = db;
    this.#limits = { ...DEFAULT_QUEUE_LIMITS, ...limits };
    this.#statements = prepareStatements(db);
    this.#claims = new LeaseTable((versions) => {
      for (const version of versions) this.#loseBuilder(version as VersionId);
    });
    for (const { version } of this.#building()) this.#claims.renew(version, this.#limits.claimMs);
    this.#loseEndedBuilders();
    this.#holderCheck = setInterval(() => this.#loseEndedBuilders(), HOLDER_CHECK_MS).unref();
  }

  async enqueue(job: BuildJob): Promise<void> {
    this.#refuseClosed("enqueue");
    const text = canonicalJson(job);
    const isNew = this.#db.transact(() => {
      const found = this.#get(job.version);
      if (found !== undefined && found.state !== "ended") return false;
      if (job.queuedAt !== undefined && found?.job === text) return false;
      const { count } = this.#statements.countQueued.get() as { count: number };
      if (count >= this.#limits.queuedBuildCount) {
        throw errors.QUEUE_FULL({ queuedCount: count, limitCount: this.#limits.queuedBuildCount });
      }
      this.#statements.deleteEvents.run(job.version);
      this.#statements.deleteBuild.run(job.version);
      this.#statements.putBuild.run(job.version, text);
      return true;
    });
    if (isNew) this.#queued.wake();
  }

  takeJobs(run: RunJob, signal: AbortSignal): Promise<void> {
    return runJobs(this, run, AbortSignal.any([signal, this.#closed.signal]));
  }

  async *followBuild(version: VersionId, signal: AbortSignal): AsyncIterable<BuildEvent> {
    for await (const { event } of this.followEvents({ version, afterSeq: 0 }, signal)) yield event;
  }

  async *followEvents(
    from: { readonly version: VersionId; readonly afterSeq: number },
    signal: AbortSignal,
  ): AsyncIterable<NumberedBuildEvent> {
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    let seq = from.afterSeq;
    while (!signal.aborted) {
      this.#refuseClosed("build events");
      const rows = this.#statements.eventsAfter.all(from.version, seq) as unknown as EventRow[];
      for (const row of rows) {
        if (signal.aborted) return;
        seq = row.seq;
        const event = JSON.parse(row.event) as BuildEvent;
        yield { seq, event };
        if (isOutcome(event)) return;
      }
      if (rows.length > 0) continue;
      const build = this.#get(from.version);
      if (build === undefined || build.state === "ended") return;
      await this.#reported.wait(ended);
    }
  }

  async takeJob(signal: AbortSignal, holder: string | null = ownIdentity()): Promise<TakenJob | null> {
    this.#refuseClosed("take");
    const taken = this.#takeNow(holder);
    if (taken !== null) return taken;
    await this.#queued.wait(AbortSignal.any([signal, this.#closed.signal]), TAKE_WAIT_MS);
    return signal.aborted || this.#closed.signal.aborted ? null : this.#takeNow(holder);
  }

  async reportJob(claim: JobClaim, events: readonly BuildEvent[]): Promise<void> {
    this.#refuseClosed("report");
    this.#db.transact(() => {
      this.#refuseLost(claim);
      for (const event of events) {
        // An outcome comes by `finishJob` alone, so that there is exactly one.
        if (!isOutcome(event)) this.#putEvent(claim.version, event);
      }
    });
    this.#claims.renew(claim.version, this.#limits.claimMs);
    if (events.length > 0) this.#reported.wake();
  }

  async finishJob(claim: JobClaim, outcome: BuildOutcome): Promise<void> {
    this.#refuseClosed("outcome");
    this.#db.transact(() => {
      this.#refuseLost(claim);
      this.#end(claim.version, outcome);
    });
    this.#claims.forget(claim.version);
    this.#reported.wake();
  }

  async releaseJob(claim: JobClaim): Promise<void> {
    this.#refuseClosed("release");
    const { attempts } = this.#refuseLost(claim);
    this.#requeue(claim.version, attempts - 1);
  }

  async close(): Promise<void> {
    clearInterval(this.#holderCheck);
    this.#claims.close();
    this.#closed.abort();
  }

  #takeNow(holder: string | null): TakenJob | null {
    const row = this.#statements.nextQueued.get() as BuildRow | undefined;
    if (row === undefined) return null;
    const token = holder === null ? randomUUID() : `${randomUUID()}${HOLDER_MARK}${holder}`;
    this.#statements.setState.run("building", row.attempts + 1, token, row.version);
    this.#claims.renew(row.version, this.#limits.claimMs);
    return { job: JSON.parse(row.job) as BuildJob, token, renewEveryMs: Math.ceil(this.#limits.claimMs / 3) };
  }

  #requeue(version: VersionId, attempts: number): void {
    this.#claims.forget(version);
    this.#statements.setState.run("queued", attempts, null, version);
    this.#queued.wake();
  }

  #building(): BuildRow[] {
    return this.#statements.building.all() as unknown as BuildRow[];
  }

  #loseEndedBuilders(): void {
    for (const { version, token } of this.#building()) {
      const holder = token?.split(HOLDER_MARK)[1];
      if (holder === undefined || !isProcessGone(holder)) continue;
      this.#claims.forget(version);
      this.#loseBuilder(version);
    }
  }

  #loseBuilder(version: VersionId): void {
    const row = this.#get(version);
    if (row?.state !== "building") return;
    if (row.attempts < MAX_ATTEMPTS) {
      this.#requeue(version, row.attempts);
      return;
    }
    const { wire } = errors.BUILDER_LOST({ version, attemptCount: row.attempts });
    this.#db.transact(() => this.#end(version, { type: "failed", error: wire }));
    this.#reported.wake();
  }

  #end(version: VersionId, outcome: BuildOutcome): void {
    this.#putEvent(version, outcome);
    this.#statements.setState.run("ended", 0, null, version);
    const old = this.#statements.oldestEnded.all(this.#limits.endedBuildCount) as { version: string }[];
    for (const row of old) {
      this.#statements.deleteEvents.run(row.version);
      this.#statements.deleteBuild.run(row.version);
    }
  }

  #putEvent(version: VersionId, event: BuildEvent): void {
    this.#statements.putEvent.run(version, JSON.stringify(boundBuildEvent(event)));
    this.#statements.trimEvents.run(version, MAX_EVENTS_PER_BUILD);
  }

  #get(version: VersionId): BuildRow | undefined {
    return this.#statements.getBuild.get(version) as BuildRow | undefined;
  }

  #refuseLost(claim: JobClaim): BuildRow {
    const row = this.#get(claim.version);
    if (row?.state !== "building" || row.token !== claim.token) throw errors.JOB_LOST({ version: claim.version });
    return row;
  }

  #refuseClosed(what: string): void {
    if (this.#closed.signal.aborted) throw errors.LOST({ what, why: "the build queue is closed" });
  }
}

function prepareStatements(db: StoreDatabase) {
  const prepare = (text: string): StatementSync => db.sql.prepare(text);
  return {
    getBuild: prepare("SELECT version, job, state, attempts, token FROM builds WHERE version = ?"),
    countQueued: prepare("SELECT count(*) AS count FROM builds WHERE state = 'queued'"),
    putBuild: prepare("INSERT INTO builds (version, job, state) VALUES (?, ?, 'queued')"),
    deleteBuild: prepare("DELETE FROM builds WHERE version = ?"),
    nextQueued: prepare(
      "SELECT version, job, state, attempts, token FROM builds WHERE state = 'queued' ORDER BY position LIMIT 1",
    ),
    building: prepare("SELECT version, job, state, attempts, token FROM builds WHERE state = 'building'"),
    setState: prepare("UPDATE builds SET state = ?, attempts = ?, token = ? WHERE version = ?"),
    oldestEnded: prepare("SELECT version FROM builds WHERE state = 'ended' ORDER BY position DESC LIMIT -1 OFFSET ?"),
    eventsAfter: prepare("SELECT seq, event FROM build_events WHERE version = ? AND seq > ? ORDER BY seq LIMIT 100"),
    putEvent: prepare("INSERT INTO build_events (version, event) VALUES (?, ?)"),
    trimEvents: prepare(
      "DELETE FROM build_events WHERE seq IN (SELECT seq FROM build_events WHERE version = ? ORDER BY seq DESC LIMIT -1 OFFSET ?)",
    ),
    deleteEvents: prepare("DELETE FROM build_events WHERE version = ?"),
  };
}
