/** The third argument of a fetch handler. */
import { finishInterface } from "./leaf/webidl.ts";
import type { RequestRun } from "./request-run.ts";

export class ExecutionContext {
  readonly #run: RequestRun;
  #props: object | undefined = undefined;

  constructor(run: RequestRun) {
    this.#run = run;
  }

  /** Keeps the request's context alive until the promise settles, at most as long as the app's limits allow. */
  waitUntil(promise: unknown): void {
    this.#run.waitUntil(promise);
  }

  /** What a binding's configuration would give; here there are none. */
  get props(): object {
    this.#props ??= {};
    return this.#props;
  }

  /** Part of the interface elsewhere; here there is no origin to pass to, so it does nothing. */
  passThroughOnException(): void {
    // The brand check is all that it does.
    this.#run;
  }
}
finishInterface(ExecutionContext, "ExecutionContext");
