/** Carries calls of guests to a process beside the worker, over the one link to it: fetches to the egress process, others to the cache process. */
import { ownBuffer } from "@nano/isolate/host-ops";
import type { OutboundFetch, OutboundFetchListener } from "@nano/isolate/isolate";
import type { Link } from "@nano/link/link";
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { WireError } from "@nano/protocol/errors";
import { MAX_PAYLOAD_BYTES } from "@nano/protocol/frames";
import { decodeEgressResponseHead, type EgressHead, encodeEgressHead } from "@nano/protocol/messages";
import { errors } from "../errors.ts";

const UNAVAILABLE = "fetch failed: the egress process of this executor is not available, try again";
const TOO_LARGE = `fetch failed: URL and headers, as they are sent, are over ${MAX_PAYLOAD_BYTES} bytes`;
/** Of what a link may hold unsent, the share that heads may fill: one that holds more ends, with what all apps of the worker have under way. */
const MAX_UNSENT_RATIO = 0.5;
const CONGESTED = "fetch failed: too much is on its way out of this worker, try again";

export interface EgressClientOptions {
  encode(head: EgressHead): Buffer;
  /** There is no link, or it ended before there was an answer. */
  onUnavailable(listener: OutboundFetchListener): void;
}

export class EgressClient {
  readonly #options: EgressClientOptions;
  #link: Link | null = null;

  /** @default options those of fetches */
  constructor(options: EgressClientOptions = FETCHES) {
    this.#options = options;
  }

  use(link: Link): void {
    this.#link = link;
  }

  /** The link ended: fetches fail until the supervisor hands over another. Answers false for one that was replaced before. */
  lost(link: Link): boolean {
    if (this.#link !== link) return false;
    this.#link = null;
    return true;
  }

  open(head: EgressHead, listener: OutboundFetchListener): OutboundFetch {
    const call = new EgressCall(listener, () => this.#options.onUnavailable(listener));
    const payload = this.#options.encode(head);
    // The other side would close the link, which all apps of the worker share.
    if (payload.length > MAX_PAYLOAD_BYTES) {
      call.refuseSoon(TOO_LARGE);
      return call;
    }
    const link = this.#link;
    if (link !== null && link.unsentBytes + payload.length > link.limits.maxQueuedBytes * MAX_UNSENT_RATIO) {
      call.refuseSoon(CONGESTED);
      return call;
    }
    const stream = link?.openStream(payload, call, { isEnd: false }) ?? null;
    if (stream === null) call.failSoon();
    else call.attach(stream);
    return call;
  }
}

const FETCHES: EgressClientOptions = {
  encode: encodeEgressHead,
  onUnavailable: (listener) => listener.onError(UNAVAILABLE),
};

class EgressCall implements OutboundFetch, StreamListener {
  readonly #listener: OutboundFetchListener;
  readonly #onUnavailable: () => void;
  #hasAnswer = false;
  #stream: LinkStream | null = null;
  /** Wait for the guest: the link's window bounds their bytes. */
  readonly #chunks: Buffer[] = [];
  #isEmpty = true;
  #isPulled = false;
  #isDeliveryPlanned = false;
  #isEnded = false;
  #isCancelled = false;

  constructor(listener: OutboundFetchListener, onUnavailable: () => void) {
    this.#listener = listener;
    this.#onUnavailable = onUnavailable;
  }

  attach(stream: LinkStream): void {
    this.#stream = stream;
  }

  /** Not at once: the guest that asked is still running. */
  failSoon(): void {
    setImmediate(() => {
      if (!this.#isCancelled) this.#onUnavailable();
    });
  }

  refuseSoon(message: string): void {
    setImmediate(() => {
      if (!this.#isCancelled) this.#listener.onError(message);
    });
  }

  writeBody(chunk: ArrayBuffer): boolean {
    return this.#stream?.writeOwned(chunk) ?? false;
  }

  endBody(): void {
    this.#stream?.end();
  }

  pull(): void {
    this.#isPulled = true;
    this.#deliverLater();
  }

  cancel(): void {
    this.#isCancelled = true;
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
    this.#isCancelled = true;
    if (!this.#hasAnswer && this.#stream?.isLinkLost === true) this.#onUnavailable();
    else this.#listener.onError(error.message);
  }

  onDrain(): void {
    this.#listener.onBodyDrain();
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
