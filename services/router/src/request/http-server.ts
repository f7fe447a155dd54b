/** The data plane's HTTP server: what `node:http` decides before a request is ours. */
import { createServer, type Server, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { RequestHandler } from "./request-handler.ts";

export interface HttpServerOptions {
  readonly keepAliveTimeoutMs: number;
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the last of its body. */
  readonly requestTimeoutMs: number;
  readonly maxHeaderBytes: number;
  readonly maxConnectionCount: number;
}

export function createHttpServer(handler: RequestHandler, options: HttpServerOptions): Server {
  const server = createServer(
    {
      insecureHTTPParser: false,
      // We answer a missing Host ourselves, with the platform's headers.
      requireHostHeader: false,
      // A request without a body has no stream to set up and end: we open a body where the headers announce one.
      optimizeEmptyRequests: true,
      keepAliveTimeout: options.keepAliveTimeoutMs,
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      maxHeaderSize: options.maxHeaderBytes,
    },
    (req, res) => handler.handle(req, res, false),
  );
  server.maxConnections = options.maxConnectionCount;
  // Without an `upgrade` listener an Upgrade is an ordinary request: that is what it should be here.
  server.on("checkContinue", (req, res) => handler.handle(req, res, true));
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => refuseMalformed(error, socket));
  return server;
}

/** What the parser refuses never becomes a request: it is answered on the bare socket. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [status, reason] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? [431, "headers_too_large"]
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? [408, "request_timeout"]
        : [400, "bad_request"];
  const body = `${status} ${STATUS_CODES[status]}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${body.length}\r\n` +
      `x-nano-error: ${reason}\r\nconnection: close\r\n\r\n${body}`,
  );
}
