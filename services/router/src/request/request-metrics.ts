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

/** Port of the counters: the request path calls it, `control/` wires it to the service's metrics. */
export interface RequestMetrics {
  finished(outcome: RequestOutcome, status: number, durationMs: number): void;
  retried(cause: RetryCause): void;
}
