import { defineErrors } from "@nano/protocol/errors";

export const errors = defineErrors("ISO", {
  NODE_SNAPSHOT: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "internal",
    message: (_: Record<string, never>) =>
      "Node runs with its own startup snapshot, under which isolated-vm crashes: start this process with --no-node-snapshot",
  },
  WEB_API_MISSING: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "internal",
    message: (d: { path: string }) => `The compiled web-api script is missing at ${d.path}: run the build first`,
  },
  WEB_API_PLACEHOLDER: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "internal",
    message: (d: { found: number }) =>
      `The compiled web-api script must hold its secret's placeholder once: found ${d.found} times, build it again`,
  },
  ATTACH_REFUSED: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "sliver_unusable",
    message: (d: { app: string }) =>
      `A context of ${d.app} refused to attach: the sliver's secret does not fit its snapshot, build it again`,
  },
  RESTORE_FAILED: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "sliver_unusable",
    message: (d: { app: string; why: string }) => `An isolate of ${d.app} could not be restored: ${d.why}`,
  },
  CPU_LIMIT: {
    fault: "tenant",
    retryable: false,
    httpStatus: 503,
    reason: "cpu_limit",
    message: (d: { app: string; limitMs: number; usedMs: number }) =>
      `App ${d.app} used ${d.usedMs} ms of CPU for one request, at most ${d.limitMs}: raise limits.cpu_time_ms or do less`,
  },
  WALL_LIMIT: {
    fault: "tenant",
    retryable: false,
    httpStatus: 504,
    reason: "wall_limit",
    message: (d: { app: string; limitMs: number }) =>
      `App ${d.app} sent no response head within ${d.limitMs} ms: raise limits.timeout_secs or wait for less`,
  },
  MEMORY_LIMIT: {
    fault: "tenant",
    retryable: false,
    httpStatus: 503,
    reason: "memory_limit",
    message: (d: { app: string; limitBytes: number }) =>
      `App ${d.app} exceeded its memory limit of ${d.limitBytes} bytes: raise limits.memory_mb or hold less`,
  },
  ISOLATE_LOST: {
    fault: "tenant",
    retryable: true,
    httpStatus: 502,
    reason: "isolate_lost",
    message: (d: { app: string; why: string }) =>
      `The isolate of ${d.app} ended while this request waited in it: ${d.why}`,
  },
  ISOLATE_LOST_ENTERED: {
    fault: "tenant",
    retryable: false,
    httpStatus: 502,
    reason: "isolate_lost",
    message: (d: { app: string; method: string }) =>
      `The isolate of ${d.app} ended while this request waited in it: ${d.method} may have had effects and is not run again`,
  },
  HANDLER_THREW: {
    fault: "tenant",
    retryable: false,
    httpStatus: 500,
    reason: "handler_threw",
    message: (d: { app: string }) => `The handler of ${d.app} threw`,
  },
  BAD_UPGRADE: {
    fault: "tenant",
    retryable: false,
    httpStatus: 500,
    reason: "bad_upgrade",
    message: (d: { app: string; why: string }) => `App ${d.app} answered with status 101 and no connection: ${d.why}`,
  },
  RESPONSE_HEADERS_TOO_LARGE: {
    fault: "tenant",
    retryable: false,
    httpStatus: 500,
    reason: "response_headers_too_large",
    message: (d: { app: string; limitBytes: number }) =>
      `A response of ${d.app} has more than ${d.limitBytes} bytes of headers (limits.response_header_kb)`,
  },
  RESPONSE_CUT: {
    fault: "tenant",
    retryable: false,
    httpStatus: 502,
    reason: "response_cut",
    message: (d: { app: string }) => `The response body of ${d.app} failed after its head was sent`,
  },
});
