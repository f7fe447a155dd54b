/** WebSocket clients that people have, as one: each frames, masks, compresses and closes in its own way. */
import { once } from "node:events";
import { Client as FayeClient } from "faye-websocket";
import { w3cwebsocket as W3cWebSocket } from "websocket";
import { WebSocket as WsWebSocket } from "ws";

/** The part of the standard that all of them have. */
interface StandardSocket {
  readonly protocol: string;
  onopen: unknown;
  onmessage: unknown;
  onclose: unknown;
  onerror: unknown;
  send(data: string | Buffer<ArrayBuffer>): unknown;
  close(code?: number, reason?: string): unknown;
}

export interface SocketClosed {
  readonly code: number;
  readonly reason: string;
}

export type ClientLibrary = (url: string, protocols: readonly string[]) => StandardSocket;

/** `binaryType` where the library would give blobs. */
function withBuffers<Socket extends { binaryType: string }>(socket: Socket): Socket {
  socket.binaryType = "arraybuffer";
  return socket;
}

export const clientLibraries: Readonly<Record<string, ClientLibrary>> = {
  websocket: (url, protocols) => withBuffers(new W3cWebSocket(url, [...protocols])) as unknown as StandardSocket,
  "faye-websocket": (url, protocols) => new FayeClient(url, protocols),
  "Node's own": (url, protocols) => withBuffers(new WebSocket(url, [...protocols])) as unknown as StandardSocket,
  ws: (url, protocols) => withBuffers(new WsWebSocket(url, [...protocols])) as unknown as StandardSocket,
};

/** A client whose messages are waited for. */
export class LibraryClient {
  readonly closed: Promise<SocketClosed>;
  readonly #socket: StandardSocket;
  readonly #messages: (string | Buffer)[] = [];
  readonly #came = new EventTarget();

  /** Rejects where the upgrade is refused. */
  static async open(library: ClientLibrary, url: string, protocols: readonly string[] = []): Promise<LibraryClient> {
    const socket = library(url, protocols);
    const client = new LibraryClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      client.closed.then(({ code }) => reject(new Error(`It was not opened: ${code}`)));
    });
    return client;
  }

  private constructor(socket: StandardSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
      this.#messages.push(typeof data === "string" ? data : Buffer.from(data));
      this.#came.dispatchEvent(new Event("message"));
    };
    socket.onerror = () => {}; // `close` follows
    this.closed = new Promise((resolve) => {
      socket.onclose = ({ code, reason }: SocketClosed) => resolve({ code, reason });
    });
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  send(data: string | Buffer<ArrayBuffer>): void {
    this.#socket.send(data);
  }

  async next(): Promise<string | Buffer> {
    if (this.#messages.length === 0) await once(this.#came, "message");
    return this.#messages.shift() ?? "";
  }

  close(code?: number, reason?: string): Promise<SocketClosed> {
    this.#socket.close(code, reason);
    return this.closed;
  }
}
