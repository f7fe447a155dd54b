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
  /** WebSockets to other servers, open or closing. */
  readonly webSocketCount: number;
  /** What their messages hold in memory. */
  readonly webSocketHeldBytes: number;
  readonly webSocketMessagesTotal: Readonly<Record<"in" | "out", number>>;
  readonly webSocketBytesTotal: Readonly<Record<"in" | "out", number>>;
}

/** Counted elsewhere, as of now. */
type Gauges = Pick<
  EgressCounts,
  "runningCount" | "waitingCount" | "socketCount" | "linkCount" | "webSocketCount" | "webSocketHeldBytes"
>;

/** `refused`: by a rule of ours · `limited`: by a bound · `failed`: the other side · `cancelled`: nobody wanted it any more. */
export type FetchOutcome = "answered" | "refused" | "limited" | "failed" | "cancelled";

export class EgressCounters {
  readonly #outcomes: Record<FetchOutcome, number> = { answered: 0, refused: 0, limited: 0, failed: 0, cancelled: 0 };
  redirects = 0;
  connections = 0;
  requestBodyBytes = 0;
  responseBodyBytes = 0;
  readonly #webSocketMessages = { in: 0, out: 0 };
  readonly #webSocketBytes = { in: 0, out: 0 };

  countOutcome(outcome: FetchOutcome): void {
    this.#outcomes[outcome] += 1;
  }

  /** @param direction of a server's messages: in */
  moved(direction: "in" | "out", messageCount: number, bytes: number): void {
    this.#webSocketMessages[direction] += messageCount;
    this.#webSocketBytes[direction] += bytes;
  }

  /** @param gauges what is counted elsewhere */
  read(gauges: Gauges): EgressCounts {
    return {
      fetchesByOutcome: { ...this.#outcomes },
      redirectsTotal: this.redirects,
      connectionsTotal: this.connections,
      requestBodyBytesTotal: this.requestBodyBytes,
      responseBodyBytesTotal: this.responseBodyBytes,
      webSocketMessagesTotal: { ...this.#webSocketMessages },
      webSocketBytesTotal: { ...this.#webSocketBytes },
      ...gauges,
    };
  }
}
