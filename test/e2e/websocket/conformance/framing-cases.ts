/** Groups 1 to 4: framing, pings and pongs, reserved bits, opcodes. */
import { closeFrame, Opcode } from "../../../support/websocket-frames.ts";
import { type ConformanceCase, PROTOCOL_ERROR } from "./conformance-case.ts";

const { TEXT, BINARY, PING, PONG } = Opcode;
const HELLO = "Hello, world!";
const PINGED = "ping payload";

/** On both sides of where a longer form of the length begins. */
const SIZES = [0, 125, 126, 127, 128, 65_535, 65_536];
/** The suite's cases 8 are 65,536 bytes in pieces of so many. */
const CHOP_BYTES = 997;

export const framing: readonly ConformanceCase[] = [
  ...SIZES.map((bytes, i) => textOf(`1.1.${i + 1}`, bytes)),
  { ...textOf("1.1.8", 65_536), chopBytes: CHOP_BYTES },
  ...SIZES.map((bytes, i) => binaryOf(`1.2.${i + 1}`, bytes)),
  { ...binaryOf("1.2.8", 65_536), chopBytes: CHOP_BYTES },
];

function textOf(number: string, bytes: number): ConformanceCase {
  const text = "*".repeat(bytes);
  return { number, behaviour: `a text of ${bytes} bytes`, send: [{ opcode: TEXT, payload: text }], expect: [text] };
}

function binaryOf(number: string, bytes: number): ConformanceCase {
  const payload = Buffer.alloc(bytes, 0xfe);
  return { number, behaviour: `${bytes} binary bytes`, send: [{ opcode: BINARY, payload }], expect: [payload] };
}

const ping = (payload: string) => ({ opcode: PING, payload: Buffer.from(payload, "latin1") });
const pong = (payload: string) => ({ opcode: PONG, payload: Buffer.from(payload, "latin1") });
const TEN_PINGS = Array.from({ length: 10 }, (_, i) => `payload-${i}`);
const TEN_PONGS = TEN_PINGS.map((text) => ({ pong: text }));
const BYTES = "\x00\xff\xfe\xfd\xfc\xfb\x00\xff";
const LONGEST = "\xfe".repeat(125);

export const pingsAndPongs: readonly ConformanceCase[] = [
  { number: "2.1", behaviour: "a ping without payload is answered", send: [ping("")], expect: [{ pong: "" }] },
  { number: "2.2", behaviour: "a pong has the ping's text", send: [ping(HELLO)], expect: [{ pong: HELLO }] },
  { number: "2.3", behaviour: "a pong has the ping's bytes", send: [ping(BYTES)], expect: [{ pong: BYTES }] },
  { number: "2.4", behaviour: "a ping of 125 bytes is answered", send: [ping(LONGEST)], expect: [{ pong: LONGEST }] },
  {
    number: "2.5",
    behaviour: "a ping of 126 bytes is refused",
    send: [ping("\xfe".repeat(126))],
    closes: PROTOCOL_ERROR,
  },
  {
    number: "2.6",
    behaviour: "a ping of 125 bytes that comes byte by byte is answered",
    send: [ping(LONGEST)],
    chopBytes: 1,
    expect: [{ pong: LONGEST }],
  },
  { number: "2.7", behaviour: "a pong that nobody asked for is passed over", send: [pong("")] },
  { number: "2.8", behaviour: "one with a payload too", send: [pong(HELLO)] },
  {
    number: "2.9",
    behaviour: "a ping after such a pong is answered",
    send: [pong("unsolicited"), ping(PINGED)],
    expect: [{ pong: PINGED }],
  },
  {
    number: "2.10",
    behaviour: "ten pings are answered in their order",
    send: TEN_PINGS.map(ping),
    expect: TEN_PONGS,
  },
  {
    number: "2.11",
    behaviour: "ten pings that come byte by byte too",
    send: TEN_PINGS.map(ping),
    chopBytes: 1,
    expect: TEN_PONGS,
  },
];

const hello = { opcode: TEXT, payload: HELLO };
const refusesBits = (number: string, behaviour: string, bits: number, chopBytes?: number): ConformanceCase => ({
  number,
  behaviour,
  send: [hello, { ...hello, reservedBits: bits }, ping("")],
  ...(chopBytes !== undefined && { chopBytes }),
  expect: [HELLO],
  mayLose: true,
  closes: PROTOCOL_ERROR,
});

export const reservedBits: readonly ConformanceCase[] = [
  {
    number: "3.1",
    behaviour: "a text with RSV3 is refused",
    send: [{ ...hello, reservedBits: 1 }],
    closes: PROTOCOL_ERROR,
  },
  refusesBits("3.2", "one with RSV2, after a right one", 2),
  refusesBits("3.3", "with RSV2 and 3, each frame in a write of its own", 3, 19),
  refusesBits("3.4", "with RSV1, byte by byte", 4, 1),
  {
    number: "3.5",
    behaviour: "binary bytes with RSV1 and 3 are refused",
    send: [{ opcode: BINARY, payload: Buffer.from(BYTES, "latin1"), reservedBits: 5 }],
    closes: PROTOCOL_ERROR,
  },
  {
    number: "3.6",
    behaviour: "a ping with RSV1 and 2 is refused",
    send: [{ ...ping(HELLO), reservedBits: 6 }],
    closes: PROTOCOL_ERROR,
  },
  {
    number: "3.7",
    behaviour: "a close with all three is refused",
    send: [{ ...closeFrame(1000), reservedBits: 7 }],
    closes: PROTOCOL_ERROR,
  },
];

/** The suite's five shapes of a group, for each of these opcodes. */
function refusesOpcodes(group: string, [a, b, c, d, e]: readonly [number, number, number, number, number]) {
  const after = (number: string, wrong: { opcode: number; payload?: string }, chopBytes?: number): ConformanceCase => ({
    number: `${group}.${number}`,
    behaviour: `after a text, a frame of opcode ${wrong.opcode}${wrong.payload === undefined ? "" : " with a payload"}${chopBytes === undefined ? "" : ", byte by byte,"} is refused`,
    send: [hello, wrong, ping("")],
    ...(chopBytes !== undefined && { chopBytes }),
    expect: [HELLO],
    mayLose: true,
    closes: PROTOCOL_ERROR,
  });
  const alone = (number: string, wrong: { opcode: number; payload?: string }): ConformanceCase => ({
    number: `${group}.${number}`,
    behaviour: `a frame of opcode ${wrong.opcode}${wrong.payload === undefined ? "" : " with a payload"} is refused`,
    send: [wrong],
    closes: PROTOCOL_ERROR,
  });
  return [
    alone("1", { opcode: a }),
    alone("2", { opcode: b, payload: "reserved opcode payload" }),
    after("3", { opcode: c }),
    after("4", { opcode: d, payload: "reserved opcode payload" }),
    after("5", { opcode: e, payload: "reserved opcode payload" }, 1),
  ];
}

export const opcodes: readonly ConformanceCase[] = [
  ...refusesOpcodes("4.1", [3, 4, 5, 6, 7]),
  ...refusesOpcodes("4.2", [11, 12, 13, 14, 15]),
];

/** Beside the suite: what RFC 6455 asks of a server, and the suite as a server cannot send. */
export const clientFrames: readonly ConformanceCase[] = [
  {
    number: "beside 1",
    behaviour: "a frame without a mask is refused",
    send: [{ ...hello, isMasked: false }],
    closes: PROTOCOL_ERROR,
  },
  {
    number: "beside 2",
    behaviour: "a ping without a mask is refused",
    send: [{ ...ping(HELLO), isMasked: false }],
    closes: PROTOCOL_ERROR,
  },
];
