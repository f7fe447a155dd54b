/** Groups 5 and 10: fragmentation. */
import { cutIntoFrames, type FrameToSend, Opcode } from "../../../support/websocket-frames.ts";
import { type ConformanceCase, PROTOCOL_ERROR } from "./conformance-case.ts";

const { TEXT, CONTINUATION, PING, PONG } = Opcode;

const begin = (payload: string, isLast = false): FrameToSend => ({ opcode: TEXT, payload, isLast });
const more = (payload: string, isLast = false): FrameToSend => ({ opcode: CONTINUATION, payload, isLast });
const ping = (payload: string): FrameToSend => ({ opcode: PING, payload });

const TWO = [begin("fragment1"), more("fragment2", true)];
const WITH_PING = [begin("fragment1"), ping("ping payload"), more("fragment2", true)];
const PONG_AND_TWO = [{ pong: "ping payload" }, "fragment1fragment2"];
/** So that each of the frames above comes in more than one piece. */
const FEW_BYTES = 7;

const STRAY: ConformanceCase = {
  number: "",
  behaviour: "",
  send: [more("non-continuation payload", true), begin("Hello, world!", true)],
  expect: [],
  closes: PROTOCOL_ERROR,
};
const OPEN_STRAY: ConformanceCase = {
  ...STRAY,
  send: [more("non-continuation payload"), begin("Hello, world!", true)],
};
const AFTER_END: ConformanceCase = {
  number: "",
  behaviour: "",
  send: [...TWO, more("fragment3"), begin("fragment4", true)],
  expect: ["fragment1fragment2"],
  mayLose: true,
  closes: PROTOCOL_ERROR,
};
const FIVE_WITH_PINGS: ConformanceCase = {
  number: "",
  behaviour: "",
  send: [
    begin("fragment1"),
    more("fragment2"),
    ping("pong1"),
    more("fragment3"),
    ping("pong2"),
    more("fragment4"),
    more("fragment5", true),
  ],
  expect: [{ pong: "pong1" }, { pong: "pong2" }, "fragment1fragment2fragment3fragment4fragment5"],
};

export const fragmentation: readonly ConformanceCase[] = [
  {
    number: "5.1",
    behaviour: "a ping in two fragments is refused",
    send: [{ ...ping("fragment1"), isLast: false }, more("fragment2", true)],
    closes: PROTOCOL_ERROR,
  },
  {
    number: "5.2",
    behaviour: "a pong in two fragments is refused",
    send: [{ opcode: PONG, payload: "fragment1", isLast: false }, more("fragment2", true)],
    closes: PROTOCOL_ERROR,
  },
  { number: "5.3", behaviour: "a text in two fragments is one", send: TWO, expect: ["fragment1fragment2"] },
  {
    number: "5.4",
    behaviour: "in two fragments that come in pieces",
    send: TWO,
    chopBytes: FEW_BYTES,
    expect: ["fragment1fragment2"],
  },
  {
    number: "5.5",
    behaviour: "in two fragments that come byte by byte",
    send: TWO,
    chopBytes: 1,
    expect: ["fragment1fragment2"],
  },
  { number: "5.6", behaviour: "a ping between fragments is answered first", send: WITH_PING, expect: PONG_AND_TWO },
  { number: "5.7", behaviour: "in pieces too", send: WITH_PING, chopBytes: FEW_BYTES, expect: PONG_AND_TWO },
  { number: "5.8", behaviour: "byte by byte too", send: WITH_PING, chopBytes: 1, expect: PONG_AND_TWO },
  { ...STRAY, number: "5.9", behaviour: "a last continuation of nothing is refused" },
  { ...STRAY, number: "5.10", behaviour: "in pieces too", chopBytes: FEW_BYTES },
  { ...STRAY, number: "5.11", behaviour: "byte by byte too", chopBytes: 1 },
  { ...OPEN_STRAY, number: "5.12", behaviour: "a continuation of nothing, with more to come, is refused" },
  { ...OPEN_STRAY, number: "5.13", behaviour: "in pieces too", chopBytes: FEW_BYTES },
  { ...OPEN_STRAY, number: "5.14", behaviour: "byte by byte too", chopBytes: 1 },
  { ...AFTER_END, number: "5.15", behaviour: "a continuation after the last fragment is refused" },
  {
    number: "5.16",
    behaviour: "a continuation before each message is refused",
    send: [more("fragment1"), begin("fragment2"), more("fragment3", true)],
    closes: PROTOCOL_ERROR,
  },
  {
    number: "5.17",
    behaviour: "a last continuation before each message is refused",
    send: [more("fragment1", true), begin("fragment2"), more("fragment3", true)],
    closes: PROTOCOL_ERROR,
  },
  {
    number: "5.18",
    behaviour: "a new message amid another one is refused",
    send: [begin("fragment1"), begin("fragment2", true)],
    closes: PROTOCOL_ERROR,
  },
  { ...FIVE_WITH_PINGS, number: "5.19", behaviour: "pings among five fragments are answered as they come" },
  { ...FIVE_WITH_PINGS, number: "5.20", behaviour: "byte by byte too", chopBytes: 1 },
];

const STARS = "*".repeat(65_536);
export const autoFragmentation: readonly ConformanceCase[] = [
  {
    number: "10.1.1",
    behaviour: "65,536 bytes in fragments of 1,300 are one text",
    send: cutIntoFrames({ opcode: TEXT, payload: STARS }, 1300),
    expect: [STARS],
  },
];
