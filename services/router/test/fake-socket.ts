/** A WebSocket in a fake worker: what an executor makes of a stream once it has answered 101. */
import {
  decodeSocketClose,
  encodeSocketClose,
  encodeSocketMessageHeader,
  type SocketClose,
  SocketMessageKind,
  SocketMessageReader,
} from "@nano/protocol/socket-messages";
import type { FakeRequest } from "./fake-worker.ts";

export class FakeSocket {
  readonly request: FakeRequest;
  readonly messages: (string | Buffer)[] = [];
  /** Bytes of messages that have come, whole or not. */
  partBytes = 0;
  onMessage: (message: string | Buffer) => void = () => {};
  readonly #closed = Promise.withResolvers<SocketClose>();
  #wake = Promise.withResolvers<void>();

  /** Accepts the upgrade. */
  constructor(request: FakeRequest, headers: string[] = []) {
    this.request = request;
    let parts: Buffer[] = [];
    let kind: SocketMessageKind = SocketMessageKind.TEXT;
    const reader = new SocketMessageReader({
      onBegin: (begun) => {
        kind = begun;
        parts = [];
        return true;
      },
      onPart: (part, isLast) => {
        parts.push(part);
        this.partBytes += part.length;
        if (isLast) this.#take(kind, Buffer.concat(parts));
      },
    });
    request.onBytes = (chunk) => void reader.push(chunk);
    request.respondHead(101, headers);
  }

  send(message: string | Buffer): void {
    const kind = typeof message === "string" ? SocketMessageKind.TEXT : SocketMessageKind.BINARY;
    const payload = Buffer.from(message);
    this.request.stream.write(encodeSocketMessageHeader(kind, payload.length));
    this.request.stream.write(payload);
  }

  close(code: number, reason = ""): void {
    this.request.stream.end(encodeSocketClose(SocketMessageKind.CLOSE, { code, reason, isClean: false }));
  }

  /** What the router says of its end. */
  closed(): Promise<SocketClose> {
    return this.#closed.promise;
  }

  /** Resolves with all messages, once there are so many. */
  async received(count: number): Promise<(string | Buffer)[]> {
    while (this.messages.length < count) await this.#wake.promise;
    return this.messages;
  }

  #take(kind: SocketMessageKind, payload: Buffer): void {
    if (kind === SocketMessageKind.CLOSED) {
      const close = decodeSocketClose(payload);
      if (close !== null) this.#closed.resolve(close);
      this.request.stream.end();
      return;
    }
    const message = kind === SocketMessageKind.TEXT ? payload.toString() : payload;
    this.messages.push(message);
    this.onMessage(message);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}
