/** Group 7: how connections are closed. */
import { closeFrame, type FrameToSend, Opcode } from "../../../support/websocket-frames.ts";
import { type ConformanceCase, INVALID_PAYLOAD, PROTOCOL_ERROR } from "./conformance-case.ts";

const { TEXT, CONTINUATION, CLOSE, PING } = Opcode;
const HELLO = "Hello World!";
const hello: FrameToSend = { opcode: TEXT, payload: HELLO };
const NORMAL = closeFrame(1000);

/** Of RFC 6455, and those that its registry was given since: 1012 to 1014. */
const VALID_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999, 1012, 1013, 1014];
const INVALID_CODES = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];

const behaviours: readonly ConformanceCase[] = [
  { number: "7.1.1", behaviour: "an echo comes before the close", send: [hello], expect: [HELLO] },
  { number: "7.1.2", behaviour: "a second close is passed over", send: [NORMAL, NORMAL], closes: [1000] },
  {
    number: "7.1.3",
    behaviour: "a ping after the close is not answered",
    send: [NORMAL, { opcode: PING }],
    closes: [1000],
  },
  { number: "7.1.4", behaviour: "a message after the close is not taken", send: [NORMAL, hello], closes: [1000] },
  {
    number: "7.1.5",
    behaviour: "a message that the close cut is not taken",
    send: [
      { opcode: TEXT, payload: "fragment1", isLast: false },
      NORMAL,
      { opcode: CONTINUATION, payload: "fragment2" },
    ],
    closes: [1000],
  },
  {
    // Whether what was sent before comes back is left to implementations.
    number: "7.1.6",
    behaviour: "a close behind 256 KiB closes",
    send: [{ opcode: TEXT, payload: "BAsd7&jh23".repeat(26_214) }, hello, NORMAL, { opcode: PING }],
    expect: ["BAsd7&jh23".repeat(26_214), HELLO],
    mayLose: true,
    closes: [1000],
  },
  { number: "7.3.1", behaviour: "a close without a code is answered", send: [closeFrame()], closes: [1005, 1000] },
  {
    number: "7.3.2",
    behaviour: "a close of one byte is refused",
    send: [{ opcode: CLOSE, payload: "a" }],
    closes: PROTOCOL_ERROR,
  },
  { number: "7.3.3", behaviour: "a close with a code is answered", send: [NORMAL], closes: [1000] },
  { number: "7.3.4", behaviour: "with a reason too", send: [closeFrame(1000, HELLO)], closes: [1000] },
  {
    number: "7.3.5",
    behaviour: "with the longest reason too",
    send: [closeFrame(1000, "*".repeat(123))],
    closes: [1000],
  },
  {
    number: "7.3.6",
    behaviour: "a longer reason is refused",
    send: [closeFrame(1000, "*".repeat(124))],
    closes: PROTOCOL_ERROR,
  },
  {
    number: "7.5.1",
    behaviour: "a reason that is not UTF-8 is refused",
    send: [closeFrame(1000, Buffer.from("cebae1bdb9cf83cebcceb5eda080656469746564", "hex"))],
    closes: INVALID_PAYLOAD,
  },
  // What a code beyond all ranges gets is not said; the connection is over.
  { number: "7.13.1", behaviour: "the code 5000 ends it", send: [closeFrame(5000)], closes: [1000, 1002, 5000, null] },
  {
    number: "7.13.2",
    behaviour: "the code 65535 ends it",
    send: [closeFrame(65_535)],
    closes: [1000, 1002, 65_535, null],
  },
];

export const closing: readonly ConformanceCase[] = [
  ...behaviours,
  ...VALID_CODES.map((code, i) => ({
    number: `7.7.${i + 1}`,
    behaviour: `the code ${code} is answered`,
    send: [closeFrame(code)],
    closes: [1000, code],
  })),
  ...INVALID_CODES.map((code, i) => ({
    number: `7.9.${i + 1}`,
    behaviour: `the code ${code} is refused`,
    send: [closeFrame(code)],
    closes: PROTOCOL_ERROR,
  })),
];
