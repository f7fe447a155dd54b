/** What a thread says, collected until its entry is over: one post of a port for all of it. */
import type { MessagePort } from "node:worker_threads";
import type { ThreadOutput } from "./thread-messages.ts";

export class PortOutput {
  readonly #port: MessagePort;
  #outputs: ThreadOutput[] = [];
  #transfers: ArrayBuffer[] = [];
  #isPlanned = false;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** @param memory goes with it: nobody here holds it any more */
  push(output: ThreadOutput, memory?: unknown): void {
    this.#outputs.push(output);
    if (memory instanceof ArrayBuffer) this.#transfers.push(memory);
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(() => this.flush());
  }

  flush(): void {
    this.#isPlanned = false;
    if (this.#outputs.length === 0) return;
    const outputs = this.#outputs;
    const transfers = this.#transfers;
    this.#outputs = [];
    this.#transfers = [];
    this.#port.postMessage(outputs, transfers);
  }
}
