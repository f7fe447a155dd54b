/** Fetches of a guest on a thread of its own: the worker carries them to the egress process. */
import type { OutboundFetch, OutboundFetchListener } from "@nano/isolate/isolate";
import type { EgressHead } from "@nano/protocol/messages";
import type { PortOutput } from "./port-output.ts";
import type { ThreadInput } from "./thread-messages.ts";

export type FetchInput = Extract<ThreadInput, { readonly id: number }>;

export class PortFetches {
  readonly #output: PortOutput;
  readonly #listeners = new Map<number, OutboundFetchListener>();
  #lastId = 0;

  constructor(output: PortOutput) {
    this.#output = output;
  }

  open(head: EgressHead, listener: OutboundFetchListener): OutboundFetch {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#listeners.set(id, listener);
    this.#output.push({ type: "fetch", id, head });
    return {
      writeBody: (chunk) => {
        this.#output.push({ type: "fetch_body", id, chunk }, chunk);
        return false;
      },
      endBody: () => this.#output.push({ type: "fetch_body_end", id }),
      pull: () => this.#output.push({ type: "fetch_pull", id }),
      cancel: () => {
        if (this.#listeners.delete(id)) this.#output.push({ type: "fetch_cancel", id });
      },
    };
  }

  receive(input: FetchInput): void {
    const listener = this.#listeners.get(input.id);
    switch (input.type) {
      case "fetch_head":
        listener?.onHead(input.head);
        return;
      case "fetch_chunk":
        listener?.onChunk(input.chunk);
        return;
      case "fetch_end":
        this.#listeners.delete(input.id);
        listener?.onEnd();
        return;
      case "fetch_error":
        this.#listeners.delete(input.id);
        listener?.onError(input.message);
        return;
      case "fetch_drain":
        listener?.onBodyDrain();
        return;
      default:
        input satisfies never;
    }
  }
}
