/**
 * One case of the public WebSocket conformance suite, Autobahn|Testsuite, as data: what a client sends to an echo, and what it has to
 * see. Numbers are that suite's; where one stands for several, it is a range.
 */
import { expect } from "vitest";
import { RawWebSocket, type UpgradePlace } from "../../../support/raw-websocket.ts";
import { encodeFrame, type Frame, type FrameToSend, Opcode } from "../../../support/websocket-frames.ts";

export interface ConformanceCase {
  readonly number: string;
  /** A sentence about what the server does. */
  readonly behaviour: string;
  readonly send: readonly FrameToSend[];
  /** Sent in pieces of so many bytes. @default at once */
  readonly chopBytes?: number;
  /** What comes back, in this order: texts, bytes, and pongs. @default nothing */
  readonly expect?: readonly ExpectedMessage[];
  /** What was sent before a violation may be lost with the connection. @default false */
  readonly mayLose?: boolean;
  /** The server closes with one of these. @default the client closes with 1000 once all has come, and so does the server */
  readonly closes?: readonly (number | null)[];
}

export type ExpectedMessage = string | Buffer | { readonly pong: string };

/** What all messages of a case have in common. */
type Seen = readonly ["text" | "binary" | "pong" | "other", Buffer];

export const PROTOCOL_ERROR = [1002];
export const INVALID_PAYLOAD = [1007];

/** Asserts that the server behaves so. */
export async function checkCase(place: UpgradePlace, each: ConformanceCase): Promise<void> {
  const { send, expect: expected = [], closes, chopBytes, mayLose = false } = each;
  const socket = await RawWebSocket.open(place);
  try {
    if (chopBytes === undefined) socket.send(...send);
    else await socket.sendChopped(Buffer.concat(send.map(encodeFrame)), chopBytes);
    const wanted = expected.map(toSeen);
    const seen: Seen[] = [];
    let parts: Frame[] = [];
    // One more than expected is wrong already.
    while (closes === undefined ? seen.length < wanted.length : seen.length <= wanted.length) {
      const frame = await socket.next();
      if (frame === null || frame.opcode === Opcode.CLOSE) break;
      expect([frame.isMasked, frame.reservedBits]).toEqual([false, 0]);
      if (frame.opcode >= Opcode.CLOSE) {
        seen.push([frame.opcode === Opcode.PONG ? "pong" : "other", frame.payload]);
        continue;
      }
      parts.push(frame);
      if (!frame.isLast) continue;
      seen.push(toMessage(parts));
      parts = [];
    }
    expectSeen(seen, mayLose ? wanted.slice(0, seen.length) : wanted);
    if (closes === undefined) {
      const { code } = await socket.close(1000);
      expect(code).toBe(1000);
      // Nothing but the answer to the close came after what was expected.
      expect(socket.waiting.map(({ opcode }) => opcode)).toEqual([Opcode.CLOSE]);
    } else {
      const { code } = await socket.ended;
      expect(closes).toContain(code);
    }
  } finally {
    socket.destroy();
  }
}

function toSeen(message: ExpectedMessage): Seen {
  if (typeof message === "string") return ["text", Buffer.from(message)];
  if (Buffer.isBuffer(message)) return ["binary", message];
  return ["pong", Buffer.from(message.pong, "latin1")];
}

function toMessage(parts: readonly Frame[]): Seen {
  const payload = Buffer.concat(parts.map((part) => part.payload));
  return [parts[0]?.opcode === Opcode.TEXT ? "text" : "binary", payload];
}

/** Compares without printing megabytes where they differ. */
function expectSeen(seen: readonly Seen[], wanted: readonly Seen[]): void {
  expect(seen.map(describe)).toEqual(wanted.map(describe));
  for (const [i, [, payload]] of seen.entries()) {
    if (wanted[i] !== undefined && !payload.equals(wanted[i][1])) throw new Error(`Message ${i} came back altered`);
  }
}

const SHOWN_BYTES = 40;

function describe([kind, payload]: Seen): string {
  return `${kind} of ${payload.length}: ${payload.toString("latin1", 0, SHOWN_BYTES)}`;
}
