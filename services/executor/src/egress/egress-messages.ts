/** What the supervisor and its egress process say to each other by IPC. */
import type { EgressSettings } from "./egress-config.ts";
import type { EgressCounts } from "./egress-counters.ts";

export type EgressCommand =
  /** First, once. */
  | { readonly type: "start"; readonly socketPath: string; readonly settings: EgressSettings }
  /** A worker that may connect with this credential. */
  | { readonly type: "admit"; readonly credential: string; readonly worker: string }
  /** The worker is gone: its credential is void, its links are closed. */
  | { readonly type: "dismiss"; readonly worker: string }
  /** Lets running fetches end, then exits. */
  | { readonly type: "drain" };

export type EgressReport =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "counts"; readonly counts: EgressCounts }
  | {
      readonly type: "log";
      readonly level: "info" | "warn";
      readonly msg: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };
