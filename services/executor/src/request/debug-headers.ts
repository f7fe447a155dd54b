/**
 * What an operator may have said of responses: which version answered, where, and how its isolate had started; of a file the first two. What the
 * platform answers itself, as at a limit, is no response of a version. Off unless `workers.debugHeaders` says so.
 */
import type { VersionId, WorkerId } from "@nano/protocol/brands";
import { encodeHeaderBlock, type HeaderBlock } from "@nano/protocol/messages";
import type { Rung } from "@nano/protocol/records";

/** `cold`: the request waited for a restore; `standby`: the isolate was restored, and nobody had asked it; `warm`: it had answered before. */
export type StartKind = "cold" | "standby" | "warm";

export interface DebugFacts {
  readonly versionId: VersionId;
  readonly workerId: WorkerId;
  readonly rung: Rung;
  readonly start: StartKind;
}

/** Of a file: no isolate answered. */
export function assetDebugHeaders({ versionId, workerId }: Pick<DebugFacts, "versionId" | "workerId">): HeaderBlock {
  return encodeHeaderBlock(["x-nano-version", versionId, "x-nano-worker", workerId]);
}

export function debugHeaders({ versionId, workerId, rung, start }: DebugFacts): HeaderBlock {
  return encodeHeaderBlock([
    ...["x-nano-version", versionId],
    ...["x-nano-worker", workerId],
    ...["x-nano-rung", rung],
    ...["x-nano-start", start],
  ]);
}
