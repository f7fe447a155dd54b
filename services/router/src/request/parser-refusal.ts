/**
 * What `node:http`'s parser refuses: it never becomes a request, or breaks off one that has begun.
 *
 * I1 No byte is written into a response that has begun: what would follow on it is not told apart from it.
 */
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { NanoError } from "@nano/protocol/errors";
import { errors } from "../errors.ts";
import type { ClientConnection } from "./client-connection.ts";
import { ALLOWED_METHODS } from "./error-response.ts";

/** How long a client that was refused may still send: closing at once would take the answer from it. */
const LINGER_MS = 1000;

/** The code of ours for what the parser or its timers report; null: the connection itself is gone. */
function errorOfParser(error: NodeJS.ErrnoException): NanoError | null {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return errors.HEADERS_TOO_LARGE({ limit: "listen.maxHeaderBytes" });
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return errors.CHUNK_EXTENSIONS_TOO_LARGE({});
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return errors.REQUEST_TIMEOUT({});
    default:
      return error.code?.startsWith("HPE_") === true ? errors.BAD_REQUEST({ what: "it does not parse" }) : null;
  }
}

/** Nothing more is read from the connection; what is owed on it is answered, then it ends. @returns why it was refused; null: its client is gone */
export function refuseMalformed(
  thrown: NodeJS.ErrnoException,
  socket: Socket,
  connection: ClientConnection,
): NanoError | null {
  if (connection.isBroken) return null;
  connection.isBroken = true;
  const error = errorOfParser(thrown);
  if (error === null || !socket.writable) {
    socket.destroy();
    return null;
  }
  const { latestRequest: req, latestResponse: res, latestForwarded: forwarded } = connection;
  if (req === null || res === null || (req.complete && res.writableFinished)) {
    answerBare(socket, error);
    return error;
  }
  // A body that broke off is its request's fault, and there is nothing more to say once that was answered.
  if (!req.complete && (res.writableFinished || res.headersSent || forwarded === null)) {
    socket.destroySoon();
    return error;
  }
  if (!req.complete && thrown.code === "HPE_INVALID_EOF_STATE") {
    // The client left in the middle of its body.
    socket.destroy();
    return null;
  }
  socket.pause();
  res.shouldKeepAlive = false;
  res.once("close", () => socket.destroySoon());
  if (!req.complete) forwarded?.refuse(error.wire);
  return error;
}

/** Refuses a CONNECT. The parser has let go of its socket. */
export function refuseTunnel(socket: Socket, connection: ClientConnection | undefined): void {
  // An answer to an earlier request may be on its way; this one would overtake it.
  const isAnswering = connection?.latestResponse?.writableFinished === false;
  if (isAnswering) socket.on("error", () => {}).destroy();
  else answerBare(socket, errors.METHOD_NOT_ALLOWED({ method: "CONNECT" }), `allow: ${ALLOWED_METHODS}\r\n`);
}

/** Answers where there is no request to answer. */
function answerBare(socket: Socket, error: NanoError, headers = ""): void {
  // Nobody else listens to a socket that the parser has let go of.
  socket.on("error", () => socket.destroy());
  const { httpStatus: status, reason } = error.wire;
  const body = `${status} ${STATUS_CODES[status]}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${body.length}\r\n` +
      `cache-control: no-store\r\n${headers}x-nano-error: ${reason}\r\nconnection: close\r\n\r\n${body}`,
  );
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
}
