/** What the supervisor and a process that serves its workers over links say to each other by IPC. */

/** What such a process is told. */
export type LinkedCommand<Settings> =
  /** First, once. */
  | { readonly type: "start"; readonly socketPath: string; readonly settings: Settings }
  /** A worker that may connect with this credential. */
  | { readonly type: "admit"; readonly credential: string; readonly worker: string }
  /** The worker is gone: its credential is void, its links are closed. */
  | { readonly type: "dismiss"; readonly worker: string }
  /** Lets what runs end, then exits. */
  | { readonly type: "drain" };

/** What it says. */
export type LinkedReport<Counts> =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "counts"; readonly counts: Counts }
  | LinkedLog;

/** A line for the executor's log. */
export interface LinkedLog {
  readonly type: "log";
  readonly level: "info" | "warn";
  readonly msg: string;
  readonly fields: Readonly<Record<string, unknown>>;
}
