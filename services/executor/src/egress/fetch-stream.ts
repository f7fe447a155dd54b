/** Joins one stream of a worker's link to one fetch. */
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { NanoError } from "@nano/protocol/errors";
import {
  decodeEgressHead,
  type EgressHead,
  type EgressResponseHead,
  encodeEgressResponseHead,
} from "@nano/protocol/messages";
import type { WebSocketRelays } from "@nano/socket-relay/websocket-relays";
import { egressErrors } from "./errors.ts";
import { type FetchContext, type FetchSink, OutboundFetch, type UpgradedFetch } from "./outbound-fetch.ts";

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
  const head = parseHead(headPayload);
  const fetch = new OutboundFetch(head, !options.isEnd && head.webSocket === undefined, {
    context: options.context,
    sink: new StreamSink(stream, options.context.relays),
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
  readonly #relays: WebSocketRelays;

  constructor(stream: LinkStream, relays: WebSocketRelays) {
    this.#stream = stream;
    this.#relays = relays;
  }

  onHead(head: EgressResponseHead, isEnd: boolean): void {
    this.#stream.sendHead(encodeEgressResponseHead(head), isEnd);
  }

  /** From here on the stream's listener is the relay. */
  onUpgraded({ head, connection, limits, onClosed }: UpgradedFetch): void {
    this.#stream.sendHead(encodeEgressResponseHead(head));
    this.#relays.relay(connection, { stream: this.#stream, limits, onClosed });
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
  const { allowHosts, webSocket } = head;
  if (
    allowHosts !== undefined &&
    !(Array.isArray(allowHosts) && allowHosts.every((host) => typeof host === "string"))
  ) {
    throw egressErrors.MALFORMED({ what: "allowHosts is no list of texts" });
  }
  if (webSocket !== undefined && !Object.values(webSocket).every(Number.isSafeInteger)) {
    throw egressErrors.MALFORMED({ what: "a bound of a WebSocket is no number" });
  }
  return head;
}
