/** A router with a node whose supervisor names a WebSocket worker, and clients: those of `ws`, and frames on bare sockets. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { ManifestInput } from "@nano/protocol/manifest";
import { onTestFinished } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import { FakeSocket } from "./fake-socket.ts";
import { appRecords } from "./fake-store.ts";
import type { FakeWorker } from "./fake-worker.ts";
import { startTestRouter, type TestRouter } from "./router-harness.ts";

export interface WebSocketTest extends TestRouter {
  readonly socketWorker: FakeWorker;
  /** Those that the worker has accepted, by the default handler. */
  readonly sockets: FakeSocket[];
  connect(
    options?: { protocols?: string[]; path?: string; host?: string; scheme?: "ws" | "wss" } & ClientOptions,
  ): Promise<Client>;
  /** The worker's side of the next connection. */
  accepted(count?: number): Promise<FakeSocket>;
}

export interface Client {
  readonly ws: WebSocket;
  /** Of the router's 101. */
  readonly response: IncomingMessage;
  readonly messages: (string | Buffer)[];
  readonly closed: Promise<{ code: number; reason: string }>;
  received(count: number): Promise<(string | Buffer)[]>;
}

export async function startWebSocketTest(
  manifest: ManifestInput = {},
  overrides: Parameters<typeof startTestRouter>[1] = {},
  options: Parameters<typeof startTestRouter>[2] = {},
): Promise<WebSocketTest> {
  const t = await startTestRouter(appRecords("chat", ["app.example"], manifest), overrides, options);
  await t.useWorkers(await t.node.startWorker());
  const sockets: FakeSocket[] = [];
  let wake = Promise.withResolvers<void>();
  const socketWorker = await t.node.startWorker((request) => {
    sockets.push(new FakeSocket(request));
    wake.resolve();
    wake = Promise.withResolvers();
  });
  t.node.supervisor.socketWorkerOf = () => socketWorker;
  return {
    ...t,
    socketWorker,
    sockets,
    async accepted(count = 1) {
      while (sockets.length < count) await wake.promise;
      return sockets[count - 1] as FakeSocket;
    },
    async connect({ protocols = [], path = "/", host = "app.example", scheme = "ws", ...options } = {}) {
      const ws = new WebSocket(`${scheme}://127.0.0.1:${t.port}${path}`, protocols, {
        perMessageDeflate: false,
        ...options,
        headers: { host, ...options.headers },
      });
      onTestFinished(() => ws.terminate());
      const client = watch(ws);
      const upgraded = once(ws, "upgrade") as Promise<[IncomingMessage]>;
      await Promise.race([once(ws, "open"), client.closed]);
      const [response] = await upgraded;
      return { ...client, response };
    },
  };
}

function watch(ws: WebSocket): Omit<Client, "response"> {
  const messages: (string | Buffer)[] = [];
  let wake = Promise.withResolvers<void>();
  ws.on("message", (data, isBinary) => {
    messages.push(isBinary ? (data as Buffer) : data.toString());
    wake.resolve();
    wake = Promise.withResolvers();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ws.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  return {
    ws,
    messages,
    closed,
    async received(count) {
      while (messages.length < count) await wake.promise;
      return messages;
    },
  };
}

export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** A handshake as text. @param changes null: without that header */
export function handshake(changes: Record<string, string | null> = {}, line = "GET / HTTP/1.1"): string {
  const headers: Record<string, string | null> = {
    host: "app.example",
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-key": KEY,
    "sec-websocket-version": "13",
    ...changes,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]));
  return `${[line, ...lines].join("\r\n")}\r\n\r\n`;
}

/** A frame as clients send it. */
export function frame(
  opcode: number,
  payload: string | Buffer = "",
  { isFinal = true, announcedBytes = -1 }: { isFinal?: boolean; announcedBytes?: number } = {},
): Buffer {
  const bytes = Buffer.from(payload);
  const length = announcedBytes === -1 ? bytes.length : announcedBytes;
  const mask = randomBytes(4);
  const first = (isFinal ? 0x80 : 0) | opcode;
  let head: Buffer;
  if (length < 126) head = Buffer.from([first, 0x80 | length]);
  else if (length < 65_536) head = Buffer.from([first, 0x80 | 126, length >> 8, length & 0xff]);
  else {
    head = Buffer.alloc(10);
    head[0] = first;
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, mask, bytes.map((byte, index) => byte ^ (mask[index % 4] as number))]);
}

export const Opcode = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;
