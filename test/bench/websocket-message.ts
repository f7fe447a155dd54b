/** What a measuring client sends, made once: a masked frame whose first characters, a number, change with each message. */

const FIRST_BYTE = { text: 0x81, binary: 0x82 } as const;
const CLOSE_FIRST_BYTE = 0x88;
const PONG_FIRST_BYTE = 0x8a;
const MASKED = 0x80;
const MASK = Buffer.of(0x37, 0xfa, 0x21, 0x3d);
const SHORT_MAX = 125;
const MAX_16_BITS = 0xffff;
const NUMBER_DIGITS = 8;

export type MessageKind = keyof typeof FIRST_BYTE;

/** Each connection needs one of its own: see `number`. */
export class BenchMessage {
  /** To be sent as it is, once the one before it is answered. */
  readonly frame: Buffer;
  /** Its payload but for the number. */
  readonly #pattern: Buffer;
  readonly #payloadAt: number;

  /** @param pattern shared by all that have it; at least as long as a number */
  constructor(kind: MessageKind, pattern: Buffer) {
    this.#pattern = pattern;
    this.frame = maskedFrame(FIRST_BYTE[kind], pattern);
    this.#payloadAt = this.frame.length - pattern.length;
  }

  get payloadBytes(): number {
    return this.#pattern.length;
  }

  /** Writes a number into the frame. */
  number(value: number): void {
    for (let i = 0; i < NUMBER_DIGITS; i++) {
      this.frame[this.#payloadAt + i] = digitOf(value, i) ^ (MASK[i % MASK.length] ?? 0);
    }
  }

  /**
   * Whether bytes from `start` to `end` are what an answer to that number has from `offset` on.
   * @param isWhole not only the number
   */
  isAnswered(value: number, offset: number, part: Buffer, start: number, end: number, isWhole: boolean): boolean {
    let at = start;
    for (let i = offset; i < NUMBER_DIGITS && at < end; i++, at++) if (part[at] !== digitOf(value, i)) return false;
    if (!isWhole || at === end) return true;
    const from = offset + at - start;
    return part.compare(this.#pattern, from, from + end - at, at, end) === 0;
  }
}

/** Text that is bytes, too. @param bytes at least as long as a number */
export function patternOf(bytes: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => 0x21 + ((i * 7 + (i >> 6)) % 94)));
}

export function closeFrame(code: number): Buffer {
  return maskedFrame(CLOSE_FIRST_BYTE, Buffer.of(code >> 8, code & 0xff));
}

export function pongFrame(payload: Buffer): Buffer {
  return maskedFrame(PONG_FIRST_BYTE, payload);
}

function maskedFrame(firstByte: number, payload: Buffer): Buffer {
  const frame = Buffer.concat([headerOf(firstByte, payload.length), MASK, payload]);
  const start = frame.length - payload.length;
  for (let i = 0; i < payload.length; i++) frame[start + i] = (payload[i] ?? 0) ^ (MASK[i % MASK.length] ?? 0);
  return frame;
}

function headerOf(firstByte: number, bytes: number): Buffer {
  if (bytes <= SHORT_MAX) return Buffer.of(firstByte, MASKED | bytes);
  if (bytes <= MAX_16_BITS) return Buffer.of(firstByte, MASKED | 126, bytes >> 8, bytes & 0xff);
  const header = Buffer.alloc(10);
  header[0] = firstByte;
  header[1] = MASKED | 127;
  header.writeBigUInt64BE(BigInt(bytes), 2);
  return header;
}

/** The character of a hexadecimal digit, the highest first. */
function digitOf(value: number, index: number): number {
  const digit = (value >>> (4 * (NUMBER_DIGITS - 1 - index))) & 0xf;
  return digit < 10 ? 0x30 + digit : 0x57 + digit;
}
