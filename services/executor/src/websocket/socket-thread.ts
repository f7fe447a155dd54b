/**
 * A thread of connections, as its worker has it.
 *
 *   starting ──ready──▶ free ──run──▶ busy ──settled──▶ free …     any ──end, or by itself──▶ gone
 *
 * I1 It has one session at a time: the next one begins when the last is settled.
 */

import type { MessagePort } from "node:worker_threads";
import { entryFile } from "@nano/service-kit/entry-file";
import type { ThreadInput, ThreadOutput, ThreadStart } from "./thread-messages.ts";
import type { ThreadSession } from "./thread-session.ts";
import { ThreadStarter } from "./thread-starter.ts";

const ENTRY = new URL("./socket.thread.ts", import.meta.url);

/** Before the process runs its first guest. */
export function openSocketThreadStarter(): Promise<ThreadStarter> {
  return ThreadStarter.open(entryFile(ENTRY));
}

export interface SocketThreadOwner {
  ready(thread: SocketThread): void;
  free(thread: SocketThread): void;
  gone(thread: SocketThread): void;
}

export class SocketThread {
  readonly number: number;
  readonly #owner: SocketThreadOwner;
  /** Closes when the thread is over: by `end`, or by what it threw. */
  readonly #port: MessagePort;
  #session: ThreadSession | null = null;
  #isReady = false;
  #isGone = false;

  constructor(start: ThreadStart, { starter, owner }: { starter: ThreadStarter; owner: SocketThreadOwner }) {
    this.number = start.thread;
    this.#owner = owner;
    this.#port = starter.start(start);
    this.#port.on("message", (outputs: ThreadOutput[]) => this.#receive(outputs));
    this.#port.on("close", () => this.#exited());
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Begins a session; the last one is over. */
  run(session: ThreadSession, begin: Extract<ThreadInput, { type: "begin" }>): void {
    this.#session = session;
    this.post(begin);
    if (this.#isGone) session.lost();
  }

  /** @param memory goes with it: nobody here holds it any more */
  post(input: ThreadInput, memory?: unknown): void {
    if (!this.#isGone) this.#port.postMessage(input, memory instanceof ArrayBuffer ? [memory] : []);
  }

  /** Its session is settled. */
  free(): void {
    this.#session = null;
    if (!this.#isGone) this.#owner.free(this);
  }

  /** Ends it. It may take as long as the entry that it is in. */
  end(): void {
    this.post({ type: "end" });
  }

  #receive(outputs: readonly ThreadOutput[]): void {
    for (const output of outputs) {
      if (output.type === "ready") {
        this.#isReady = true;
        this.#owner.ready(this);
      } else {
        this.#session?.receive(output);
      }
    }
  }

  #exited(): void {
    this.#isGone = true;
    const session = this.#session;
    this.#session = null;
    this.#owner.gone(this);
    session?.lost();
  }
}
