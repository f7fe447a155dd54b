/** A WebSocket server of the test's own, and a worker's side of sockets that go through an egress server. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Link } from "@nano/link/link";
import type { LinkStream } from "@nano/link/link-stream";
import type { WireError } from "@nano/protocol/errors";
import {
  decodeEgressResponseHead,
  type EgressHead,
  type EgressResponseHead,
  encodeEgressHead,
  encodeHeaderBlock,
} from "@nano/protocol/messages";
import {
  decodeSocketClose,
  encodeSocketClose,
  encodeSocketMessage,
  type SocketClose,
  SocketMessageKind,
  SocketMessageReader,
} from "@nano/protocol/socket-messages";
import { onTestFinished } from "vitest";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";

export interface SocketOrigin {
  readonly origin: string;
  readonly port: number;
  readonly server: Server;
  readonly requests: IncomingMessage[];
  /** The next connection, or one that nobody has asked for. */
  accepted(): Promise<WebSocket>;
}

export async function startSocketOrigin(
  options: Omit<ServerOptions, "noServer" | "server"> = {},
): Promise<SocketOrigin> {
  const server = createServer();
  const sockets = new WebSocketServer({ server, ...options });
  const waiting: WebSocket[] = [];
  const requests: IncomingMessage[] = [];
  let wake = Promise.withResolvers<void>();
  sockets.on("connection", (ws, request) => {
    ws.on("error", () => undefined);
    waiting.push(ws);
    requests.push(request);
    wake.resolve();
    wake = Promise.withResolvers();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const ws of sockets.clients) ws.terminate();
    sockets.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    server,
    requests,
    async accepted() {
      for (;;) {
        const ws = waiting.shift();
        if (ws !== undefined) return ws;
        await wake.promise;
      }
    },
  };
}

export const SOCKET_BOUNDS = { maxMessageBytes: 1024 * 1024, idleTimeoutMs: 60_000, pingIntervalMs: 0 };

export interface Dialed {
  readonly stream: LinkStream;
  readonly head: Promise<EgressResponseHead>;
  readonly messages: (string | Buffer)[];
  /** What CLOSED said; a wire error: the stream was reset. */
  readonly closed: Promise<SocketClose | WireError>;
  readonly body: Promise<Buffer>;
  send(data: string | Buffer): void;
  close(code: number, reason?: string): void;
  received(count: number): Promise<(string | Buffer)[]>;
}

/** @param options.isTaking false: no credit is given */
export function dial(
  link: Link,
  url: string,
  options: Partial<Omit<EgressHead, "headers">> & { headers?: readonly string[]; isTaking?: boolean } = {},
): Dialed {
  const { headers = [], isTaking = true, ...given } = options;
  const head = Promise.withResolvers<EgressResponseHead>();
  const closed = Promise.withResolvers<SocketClose | WireError>();
  const body = Promise.withResolvers<Buffer>();
  head.promise.catch(() => undefined);
  body.promise.catch(() => undefined);
  const messages: (string | Buffer)[] = [];
  const raw: Buffer[] = [];
  let wake = Promise.withResolvers<void>();
  let kind: SocketMessageKind = SocketMessageKind.TEXT;
  let parts: Buffer[] = [];
  let isSocket = false;
  const reader = new SocketMessageReader({
    onBegin(begun) {
      kind = begun;
      parts = [];
      return true;
    },
    onPart(part, isLast) {
      parts.push(Buffer.from(part));
      if (!isLast) return;
      const whole = Buffer.concat(parts);
      if (kind === SocketMessageKind.CLOSED) closed.resolve(decodeSocketClose(whole) as SocketClose);
      else messages.push(kind === SocketMessageKind.TEXT ? whole.toString() : whole);
      wake.resolve();
      wake = Promise.withResolvers();
    },
  });
  const stream = link.openStream(
    encodeEgressHead({
      app: "app-1",
      method: "GET",
      redirect: "error",
      webSocket: SOCKET_BOUNDS,
      ...given,
      url,
      headers: encodeHeaderBlock(headers),
    }),
    {
      onHead(payload) {
        const answered = decodeEgressResponseHead(payload);
        isSocket = answered.status === 101;
        head.resolve(answered);
      },
      onData(chunk) {
        if (isTaking) stream.grant(chunk.length);
        if (isSocket) reader.push(chunk);
        else raw.push(Buffer.from(chunk));
      },
      onEnd: () => body.resolve(Buffer.concat(raw)),
      onReset(error) {
        head.reject(error);
        body.reject(error);
        closed.resolve(error);
      },
      onDrain: () => undefined,
    },
    { isEnd: false },
  ) as LinkStream;
  return {
    stream,
    head: head.promise,
    messages,
    closed: closed.promise,
    body: body.promise,
    send(data) {
      const textKind = typeof data === "string" ? SocketMessageKind.TEXT : SocketMessageKind.BINARY;
      stream.write(encodeSocketMessage(textKind, Buffer.from(data)));
    },
    close(code, reason = "") {
      stream.end(encodeSocketClose(SocketMessageKind.CLOSE, { code, reason, isClean: true }));
    },
    async received(count) {
      while (messages.length < count) await wake.promise;
      return messages;
    },
  };
}
