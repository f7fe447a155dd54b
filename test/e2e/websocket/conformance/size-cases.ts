/** Group 9: large messages, many fragments, pieces, and many messages. */
import { cutIntoFrames, Opcode } from "../../../support/websocket-frames.ts";
import type { ConformanceCase } from "./conformance-case.ts";

const KIB = 1024;
const MIB = KIB * KIB;
const { TEXT, BINARY } = Opcode;

const MESSAGE_BYTES = [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB];
const FRAGMENT_BYTES = [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB];
const FRAGMENTED_BYTES = 4 * MIB;
const PIECE_BYTES = [64, 128, 256, 512, KIB, 2 * KIB];
/** Of 1 MiB in the suite. */
const CHOPPED_BYTES = (pieceBytes: number): number => Math.min(MIB, pieceBytes * 2048);
const SMALL_BYTES = [0, 16, 64, 256, KIB, 4 * KIB];
const SMALL_COUNT = 1000;

function of(isText: boolean, bytes: number): string | Buffer {
  return isText ? "BAsd7&jh23".repeat(Math.ceil(bytes / 10)).slice(0, bytes) : Buffer.alloc(bytes, "\x00\xfe\x7f");
}

const kind = (isText: boolean): string => (isText ? "text" : "binary");
const messageOf = (isText: boolean, bytes: number) => ({ opcode: isText ? TEXT : BINARY, payload: of(isText, bytes) });

/** Each made when it is run: together they are over a hundred megabytes. */
export type LargeCase = { readonly number: string; readonly behaviour: string; create(): ConformanceCase };

function large(
  number: string,
  behaviour: string,
  create: () => Omit<ConformanceCase, "number" | "behaviour">,
): LargeCase {
  return { number, behaviour, create: () => ({ number, behaviour, ...create() }) };
}

function whole(group: string, isText: boolean): LargeCase[] {
  return MESSAGE_BYTES.map((bytes, i) =>
    large(`${group}.${i + 1}`, `a ${kind(isText)} message of ${bytes} bytes`, () => {
      const message = messageOf(isText, bytes);
      return { send: [message], expect: [message.payload] };
    }),
  );
}

function fragmented(group: string, isText: boolean): LargeCase[] {
  return FRAGMENT_BYTES.map((bytes, i) =>
    large(`${group}.${i + 1}`, `a ${kind(isText)} message in fragments of ${bytes} bytes`, () => {
      const message = messageOf(isText, FRAGMENTED_BYTES);
      return { send: cutIntoFrames(message, bytes), expect: [message.payload] };
    }),
  );
}

function chopped(group: string, isText: boolean): LargeCase[] {
  return PIECE_BYTES.map((bytes, i) =>
    large(`${group}.${i + 1}`, `a ${kind(isText)} frame in pieces of ${bytes} bytes`, () => {
      const message = messageOf(isText, CHOPPED_BYTES(bytes));
      return { send: [message], chopBytes: bytes, expect: [message.payload] };
    }),
  );
}

function many(group: string, isText: boolean): LargeCase[] {
  return SMALL_BYTES.map((bytes, i) =>
    large(`${group}.${i + 1}`, `${SMALL_COUNT} ${kind(isText)} messages of ${bytes} bytes`, () => {
      const message = messageOf(isText, bytes);
      return { send: Array(SMALL_COUNT).fill(message), expect: Array(SMALL_COUNT).fill(message.payload) };
    }),
  );
}

export const sizes: readonly LargeCase[] = [
  ...whole("9.1", true),
  ...whole("9.2", false),
  ...fragmented("9.3", true),
  ...fragmented("9.4", false),
  ...chopped("9.5", true),
  ...chopped("9.6", false),
  ...many("9.7", true),
  ...many("9.8", false),
];
