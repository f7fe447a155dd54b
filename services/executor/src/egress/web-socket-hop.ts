/**
 * One handshake of a WebSocket with one server, by `ws` over a socket of the guarded connector. What is no 101 goes on as any other response.
 *
 * I1 `ws` opens no connection itself: it is handed one whose peer was judged.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { isNanoError, type NanoError } from "@nano/protocol/errors";
import type { EgressWebSocket } from "@nano/protocol/messages";
import type { RelayConnection } from "@nano/socket-relay/websocket-relay";
import { parseProtocols } from "@nano/socket-relay/ws-library";
import { type PerMessageDeflateOptions, WebSocket } from "ws";
import type { EgressConfig } from "./egress-config.ts";
import { egressErrors } from "./errors.ts";
import type { Exchange, HopListener, HopResponse } from "./hop.ts";
import type { OutboundRequest } from "./outbound-request.ts";
import { headerValues } from "./request-headers.ts";

/** Parts of one message. */
const MAX_PART_COUNT = 128 * 1024;
/** Compressing less than this costs more than it saves. */
const DEFLATE_FROM_BYTES = 1_024;
/** Nothing is kept between messages: a connection holds a table only while it works on one. Of zlib at once, four in all connections. */
const DEFLATE: PerMessageDeflateOptions = {
  threshold: DEFLATE_FROM_BYTES,
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  concurrencyLimit: 4,
  zlibDeflateOptions: { level: 1, memLevel: 4 },
};
const MAX_SKIPPED_BYTES = 64 * 1024;

export interface WebSocketHopListener extends HopListener {
  /** The handshake is complete: from here on the connection is the listener's. */
  onUpgraded(response: HopResponse, connection: RelayConnection): void;
}

export interface WebSocketHopOptions {
  readonly limits: EgressWebSocket;
  readonly config: Pick<EgressConfig, "headersTimeoutMs" | "headerBytes" | "closeTimeoutMs">;
  readonly listener: WebSocketHopListener;
}

export class WebSocketHop implements Exchange {
  readonly #options: WebSocketHopOptions;
  readonly #request: OutboundRequest;
  #socket: Socket | null = null;
  #response: IncomingMessage | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isLeft = false;
  #isOver = false;
  #skippedBytes = 0;

  constructor(request: OutboundRequest, options: WebSocketHopOptions) {
    this.#request = request;
    this.#options = options;
  }

  start(connect: (url: URL) => Promise<Socket>): void {
    connect(this.#request.url).then(
      (socket) => {
        if (this.#isOver) socket.destroy();
        else this.#shake(socket);
      },
      (error: unknown) => this.#fail(error),
    );
  }

  pause(): void {
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }

  abort(): void {
    this.#isOver = true;
    this.#stopTimer();
    this.#socket?.destroy();
  }

  leave(): void {
    this.#isLeft = true;
  }

  #shake(socket: Socket): void {
    this.#socket = socket;
    const { config, limits } = this.#options;
    const { url, headers } = this.#request;
    const limitMs = config.headersTimeoutMs;
    this.#timer = setTimeout(() => {
      this.#fail(egressErrors.TIMEOUT({ host: url.hostname, phase: "headers", limitMs }));
    }, limitMs);
    let ws: WebSocket;
    try {
      const target = new URL(url);
      target.protocol = url.protocol === "https:" ? "wss:" : "ws:";
      target.hash = "";
      ws = new WebSocket(target, protocolsOf(headers), {
        createConnection: () => socket,
        headers: headersOf(headers),
        maxPayload: limits.maxMessageBytes,
        maxFragments: MAX_PART_COUNT,
        maxHeaderSize: config.headerBytes,
        closeTimeout: config.closeTimeoutMs,
        perMessageDeflate: DEFLATE,
        followRedirects: false,
      } as ConstructorParameters<typeof WebSocket>[2]);
    } catch (cause) {
      this.#fail(egressErrors.HEADER_REFUSED({ rule: "the handshake cannot be written" }, cause));
      return;
    }
    let accepted: IncomingMessage | null = null;
    const onError = (error: Error): void => this.#fail(error);
    ws.on("error", onError);
    ws.on("upgrade", (response) => {
      accepted = response;
    });
    ws.on("unexpected-response", (_, response) => this.#respond(response));
    ws.on("open", () => {
      this.#stopTimer();
      if (this.#isOver || accepted === null) {
        ws.terminate();
        return;
      }
      this.#isOver = true;
      ws.off("error", onError);
      this.#options.listener.onUpgraded(responseOf(accepted), { ws, socket, isOutbound: true });
    });
  }

  /** The server answered with something else than a WebSocket. */
  #respond(response: IncomingMessage): void {
    this.#stopTimer();
    if (this.#isOver) return;
    const { listener } = this.#options;
    this.#response = response;
    response.on("data", (chunk: Buffer) => this.#take(chunk));
    response.on("end", () => {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#socket?.destroy();
      if (!this.#isLeft) listener.onEnd();
    });
    response.on("error", (error) => this.#fail(error));
    listener.onResponse(responseOf(response));
  }

  #take(chunk: Buffer): void {
    if (this.#isOver) return;
    if (!this.#isLeft) {
      this.#options.listener.onChunk(chunk);
      return;
    }
    this.#skippedBytes += chunk.length;
    if (this.#skippedBytes > MAX_SKIPPED_BYTES) this.abort();
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.abort();
    if (!this.#isLeft) this.#options.listener.onFailed(this.#describe(error));
  }

  /** Of errors of the system only the code: their messages name addresses. Those of `ws` are sentences about the handshake. */
  #describe(error: unknown): NanoError {
    if (isNanoError(error)) return error;
    const host = this.#request.url.hostname;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "HPE_HEADER_OVERFLOW") return egressErrors.HEADERS_TOO_LARGE({ host }, error);
    return egressErrors.HANDSHAKE_FAILED({ host, cause: code ?? message }, error);
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

function responseOf(response: IncomingMessage): HopResponse {
  return {
    status: response.statusCode ?? 0,
    statusText: response.statusMessage ?? "",
    headers: response.rawHeaders,
  };
}

/** @throws EGRESS_HEADER_REFUSED */
function protocolsOf(headers: readonly string[]): string[] {
  const values = headerValues(headers, "sec-websocket-protocol");
  if (values.length === 0) return [];
  const protocols = parseProtocols(values.join(","));
  if (protocols === null) throw egressErrors.HEADER_REFUSED({ rule: "sec-websocket-protocol is no list of names" });
  return [...protocols];
}

/** As Node's client takes them, without those that `ws` writes. */
function headersOf(flat: readonly string[]): Record<string, string[]> {
  const headers: Record<string, string[]> = Object.create(null);
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const name = flat[index] as string;
    if (name.startsWith("sec-websocket-")) continue;
    headers[name] ??= [];
    headers[name].push(flat[index + 1] as string);
  }
  return headers;
}
