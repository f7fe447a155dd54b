/** What a thread says, collected until its entry is over: one post of a port for all of it. */
import type { MessagePort } from "node:worker_threads";
import type { ThreadOutput } from "./thread-messages.ts";

export class PortOutput {
  readonly #port: MessagePort;
  #outputs: ThreadOutput[] = [];
  #transfers: ArrayBuffer[] = [];
  /** By reason: one entry may meet one again and again. */
  #limits: Record<string, number> = {};
  #isPlanned = false;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** @param memory goes with it: nobody here holds it any more */
  push(output: ThreadOutput, memory?: unknown): void {
    this.#outputs.push(output);
    if (memory instanceof ArrayBuffer) this.#transfers.push(memory);
    this.#plan();
  }

  countLimit(reason: string): void {
    this.#limits[reason] = (this.#limits[reason] ?? 0) + 1;
    this.#plan();
  }

  flush(): void {
    this.#isPlanned = false;
    const outputs = this.#outputs;
    if (Object.keys(this.#limits).length > 0) outputs.unshift({ type: "limits", counts: this.#limits });
    if (outputs.length === 0) return;
    this.#limits = {};
    const transfers = this.#transfers;
    this.#outputs = [];
    this.#transfers = [];
    this.#port.postMessage(outputs, transfers);
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(() => this.flush());
  }
}
