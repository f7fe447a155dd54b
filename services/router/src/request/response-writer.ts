/**
 * An app's response on its way to the client.
 *
 * I1 The head is held until the frames that came with it are looked at: a body that came whole gets a content-length
 *    and one write.
 * I2 A declared content-length is kept to, or the connection is cut: what follows on it would be misread.
 */
import type { ServerResponse } from "node:http";
import { decodeHeaderBlock, decodeResponseHead } from "@nano/protocol/messages";
import { readResponseHeaders } from "./request-headers.ts";

/** Up to here a whole body is copied into the buffer of its head. */
const STRING_BODY_BYTES = 16 * 1024;
/** Of RFC 9112: no line break gets into a status line. */
const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Why a response cannot be sent on. */
export interface ResponseProblem {
  readonly what: string;
}

/** Headers of an answer with status 101; null: another, or none. */
export function readUpgradeHead(payload: Buffer): readonly string[] | null {
  try {
    const { status, headers } = decodeResponseHead(payload);
    return status === 101 ? readResponseHeaders(decodeHeaderBlock(headers)).forwarded : null;
  } catch {
    return null; // who holds it as a response says what is wrong
  }
}

export class ResponseWriter {
  readonly #res: ServerResponse;
  readonly #requestId: string;
  readonly #isHeadRequest: boolean;
  #status = 0;
  #statusText = "";
  #headers: string[] = [];
  #declaredBytes = -1;
  #sentBytes = 0;
  #isHeld = false;
  #hasStarted = false;
  #isBodyless = false;

  constructor(res: ServerResponse, options: { requestId: string; isHeadRequest: boolean }) {
    this.#res = res;
    this.#requestId = options.requestId;
    this.#isHeadRequest = options.isHeadRequest;
  }

  /** Whether bytes of the response may have left. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /** The client was told how long the body is. */
  get hasLength(): boolean {
    return this.#declaredBytes !== -1;
  }

  /** Whether a head waits for the bytes that came with it. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** No body goes to the client, whatever the app sends. */
  get isBodyless(): boolean {
    return this.#isBodyless;
  }

  hold(payload: Buffer): ResponseProblem | null {
    let headers: string[];
    let status: number;
    let workerHeaders = "";
    try {
      const head = decodeResponseHead(payload);
      const { statusText } = head;
      workerHeaders = head.workerHeaders ?? "";
      status = head.status;
      if (!Number.isInteger(status) || status < 200 || status > 599) return { what: `status ${status}` };
      headers = decodeHeaderBlock(head.headers);
      this.#status = status;
      this.#statusText = typeof statusText === "string" ? statusText : "";
      if (!REASON_PHRASE.test(this.#statusText)) return { what: "its status text" };
    } catch {
      return { what: "its head does not decode" };
    }
    const read = readResponseHeaders(headers);
    if (Number.isNaN(read.contentLengthBytes)) return { what: "content-length is no length" };
    this.#headers = read.forwarded;
    if (workerHeaders !== "") this.#headers.push(...decodeHeaderBlock(workerHeaders));
    // RFC 9110, 15.5.22: the one answer of an app that says what its connection should become.
    if (status === 426) {
      const connection = this.#res.shouldKeepAlive ? "upgrade" : "close, upgrade";
      this.#headers.push("upgrade", upgradeOf(headers), "connection", connection);
    }
    this.#declaredBytes = read.contentLengthBytes;
    // RFC 9110, 15.3.6: it has no body, and has to say so.
    if (status === 205) this.#declaredBytes = 0;
    this.#isBodyless = this.#isHeadRequest || status === 204 || status === 205 || status === 304;
    this.#isHeld = true;
    return null;
  }

  /** Forgets a head that was not sent. */
  drop(): void {
    this.#isHeld = false;
  }

  /** Sends the held head; the body follows. */
  start(): ResponseProblem | null {
    return this.#writeHead(this.#declaredBytes);
  }

  /** Sends the held head and the whole body. */
  sendWhole(body: Buffer | null): ResponseProblem | null {
    const bodyBytes = body === null ? 0 : body.length;
    let lengthBytes = bodyBytes;
    if (this.#isBodyless) lengthBytes = this.#status === 204 ? -1 : this.#declaredBytes;
    else if (this.#declaredBytes !== -1 && this.#declaredBytes !== bodyBytes) {
      return { what: `content-length ${this.#declaredBytes} for ${bodyBytes} bytes` };
    }
    const problem = this.#writeHead(lengthBytes);
    if (problem !== null) return problem;
    if (body === null || this.#isBodyless) this.#res.end();
    // As a string it joins the head in one buffer and one write; as bytes it would be a dearer `writev` of two.
    // Latin-1 maps each byte to one character and back.
    else if (bodyBytes <= STRING_BODY_BYTES) this.#res.end(body.toString("latin1"), "latin1");
    else this.#res.end(body);
    return null;
  }

  /** Sends a chunk after the head. @returns false: wait for the response's `drain`; null: it is longer than declared */
  write(chunk: Buffer): boolean | null {
    this.#sentBytes += chunk.length;
    if (this.#declaredBytes !== -1 && this.#sentBytes > this.#declaredBytes) return null;
    return this.#res.write(chunk);
  }

  /** @returns false: it is shorter than declared */
  end(): boolean {
    if (!this.#isBodyless && this.#declaredBytes !== -1 && this.#sentBytes < this.#declaredBytes) return false;
    this.#res.end();
    return true;
  }

  #writeHead(contentLengthBytes: number): ResponseProblem | null {
    this.#isHeld = false;
    const headers = this.#headers;
    if (contentLengthBytes >= 0 && this.#status !== 204) headers.push("content-length", String(contentLengthBytes));
    headers.push("x-nano-request-id", this.#requestId);
    try {
      if (this.#statusText === "") this.#res.writeHead(this.#status, headers);
      else this.#res.writeHead(this.#status, this.#statusText, headers);
    } catch (thrown) {
      // A name or value that HTTP cannot carry; nothing was sent yet.
      return { what: thrown instanceof Error ? thrown.message : "its head" };
    }
    this.#hasStarted = true;
    return null;
  }
}

/** What an app says that a client should upgrade to; WebSocket is all that there is here. */
function upgradeOf(headers: readonly string[]): string {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === "upgrade");
  return (at === -1 ? undefined : headers[at + 1]) ?? "websocket";
}
