/** One keep-alive connection of a closed loop: it sends the next request when the last answer is whole. */
import { connect, type Socket } from "node:net";

const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;

/** What drives a connection. */
export interface Exchange {
  /** The next request; null: there is none. */
  next(): string | null;
  take(answer: { readonly isOk: boolean; readonly body: string; readonly latencyMs: number }): void;
  onError(error: Error): void;
}

/** Plain sockets, because a client library would take more CPU than the servers. */
export class KeepAliveConnection {
  readonly #socket: Socket;
  readonly #exchange: Exchange;
  #received = "";
  #sentMs = 0;

  constructor(port: number, exchange: Exchange) {
    this.#exchange = exchange;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.setEncoding("latin1");
    this.#socket.on("connect", () => this.#send());
    this.#socket.on("data", (text: string) => this.#receive(text));
    this.#socket.on("error", (error) => exchange.onError(error));
    this.#socket.on("end", () =>
      exchange.onError(new Error(`The connection was ended: ${this.#received.slice(0, 300)}`)),
    );
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(): void {
    const request = this.#exchange.next();
    if (request === null) {
      this.close();
      return;
    }
    this.#sentMs = performance.now();
    this.#socket.write(request);
  }

  #receive(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf("\r\n\r\n");
    if (headEnd < 0) return;
    const length = Number(CONTENT_LENGTH.exec(this.#received)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) throw new Error(`Answer has no content-length: ${this.#received.slice(0, 300)}`);
    if (this.#received.length < headEnd + 4 + length) return;
    const isOk = this.#received.startsWith("HTTP/1.1 200");
    const body = this.#received.slice(headEnd + 4);
    this.#received = "";
    this.#exchange.take({ isOk, body, latencyMs: performance.now() - this.#sentMs });
    this.#send();
  }
}

export function getRequest(host: string, path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nuser-agent: bench\r\naccept: */*\r\n\r\n`;
}
