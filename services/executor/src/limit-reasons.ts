/** Limits of apps as metrics name them: those that isolates meet, and those that their worker holds. No other name becomes a label. */
import { ENDING_LIMITS, REFUSING_LIMITS } from "@nano/isolate/limit-names";

/** They ended a request, a response, an isolate, or what came after an answer. */
export const LIMIT_ENDS: ReadonlySet<string> = new Set([
  ...ENDING_LIMITS,
  "body_too_large",
  "queue_wait",
  "response_too_large",
  "stream_idle",
  "stream_max",
]);

/** They refused what an app asked for, and ended nothing. */
export const LIMIT_REFUSALS: ReadonlySet<string> = new Set(REFUSING_LIMITS);
