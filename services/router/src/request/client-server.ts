/**
 * The data plane's server: from a client's first byte to a request of ours, by way of the PROXY protocol and TLS where they are used.
 *
 *   accepted ──PROXY header──▶ TLS handshake ──▶ parser ──▶ RequestHandler
 *
 * I1 Each connection's facts are known before the parser reads it.
 */
import { createServer, type IncomingMessage, type Server, type ServerOptions } from "node:http";
import { createServer as createTlsServer, type ServerOptions as TlsServerOptions } from "node:https";
import { Server as NetServer, type Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { MAX_REQUEST_HEADER_COUNT } from "@nano/protocol/app-limits";
import type { ClientConnections, Trust } from "./client-connection.ts";
import type { Scheme } from "./forwarded-claims.ts";
import { refuseMalformed, refuseTunnel } from "./parser-refusal.ts";
import type { ProxyHeader } from "./proxy-header.ts";
import { takeProxyHeader } from "./proxy-intake.ts";
import type { RequestHandler } from "./request-handler.ts";
import { type LimitReason, limitReasonOf } from "./request-metrics.ts";
import { canonicalAddress } from "./trusted-proxies.ts";
import { findHandshakeError, wantsWebSocket } from "./websocket-handshake.ts";
import { WebSocketUpgrade } from "./websocket-upgrade.ts";

/** What a client sees of our certificates. */
export interface CertificateSource {
  /** Null: none for that name. */
  contextFor(serverName: string): SecureContext | null;
  /** The certificate for clients that name no server, as `setSecureContext` takes it; null: none. */
  readonly fallback: { readonly cert: Buffer; readonly key: Buffer } | null;
}

export interface ClientServerOptions {
  readonly keepAliveTimeoutMs: number;
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the last of its body. */
  readonly requestTimeoutMs: number;
  /** For a client to take something of what waits for it. */
  readonly stallTimeoutMs: number;
  readonly timeoutCheckMs: number;
  readonly maxHeaderBytes: number;
  readonly maxConnectionCount: number;
  /** What clients use, where neither TLS nor a proxy says. */
  readonly scheme: Scheme;
  /** Trusted proxies begin their connections with a PROXY header. */
  readonly proxyProtocol: boolean;
  readonly trust: Trust;
  /** Null: TLS does not end here. */
  readonly certificates: CertificateSource | null;
  onRefusedConnection(cause: "proxy_header" | "tls_handshake"): void;
  onStalledConnection(): void;
  /** What came on a connection was over what is read of any. */
  onLimitEnd(reason: LimitReason): void;
}

const MIN_TLS_VERSION = "TLSv1.2";

interface PendingConnection {
  readonly socket: Socket;
  header: ProxyHeader | null;
}

export class ClientServer {
  readonly server: Server;
  readonly #options: ClientServerOptions;
  readonly #handler: RequestHandler;
  readonly #connections: ClientConnections;
  /** Connections on their way to the parser, by their endpoints: what TLS makes of a socket is another socket with the same. */
  readonly #pending = new Map<string, PendingConnection>();

  constructor(handler: RequestHandler, connections: ClientConnections, options: ClientServerOptions) {
    this.#handler = handler;
    this.#connections = connections;
    this.#options = options;
    this.server = this.#createServer();
    this.server.maxConnections = options.maxConnectionCount;
    // Of more, node would drop the rest without a word: this many are read, so that it is seen when there are too many.
    this.server.maxHeadersCount = MAX_REQUEST_HEADER_COUNT + 1;
    this.#listenToServer();
  }

  /** Presents what `certificates` has now to clients that come from now on. */
  useCertificates(): void {
    const { server } = this;
    if (this.#options.certificates === null || !("setSecureContext" in server)) return;
    const tlsServer = server as ReturnType<typeof createTlsServer>;
    tlsServer.setSecureContext({ ...this.#options.certificates.fallback, minVersion: MIN_TLS_VERSION });
  }

  /** Accepts no further connections; the open ones go on. Resolves when the last has ended. */
  stopAccepting(): Promise<void> {
    // Not `http.Server.close`: it also closes the connections that seem idle, a new one's first request on its way among them.
    return new Promise((resolve) => NetServer.prototype.close.call(this.server, () => resolve()));
  }

  /** Ends the connections on which no request is under way. */
  endIdle(): void {
    this.server.closeIdleConnections();
    for (const { socket } of this.#pending.values()) socket.destroy();
    // Those that have sent nothing yet count as active for node.
    for (const socket of this.#connections.open) {
      if (this.#connections.of(socket).latestRequest === null && socket.bytesRead === 0) socket.destroy();
    }
  }

  /** Ends everything, now. */
  cutAll(): void {
    for (const { socket } of this.#pending.values()) socket.destroy();
    for (const socket of this.#connections.open) socket.destroy();
  }

  #createServer(): Server {
    const { certificates, ...options } = this.#options;
    const httpOptions: ServerOptions = {
      shouldUpgradeCallback: (req) => this.#isUpgrade(req),
      insecureHTTPParser: false,
      // We answer a missing Host ourselves, with the platform's headers.
      requireHostHeader: false,
      // A request without a body has no stream to set up and end: we open a body where the headers announce one.
      optimizeEmptyRequests: true,
      keepAliveTimeout: options.keepAliveTimeoutMs,
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      connectionsCheckingInterval: options.timeoutCheckMs,
      maxHeaderSize: options.maxHeaderBytes,
    };
    if (certificates === null) return createServer(httpOptions);
    const tlsOptions: TlsServerOptions = {
      ...httpOptions,
      ...certificates.fallback,
      minVersion: MIN_TLS_VERSION,
      ALPNProtocols: ["http/1.1"],
      handshakeTimeout: options.headersTimeoutMs,
      SNICallback: (serverName, callback) => callback(null, certificates.contextFor(serverName) ?? undefined),
    };
    return createTlsServer(tlsOptions);
  }

  #listenToServer(): void {
    const { server } = this;
    const { proxyProtocol, certificates } = this.#options;
    if (proxyProtocol) this.#readProxyHeaders();
    if (proxyProtocol || certificates !== null) {
      server.prependListener("connection", (socket: Socket) => this.#addPending(socket));
    } else server.prependListener("connection", (socket: Socket) => this.#addConnection(socket));
    if (certificates !== null) {
      server.prependListener("secureConnection", (socket: Socket) => this.#addConnection(socket));
    }
    server.on("request", (req, res) => this.#handler.handle(req, res, "none"));
    server.on("checkContinue", (req, res) => this.#handler.handle(req, res, "continue"));
    server.on("checkExpectation", (req, res) => this.#handler.handle(req, res, "unknown"));
    server.on("upgrade", (req, socket: Socket, head: Buffer) => {
      const { stallTimeoutMs: timeoutMs } = this.#options;
      const onSilent = (): void => this.#endSilent(socket);
      this.#handler.handleUpgrade(req, new WebSocketUpgrade(req, socket, { head, timeoutMs, onSilent }));
    });
    server.setTimeout(this.#options.stallTimeoutMs, (socket) => this.#endSilent(socket));
    server.on("connect", (_req, socket: Socket) => refuseTunnel(socket, this.#connections.find(socket)));
    server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
      const connection = this.#connections.find(socket);
      if (connection !== undefined) {
        const refusal = refuseMalformed(error, socket, connection);
        const reason = refusal === null ? null : limitReasonOf(refusal.wire);
        if (reason !== null) this.#options.onLimitEnd(reason);
      } else {
        this.#options.onRefusedConnection("tls_handshake");
        socket.destroy();
      }
    });
  }

  /** Whether it leaves the parser. Another Upgrade, and a handshake that is refused, are ordinary requests. */
  #isUpgrade(req: IncomingMessage): boolean {
    if (!wantsWebSocket(req) || findHandshakeError(req) !== null) return false;
    const connection = this.#connections.find(req.socket);
    if (connection === undefined || connection.isEnding) return false;
    // A response that holds the socket is not sent yet.
    return (connection.latestResponse?.socket ?? null) === null;
  }

  /** Nothing has moved on it for a time: of `stallTimeoutMs`, or of `keepAliveTimeoutMs` where no request is under way. */
  #endSilent(socket: Socket): void {
    const response = this.#connections.find(socket)?.latestResponse ?? null;
    const isUnderWay = response !== null && !response.writableFinished;
    if (isUnderWay && socket.writableLength === 0) return; // its app takes its time
    if (socket.writableLength > 0) this.#options.onStalledConnection();
    socket.destroy();
  }

  /** Puts the reading of headers before what the server does with a connection. */
  #readProxyHeaders(): void {
    const { server } = this;
    const serve = server.listeners("connection");
    server.removeAllListeners("connection");
    const hand = (socket: Socket, isPaused: boolean): void => {
      if (this.#options.certificates === null) this.#addConnection(socket);
      for (const listener of serve) listener.call(server, socket);
      // TLS reads what lies below it by itself, and what flowed here it would miss.
      if (isPaused && this.#options.certificates === null) socket.resume();
    };
    server.on("connection", (socket: Socket) => {
      if (!this.#isTrusted(canonicalAddress(socket.remoteAddress ?? ""))) {
        hand(socket, false);
        return;
      }
      takeProxyHeader(socket, {
        timeoutMs: this.#options.headersTimeoutMs,
        onHeader: (header) => {
          const pending = this.#pending.get(endpointsOf(socket));
          if (pending !== undefined) pending.header = header;
          hand(socket, true);
        },
        onMalformed: () => this.#options.onRefusedConnection("proxy_header"),
      });
    });
  }

  #addPending(socket: Socket): void {
    const endpoints = endpointsOf(socket);
    const pending: PendingConnection = { socket, header: null };
    this.#pending.set(endpoints, pending);
    socket.once("close", () => {
      if (this.#pending.get(endpoints) === pending) this.#pending.delete(endpoints);
    });
  }

  /** What holds for the connection is known now, and nothing of it was given to the parser. */
  #addConnection(socket: Socket): void {
    let header: ProxyHeader | null = null;
    if (this.#pending.size > 0) {
      const endpoints = endpointsOf(socket);
      header = this.#pending.get(endpoints)?.header ?? null;
      this.#pending.delete(endpoints);
    }
    const peer = canonicalAddress(socket.remoteAddress ?? "");
    // Gone already: without an address there is nobody to answer.
    if (peer === null) socket.destroy();
    const address = header?.address ?? peer ?? "0.0.0.0";
    const isTls = header?.isTls ?? null;
    const ownScheme = this.#options.certificates === null ? this.#options.scheme : "https";
    const scheme = isTls === null || this.#options.certificates !== null ? ownScheme : isTls ? "https" : "http";
    this.#connections.add(socket, { address, scheme, isTrusted: peer !== null && this.#isTrusted(address) });
  }

  #isTrusted(address: string | null): boolean {
    return address !== null && this.#options.trust.proxies.includes(address);
  }
}

function endpointsOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`;
}
