/** Group 6: what is text, and what is not. The sequences are those of Markus Kuhn's decoder stress test, which the suite takes too. */
import { cutIntoFrames, Opcode } from "../../../support/websocket-frames.ts";
import { type ConformanceCase, INVALID_PAYLOAD } from "./conformance-case.ts";

const { TEXT, CONTINUATION } = Opcode;
const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");

const KOSME = "κόσμε";
const kosme = Buffer.from(KOSME);
/** Valid up to a surrogate, and valid again after it. */
const broken = Buffer.concat([kosme, bytes("eda080"), Buffer.from("edited")]);
/** Valid up to a code point that is beyond the last one. */
const beyond = Buffer.concat([kosme, bytes("f4908080"), Buffer.from("edited")]);
const MIXED = "Hello-µ@ßöäüàá-UTF-8!!";

function inParts(number: string, behaviour: string, payload: Buffer, cuts: readonly number[]): ConformanceCase {
  const parts = [0, ...cuts].map((from, i) => payload.subarray(from, cuts[i] ?? payload.length));
  const send = parts.map((part, i) => ({
    opcode: i === 0 ? TEXT : CONTINUATION,
    payload: part,
    isLast: i === parts.length - 1,
  }));
  return { number, behaviour, send, closes: INVALID_PAYLOAD };
}

const fragments: readonly ConformanceCase[] = [
  { number: "6.1.1", behaviour: "a text of nothing", send: [{ opcode: TEXT }], expect: [""] },
  {
    number: "6.1.2",
    behaviour: "a text of three fragments of nothing",
    send: [{ opcode: TEXT, isLast: false }, { opcode: CONTINUATION, isLast: false }, { opcode: CONTINUATION }],
    expect: [""],
  },
  {
    number: "6.1.3",
    behaviour: "a text between two fragments of nothing",
    send: [
      { opcode: TEXT, isLast: false },
      { opcode: CONTINUATION, payload: "middle frame payload", isLast: false },
      { opcode: CONTINUATION },
    ],
    expect: ["middle frame payload"],
  },
  { number: "6.2.1", behaviour: "a valid text", send: [{ opcode: TEXT, payload: MIXED }], expect: [MIXED] },
  {
    number: "6.2.2",
    behaviour: "a valid text cut between code points",
    send: [
      { opcode: TEXT, payload: "Hello-µ@ßöä", isLast: false },
      { opcode: CONTINUATION, payload: "üàá-UTF-8!!" },
    ],
    expect: [MIXED],
  },
  {
    number: "6.2.3",
    behaviour: "a valid text in fragments of one byte",
    send: cutIntoFrames({ opcode: TEXT, payload: MIXED }, 1),
    expect: [MIXED],
  },
  {
    number: "6.2.4",
    behaviour: "κόσμε in fragments of one byte",
    send: cutIntoFrames({ opcode: TEXT, payload: KOSME }, 1),
    expect: [KOSME],
  },
  {
    number: "6.3.1",
    behaviour: "a text with a surrogate",
    send: [{ opcode: TEXT, payload: broken }],
    closes: INVALID_PAYLOAD,
  },
  {
    number: "6.3.2",
    behaviour: "one in fragments of one byte",
    send: cutIntoFrames({ opcode: TEXT, payload: broken }, 1),
    closes: INVALID_PAYLOAD,
  },
  inParts("6.4.1", "a code point beyond the last in a fragment of its own", beyond, [kosme.length, kosme.length + 4]),
  inParts("6.4.2", "one that begins in one fragment and shows in the next", beyond, [12, 13]),
  {
    number: "6.4.3",
    behaviour: "one that comes in pieces of a frame",
    send: [{ opcode: TEXT, payload: beyond }],
    chopBytes: kosme.length,
    closes: INVALID_PAYLOAD,
  },
  {
    number: "6.4.4",
    behaviour: "one that comes byte by byte",
    send: [{ opcode: TEXT, payload: beyond }],
    chopBytes: 1,
    closes: INVALID_PAYLOAD,
  },
];

interface SequenceGroup {
  readonly number: string;
  readonly what: string;
  readonly valid?: readonly string[];
  readonly invalid?: readonly string[];
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const hexOf = (codes: readonly number[]): string => Buffer.from(codes).toString("hex");
const lonely = (from: number, to: number): string => hexOf(range(from, to).flatMap((code) => [code, 0x20]));
const CUT_SHORT = [
  "c0",
  "e080",
  "f08080",
  "f8808080",
  "fc80808080",
  "df",
  "efbf",
  "f7bfbf",
  "fbbfbfbf",
  "fdbfbfbfbf",
] as const;
const prefixes = range(1, kosme.length + 1).map((length) => kosme.subarray(0, length));
const isWhole = (prefix: Buffer): boolean => Buffer.from(prefix.toString()).equals(prefix);
/** The two non-characters at the end of each plane. */
const NON_CHARACTERS = range(1, 17).flatMap((plane) =>
  [0xfffe, 0xffff].map((last) => Buffer.from(String.fromCodePoint(plane * 0x10000 + last)).toString("hex")),
);

const groups: readonly SequenceGroup[] = [
  {
    number: "6.5",
    what: "some valid sequences",
    valid: ["$", "¢", "€", "𤭢"]
      .map((text) => Buffer.from(`hello${text}world`).toString("hex"))
      .concat(kosme.toString("hex")),
  },
  {
    number: "6.6",
    what: "prefixes of a valid text",
    valid: prefixes.filter(isWhole).map((prefix) => prefix.toString("hex")),
    invalid: prefixes.filter((prefix) => !isWhole(prefix)).map((prefix) => prefix.toString("hex")),
  },
  { number: "6.7", what: "the first of each length", valid: ["00", "c280", "e0a080", "f0908080"] },
  { number: "6.8", what: "the first of five and six bytes", invalid: ["f888808080", "fc8480808080"] },
  { number: "6.9", what: "the last of each length", valid: ["7f", "dfbf", "efbfbf", "f48fbfbf"] },
  {
    number: "6.10",
    what: "the last of lengths that are too large",
    invalid: ["f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf"],
  },
  {
    number: "6.11",
    what: "other bounds",
    valid: ["ed9fbf", "ee8080", "efbfbd", "f48fbfbf"],
    invalid: ["f4908080"],
  },
  {
    number: "6.12",
    what: "unexpected continuation bytes",
    invalid: ["80", "bf", "80bf", "80bf80", "80bf80bf", "80bf80bf80", "80bf80bf80bf", hexOf(range(0x80, 0xbf))],
  },
  {
    number: "6.13",
    what: "first bytes alone",
    invalid: [lonely(0xc0, 0xdf), lonely(0xe0, 0xef), lonely(0xf0, 0xf7), lonely(0xf8, 0xfb), lonely(0xfc, 0xfd)],
  },
  { number: "6.14", what: "sequences without their last byte", invalid: CUT_SHORT },
  { number: "6.15", what: "such sequences one after the other", invalid: [CUT_SHORT.join("")] },
  { number: "6.16", what: "impossible bytes", invalid: ["fe", "ff", "fefeffff"] },
  { number: "6.17", what: "an overlong slash", invalid: ["c0af", "e080af", "f08080af", "f8808080af", "fc80808080af"] },
  {
    number: "6.18",
    what: "the longest overlong",
    invalid: ["c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"],
  },
  { number: "6.19", what: "an overlong NUL", invalid: ["c080", "e08080", "f0808080", "f880808080", "fc8080808080"] },
  {
    number: "6.20",
    what: "one surrogate",
    invalid: ["eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf"],
  },
  {
    number: "6.21",
    what: "pairs of surrogates",
    invalid: ["eda080", "edadbf", "edae80", "edafbf"].flatMap((high) => [`${high}edb080`, `${high}edbfbf`]),
  },
  { number: "6.22", what: "code points that are no characters", valid: ["efbfbe", "efbfbf", ...NON_CHARACTERS] },
  {
    number: "6.23",
    what: "specials",
    valid: ["efbfb9", "efbfba", "efbfbb", "efbfbc", "efbfbd", "efbfbe", "efbfbf"],
  },
];

const SHOWN_CHARS = 24;

function casesOf({ number, what, valid = [], invalid = [] }: SequenceGroup): ConformanceCase[] {
  const describe = (hex: string): string => (hex.length > SHOWN_CHARS ? `${hex.slice(0, SHOWN_CHARS)}…` : hex);
  return [...valid, ...invalid].map((hex, i) => {
    const payload = bytes(hex);
    const isValid = i < valid.length;
    return {
      number: `${number}.${i + 1}`,
      behaviour: `${what}: ${describe(hex)} is ${isValid ? "" : "not "}text`,
      send: [{ opcode: TEXT, payload }],
      ...(isValid ? { expect: [payload.toString()] } : { closes: INVALID_PAYLOAD }),
    };
  });
}

export const utf8: readonly ConformanceCase[] = [...fragments, ...groups.flatMap(casesOf)];
