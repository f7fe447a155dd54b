/**
 * A WebSocket of a measuring client: a plain socket and the least of framing, because a client library would take more CPU than the servers.
 * It offers no extension, and knows whole frames only.
 */
import { connect, type Socket } from "node:net";
import { type BenchMessage, closeFrame, pongFrame } from "./websocket-message.ts";

/** The example of RFC 6455, 1.3. */
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPTED = "s3pplmbitxaq9kygzzhzrbk+xoo=";
const HEAD_END = "\r\n\r\n";
const MAX_HEAD_CHARS = 16_384;
const MAX_CONTROL_BYTES = 125;
const READ_BYTES = 256 * 1024;
const CLOSED_NORMALLY = 1000;
/** The rest of a message is compared in one of so many; its length and number in all. */
const COMPARE_EVERY = 16;
/** Of loopback: each has ports of its own for connections that wait out their end. */
const LOCAL_ADDRESSES = 16;

const Opcode = { TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;

/** Read by each connection in its turn: what came is taken before the next one reads. */
const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

export interface ConnectionPlace {
  readonly port: number;
  /** Of the Host header. */
  readonly host: string;
  readonly path: string;
  /** Which of its client's connections it is. */
  readonly index: number;
}

/** How a connection ended: with a close frame, or code null and why. */
export interface ConnectionEnd {
  readonly code: number | null;
  readonly why: string;
}

export interface ConnectionListener {
  onOpen(connection: BenchConnection): void;
  /** @param sentMs when what it answers was sent, or where nothing was, when the connection was begun */
  onMessage(connection: BenchConnection, sentMs: number, isRight: boolean): void;
  onEnd(connection: BenchConnection, end: ConnectionEnd): void;
}

export class BenchConnection {
  readonly index: number;
  readonly #socket: Socket;
  readonly #listener: ConnectionListener;
  readonly #message: BenchMessage | null;
  readonly #beganMs = performance.now();
  /** Of messages under way. */
  readonly #sentMs: number[] = [];
  #sentCount = 0;
  #answeredCount = 0;
  #head: string | null = "";
  readonly #header = Buffer.alloc(10);
  #headerBytes = 0;
  #payloadBytes = 0;
  #restBytes = 0;
  #isRight = true;
  readonly #control = Buffer.alloc(MAX_CONTROL_BYTES);
  #end: ConnectionEnd | null = null;
  #isClosing = false;

  /** @param message null: it only listens */
  constructor(place: ConnectionPlace, message: BenchMessage | null, listener: ConnectionListener) {
    this.index = place.index;
    this.#message = message;
    this.#listener = listener;
    this.#socket = connect({
      port: place.port,
      host: "127.0.0.1",
      localAddress: `127.0.0.${2 + (place.index % LOCAL_ADDRESSES)}`,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (bytes) => {
          this.#take(bytes);
          return true;
        },
      },
    });
    this.#socket.on("error", (error) => this.#endWith({ code: null, why: error.message }));
    this.#socket.on("close", () =>
      listener.onEnd(this, this.#end ?? { code: null, why: "ended without a close frame" }),
    );
    this.#socket.write(
      `GET ${place.path} HTTP/1.1\r\nhost: ${place.host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
        `sec-websocket-version: 13\r\nsec-websocket-key: ${KEY}\r\n\r\n`,
    );
  }

  /** Messages that are not answered yet. */
  get underWayCount(): number {
    return this.#sentMs.length;
  }

  /** @param dueMs from when its latency is counted */
  send(dueMs = performance.now()): void {
    const message = this.#message;
    if (message === null) throw new Error("This connection has no message to send");
    message.number(this.#numberOf(this.#sentCount));
    // Of one that is under way, the frame may not have left.
    const frame = this.#sentMs.length === 0 ? message.frame : Buffer.from(message.frame);
    this.#sentCount += 1;
    this.#sentMs.push(dueMs);
    this.#socket.write(frame);
  }

  /** Begins the closing handshake. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#socket.write(closeFrame(CLOSED_NORMALLY));
  }

  /** Without a word. */
  destroy(): void {
    this.#endWith({ code: null, why: "destroyed" });
    this.#socket.destroy();
  }

  #numberOf(count: number): number {
    return (Math.imul(this.index, 0x9e3779b1) + count) >>> 0;
  }

  #endWith(end: ConnectionEnd): void {
    this.#end ??= end;
  }

  #fail(why: string): void {
    this.#endWith({ code: null, why });
    this.#socket.destroy();
  }

  #take(bytes: number): void {
    let at = this.#head === null ? 0 : this.#takeHead(bytes);
    while (at < bytes && !this.#socket.destroyed) {
      at = this.#restBytes > 0 ? this.#takePayload(at, bytes) : this.#takeHeader(at, bytes);
    }
  }

  /** Answers where the head ended. */
  #takeHead(bytes: number): number {
    const before = this.#head?.length ?? 0;
    const head = `${this.#head}${readBuffer.toString("latin1", 0, bytes)}`;
    this.#head = head;
    const end = head.indexOf(HEAD_END);
    if (end < 0) {
      if (head.length > MAX_HEAD_CHARS) this.#fail("The head does not end");
      return bytes;
    }
    const isUpgraded =
      head.startsWith("HTTP/1.1 101") && head.toLowerCase().includes(`sec-websocket-accept: ${ACCEPTED}`);
    if (!isUpgraded) {
      this.#fail(`The upgrade was answered with ${describeHead(head)}`);
      return bytes;
    }
    this.#head = null;
    this.#listener.onOpen(this);
    return end + HEAD_END.length - before;
  }

  #takeHeader(at: number, end: number): number {
    let from = at;
    while (from < end) {
      this.#header[this.#headerBytes] = readBuffer[from] ?? 0;
      this.#headerBytes += 1;
      from += 1;
      const length = (this.#header[1] ?? 0) & 0x7f;
      const wanted = this.#headerBytes < 2 ? 2 : lengthOfHeader(length);
      if (this.#headerBytes === wanted) {
        this.#beginPayload(length);
        break;
      }
    }
    return from;
  }

  #beginPayload(length: number): void {
    const header = this.#header;
    this.#headerBytes = 0;
    this.#payloadBytes = length;
    if (length === 126) this.#payloadBytes = header.readUInt16BE(2);
    else if (length === 127) this.#payloadBytes = Number(header.readBigUInt64BE(2));
    this.#restBytes = this.#payloadBytes;
    this.#isRight = this.#message === null || this.#payloadBytes === this.#message.payloadBytes;
    const first = header[0] ?? 0;
    const isControl = (first & 0x08) !== 0;
    if ((first & 0xf0) !== 0x80) this.#fail(`A frame begins with ${first.toString(16)}: not whole, or of an extension`);
    else if (isControl && this.#payloadBytes > MAX_CONTROL_BYTES) this.#fail("A control frame is too long");
    else if (this.#restBytes === 0) this.#endFrame();
  }

  #takePayload(at: number, bytes: number): number {
    const end = Math.min(bytes, at + this.#restBytes);
    const offset = this.#payloadBytes - this.#restBytes;
    const isControl = ((this.#header[0] ?? 0) & 0x08) !== 0;
    if (isControl) readBuffer.copy(this.#control, offset, at, end);
    else if (this.#isRight && this.#message !== null) {
      const isWhole = this.#answeredCount % COMPARE_EVERY === 0;
      const number = this.#numberOf(this.#answeredCount);
      this.#isRight = this.#message.isAnswered(number, offset, readBuffer, at, end, isWhole);
    }
    this.#restBytes -= end - at;
    if (this.#restBytes === 0) this.#endFrame();
    return end;
  }

  #endFrame(): void {
    const opcode = (this.#header[0] ?? 0) & 0x0f;
    const control = this.#control.subarray(0, this.#payloadBytes);
    if (opcode === Opcode.TEXT || opcode === Opcode.BINARY) {
      this.#answeredCount += 1;
      this.#listener.onMessage(this, this.#sentMs.shift() ?? this.#beganMs, this.#isRight);
    } else if (opcode === Opcode.PING) this.#socket.write(pongFrame(Buffer.from(control)));
    else if (opcode === Opcode.CLOSE) this.#takeClose(control);
    else if (opcode !== Opcode.PONG) this.#fail(`A frame has the opcode ${opcode}`);
  }

  #takeClose(payload: Buffer): void {
    const code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
    this.#endWith({ code, why: payload.toString("utf8", 2) });
    if (this.#isClosing) this.#socket.end();
    else this.#socket.end(closeFrame(CLOSED_NORMALLY));
  }
}

/** Status, and NANO's reason. */
function describeHead(head: string): string {
  const [reason = ""] = /(?<=\r\nx-nano-error: ).*/i.exec(head) ?? [];
  return `${head.slice(head.indexOf(" ") + 1, head.indexOf("\r\n"))} ${reason}`.trim();
}

function lengthOfHeader(length: number): number {
  if (length === 127) return 10;
  return length === 126 ? 4 : 2;
}
