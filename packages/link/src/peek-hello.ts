/** Reads the HELLO of a peer: in the handshake, or ahead of it, by who accepts connections for several acceptors. */
import { FRAME_HEADER_BYTES, FrameType } from "@nano/protocol/frames";
import { decodeHello, type Hello } from "@nano/protocol/messages";

const MAX_HELLO_TEXT_LENGTH = 1024;
/** Largest HELLO frame: two texts of that length, four bytes a character at most, and what is around them. */
export const MAX_HELLO_BYTES = 2 * 4 * MAX_HELLO_TEXT_LENGTH + 256;

export type PeekedHello =
  | { readonly type: "hello"; readonly hello: Hello }
  /** More bytes are needed. */
  | { readonly type: "incomplete" }
  /** Whatever follows, this is no HELLO. */
  | { readonly type: "invalid" };

/** What the first bytes of a connection are. They stay where they are: the acceptor reads them again. */
export function peekHello(bytes: Buffer): PeekedHello {
  if (bytes.length < FRAME_HEADER_BYTES) return { type: "incomplete" };
  const frameBytes = FRAME_HEADER_BYTES + bytes.readUInt32LE(0);
  if (bytes[4] !== FrameType.HELLO || frameBytes > MAX_HELLO_BYTES) return { type: "invalid" };
  if (bytes.length < frameBytes) return { type: "incomplete" };
  const hello = parseHello(bytes.subarray(FRAME_HEADER_BYTES, frameBytes));
  return hello === null ? { type: "invalid" } : { type: "hello", hello };
}

/** The payload of a HELLO; null where it is none. */
export function parseHello(payload: Buffer): Hello | null {
  try {
    const hello = decodeHello(payload);
    const isHello =
      Number.isInteger(hello.oldestVersion) &&
      Number.isInteger(hello.newestVersion) &&
      isShortText(hello.credential) &&
      isShortText(hello.peer);
    return isHello ? hello : null;
  } catch {
    // Not msgpack, or no array: no HELLO.
    return null;
  }
}

function isShortText(value: unknown): boolean {
  return typeof value === "string" && value.length <= MAX_HELLO_TEXT_LENGTH;
}
