/** A connection inside its isolate, and what is asked of it there, wherever it runs: on this thread, or on one of its own. */
import type { AppIsolate } from "@nano/isolate/app-isolate";
import type { GuestRun } from "@nano/isolate/guest-run";
import type { GuestRequest, RunSink } from "@nano/isolate/isolate";

export interface SocketSession {
  /** Runs the handler; `sink` hears of everything. @throws why its context cannot be had: the sink has heard nothing */
  start(request: GuestRequest, sink: RunSink): void;
  /** Whether it takes a message now. */
  readonly canTake: boolean;
  /** Gives it a message. False: it will say when it has taken it. */
  deliver(data: string | ArrayBuffer): boolean;
  /** Less waits to be sent. */
  drained(): void;
  /** The connection is over. */
  close(code: number, reason: string, isClean: boolean): void;
  /** There is room for more of a plain answer's body. */
  pull(): void;
  /** The client left before there was an answer. */
  abort(reason: string): void;
  /** Its isolate ends. Idempotent. */
  dispose(): void;
}

/** On the thread of the isolate. */
export class IsolateSession implements SocketSession {
  readonly #isolate: AppIsolate;
  readonly #onEnd: () => void;
  #run: GuestRun | null = null;
  #isDisposed = false;

  /** @param onEnd called once. @default nobody asks */
  constructor(isolate: AppIsolate, onEnd: () => void = () => undefined) {
    this.#isolate = isolate;
    this.#onEnd = onEnd;
  }

  get canTake(): boolean {
    return true;
  }

  start(request: GuestRequest, sink: RunSink): void {
    this.#run = this.#isolate.start(request, sink);
  }

  deliver(data: string | ArrayBuffer): boolean {
    if (this.#run !== null) this.#isolate.deliverMessage(this.#run, data);
    return true;
  }

  drained(): void {
    // The guest asks, where it wants to know.
  }

  close(code: number, reason: string, isClean: boolean): void {
    if (this.#run !== null) this.#isolate.closeSocket(this.#run, code, reason, isClean);
  }

  pull(): void {
    if (this.#run !== null) this.#isolate.pullResponse(this.#run);
  }

  abort(reason: string): void {
    if (this.#run !== null) this.#isolate.abort(this.#run, reason);
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#isolate.dispose();
    this.#onEnd();
  }
}
