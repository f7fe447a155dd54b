/** What `send` of a WebSocket takes, as bytes that nobody else writes to, or as a string. */
import { viewBytes } from "./leaf/buffer-source.ts";
import { toUSVString } from "./leaf/webidl-convert.ts";
import {
  ArrayBufferPrototypeSlice,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetByteOffset,
} from "./primordials.ts";
import type { SocketData } from "./socket-end.ts";

// The build turns this into the call of the module's wrapper: most messages are no blobs.
declare const require: (path: "./leaf/blob.ts") => typeof import("./leaf/blob.ts");

/** Converts to `(BufferSource or Blob or USVString)`; a buffer that was detached has no bytes. @throws TypeError for a symbol */
export function toSocketData(value: unknown): SocketData {
  if (typeof value === "object" && value !== null) {
    const view = viewBytes(value);
    if (view !== undefined) {
      const start = TypedArrayPrototypeGetByteOffset(view);
      return ArrayBufferPrototypeSlice(
        TypedArrayPrototypeGetBuffer(view),
        start,
        start + TypedArrayPrototypeGetByteLength(view),
      );
    }
    const { isBlob, bytesOfBlob } = require("./leaf/blob.ts");
    if (isBlob(value)) return bytesOfBlob(value);
  }
  return toUSVString(value);
}
