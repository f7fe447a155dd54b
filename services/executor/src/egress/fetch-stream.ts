/** Joins one stream of a worker's link to one fetch. */
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { NanoError } from "@nano/protocol/errors";
import {
  decodeEgressHead,
  type EgressHead,
  type EgressResponseHead,
  encodeEgressResponseHead,
} from "@nano/protocol/messages";
import { egressErrors } from "./errors.ts";
import { type FetchContext, type FetchSink, OutboundFetch } from "./outbound-fetch.ts";

const REDIRECT_MODES = new Set(["follow", "manual", "error"]);

/**
 * Starts the fetch that a stream's head asks for.
 *
 * @throws EGRESS_MALFORMED where the head is none
 */
export function openFetchStream(
  stream: LinkStream,
  headPayload: Buffer,
  options: { isEnd: boolean; context: FetchContext },
): StreamListener {
  const fetch = new OutboundFetch(parseHead(headPayload), !options.isEnd, {
    context: options.context,
    sink: new StreamSink(stream),
  });
  void fetch.run();
  return {
    onHead: () => undefined,
    onData: (chunk) => fetch.pushBody(chunk),
    onEnd: () => fetch.endBody(),
    onReset: () => fetch.cancel(),
    onDrain: () => fetch.resume(),
  };
}

class StreamSink implements FetchSink {
  readonly #stream: LinkStream;

  constructor(stream: LinkStream) {
    this.#stream = stream;
  }

  onHead(head: EgressResponseHead, isEnd: boolean): void {
    this.#stream.sendHead(encodeEgressResponseHead(head), isEnd);
  }

  onChunk(chunk: Buffer): boolean {
    return this.#stream.write(chunk);
  }

  onEnd(): void {
    this.#stream.end();
  }

  onFailed(error: NanoError): void {
    this.#stream.reset(error.wire);
  }

  onBodyConsumed(bytes: number): void {
    this.#stream.grant(bytes);
  }
}

/** A worker is no more trusted than the code that it runs. */
function parseHead(payload: Buffer): EgressHead {
  let head: EgressHead;
  try {
    head = decodeEgressHead(payload);
  } catch (cause) {
    throw egressErrors.MALFORMED({ what: "its head does not decode" }, cause);
  }
  for (const name of ["app", "method", "url", "headers"] as const) {
    if (typeof head[name] !== "string") throw egressErrors.MALFORMED({ what: `${name} is no text` });
  }
  if (!REDIRECT_MODES.has(head.redirect)) throw egressErrors.MALFORMED({ what: "redirect is no mode" });
  return head;
}
