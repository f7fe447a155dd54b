/** The scripts of builds, called: who asks, for which version, under which bounds. */
import type { VersionId } from "@nano/protocol/brands";
import { canonicalJson } from "@nano/protocol/canonical-json";
import { parseBuildEvent } from "@nano/protocol/record-schema";
import type { BuildEvent, BuildJob } from "@nano/protocol/records";
import { boundBuildEvent, MAX_EVENTS_PER_BUILD } from "./build-events.ts";
import type { BuildOutcome } from "./build-queue.ts";
import {
  buildScriptKeys,
  ENQUEUE_BUILD,
  FINISH_BUILD,
  READ_BUILD,
  REPORT_BUILD,
  REQUEUE_BUILD,
  TAKE_BUILD,
} from "./build-scripts.ts";
import { errors } from "./errors.ts";
import type { JobClaim, NumberedBuildEvent } from "./job-ledger.ts";
import type { RedisClient, RedisScript } from "./redis-client.ts";
import type { RedisKeys } from "./redis-keys.ts";

/** How often a job is given to a builder before it is given up. */
export const MAX_ATTEMPTS = 3;
/** Bytes of events kept of one build; older ones leave first. They are in the server's memory. */
export const MAX_EVENT_BYTES_PER_BUILD = 1024 * 1024;
/** How long the events of a build are kept after its end. */
export const ENDED_EVENTS_MS = 24 * 3_600_000;
const READ_BATCH_COUNT = 100;

export interface BuildRecordLimits {
  readonly openBuildCount: number;
  readonly endedBuildCount: number;
}

export interface BuildReading {
  readonly isOpen: boolean;
  /** Names its job in BullMQ; empty where the build is not known. */
  readonly run: string;
  readonly job: string;
  readonly events: readonly NumberedBuildEvent[];
}

type Answer = readonly [kind: string, ...rest: string[]];
type Arguments = readonly (string | number)[];

const APPEND_BOUNDS: Arguments = [MAX_EVENTS_PER_BUILD, MAX_EVENT_BYTES_PER_BUILD];

function eventText(event: BuildEvent): string {
  return JSON.stringify(boundBuildEvent(event));
}

export class BuildRecords {
  readonly #client: RedisClient;
  readonly #keys: RedisKeys;
  readonly #limits: BuildRecordLimits;

  constructor(client: RedisClient, keys: RedisKeys, limits: BuildRecordLimits) {
    this.#client = client;
    this.#keys = keys;
    this.#limits = limits;
  }

  /** The run that is open now; null where the job is built only once, and has been. @throws STORE_QUEUE_FULL, STORE_LOST */
  async enqueue(job: BuildJob, newRun: string): Promise<string | null> {
    const limitCount = this.#limits.openBuildCount;
    const args = [newRun, canonicalJson(job), limitCount, job.queuedAt === undefined ? "" : "1"];
    const [kind, value = ""] = await this.#run("enqueue", ENQUEUE_BUILD, job.version, args);
    if (kind === "ended") return null;
    if (kind === "full") throw errors.QUEUE_FULL({ queuedCount: Number(value), limitCount });
    return value;
  }

  /** The job, or null where that run has ended, if only now because its builders were lost too often. */
  async take(claim: JobClaim, run: string): Promise<string | null> {
    const { version, token } = claim;
    const { wire } = errors.BUILDER_LOST({ version, attemptCount: MAX_ATTEMPTS });
    const lost = eventText({ type: "failed", error: wire });
    const args = [run, token, MAX_ATTEMPTS, lost, ...APPEND_BOUNDS, ...this.#finishBounds()];
    const [kind, job = ""] = await this.#run("take", TAKE_BUILD, version, args);
    return kind === "ok" ? job : null;
  }

  /** @throws STORE_JOB_LOST, STORE_LOST */
  async report(claim: JobClaim, events: readonly BuildEvent[]): Promise<void> {
    const args = [claim.token, ...APPEND_BOUNDS, ...events.map(eventText)];
    refuseLost(claim, await this.#run("report", REPORT_BUILD, claim.version, args));
  }

  /** @throws STORE_JOB_LOST, STORE_LOST */
  async finish(claim: JobClaim, outcome: BuildOutcome): Promise<void> {
    const args = [claim.token, eventText(outcome), ...APPEND_BOUNDS, ...this.#finishBounds()];
    refuseLost(claim, await this.#run("outcome", FINISH_BUILD, claim.version, args));
  }

  /** Queues it again as if it had not been taken. @throws STORE_JOB_LOST, STORE_LOST */
  async release(claim: JobClaim): Promise<void> {
    const args = [claim.token, "0", MAX_ATTEMPTS, ...APPEND_BOUNDS, ""];
    refuseLost(claim, await this.#run("release", REQUEUE_BUILD, claim.version, args));
  }

  /** Queues it for another attempt: how many there were, or null where none is left. @throws STORE_JOB_LOST, STORE_LOST */
  async retry(claim: JobClaim, why: BuildEvent): Promise<number | null> {
    const args = [claim.token, "1", MAX_ATTEMPTS, ...APPEND_BOUNDS, eventText(why)];
    const answer = await this.#run("retry", REQUEUE_BUILD, claim.version, args);
    refuseLost(claim, answer);
    return answer[0] === "ok" ? Number(answer[1]) : null;
  }

  async read(version: VersionId, afterSeq: number): Promise<BuildReading> {
    const [state, run = "", job = "", ...rest] = await this.#run("build events", READ_BUILD, version, [
      afterSeq,
      READ_BATCH_COUNT,
    ]);
    const events: NumberedBuildEvent[] = [];
    for (let index = 0; index < rest.length; index += 2) {
      const event = parseEvent(rest[index + 1] as string);
      if (event !== null) events.push({ seq: Number(rest[index]), event });
    }
    return { isOpen: state === "queued" || state === "building", run, job, events };
  }

  #finishBounds(): Arguments {
    return [this.#limits.endedBuildCount, this.#keys.buildEvents, ENDED_EVENTS_MS];
  }

  async #run(what: string, script: RedisScript, version: VersionId, args: Arguments): Promise<Answer> {
    const keys = buildScriptKeys(this.#keys, version);
    const all = [this.#keys.wakeChannel, version, ...args];
    return (await this.#client.ask(what, () => script.run(this.#client, keys, all))) as Answer;
  }
}

/** Null where a newer build wrote it, or it is damaged: the others are told. */
function parseEvent(text: string): BuildEvent | null {
  try {
    return parseBuildEvent(JSON.parse(text));
  } catch {
    return null;
  }
}

function refuseLost(claim: JobClaim, [kind]: Answer): void {
  if (kind === "lost") throw errors.JOB_LOST({ version: claim.version });
}
