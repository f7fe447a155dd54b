/**
 * A response whose body is not there whole, on its way to the host.
 *
 * I1 A body of the host's that nobody has read goes on by the host alone, and this run need not wait for it: unless somebody may still hear of
 *    its end, by the request's signal, or end it, by a signal of the fetch that brought it.
 * I2 `onEnd` is called once, as by BodySender.
 */
import type { Body } from "./body.ts";
import { takeSource } from "./body-read.ts";
import { BodySender, type Failure } from "./body-sender.ts";
import { HostOp } from "./boundary.ts";
import { callHost } from "./host.ts";
import type { ResponseSlots } from "./response.ts";

export interface StreamedAnswerOptions {
  readonly id: number;
  readonly slots: ResponseSlots;
  readonly body: Body;
  readonly headerBlock: string;
  /** Somebody may listen to the request's signal. */
  readonly isWatched: boolean;
  /** The client is gone already. */
  readonly abort: Failure | null;
  /** What became of it; undefined where it was sent, passed on or cancelled. */
  readonly onEnd: (failure: Failure | undefined) => void;
}

/** What is under way of a response. */
export interface StreamedAnswer {
  /** The host has room again. */
  resume(): void;
  /** Nobody wants the rest, or the host has passed it on. */
  cancel(reason: unknown): void;
}

/** Answers null where nothing is left to do here: `onEnd` was called, or will be by nobody else. */
export function sendAnswer(options: StreamedAnswerOptions): StreamedAnswer | null {
  const { id, slots, body, headerBlock } = options;
  const source = takeSource(body);
  const name = source === null || options.abort !== null ? undefined : source.pass();
  if (source !== null && name !== undefined) {
    const isPassed = callHost(HostOp.RESPOND, id, slots.status, slots.statusText, headerBlock, name) === true;
    if (isPassed && (options.isWatched || source.isHeld)) return new PassedAnswer(options.onEnd);
    options.onEnd(undefined);
    return null;
  }
  callHost(HostOp.RESPOND, id, slots.status, slots.statusText, headerBlock, true);
  const sender = new BodySender({ body, source, chunkOp: HostOp.RESPONSE_CHUNK, id, onEnd: options.onEnd });
  if (options.abort === null) sender.start();
  else sender.cancel(options.abort.reason);
  return sender;
}

class PassedAnswer implements StreamedAnswer {
  readonly #onEnd: (failure: Failure | undefined) => void;
  #isOver = false;

  constructor(onEnd: (failure: Failure | undefined) => void) {
    this.#onEnd = onEnd;
  }

  resume(): void {
    // The host waits for itself.
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnd(undefined);
  }
}
