/** What the egress process tells its supervisor in numbers. */
export interface EgressCounts {
  readonly fetchesByOutcome: Readonly<Record<FetchOutcome, number>>;
  readonly redirectsTotal: number;
  readonly connectionsTotal: number;
  readonly requestBodyBytesTotal: number;
  /** After decoding. */
  readonly responseBodyBytesTotal: number;
  /** As of now. */
  readonly runningCount: number;
  readonly waitingCount: number;
  readonly socketCount: number;
  readonly linkCount: number;
}

/** `refused`: by a rule of ours · `limited`: by a bound · `failed`: the other side · `cancelled`: nobody wanted it any more. */
export type FetchOutcome = "answered" | "refused" | "limited" | "failed" | "cancelled";

export class EgressCounters {
  readonly #outcomes: Record<FetchOutcome, number> = { answered: 0, refused: 0, limited: 0, failed: 0, cancelled: 0 };
  redirects = 0;
  connections = 0;
  requestBodyBytes = 0;
  responseBodyBytes = 0;

  countOutcome(outcome: FetchOutcome): void {
    this.#outcomes[outcome] += 1;
  }

  /** @param gauges what is counted elsewhere */
  read(gauges: Pick<EgressCounts, "runningCount" | "waitingCount" | "socketCount" | "linkCount">): EgressCounts {
    return {
      fetchesByOutcome: { ...this.#outcomes },
      redirectsTotal: this.redirects,
      connectionsTotal: this.connections,
      requestBodyBytesTotal: this.requestBodyBytes,
      responseBodyBytesTotal: this.responseBodyBytes,
      ...gauges,
    };
  }
}
