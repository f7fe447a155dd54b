/** How nanoctl ends. The only place that decides it. */
import { isNanoError } from "@nano/protocol/errors";
import { errors as sliverErrors } from "@nano/sliver/errors";
import { errors } from "./errors.ts";

export const ExitCode = {
  OK: 0,
  ERROR: 1,
  USAGE: 2,
  CONFIG: 3,
  SLIVER: 4,
  INTERRUPTED: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Errors of the sliver package that are not about a sliver file. */
const NOT_ABOUT_A_SLIVER: readonly string[] = [sliverErrors.KEY_UNUSABLE.code, sliverErrors.ASSETS_REFUSED.code];

/** What is mended by another command line. */
const USAGE_CODES: readonly string[] = [
  errors.USAGE.code,
  errors.NO_CLUSTER.code,
  errors.CLUSTER_UNKNOWN.code,
  errors.NOTHING_RUNS.code,
];

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!isNanoError(error)) return ExitCode.ERROR;
  const { code } = error;
  if (USAGE_CODES.includes(code)) return ExitCode.USAGE;
  if (code === errors.INTERRUPTED.code) return ExitCode.INTERRUPTED;
  if (code === errors.CONFIG_INVALID.code) return ExitCode.CONFIG;
  if (code.startsWith("SLIVER_") && !NOT_ABOUT_A_SLIVER.includes(code)) return ExitCode.SLIVER;
  return ExitCode.ERROR;
}
