/** What an app's start costs, in words for its author. */
import type { StartCost } from "@nano/isolate/measure-start";
import type { IsolationMode } from "@nano/protocol/manifest";
import type { SliverManifest } from "@nano/sliver/sliver-manifest";

/** Above this, an app in `request` mode is told what its fresh context costs. */
export const REQUEST_MODE_CONTEXT_LIMIT_MS = 5;
const KIB = 1024;

/** One line at the end of a build. */
export function describeCost(manifest: SliverManifest): string {
  const { rung, initMs, snapshotBytes, restoreMs = 0, contextMs = 0, contextBytes = 0 } = manifest;
  const snapshot = snapshotBytes === 0 ? "no snapshot" : `snapshot ${kibOf(snapshotBytes)}`;
  return (
    `Starts from ${rung}: top level ${initMs.toFixed(1)} ms, ${snapshot}, isolate ${restoreMs.toFixed(2)} ms, ` +
    `each context ${contextMs.toFixed(2)} ms and ${kibOf(contextBytes)}`
  );
}

export function contextAdvice(isolation: IsolationMode, { contextMs, contextBytes }: StartCost): string[] {
  if (isolation !== "request" || contextMs <= REQUEST_MODE_CONTEXT_LIMIT_MS) return [];
  return [
    `A fresh context of this app costs ${contextMs.toFixed(1)} ms and ${kibOf(contextBytes)} for each request, more than ` +
      `${REQUEST_MODE_CONTEXT_LIMIT_MS} ms: build less at the top level, or set isolation to "app"`,
  ];
}

function kibOf(bytes: number): string {
  return `${Math.round(bytes / KIB)} KiB`;
}
