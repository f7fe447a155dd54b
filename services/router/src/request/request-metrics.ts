/** What is counted of requests. Labels come from fixed sets. */

export const requestOutcomes = [
  /** The app answered. */
  "responded",
  /** The platform answered in its place. */
  "refused",
  /** The response broke off after its head. */
  "cut",
  /** The client left first. */
  "client_gone",
] as const;
export type RequestOutcome = (typeof requestOutcomes)[number];

export const retryCauses = ["worker_refused", "worker_lost"] as const;
export type RetryCause = (typeof retryCauses)[number];

/** Limits of the router, and those of an app that it sees to, by the reason that their answer gives. */
export const limitReasons = [
  "body_too_large",
  "headers_too_large",
  "url_too_long",
  "chunk_extensions_too_large",
  "request_timeout",
  "overloaded",
  "pipeline_full",
  "upgrades_full",
  "sockets_full",
] as const;
export type LimitReason = (typeof limitReasons)[number];

/** Null: it is refused for something else. */
export function limitReasonOf({ reason }: { readonly reason: string }): LimitReason | null {
  return limitReasons.find((known) => known === reason) ?? null;
}

/** Port of the counters: the request path calls it, `control/` wires it to the service's metrics. */
export interface RequestMetrics {
  finished(outcome: RequestOutcome, status: number, durationMs: number): void;
  retried(cause: RetryCause): void;
  /** A limit ended a request, or kept it from beginning. */
  limitEnded(reason: LimitReason): void;
}
