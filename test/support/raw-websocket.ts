/** A WebSocket client on a bare socket: it sends what it is told to, right or wrong, and hands out frames as they came. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { closeFrame, encodeFrame, type Frame, FrameReader, type FrameToSend, Opcode } from "./websocket-frames.ts";

const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const HEAD_END = "\r\n\r\n";
/** Longest wait for what must come. */
const SILENCE_MS = 15_000;

export interface UpgradePlace {
  /** @default 127.0.0.1 */
  readonly address?: string;
  readonly port: number;
  /** Of the Host header. */
  readonly host: string;
  /** @default "/" */
  readonly path?: string;
  /** In place of, or beside, what a right upgrade has; null: left out. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** @default GET */
  readonly method?: string;
  /** @default 1.1 */
  readonly httpVersion?: string;
}

export interface UpgradeAnswer {
  readonly status: number;
  /** Names in lower case; values of one name joined. */
  readonly headers: ReadonlyMap<string, string>;
  /** Of a refusal, until the connection ended. Empty for 101. */
  readonly body: string;
}

/** Code null: the connection ended without a close frame. Code 1005: the frame had none. */
export interface SocketEnd {
  readonly code: number | null;
  readonly reason: string;
}

/** Asks for an upgrade; for what answers otherwise than with 101, `answer` is all there is. */
export class RawWebSocket {
  readonly socket: Socket;
  /** Every frame that came and was not taken by `next` yet. */
  readonly waiting: Frame[] = [];
  /** When the connection is over, by the other side's close frame or without it. */
  readonly ended: Promise<SocketEnd>;
  #answer: UpgradeAnswer = { status: 0, headers: new Map(), body: "" };
  readonly #reader = new FrameReader();
  readonly #wakers = new Set<() => void>();
  #end: SocketEnd = { code: null, reason: "" };
  #isEnded = false;
  #hasSentClose = false;
  #endSocket: (end: SocketEnd) => void = () => {};

  /** Upgraded, or refused: see `answer`. */
  static async ask(place: UpgradePlace): Promise<RawWebSocket> {
    const socket = new RawWebSocket(connect({ port: place.port, host: place.address ?? "127.0.0.1", noDelay: true }));
    await socket.#upgrade(place);
    return socket;
  }

  /** @throws where the answer is not 101 */
  static async open(place: UpgradePlace): Promise<RawWebSocket> {
    const socket = await RawWebSocket.ask(place);
    const { status, headers, body } = socket.answer;
    if (status === 101) return socket;
    throw new Error(`The upgrade was answered with ${status}: ${headers.get("x-nano-error") ?? ""} ${body}`);
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    this.ended = new Promise((resolve) => {
      this.#endSocket = resolve;
    });
    socket.on("error", () => {}); // `close` follows
    socket.once("close", () => this.#finish());
  }

  get answer(): UpgradeAnswer {
    return this.#answer;
  }

  send(...frames: readonly FrameToSend[]): void {
    this.#hasSentClose ||= frames.some(({ opcode }) => opcode === Opcode.CLOSE);
    this.socket.write(Buffer.concat(frames.map(encodeFrame)));
  }

  sendText(text: string): void {
    this.send({ opcode: Opcode.TEXT, payload: text });
  }

  /** Sends these bytes in pieces, each in a write of its own. */
  async sendChopped(bytes: Buffer, pieceBytes: number): Promise<void> {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      if (!this.socket.writable) return;
      if (!this.socket.write(bytes.subarray(at, at + pieceBytes))) {
        await Promise.race([once(this.socket, "drain"), this.ended]);
      }
    }
  }

  /** The next frame. Null: the connection is over. @throws when nothing comes for long */
  async next(): Promise<Frame | null> {
    await this.#until(() => this.waiting.length > 0 || this.#isEnded);
    return this.waiting.shift() ?? null;
  }

  /** The next message, put together from its frames, as text or bytes. Null: the connection is over. Control frames are passed over. */
  async nextMessage(): Promise<string | Buffer | null> {
    const parts: Frame[] = [];
    for (;;) {
      const frame = await this.next();
      if (frame === null || frame.opcode === Opcode.CLOSE) return null;
      if (frame.opcode >= Opcode.CLOSE) continue;
      parts.push(frame);
      if (!frame.isLast) continue;
      const bytes = Buffer.concat(parts.map(({ payload }) => payload));
      return parts[0]?.opcode === Opcode.TEXT ? bytes.toString() : bytes;
    }
  }

  /** Sends a close frame and answers how the connection ended. */
  close(code?: number, reason?: string): Promise<SocketEnd> {
    this.send(closeFrame(code, reason));
    return this.ended;
  }

  /** Ends the connection without a word. */
  destroy(): void {
    this.socket.destroy();
  }

  async #upgrade({ host, path = "/", method = "GET", httpVersion = "1.1", headers = {} }: UpgradePlace): Promise<void> {
    const key = randomBytes(16).toString("base64");
    const sent: Record<string, string | null> = {
      host,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": key,
      ...headers,
    };
    const lines = Object.entries(sent).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]));
    this.socket.write([`${method} ${path} HTTP/${httpVersion}`, ...lines, "", ""].join("\r\n"));
    let received = Buffer.alloc(0);
    const take = (bytes: Buffer): void => {
      received = Buffer.concat([received, bytes]);
      for (const wake of this.#wakers) wake();
    };
    this.socket.on("data", take);
    await this.#until(() => received.includes(HEAD_END) || this.#isEnded);
    const head = parseHead(received.toString("latin1"));
    if (head.status === 101) {
      this.socket.off("data", take);
      checkAccept(head, sent["sec-websocket-key"] ?? key);
      this.#answer = head;
      this.socket.on("data", (bytes: Buffer) => this.#take(bytes));
      const rest = received.subarray(received.indexOf(HEAD_END) + HEAD_END.length);
      if (rest.length > 0) this.#take(rest);
      return;
    }
    await this.#until(() => this.#isEnded || hasWholeBody(head, received));
    const body = received.toString("latin1").split(HEAD_END).slice(1).join(HEAD_END);
    this.#answer = { ...head, body };
    this.socket.destroy();
  }

  #take(bytes: Buffer): void {
    for (const frame of this.#reader.push(bytes)) {
      this.waiting.push(frame);
      if (frame.opcode === Opcode.CLOSE) this.#takeClose(frame.payload);
    }
    for (const wake of this.#wakers) wake();
  }

  /** Answers it, as a client that was asked to close does; where we began, this is the answer. */
  #takeClose(payload: Buffer): void {
    const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
    this.#end = { code, reason: payload.toString("utf8", 2) };
    if (!this.socket.writable) return;
    if (this.#hasSentClose) this.socket.end();
    else this.socket.end(encodeFrame({ opcode: Opcode.CLOSE, payload }));
  }

  #finish(): void {
    this.#isEnded = true;
    for (const wake of this.#wakers) wake();
    this.#endSocket(this.#end);
  }

  #until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#wakers.delete(wake);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#wakers.delete(wake);
        reject(new Error(`Nothing came for ${SILENCE_MS} ms: ${holds.toString()}`));
      }, SILENCE_MS);
      this.#wakers.add(wake);
    });
  }
}

function parseHead(text: string): UpgradeAnswer {
  const [first = "", ...lines] = text.slice(0, Math.max(0, text.indexOf(HEAD_END))).split("\r\n");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(":")).toLowerCase();
    const value = line.slice(line.indexOf(":") + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { status: Number(first.split(" ")[1] ?? 0), headers, body: "" };
}

function hasWholeBody(head: UpgradeAnswer, received: Buffer): boolean {
  const length = head.headers.get("content-length");
  if (length === undefined || head.headers.get("connection") === "close") return false;
  return received.length - received.indexOf(HEAD_END) - HEAD_END.length >= Number(length);
}

function checkAccept({ headers }: UpgradeAnswer, key: string): void {
  const wanted = createHash("sha1").update(`${key}${KEY_SUFFIX}`).digest("base64");
  if (headers.get("sec-websocket-accept") !== wanted) throw new Error("The handshake's key was answered wrongly");
}
