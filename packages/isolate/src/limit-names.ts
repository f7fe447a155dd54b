/** Names of the limits that an app may meet in its isolate, as metrics have them: a bounded set. */

/** They end a request, what `waitUntil` keeps, or an isolate; `cpu_soft_limit` lets what runs in it finish. */
export const ENDING_LIMITS = [
  "cpu_limit",
  "cpu_soft_limit",
  "memory_limit",
  "wall_limit",
  "wait_until",
  "response_headers_too_large",
] as const;

/** They end nothing: what the app asked for is refused there, by an error that names the limit. */
export const REFUSING_LIMITS = [
  "subrequests",
  "subrequests_at_once",
  "subrequest_sent_mb",
  "subrequest_received_mb",
  "subrequest_headers",
  "subrequest_url",
  "ws_max_outbound",
  "timers",
  "crypto_in_flight",
  "compression_streams",
] as const;

export type EndingLimit = (typeof ENDING_LIMITS)[number];
export type RefusingLimit = (typeof REFUSING_LIMITS)[number];
export type LimitName = EndingLimit | RefusingLimit;

/** Says that an app met a limit. Answers `text`, for the app. */
export type Refuse = (limit: RefusingLimit, text: string) => string;
