/** Fetches of a guest on a thread of its own: the worker carries them to the egress process. */
import type { AssetHead, OutboundFetch, OutboundFetchListener } from "@nano/isolate/isolate";
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
    const id = this.#add(listener);
    this.#output.push({ type: "fetch", id, head });
    return this.#call(id);
  }

  openAsset(head: AssetHead, listener: OutboundFetchListener): OutboundFetch {
    const id = this.#add(listener);
    this.#output.push({ type: "fetch_asset", id, head: { method: head.method, url: head.url, headers: head.headers } });
    return this.#call(id);
  }

  #add(listener: OutboundFetchListener): number {
    this.#lastId += 1;
    this.#listeners.set(this.#lastId, listener);
    return this.#lastId;
  }

  #call(id: number): OutboundFetch {
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
