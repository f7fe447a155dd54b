/** The sink of a run on a thread of its own: what it hears goes to the connection by the port. */
import type { RunSink, SocketSink } from "@nano/isolate/isolate";
import { bytesOf, refuseOutgoing } from "@nano/isolate/outgoing-limits";
import type { WireError } from "@nano/protocol/errors";
import type { WebSocketLimits } from "@nano/protocol/manifest";
import type { ResponseHead } from "@nano/protocol/messages";
import type { PortOutput } from "./port-output.ts";

export class PortSink implements RunSink, SocketSink {
  readonly #output: PortOutput;
  readonly #limits: WebSocketLimits;
  readonly #onSettled: () => void;
  #postedBytes = 0;
  #receivedBytes = 0;
  #waitingBytes = 0;
  #isCut = false;

  constructor(output: PortOutput, limits: WebSocketLimits, onSettled: () => void) {
    this.#output = output;
    this.#limits = limits;
    this.#onSettled = onSettled;
  }

  get socket(): SocketSink {
    return this;
  }

  /** In the port, and behind it. */
  get bufferedBytes(): number {
    return this.#isCut ? 0 : this.#postedBytes - this.#receivedBytes + this.#waitingBytes;
  }

  sent(receivedBytes: number, waitingBytes: number | null): void {
    this.#receivedBytes = receivedBytes;
    if (waitingBytes === null) this.#isCut = true;
    else this.#waitingBytes = waitingBytes;
  }

  respond(head: ResponseHead, body: string | ArrayBuffer | null | true): void {
    this.#output.push({ type: "respond", head, body }, body);
  }

  writeResponse(chunk: string | ArrayBuffer): boolean {
    this.#output.push({ type: "chunk", chunk }, chunk);
    return false;
  }

  endResponse(): void {
    this.#output.push({ type: "response_end" });
  }

  failResponse(error: WireError, isHeadSent: boolean): void {
    this.#output.push({ type: "failed", error, isHeadSent });
  }

  wantBody(): void {
    // An upgrade has none.
  }

  cancelBody(): void {
    // An upgrade has none.
  }

  settle(): void {
    this.#onSettled();
  }

  upgrade(head: ResponseHead): void {
    this.#output.push({ type: "upgraded", head });
  }

  sendMessage(data: string | ArrayBuffer): number | string | null {
    if (this.#isCut) return null;
    const refusal = refuseOutgoing(data, this.bufferedBytes, this.#limits);
    if (refusal === null) {
      this.#isCut = true;
      this.#output.push({ type: "overflow" });
    }
    if (refusal !== undefined) return refusal;
    this.#postedBytes += bytesOf(data, 0);
    this.#output.push({ type: "message", data }, data);
    return this.bufferedBytes;
  }

  closeSocket(code: number, reason: string): void {
    this.#output.push({ type: "close", code, reason });
  }
}
