/**
 * A handshake under way: the client's socket, without a parser, until its app has answered.
 *
 *   waiting ──the app, or the platform, answers as HTTP──▶ the response is sent ──▶ ended
 *      └──────101 of the app──▶ handshake ──▶ a WebSocket, see `@nano/socket-relay`
 *
 * I1 What the client sends before it was answered is kept for the WebSocket, at most `EARLY_BYTES`; more is not read.
 * I2 A client that ends its half before it was answered is gone: it could never close the WebSocket.
 */
import { type IncomingMessage, ServerResponse, validateHeaderName, validateHeaderValue } from "node:http";
import type { Socket } from "node:net";
import { chooseDeflate, parseExtensions } from "@nano/socket-relay/ws-library";
import { type PerMessageDeflateOptions, type WebSocket, WebSocketServer } from "ws";
import { type AcceptedUpgrade, readAcceptance } from "./websocket-handshake.ts";

const EARLY_BYTES = 64 * 1024;
/** How long a client that was answered may still send: closing at once would take the answer from it. */
const LINGER_MS = 1_000;
/** Parts of one message. A client that sends 4 MiB in parts of 64 bytes is an ordinary one of conformance suites. */
const MAX_PART_COUNT = 128 * 1024;
/** Compressing less than this costs more than it saves. */
const DEFLATE_FROM_BYTES = 1_024;
/** A window of 4 KiB and a small table: 24 KiB for a connection that was ever sent something compressed, where zlib's defaults take 256. */
const DEFLATE_WINDOW_BITS = 12;
const DEFLATE_MEMORY_LEVEL = 4;
/** Of zlib at once, in all connections; each may hold a message. */
const DEFLATE_CONCURRENCY = 4;

const DEFLATE: PerMessageDeflateOptions = {
  threshold: DEFLATE_FROM_BYTES,
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  concurrencyLimit: DEFLATE_CONCURRENCY,
  zlibDeflateOptions: { level: 1, memLevel: DEFLATE_MEMORY_LEVEL },
};
/** The smallest windows that the client lets us have. */
const DEFLATE_CHOICES: readonly PerMessageDeflateOptions[] = [
  { ...DEFLATE, serverMaxWindowBits: DEFLATE_WINDOW_BITS, clientMaxWindowBits: DEFLATE_WINDOW_BITS },
  { ...DEFLATE, serverMaxWindowBits: DEFLATE_WINDOW_BITS },
  DEFLATE,
];

export interface UpgradeOptions {
  readonly requestId: string;
  readonly maxMessageBytes: number;
  readonly closeTimeoutMs: number;
}

/** Null: the client left. A string: why the app's answer cannot be sent. */
export type UpgradeResult = { readonly ws: WebSocket; readonly socket: Socket } | string | null;

export class WebSocketUpgrade {
  readonly res: ServerResponse;
  readonly #req: IncomingMessage;
  readonly #socket: Socket;
  #early: Buffer[];
  #earlyBytes: number;

  /** @param head what came behind the request */
  constructor(
    req: IncomingMessage,
    socket: Socket,
    options: { readonly head: Buffer; onSilent(): void; timeoutMs: number },
  ) {
    this.#req = req;
    this.#socket = socket;
    this.#early = options.head.length > 0 ? [options.head] : [];
    this.#earlyBytes = options.head.length;
    this.res = new ServerResponse(req);
    this.res.shouldKeepAlive = false;
    this.res.assignSocket(socket);
    socket.setTimeout(options.timeoutMs);
    socket.on("timeout", options.onSilent);
    socket.on("error", this.#leave);
    socket.on("end", this.#leave);
    socket.on("data", this.#keep);
    // What the parser would tell the response.
    socket.on("drain", this.#drain);
    this.res.once("finish", this.#linger);
  }

  /**
   * Completes the handshake, if `flat`, the app's headers as `readResponseHeaders` gives them, can be sent.
   * The response then counts as closed, with status 101.
   */
  complete(flat: readonly string[], options: UpgradeOptions): UpgradeResult {
    const accepted = readAcceptance(flat, this.#req.headers["sec-websocket-protocol"]);
    if (typeof accepted === "string") return accepted;
    const lines = toLines(["x-nano-request-id", options.requestId, ...accepted.headers]);
    if (typeof lines === "string") return lines;
    const { res } = this;
    this.#release();
    res.detachSocket(this.#socket);
    const ws = this.#shake(accepted, lines, options);
    res.statusCode = 101;
    res.emit("close");
    if (ws === null) this.#socket.destroy();
    return ws === null ? null : { ws, socket: this.#socket };
  }

  #shake(accepted: AcceptedUpgrade, lines: readonly string[], options: UpgradeOptions): WebSocket | null {
    const offers = parseExtensions(this.#req.headers["sec-websocket-extensions"] ?? "");
    const settings = {
      noServer: true,
      clientTracking: false,
      maxPayload: options.maxMessageBytes,
      maxFragments: MAX_PART_COUNT,
      closeTimeout: options.closeTimeoutMs,
      perMessageDeflate: chooseDeflate(offers?.["permessage-deflate"], DEFLATE_CHOICES),
      handleProtocols: () => accepted.protocol ?? false,
    } as const;
    const server = new WebSocketServer(settings);
    server.on("headers", (headers) => headers.push(...lines));
    let opened: WebSocket | null = null;
    // Calls back at once, or destroys a socket that was half closed.
    server.handleUpgrade(this.#req, this.#socket, Buffer.concat(this.#early), (ws) => {
      opened = ws;
    });
    this.#early = [];
    this.#socket.resume();
    return opened;
  }

  readonly #keep = (chunk: Buffer): void => {
    this.#early.push(chunk);
    this.#earlyBytes += chunk.length;
    if (this.#earlyBytes > EARLY_BYTES) this.#socket.pause();
  };

  readonly #leave = (): void => {
    this.#socket.destroy();
  };

  readonly #drain = (): void => {
    this.res.emit("drain");
  };

  readonly #linger = (): void => {
    const socket = this.#socket;
    this.#early = [];
    socket.off("data", this.#keep);
    socket.end();
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => clearTimeout(timer));
  };

  #release(): void {
    const socket = this.#socket;
    socket.pause();
    socket.off("data", this.#keep);
    socket.off("end", this.#leave);
    socket.off("error", this.#leave);
    socket.off("drain", this.#drain);
    socket.removeAllListeners("timeout");
    this.res.off("finish", this.#linger);
  }
}

/** Lines of a head; a string: why HTTP cannot carry one. */
function toLines(flat: readonly string[]): string[] | string {
  const lines: string[] = [];
  try {
    for (let index = 0; index + 1 < flat.length; index += 2) {
      const name = flat[index] as string;
      const value = flat[index + 1] as string;
      validateHeaderName(name);
      validateHeaderValue(name, value);
      lines.push(`${name}: ${value}`);
    }
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : "its head";
  }
  return lines;
}
