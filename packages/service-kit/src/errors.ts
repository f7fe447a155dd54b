/** What goes wrong before or around a service, rather than in it. */
import { defineErrors } from "@nano/protocol/errors";

/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  /** Where: the path in code, and the name by which it was set. */
  readonly path: string;
  readonly got: string;
  readonly expected: string;
}

export const errors = defineErrors("KIT", {
  CONFIG_INVALID: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "config",
    message: (d: { prefix: string; problems: readonly ConfigProblem[] }) =>
      `Configuration of ${d.prefix} is invalid: ${d.problems.length} problem${d.problems.length === 1 ? "" : "s"}`,
  },
  SECRET_UNREADABLE: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "config",
    message: (d: { path: string; why: string }) => `Secret file ${d.path} is not usable: ${d.why}`,
  },
  TLS_UNUSABLE: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "config",
    message: (d: { path: string; why: string }) => `TLS file ${d.path} is not usable: ${d.why}`,
  },
  ADDRESS_IN_USE: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "address_in_use",
    message: (d: { address: string }) =>
      `Address ${d.address} is in use: another process listens there, stop it or choose another address`,
  },
  LISTEN_FAILED: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "listen_failed",
    message: (d: { address: string; why: string }) => `Cannot listen on ${d.address}: ${d.why}`,
  },
  DIRECTORY_UNUSABLE: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "start_failed",
    message: (d: { directory: string; why: string }) =>
      `Directory ${d.directory} is not usable: ${d.why} (does it exist, and may this process write to it?)`,
  },
  CLOSE_TIMEOUT: {
    fault: "platform",
    retryable: false,
    httpStatus: 500,
    reason: "close_timeout",
    message: (d: { graceMs: number }) => `Service did not close within its grace of ${d.graceMs} ms`,
  },
});
