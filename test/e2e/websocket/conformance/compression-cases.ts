/** Groups 12 and 13: permessage-deflate, over kinds of data and over what a client may ask for. */
import { createHash } from "node:crypto";
import { expect } from "vitest";
import { MessageDeflate } from "../../../support/message-deflate.ts";
import { RawWebSocket, type UpgradePlace } from "../../../support/raw-websocket.ts";
import { cutIntoFrames, type Frame, Opcode, RSV1 } from "../../../support/websocket-frames.ts";

export interface CompressionCase {
  readonly number: string;
  readonly behaviour: string;
  readonly offer: string;
  readonly data: TestData;
  readonly messageBytes: number;
  /** 0: not fragmented. */
  readonly fragmentBytes: number;
}

export interface TestData {
  readonly what: string;
  readonly isText: boolean;
  create(): Buffer;
}

/** Message and fragment size, as in the suite. */
const SIZES: readonly (readonly [number, number])[] = [
  [16, 0],
  [64, 0],
  [256, 0],
  [1024, 0],
  [4096, 0],
  [8192, 0],
  [16_384, 0],
  [32_768, 0],
  [65_536, 0],
  [131_072, 0],
  [8192, 256],
  [16_384, 256],
  [32_768, 256],
  [65_536, 256],
  [131_072, 256],
  [131_072, 1024],
  [131_072, 4096],
  [131_072, 32_768],
];
/** The suite sends 1000 of each size. Contexts are carried over from the second on. */
const MOST_MESSAGES = 6;
const CASE_BYTES = 96 * 1024;
const MESSAGES_AT_LEAST = 2;

/** Bytes that look random and are the same every time. */
function noise(seed: string, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let i = 0; i * 64 < length; i++) blocks.push(createHash("sha512").update(`${seed} ${i}`).digest());
  return Buffer.concat(blocks).subarray(0, length);
}

const DATA_BYTES = 400_000;
const WORDS = "Habe nun ach Philosophie Juristerei und Medizin durchaus studiert mit heißem Bemühn".split(" ");
const PROSE: TestData = {
  what: "prose",
  isText: false,
  create: () => Buffer.from([...noise("prose", DATA_BYTES / 6)].map((byte) => WORDS[byte % WORDS.length]).join(" ")),
};
const BITMAP: TestData = {
  what: "a bitmap",
  isText: false,
  create: () => noise("bitmap", DATA_BYTES).map((byte, i) => ((i >> 6) & 0xf8) | (byte & 3)) as Buffer,
};
const INCOMPRESSIBLE: TestData = { what: "noise", isText: false, create: () => noise("noise", DATA_BYTES) };
const JSON_TEXT: TestData = {
  what: "JSON",
  isText: true,
  create: () =>
    Buffer.from(
      JSON.stringify(Array.from({ length: 6000 }, (_, id) => ({ id, name: `row ${id}`, isOdd: id % 2 === 1 }))),
    ),
};
const HTML: TestData = {
  what: "HTML",
  isText: true,
  create: () =>
    Buffer.from(
      Array.from({ length: 5000 }, (_, row) => `<tr class="row"><td>${row}</td><td>${row * row}</td></tr>\n`).join(""),
    ),
};

const ACCEPTS_ALL = "permessage-deflate; client_no_context_takeover; client_max_window_bits";

function over(group: string, offer: string, data: TestData, described: string): CompressionCase[] {
  return SIZES.map(([messageBytes, fragmentBytes], i) => ({
    number: `${group}.${i + 1}`,
    behaviour: `${described}, messages of ${messageBytes} bytes${fragmentBytes === 0 ? "" : ` in fragments of ${fragmentBytes}`}`,
    offer,
    data,
    messageBytes,
    fragmentBytes,
  }));
}

export const compression: readonly CompressionCase[] = [PROSE, BITMAP, INCOMPRESSIBLE, JSON_TEXT, HTML].flatMap(
  (data, i) => over(`12.${i + 1}`, ACCEPTS_ALL, data, data.what),
);

const OFFERS = [
  ACCEPTS_ALL,
  `${ACCEPTS_ALL}; server_no_context_takeover`,
  `${ACCEPTS_ALL}; server_max_window_bits=8`,
  `${ACCEPTS_ALL}; server_max_window_bits=15`,
  `${ACCEPTS_ALL}; server_no_context_takeover; server_max_window_bits=8`,
  `${ACCEPTS_ALL}; server_no_context_takeover; server_max_window_bits=15`,
  [
    `${ACCEPTS_ALL}; server_no_context_takeover; server_max_window_bits=8`,
    `${ACCEPTS_ALL}; server_no_context_takeover`,
    ACCEPTS_ALL,
  ].join(", "),
];

export const compressionParameters: readonly CompressionCase[] = OFFERS.flatMap((offer, i) =>
  over(
    `13.${i + 1}`,
    offer,
    JSON_TEXT,
    i === OFFERS.length - 1 ? "three offers" : offer.replace(ACCEPTS_ALL, "an offer"),
  ),
);

const made = new Map<TestData, Buffer>();

/** Message `i`: each takes up where the last one ended. */
function cutMessage({ data, messageBytes }: CompressionCase, i: number): Buffer {
  const all = made.get(data) ?? data.create();
  made.set(data, all);
  const from = (i * messageBytes) % (all.length - messageBytes);
  const cut = all.subarray(from, from + messageBytes);
  // A text must not be cut within a character: JSON and HTML above are of single bytes.
  return Buffer.from(cut);
}

/** Asserts that messages come back as they were sent, under what was agreed to. */
export async function checkCompression(place: UpgradePlace, each: CompressionCase): Promise<void> {
  const headers = { ...place.headers, "sec-websocket-extensions": each.offer };
  const socket = await RawWebSocket.open({ ...place, headers });
  const agreed = socket.answer.headers.get("sec-websocket-extensions");
  const deflate = new MessageDeflate(agreed);
  try {
    if (each.offer.startsWith(ACCEPTS_ALL) && !each.offer.includes(",")) expectAsked(each.offer, agreed ?? "");
    const count = Math.max(MESSAGES_AT_LEAST, Math.min(MOST_MESSAGES, CASE_BYTES / each.messageBytes));
    for (let i = 0; i < count; i++) {
      const message = cutMessage(each, i);
      const first = {
        opcode: each.data.isText ? Opcode.TEXT : Opcode.BINARY,
        payload: await deflate.deflate(message),
        reservedBits: RSV1,
      };
      socket.send(...(each.fragmentBytes === 0 ? [first] : cutIntoFrames(first, each.fragmentBytes)));
      const back = await readMessage(socket, deflate);
      expect(back.opcode).toBe(first.opcode);
      if (!back.payload.equals(message))
        throw new Error(`Message ${i} came back altered: ${back.payload.length} bytes`);
    }
    expect((await socket.close(1000)).code).toBe(1000);
  } finally {
    deflate.close();
    socket.destroy();
  }
}

/** What a client asks of the server for its sake has to be in the answer. */
function expectAsked(offer: string, agreed: string): void {
  if (offer.includes("server_no_context_takeover")) expect(agreed).toContain("server_no_context_takeover");
  const bits = /server_max_window_bits=(\d+)/.exec(offer)?.[1];
  if (bits === undefined) return;
  const given = /server_max_window_bits=(\d+)/.exec(agreed)?.[1];
  expect(Number(given)).toBeLessThanOrEqual(Number(bits));
}

async function readMessage(
  socket: RawWebSocket,
  deflate: MessageDeflate,
): Promise<{ opcode: number; payload: Buffer }> {
  const parts: Frame[] = [];
  for (;;) {
    const frame = await socket.next();
    if (frame === null || frame.opcode >= Opcode.CLOSE)
      throw new Error(`No message but ${frame?.payload.toString("hex")}`);
    parts.push(frame);
    if (!frame.isLast) continue;
    const payload = Buffer.concat(parts.map((part) => part.payload));
    const isCompressed = parts[0]?.reservedBits === RSV1;
    return { opcode: parts[0]?.opcode ?? 0, payload: isCompressed ? await deflate.inflate(payload) : payload };
  }
}
