/** One keep-alive connection of a closed loop: it sends the next request when the last answer is whole. */
import { connect, type Socket } from "node:net";
import { AnswerReader } from "./answer-reader.ts";

/** What drives a connection. */
export interface Exchange {
  /** The next request; null: there is none. */
  next(): string | Buffer | null;
  take(answer: { readonly isOk: boolean; readonly body: string; readonly latencyMs: number }): void;
  onError(error: Error): void;
}

export class KeepAliveConnection {
  readonly #socket: Socket;
  readonly #exchange: Exchange;
  readonly #reader = new AnswerReader();
  #sentMs = 0;

  constructor(port: number, exchange: Exchange) {
    this.#exchange = exchange;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.setEncoding("latin1");
    this.#socket.on("connect", () => this.#send());
    this.#socket.on("data", (text: string) => this.#receive(text));
    this.#socket.on("error", (error) => exchange.onError(error));
    this.#socket.on("end", () =>
      exchange.onError(new Error(`The connection was ended: ${this.#reader.begun.slice(0, 300)}`)),
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
    const answer = this.#reader.push(text);
    if (answer === null) return;
    this.#exchange.take({ ...answer, latencyMs: performance.now() - this.#sentMs });
    this.#send();
  }
}

export function getRequest(host: string, path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nuser-agent: bench\r\naccept: */*\r\n\r\n`;
}

/** A request with a body of a known length. */
export interface BodyRequest {
  readonly method: string;
  readonly contentType: string;
  readonly body: string | Buffer;
}

export function bodyRequest(host: string, path: string, { method, contentType, body }: BodyRequest): Buffer {
  const bytes = Buffer.from(body);
  const head =
    `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nuser-agent: bench\r\naccept: */*\r\n` +
    `content-type: ${contentType}\r\ncontent-length: ${bytes.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), bytes]);
}
