/** Why a build failed. Messages are for the app's author unless the fault is the platform's. */
import { defineErrors } from "@nano/protocol/errors";
import type { Located } from "./build/locate-throw.ts";

const tenant = { fault: "tenant", retryable: false, httpStatus: 422, reason: "build_failed" } as const;
const platform = { fault: "platform", retryable: true, httpStatus: 500, reason: "build_failed" } as const;

function withPlace(text: string, { file, line, column, excerpt }: Located): string {
  return `${file === "" ? "" : `${file}:${line}:${column}: `}${text}${excerpt === "" ? "" : `\n${excerpt}`}`;
}

export const errors = defineErrors("BUILD", {
  INIT_THREW: {
    ...tenant,
    message: (d: Located & { error: string }) => withPlace(`Top level of the app threw: ${d.error}`, d),
  },
  INIT_TIMEOUT: {
    ...tenant,
    message: (d: { limitMs: number }) =>
      `Top level of the app ran longer than ${d.limitMs} ms: raise limits.init_time_ms or do less at the top level`,
  },
  INIT_MEMORY: {
    ...tenant,
    message: (d: { limitBytes: number }) =>
      `Top level of the app exceeded its memory limit of ${d.limitBytes} bytes: raise limits.memory_mb or hold less`,
  },
  INIT_FETCHED: {
    ...tenant,
    message: (d: Located & { url: string }) =>
      withPlace(
        `Top level of the app fetches ${d.url}: its sliver would keep the answer for ever, so fetch in the handler and keep there what it gives`,
        d,
      ),
  },
  INIT_STALLED: {
    ...tenant,
    message: (_: Record<string, never>) =>
      "Top level of the app never settles: it awaits what does not come while it initialises, await that in the handler",
  },
  CHILD_LOST: {
    ...tenant,
    message: (d: { step: string; cause: string }) =>
      `Process that ran the app was lost while it ${d.step}: ${d.cause}; the app's code ended it`,
  },
  PROBE_FAILED: {
    ...tenant,
    message: (d: { cause: string }) => `App does not start from any form of sliver: ${d.cause}`,
  },
  TOO_LARGE: {
    ...tenant,
    message: (d: { scriptBytes: number; limitBytes: number }) =>
      `Bundle is too large to build: found ${d.scriptBytes} bytes of script and modules, at most ${d.limitBytes}, leave something out`,
  },
  BUNDLE_MISSING: {
    ...platform,
    message: (d: { digest: string }) => `Bundle is not in the sliver store: ${d.digest}`,
  },
  BUNDLE_MALFORMED: {
    ...platform,
    retryable: false,
    message: (d: { digest: string; found: string }) => `Bundle ${d.digest} is malformed: ${d.found}`,
  },
  STORE_FAILED: {
    ...platform,
    message: (d: { what: string; cause: string }) => `Sliver store failed while the ${d.what}: ${d.cause}`,
  },
  CHILD_UNUSABLE: {
    ...platform,
    message: (d: { cause: string }) => `Build process does not start: ${d.cause}`,
  },
  CANCELLED: {
    ...platform,
    message: (_: Record<string, never>) => "Build was cancelled: the builder ends",
  },
});
