/** Reading the bytes of buffers and views that tenant code made, whatever it did to their prototypes. */
import {
  ArrayBufferCtor,
  ArrayBufferIsView,
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeSlice,
  DataViewPrototypeGetBuffer,
  DataViewPrototypeGetByteLength,
  DataViewPrototypeGetByteOffset,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeGetToStringTag,
  TypedArrayPrototypeSet,
  Uint8ArrayCtor,
} from "./primordials.ts";

/** Whether a value is an ArrayBuffer: its getter throws for all else. */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  if (typeof value !== "object" || value === null) return false;
  try {
    ArrayBufferPrototypeGetByteLength(value as ArrayBuffer);
    return true;
  } catch {
    return false;
  }
}

/** A copy of the bytes of a buffer or a view, none where it was detached, or undefined where the value is neither. */
export function copyBytes(value: unknown): ArrayBuffer | undefined {
  if (ArrayBufferIsView(value)) return viewBytes(value, true);
  if (!isArrayBuffer(value)) return undefined;
  // One that was detached cannot be sliced: it has no bytes.
  return ArrayBufferPrototypeGetByteLength(value) === 0 ? new ArrayBufferCtor(0) : ArrayBufferPrototypeSlice(value, 0);
}

/** The bytes of a Uint8Array: its buffer itself where it covers all of it. Undefined where the value is none. */
export function bytesOfChunk(value: unknown): ArrayBuffer | undefined {
  return TypedArrayPrototypeGetToStringTag(value) === "Uint8Array"
    ? viewBytes(value as ArrayBufferView, false)
    : undefined;
}

/** Joins buffers whose bytes together are `totalBytes`. */
export function joinBytes(chunks: readonly ArrayBuffer[], totalBytes: number): ArrayBuffer {
  const only = chunks[0];
  if (chunks.length === 1 && only !== undefined) return only;
  const joined = new ArrayBufferCtor(totalBytes);
  const target = new Uint8ArrayCtor(joined);
  let offset = 0;
  for (let i = 0; i < chunks.length; i++) {
    const chunk = chunks[i] as ArrayBuffer;
    TypedArrayPrototypeSet(target, new Uint8ArrayCtor(chunk), offset);
    offset += ArrayBufferPrototypeGetByteLength(chunk);
  }
  return joined;
}

function viewBytes(view: ArrayBufferView, mustCopy: boolean): ArrayBuffer {
  const isTyped = TypedArrayPrototypeGetToStringTag(view) !== undefined;
  const buffer = (isTyped ? TypedArrayPrototypeGetBuffer : DataViewPrototypeGetBuffer)(view);
  const lengthBytes = isTyped ? TypedArrayPrototypeGetByteLength(view) : dataViewBytes(view);
  if (lengthBytes === 0) return new ArrayBufferCtor(0);
  const offset = (isTyped ? TypedArrayPrototypeGetByteOffset : DataViewPrototypeGetByteOffset)(view);
  const coversAll = offset === 0 && isArrayBuffer(buffer) && ArrayBufferPrototypeGetByteLength(buffer) === lengthBytes;
  if (coversAll && !mustCopy) return buffer;
  if (isArrayBuffer(buffer)) return ArrayBufferPrototypeSlice(buffer, offset, offset + lengthBytes);
  // Shared memory: copied element by element into memory of its own.
  const copy = new Uint8ArrayCtor(lengthBytes);
  TypedArrayPrototypeSet(copy, new Uint8ArrayCtor(buffer, offset, lengthBytes));
  return TypedArrayPrototypeGetBuffer(copy);
}

function dataViewBytes(view: ArrayBufferView): number {
  try {
    return DataViewPrototypeGetByteLength(view);
  } catch {
    // TypeError: the view's buffer is detached or shrunk.
    return 0;
  }
}
