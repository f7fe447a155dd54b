/**
 * What routers ask about dead workers: their recorders, kept for `TOMBSTONE_MS`, of at most `MAX_TOMBSTONES`.
 */
import type { WorkerId } from "@nano/protocol/brands";
import type { PostmortemAnswer, PostmortemQuestion } from "@nano/protocol/messages";
import { readEnteredStreams, readRunningEntries, recorderLinkId } from "../flight-recorder.ts";
import type { WorkerProcess } from "./worker-process.ts";

const TOMBSTONE_MS = 30_000;
export const MAX_TOMBSTONES = 64;
/** How long a postmortem waits for the end of a worker whose sockets are already gone. */
const DEATH_WAIT_MS = 800;

export class Tombstones {
  readonly #dead = new Map<WorkerId, WorkerProcess>();

  get(id: WorkerId): WorkerProcess | undefined {
    return this.#dead.get(id);
  }

  add(worker: WorkerProcess): void {
    this.#dead.set(worker.id, worker);
    setTimeout(() => this.#bury(worker), TOMBSTONE_MS).unref();
    for (const oldest of this.#dead.values()) {
      if (this.#dead.size <= MAX_TOMBSTONES) break;
      this.#bury(oldest);
    }
  }

  close(): void {
    for (const worker of this.#dead.values()) this.#bury(worker);
  }

  #bury(worker: WorkerProcess): void {
    if (this.#dead.delete(worker.id)) worker.bury();
  }
}

/** What became of the streams of a link to a worker that is lost; null: it lives on. */
export async function examineWorker(
  worker: WorkerProcess,
  question: PostmortemQuestion,
): Promise<PostmortemAnswer | null> {
  if (!worker.isGone && !(await endsWithin(worker, DEATH_WAIT_MS))) return null;
  const linkId = recorderLinkId(question.peer);
  const suspect = readRunningEntries(worker.recorderFd).find(
    (running) => running.linkId === linkId && question.streamIds.includes(running.streamId),
  );
  const entered = readEnteredStreams(worker.recorderFd, linkId);
  return {
    suspect: suspect?.streamId ?? 0,
    entered: entered === null ? question.streamIds : question.streamIds.filter((id) => entered.has(id)),
  };
}

/** The answer of the first that knows the worker; null: none does, or it lives on. */
export async function examineAny(
  pools: Iterable<{ examine(question: PostmortemQuestion): Promise<PostmortemAnswer | null> }>,
  question: PostmortemQuestion,
): Promise<PostmortemAnswer | null> {
  for (const pool of pools) {
    const answer = await pool.examine(question);
    if (answer !== null) return answer;
  }
  return null;
}

async function endsWithin(worker: WorkerProcess, waitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), waitMs);
  });
  const ended = await Promise.race([worker.exited.then(() => true), timeout]);
  clearTimeout(timer);
  return ended;
}
