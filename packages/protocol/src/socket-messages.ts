/**
 * Messages of a WebSocket on its stream between router and worker, once the worker has answered the upgrade with a head of status 101.
 *
 *   0  u8     kind
 *   1  u32le  bytes that follow
 *   5  payload
 *
 * A message may be cut anywhere into DATA frames, and a frame may hold several.
 *
 *   router → worker   TEXT, BINARY: a whole message of the client · CLOSED: the connection is over, last, then END
 *   worker → router   TEXT, BINARY: a whole message of the app · CLOSE: begin the closing handshake, last, then END
 *
 * I1 The reader knows a message's size from its first bytes, and refuses one that is over the limit before it holds any of it.
 * I2 A stream that ends without CLOSED or CLOSE was lost.
 */

export const SocketMessageKind = { TEXT: 1, BINARY: 2, CLOSE: 8, CLOSED: 9 } as const;
export type SocketMessageKind = (typeof SocketMessageKind)[keyof typeof SocketMessageKind];

export const SOCKET_MESSAGE_HEADER_BYTES = 5;
/** Of RFC 6455, 5.5: a control frame's payload without the code. */
export const MAX_CLOSE_REASON_BYTES = 123;
const CLOSE_BYTES = 3;

/** Close codes that NANO sends by itself: of RFC 6455, 7.4.1, and the registry that it began. */
export const SocketCloseCode = {
  NORMAL: 1000,
  /** The router or executor leaves, an old version's time is over, or nothing came for too long. */
  GOING_AWAY: 1001,
  NO_STATUS: 1005,
  ABNORMAL: 1006,
  TOO_BIG: 1009,
  /** The app failed, or was stopped by a limit: the reason names it. */
  INTERNAL: 1011,
  /** The worker of the connection is gone: connect again. */
  RESTART: 1012,
  /** Too much waits to be sent, or a node holds too much. */
  TRY_LATER: 1013,
} as const;

export interface SocketClose {
  readonly code: number;
  readonly reason: string;
  /** The closing handshake was completed. Of CLOSED alone. */
  readonly isClean: boolean;
}

/** The five bytes before a payload. */
export function encodeSocketMessageHeader(kind: SocketMessageKind, payloadBytes: number): Buffer {
  const header = Buffer.allocUnsafe(SOCKET_MESSAGE_HEADER_BYTES);
  writeSocketMessageHeader(header, kind, payloadBytes);
  return header;
}

export function writeSocketMessageHeader(target: Buffer, kind: SocketMessageKind, payloadBytes: number): void {
  target[0] = kind;
  target.writeUInt32LE(payloadBytes, 1);
}

/** A whole message in one buffer: for small ones. Larger ones are written as header and payload. */
export function encodeSocketMessage(kind: SocketMessageKind, payload: Buffer): Buffer {
  const message = Buffer.allocUnsafe(SOCKET_MESSAGE_HEADER_BYTES + payload.length);
  writeSocketMessageHeader(message, kind, payload.length);
  payload.copy(message, SOCKET_MESSAGE_HEADER_BYTES);
  return message;
}

/** CLOSE or CLOSED as one buffer. A reason that is too long is cut between characters. */
export function encodeSocketClose(kind: 8 | 9, { code, reason, isClean }: SocketClose): Buffer {
  const reasonBytes = Buffer.from(reason.toWellFormed());
  let end = Math.min(reasonBytes.length, MAX_CLOSE_REASON_BYTES);
  while (end < reasonBytes.length && end > 0 && ((reasonBytes[end] as number) & 0xc0) === 0x80) end -= 1;
  const payload = Buffer.allocUnsafe(CLOSE_BYTES + end);
  payload.writeUInt16LE(code, 0);
  payload[2] = isClean ? 1 : 0;
  reasonBytes.copy(payload, CLOSE_BYTES, 0, end);
  return encodeSocketMessage(kind, payload);
}

/** Null: it is none. */
export function decodeSocketClose(payload: Buffer): SocketClose | null {
  if (payload.length < CLOSE_BYTES || payload.length > CLOSE_BYTES + MAX_CLOSE_REASON_BYTES) return null;
  return {
    code: payload.readUInt16LE(0),
    isClean: payload[2] === 1,
    reason: payload.toString("utf8", CLOSE_BYTES),
  };
}

/** Hears a stream's messages in parts, as they arrive: `onPart` with the last part says so. */
export interface SocketMessageListener {
  /** A message begins. False: it is refused, and nothing more is heard. */
  onBegin(kind: SocketMessageKind, payloadBytes: number): boolean;
  /** The next bytes of it, views of what was pushed; of an empty message one part of no bytes. */
  onPart(part: Buffer, isLast: boolean): void;
}

/** Takes a stream's bytes apart, however they arrive. It holds no payload. */
export class SocketMessageReader {
  readonly #listener: SocketMessageListener;
  readonly #header = Buffer.allocUnsafe(SOCKET_MESSAGE_HEADER_BYTES);
  #headerBytes = 0;
  #restBytes = 0;
  #isRefused = false;

  constructor(listener: SocketMessageListener) {
    this.#listener = listener;
  }

  /** @returns false: what came is no message, or the listener refused one */
  push(bytes: Buffer): boolean {
    let offset = 0;
    while (offset < bytes.length && !this.#isRefused) {
      if (this.#restBytes > 0) {
        const end = Math.min(bytes.length, offset + this.#restBytes);
        this.#restBytes -= end - offset;
        this.#listener.onPart(bytes.subarray(offset, end), this.#restBytes === 0);
        offset = end;
        continue;
      }
      const taken = bytes.copy(this.#header, this.#headerBytes, offset);
      this.#headerBytes += taken;
      offset += taken;
      if (this.#headerBytes === SOCKET_MESSAGE_HEADER_BYTES) this.#begin();
    }
    return !this.#isRefused;
  }

  #begin(): void {
    this.#headerBytes = 0;
    const kind = this.#header[0] as number;
    const payloadBytes = this.#header.readUInt32LE(1);
    const isKnown = kind === 1 || kind === 2 || kind === 8 || kind === 9;
    if (!isKnown || !this.#listener.onBegin(kind as SocketMessageKind, payloadBytes)) {
      this.#isRefused = true;
      return;
    }
    this.#restBytes = payloadBytes;
    if (payloadBytes === 0) this.#listener.onPart(this.#header.subarray(0, 0), true);
  }
}
