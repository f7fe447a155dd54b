/** UTF-8 in both directions: by the host, which does it faster than cold JavaScript; without one, by the leaf's coder. */
import { HostOp } from "./boundary.ts";
import { callHost, hasHost } from "./host.ts";
import {
  StringPrototypeCharCodeAt,
  StringPrototypeSlice,
  StringPrototypeToWellFormed,
  TypedArrayPrototypeGetBuffer,
  Uint8ArrayCtor,
} from "./primordials.ts";

// The build turns this into the call of the module's wrapper: nothing of it runs before.
declare const require: (path: "./leaf/utf8.ts") => typeof import("./leaf/utf8.ts");

const BYTE_ORDER_MARK = 0xfeff;

/** "UTF-8 decode" of the Encoding standard: malformed bytes become U+FFFD, a byte order mark is dropped. */
export function decodeUtf8(bytes: ArrayBuffer): string {
  if (hasHost()) return callHost(HostOp.TEXT_DECODE, 0, "utf-8", bytes, 0) as string;
  return withoutMark(require("./leaf/utf8.ts").decodeUtf8(new Uint8ArrayCtor(bytes)));
}

export function encodeUtf8(text: string): ArrayBuffer {
  if (hasHost()) return callHost(HostOp.TEXT_ENCODE, 0, text) as ArrayBuffer;
  return TypedArrayPrototypeGetBuffer(require("./leaf/utf8.ts").encodeUtf8(text));
}

/** What `decodeUtf8(encodeUtf8(text))` gives, without the way through the host. */
export function throughUtf8(text: string): string {
  return StringPrototypeToWellFormed(withoutMark(text));
}

function withoutMark(text: string): string {
  return StringPrototypeCharCodeAt(text, 0) === BYTE_ORDER_MARK ? StringPrototypeSlice(text, 1) : text;
}
