/** BufferSource of Web IDL, seen and not copied; `bytes.ts` copies. */
import { isArrayBuffer } from "../bytes.ts";
import {
  ArrayBufferIsView,
  DataViewPrototypeGetBuffer,
  DataViewPrototypeGetByteLength,
  DataViewPrototypeGetByteOffset,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeGetToStringTag,
  Uint8ArrayCtor,
} from "../primordials.ts";
import { ArrayBufferPrototypeGetDetached } from "./intrinsics.ts";

/** The bytes behind an ArrayBuffer or a view; undefined where the value is neither. A detached buffer has no bytes. */
export function viewBytes(source: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (!ArrayBufferIsView(source)) {
    if (!isArrayBuffer(source)) return undefined;
    return ArrayBufferPrototypeGetDetached(source) ? new Uint8ArrayCtor(0) : new Uint8ArrayCtor(source);
  }
  if (TypedArrayPrototypeGetToStringTag(source) !== undefined) {
    const byteLength = TypedArrayPrototypeGetByteLength(source);
    if (byteLength === 0) return new Uint8ArrayCtor(0);
    const buffer = TypedArrayPrototypeGetBuffer(source);
    return new Uint8ArrayCtor(buffer, TypedArrayPrototypeGetByteOffset(source), byteLength);
  }
  try {
    const byteLength = DataViewPrototypeGetByteLength(source);
    return new Uint8ArrayCtor(DataViewPrototypeGetBuffer(source), DataViewPrototypeGetByteOffset(source), byteLength);
  } catch {
    // TypeError: the view's buffer is detached or shrunk.
    return new Uint8ArrayCtor(0);
  }
}
