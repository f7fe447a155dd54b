/**
 * Carries calls of guests to a process beside the worker, over the one link to it: fetches to the egress process, others to the cache process.
 *
 * I1 A fetch without a body that finds no link, or whose link ends before there was an answer, waits for the next link, where to send it is safe:
 *    at most `WAIT_MS`, so many as `MAX_WAITING_CALLS`, and once for what was sent.
 */
import { ownBuffer } from "@nano/isolate/host-ops";
import type { OutboundFetch, OutboundFetchListener } from "@nano/isolate/isolate";
import type { Link } from "@nano/link/link";
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { WireError } from "@nano/protocol/errors";
import { MAX_PAYLOAD_BYTES } from "@nano/protocol/frames";
import { isIdempotent } from "@nano/protocol/idempotent-methods";
import { decodeEgressResponseHead, type EgressHead, encodeEgressHead } from "@nano/protocol/messages";
import { errors } from "../errors.ts";

const UNAVAILABLE = "fetch failed: the egress process of this executor is not available, try again";
const TOO_LARGE = `fetch failed: URL and headers, as they are sent, are over ${MAX_PAYLOAD_BYTES} bytes`;
/** Of what a link may hold unsent, the share that heads may fill: one that holds more ends, with what all apps of the worker have under way. */
const MAX_UNSENT_RATIO = 0.5;
/** Some times what the process takes to be back. */
const WAIT_MS = 3_000;
const MAX_WAITING_CALLS = 1_000;
const CONGESTED = "fetch failed: too much is on its way out of this worker, try again";

export interface EgressClientOptions {
  encode(head: EgressHead): Buffer;
  /** Whether calls wait for a link. */
  readonly waits: boolean;
  /** There is no link, or it ended before there was an answer. */
  onUnavailable(listener: OutboundFetchListener): void;
}

export class EgressClient {
  readonly #options: EgressClientOptions;
  readonly #waiting = new Set<EgressCall>();
  #link: Link | null = null;

  /** @default options those of fetches */
  constructor(options: EgressClientOptions = FETCHES) {
    this.#options = options;
  }

  use(link: Link): void {
    this.#link = link;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const call of waiting) this.#begin(call);
  }

  /** The link ended: fetches wait or fail until the supervisor hands over another. Answers false for one that was replaced before. */
  lost(link: Link): boolean {
    if (this.#link !== link) return false;
    this.#link = null;
    return true;
  }

  open(head: EgressHead, listener: OutboundFetchListener): OutboundFetch {
    const call = new EgressCall({
      payload: this.#options.encode(head),
      isRepeatable: isIdempotent(head.method),
      listener,
      onUnavailable: () => this.#options.onUnavailable(listener),
      wait: () => head.webSocket === undefined && this.#wait(call),
      leave: () => this.#waiting.delete(call),
    });
    // The other side would close the link, which all apps of the worker share.
    if (call.payload.length > MAX_PAYLOAD_BYTES) call.refuseSoon(TOO_LARGE);
    else this.#begin(call);
    return call;
  }

  #begin(call: EgressCall): void {
    const { payload } = call;
    const link = this.#link;
    if (link !== null && link.unsentBytes + payload.length > link.limits.maxQueuedBytes * MAX_UNSENT_RATIO) {
      call.refuseSoon(CONGESTED);
      return;
    }
    const stream = link?.openStream(payload, call, { isEnd: false }) ?? null;
    if (stream === null) call.failSoon();
    else call.attach(stream);
  }

  /** Answers false where it does not wait. */
  #wait(call: EgressCall): boolean {
    if (!this.#options.waits || this.#waiting.size >= MAX_WAITING_CALLS) return false;
    this.#waiting.add(call);
    return true;
  }
}

interface EgressCallOptions {
  /** Its head as it is sent. */
  readonly payload: Buffer;
  /** What was sent may be sent again. */
  readonly isRepeatable: boolean;
  readonly listener: OutboundFetchListener;
  onUnavailable(): void;
  /** For the next link; answers false where nobody waits. */
  wait(): boolean;
  /** Waits no more. */
  leave(): void;
}

const FETCHES: EgressClientOptions = {
  encode: encodeEgressHead,
  waits: true,
  onUnavailable: (listener) => listener.onError(UNAVAILABLE),
};

class EgressCall implements OutboundFetch, StreamListener {
  readonly payload: Buffer;
  readonly #options: EgressCallOptions;
  readonly #listener: OutboundFetchListener;
  #hasAnswer = false;
  #hasBody = false;
  #isBodyEnded = false;
  #isRepeated = false;
  #patience: NodeJS.Timeout | null = null;
  #stream: LinkStream | null = null;
  /** Wait for the guest: the link's window bounds their bytes. */
  readonly #chunks: Buffer[] = [];
  #isEmpty = true;
  #isPulled = false;
  #isDeliveryPlanned = false;
  #isEnded = false;
  #isCancelled = false;

  constructor(options: EgressCallOptions) {
    this.#options = options;
    this.#listener = options.listener;
    this.payload = options.payload;
  }

  attach(stream: LinkStream): void {
    this.#endPatience();
    this.#stream = stream;
    if (this.#isBodyEnded) stream.end();
  }

  /** Not at once: the guest that asked is still running. */
  failSoon(): void {
    setImmediate(() => {
      if (!this.#isCancelled && !this.#waits()) this.#fail();
    });
  }

  refuseSoon(message: string): void {
    this.#endPatience();
    setImmediate(() => {
      if (!this.#isCancelled) this.#listener.onError(message);
    });
  }

  writeBody(chunk: ArrayBuffer): boolean {
    this.#hasBody = true;
    return this.#stream?.writeOwned(chunk) ?? false;
  }

  endBody(): void {
    this.#isBodyEnded = true;
    this.#stream?.end();
  }

  pull(): void {
    this.#isPulled = true;
    this.#deliverLater();
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#endPatience();
    this.#options.leave();
    this.#stream?.reset(errors.FETCH_CANCELLED({}).wire);
    this.#stream = null;
  }

  onHead(payload: Buffer): void {
    this.#hasAnswer = true;
    this.#listener.onHead(decodeEgressResponseHead(payload));
  }

  onData(chunk: Buffer): void {
    this.#isEmpty = false;
    this.#chunks.push(chunk);
    this.#deliverLater();
  }

  onEnd(): void {
    this.#isEnded = true;
    this.#deliverLater();
  }

  onReset(error: WireError): void {
    if (this.#isCancelled) return;
    if (this.#hasAnswer || this.#stream?.isLinkLost !== true) {
      this.#isCancelled = true;
      this.#listener.onError(error.message);
      return;
    }
    this.#stream = null;
    const mayRepeat = this.#options.isRepeatable && !this.#isRepeated;
    this.#isRepeated = true;
    if (!mayRepeat || !this.#waits()) this.#fail();
  }

  onDrain(): void {
    this.#listener.onBodyDrain();
  }

  /** Whether it waits for the next link: what the guest sends with it is not kept. */
  #waits(): boolean {
    if (this.#hasBody || !this.#isBodyEnded || !this.#options.wait()) return false;
    this.#patience ??= setTimeout(() => {
      this.#options.leave();
      this.#fail();
    }, WAIT_MS);
    return true;
  }

  #fail(): void {
    this.#isCancelled = true;
    this.#endPatience();
    this.#options.onUnavailable();
  }

  #endPatience(): void {
    if (this.#patience !== null) clearTimeout(this.#patience);
    this.#patience = null;
  }

  /**
   * Not at once: the guest that pulls is still running, and the link that brings a chunk still looks at its memory, which whoever takes the
   * chunk may free. In this turn all the same: what has come goes on before more is read.
   */
  #deliverLater(): void {
    if (this.#isDeliveryPlanned) return;
    this.#isDeliveryPlanned = true;
    process.nextTick(() => {
      this.#isDeliveryPlanned = false;
      this.#deliver();
    });
  }

  /** The end of an empty body is told unasked: an answer without one is never asked for it. */
  #deliver(): void {
    if (this.#isCancelled || !(this.#isPulled || (this.#isEnded && this.#isEmpty))) return;
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#isPulled = false;
      this.#stream?.grant(chunk.length);
      this.#listener.onChunk(ownBuffer(chunk));
    } else if (this.#isEnded) {
      this.#isCancelled = true;
      // Where the guest has not sent all of its body, nobody would end that half.
      this.#stream?.reset(errors.FETCH_CANCELLED({}).wire);
      this.#listener.onEnd();
    }
  }
}
