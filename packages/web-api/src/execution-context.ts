/** The third argument of a fetch handler. */
import { finishInterface } from "./leaf/webidl.ts";
import type { RequestRun } from "./request-run.ts";

export class ExecutionContext {
  readonly #run: RequestRun;

  constructor(run: RequestRun) {
    this.#run = run;
  }

  /** Keeps the request's context alive until the promise settles, at most as long as the app's limits allow. */
  waitUntil(promise: unknown): void {
    this.#run.waitUntil(promise);
  }

  /** Part of the interface elsewhere; here there is no origin to pass to, so it does nothing. */
  passThroughOnException(): void {
    // The brand check is all that it does.
    this.#run;
  }
}
finishInterface(ExecutionContext, "ExecutionContext");
