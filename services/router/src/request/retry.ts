/** Whether a request whose worker was lost runs again. Pure: the facts come in, the decision comes out. */
import type { NanoError } from "@nano/protocol/errors";
import type { PostmortemAnswer } from "@nano/protocol/messages";
import { errors } from "../errors.ts";

/** A request that outlived this many workers has had its chances. Several apps that end theirs within seconds take those who wait from one to the next. */
export const MAX_LOST_WORKERS = 8;
/** Where nobody can say whose fault a loss is, an idempotent request has one more chance: it may be what its executor died of. */
export const MAX_UNEXPLAINED_LOSSES = 1;

export interface LossFacts {
  readonly streamId: number;
  /** Whether any byte of it may have left this process. */
  readonly wasWritten: boolean;
  /** What the supervisor said; null: nothing, in time. Not asked where nothing was written. */
  readonly postmortem: PostmortemAnswer | null;
  readonly isIdempotent: boolean;
  /** The body is empty, or what came of it is still kept whole. */
  readonly isReplayable: boolean;
  /** Workers that this request has lost, this one included. */
  readonly lostCount: number;
}

/** Null: run it again, elsewhere or on the replacement. Otherwise what to answer. */
export function decideAfterLoss(facts: LossFacts): NanoError | null {
  if (!facts.isReplayable) return errors.WORKER_LOST({ why: "its body was not kept whole" });
  if (facts.lostCount >= MAX_LOST_WORKERS)
    return errors.WORKER_LOST({ why: `${facts.lostCount} workers were lost under it` });
  if (!facts.wasWritten) return null;
  const { postmortem, streamId } = facts;
  if (postmortem === null) {
    if (facts.isIdempotent && facts.lostCount <= MAX_UNEXPLAINED_LOSSES) return null;
    return errors.WORKER_LOST({ why: "nobody could say whether it had begun" });
  }
  if (postmortem.suspect === streamId) return errors.WORKER_LOST({ why: "it was running when the worker died" });
  if (postmortem.entered.includes(streamId)) return errors.WORKER_LOST({ why: "it had begun and is not idempotent" });
  return null;
}
