/** "StructuredSerializeWithTransfer" of the HTML standard. */
import { isArrayBuffer } from "../bytes.ts";
import {
  ArrayBufferCtor,
  ArrayBufferIsView,
  ArrayBufferPrototypeGetByteLength,
  ArrayBufferPrototypeSlice,
  ArrayIsArray,
  DataViewPrototypeGetBuffer,
  DataViewPrototypeGetByteLength,
  DataViewPrototypeGetByteOffset,
  MapCtor,
  MapPrototypeGet,
  MapPrototypeSet,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ObjectPrototypeHasOwnProperty,
  ObjectPrototypeIsPrototypeOf,
  ObjectPrototypeToString,
  SymbolToStringTag,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteOffset,
  TypedArrayPrototypeGetToStringTag,
  TypedArrayPrototypeSet,
  Uint8ArrayCtor,
} from "../primordials.ts";
import { cloneHooks } from "./clone-hooks.ts";
import { type CloneRecord, type ErrorData, Node, NodeKind, type NodeKindValue, type ViewData } from "./clone-record.ts";
import type { DOMException } from "./dom-exception.ts";
import {
  ArrayBufferPrototypeGetDetached,
  ArrayBufferPrototypeGetMaxByteLength,
  ArrayBufferPrototypeGetResizable,
  ArrayBufferPrototypeResize,
  ArrayBufferPrototypeTransfer,
  BigIntPrototypeValueOf,
  BooleanPrototypeValueOf,
  DatePrototypeGetTime,
  ErrorPrototype,
  errorCtors,
  MapPrototypeForEach,
  MapPrototypeGetSize,
  MathMin,
  NumberPrototypeValueOf,
  ObjectKeys,
  ObjectPrototype,
  RegExpPrototype,
  RegExpPrototypeGetFlags,
  RegExpPrototypeGetSource,
  SetPrototypeForEach,
  SetPrototypeGetSize,
  StringPrototypeValueOf,
  SymbolPrototypeValueOf,
  TypedArrayPrototypeGetLength,
} from "./intrinsics.ts";
import { domException } from "./make-dom-exception.ts";
import { isPlatformObject } from "./webidl.ts";

type Memory = Map<object, Node>;

/** Serialises a value, then takes what it transfers. @throws DOMException DataCloneError, with nothing taken */
export function serialize(value: unknown, transfer: readonly unknown[]): CloneRecord {
  const memory: Memory = new MapCtor();
  const transferred: Node[] = [];
  for (let i = 0; i < transfer.length; i++) {
    const item = transfer[i];
    const kind = transferKind(item);
    if (kind === undefined) throw cloneError("The value to transfer is not transferable");
    if (MapPrototypeGet(memory, item as object) !== undefined) throw cloneError("A value is to be transferred twice");
    const node = new Node(kind);
    MapPrototypeSet(memory, item as object, node);
    transferred[transferred.length] = node;
  }
  const serialized = serializeValue(value, memory);
  for (let i = 0; i < transfer.length; i++) {
    const item = transfer[i];
    if (isArrayBuffer(item) && ArrayBufferPrototypeGetDetached(item)) {
      throw cloneError("A buffer to be transferred is detached");
    }
    if (transferred[i]?.kind === NodeKind.STREAM) cloneHooks.checkStream(item as object);
  }
  for (let i = 0; i < transfer.length; i++) {
    const item = transfer[i] as object;
    const node = transferred[i] as Node;
    if (node.kind === NodeKind.PORT) node.data = cloneHooks.takePort(item);
    else if (node.kind === NodeKind.STREAM) node.data = cloneHooks.takeStream(item);
    else node.data = ArrayBufferPrototypeTransfer(item as ArrayBuffer);
  }
  return { value: serialized, transferred };
}

function transferKind(item: unknown): NodeKindValue | undefined {
  if (isArrayBuffer(item)) return NodeKind.BUFFER;
  if (typeof item !== "object" || item === null) return undefined;
  if (cloneHooks.isPort(item)) return NodeKind.PORT;
  return cloneHooks.isStream(item) ? NodeKind.STREAM : undefined;
}

function cloneError(message: string): DOMException {
  return domException("DataCloneError", message);
}

function serializeValue(value: unknown, memory: Memory): unknown {
  if (typeof value === "symbol") throw cloneError("A symbol cannot be cloned");
  if (typeof value === "function") throw cloneError("A function cannot be cloned");
  if (typeof value !== "object" || value === null) return value;
  const known = MapPrototypeGet(memory, value);
  if (known !== undefined) return known;
  const prototype = ObjectGetPrototypeOf(value) as object | null;
  // What internal slots an object has is found by trying, which is slow; an object without any is most common, and what
  // makes one with slots look like this, replacing its prototype, leaves the built-in tag of some.
  if ((prototype === ObjectPrototype || prototype === null) && ObjectPrototypeToString(value) === "[object Object]") {
    return serializeProperties(value, remember(value, new Node(NodeKind.OBJECT), memory), memory);
  }
  if (ArrayIsArray(value)) {
    return serializeProperties(value, remember(value, new Node(NodeKind.ARRAY, value.length), memory), memory);
  }
  return serializeExotic(value, memory);
}

function remember(value: object, node: Node, memory: Memory): Node {
  MapPrototypeSet(memory, value, node);
  return node;
}

function serializeProperties(value: object, node: Node, memory: Memory): Node {
  const keys = ObjectKeys(value);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    // A getter may have removed it.
    if (!ObjectPrototypeHasOwnProperty(value, key)) continue;
    node.entries[node.entries.length] = key;
    node.entries[node.entries.length] = serializeValue((value as Record<string, unknown>)[key], memory);
  }
  return node;
}

/** An object that has internal slots, or may have: one test after the other. */
function serializeExotic(value: object, memory: Memory): Node {
  if (isArrayBuffer(value)) return serializeBuffer(value, memory);
  if (ArrayBufferIsView(value)) return serializeView(value, memory);
  if (cloneHooks.isBlob(value))
    return remember(value, new Node(NodeKind.PLATFORM, cloneHooks.cloneBlob(value)), memory);
  if (cloneHooks.isCryptoKey(value)) {
    return remember(value, new Node(NodeKind.PLATFORM, cloneHooks.cloneCryptoKey(value)), memory);
  }
  if (cloneHooks.isDOMException(value)) {
    return remember(value, new Node(NodeKind.PLATFORM, cloneHooks.cloneDOMException(value)), memory);
  }
  if (isPlatformObject(value)) throw cloneError("An object of this interface cannot be cloned");

  const tag = ObjectPrototypeToString(value) as string;
  // Where a tag of its own may hide the built-in one, every slot is tried.
  const isTagged = SymbolToStringTag in value;
  if (isTagged || tag !== "[object Object]") {
    const node = serializeSlots(value, tag, isTagged, memory);
    if (node !== undefined) return node;
  }
  return serializeProperties(value, remember(value, new Node(NodeKind.OBJECT), memory), memory);
}

function serializeSlots(value: object, tag: string, isTagged: boolean, memory: Memory): Node | undefined {
  const slotOf = (builtin: string, read: (self: never) => unknown): unknown =>
    isTagged || tag === `[object ${builtin}]` ? attempt(read, value) : undefined;

  const time = slotOf("Date", DatePrototypeGetTime);
  if (time !== undefined) return remember(value, new Node(NodeKind.DATE, time), memory);
  // Called on its own prototype, which is no RegExp, the getter answers too.
  const source = value === RegExpPrototype ? undefined : slotOf("RegExp", RegExpPrototypeGetSource);
  if (source !== undefined) {
    return remember(value, new Node(NodeKind.REGEXP, [source, RegExpPrototypeGetFlags(value as RegExp)]), memory);
  }
  const primitive =
    slotOf("Boolean", BooleanPrototypeValueOf) ??
    slotOf("Number", NumberPrototypeValueOf) ??
    slotOf("String", StringPrototypeValueOf) ??
    slotOf("BigInt", BigIntPrototypeValueOf);
  if (primitive !== undefined) return remember(value, new Node(NodeKind.WRAPPER, primitive), memory);
  if (slotOf("Map", MapPrototypeGetSize) !== undefined) return serializeMap(value as Map<unknown, unknown>, memory);
  if (slotOf("Set", SetPrototypeGetSize) !== undefined) return serializeSet(value as Set<unknown>, memory);
  if (tag === "[object Error]" || ObjectPrototypeIsPrototypeOf(ErrorPrototype, value)) {
    return serializeError(value, memory);
  }
  if (UNCLONEABLE[tag] || slotOf("Symbol", SymbolPrototypeValueOf) !== undefined) {
    throw cloneError(`${tag} cannot be cloned`);
  }
  return undefined;
}

/** What has slots that nothing serialises. */
const UNCLONEABLE: Readonly<Record<string, boolean>> = {
  __proto__: null as never,
  "[object Promise]": true,
  "[object WeakMap]": true,
  "[object WeakSet]": true,
  "[object WeakRef]": true,
  "[object FinalizationRegistry]": true,
  "[object Generator]": true,
  "[object AsyncGenerator]": true,
  "[object WebAssembly.Module]": true,
  "[object WebAssembly.Instance]": true,
  "[object WebAssembly.Memory]": true,
};

function attempt(read: (self: never) => unknown, value: object): unknown {
  try {
    return read(value as never);
  } catch {
    // TypeError: the object does not have the slot.
    return undefined;
  }
}

function serializeMap(value: Map<unknown, unknown>, memory: Memory): Node {
  const node = remember(value, new Node(NodeKind.MAP), memory);
  const copied: unknown[] = [];
  MapPrototypeForEach(value, (item, key) => {
    copied[copied.length] = key;
    copied[copied.length] = item;
  });
  serializeList(copied, node, memory);
  return node;
}

function serializeSet(value: Set<unknown>, memory: Memory): Node {
  const node = remember(value, new Node(NodeKind.SET), memory);
  const copied: unknown[] = [];
  SetPrototypeForEach(value, (item) => {
    copied[copied.length] = item;
  });
  serializeList(copied, node, memory);
  return node;
}

function serializeList(list: readonly unknown[], node: Node, memory: Memory): void {
  for (let i = 0; i < list.length; i++) node.entries[i] = serializeValue(list[i], memory);
}

function serializeError(value: object, memory: Memory): Node {
  const name = `${(value as { name: string }).name}`;
  const data: ErrorData = {
    name: errorCtors[name] === undefined ? "Error" : name,
    message: ownText(value, "message"),
    stack: ownText(value, "stack"),
  };
  const node = remember(value, new Node(NodeKind.ERROR, data), memory);
  const cause = ObjectGetOwnPropertyDescriptor(value, "cause");
  if (cause !== undefined && "value" in cause) node.entries[0] = serializeValue(cause.value, memory);
  return node;
}

function ownText(value: object, key: "message" | "stack"): string | undefined {
  const descriptor = ObjectGetOwnPropertyDescriptor(value, key);
  if (descriptor === undefined) return undefined;
  // The engine's `stack` is an own accessor.
  const text = key === "stack" ? (value as { stack?: unknown }).stack : descriptor.value;
  return text === undefined ? undefined : `${text as string}`;
}

function serializeBuffer(buffer: ArrayBuffer, memory: Memory): Node {
  if (ArrayBufferPrototypeGetDetached(buffer)) throw cloneError("A detached buffer cannot be cloned");
  let copy: ArrayBuffer;
  if (ArrayBufferPrototypeGetResizable(buffer)) {
    const byteLength = ArrayBufferPrototypeGetByteLength(buffer);
    copy = new ArrayBufferCtor(byteLength, { maxByteLength: ArrayBufferPrototypeGetMaxByteLength(buffer) } as never);
    TypedArrayPrototypeSet(new Uint8ArrayCtor(copy), new Uint8ArrayCtor(buffer));
  } else copy = ArrayBufferPrototypeSlice(buffer, 0);
  return remember(buffer, new Node(NodeKind.BUFFER, copy), memory);
}

/** The longest element: a view that follows its buffer's length has one more after so many bytes. */
const MAX_ELEMENT_BYTES = 8;

/** Whether a view is as long as its buffer will be: there is no other way to ask. Without room for one more element, it counts as fixed. */
function followsLength(buffer: ArrayBuffer, lengthOf: () => number | undefined): boolean {
  if (!ArrayBufferPrototypeGetResizable(buffer)) return false;
  const byteLength = ArrayBufferPrototypeGetByteLength(buffer);
  const roomBytes = ArrayBufferPrototypeGetMaxByteLength(buffer) - byteLength;
  const before = lengthOf();
  ArrayBufferPrototypeResize(buffer, byteLength + MathMin(roomBytes, MAX_ELEMENT_BYTES));
  const after = lengthOf();
  ArrayBufferPrototypeResize(buffer, byteLength);
  return before !== after;
}

function serializeView(view: ArrayBufferView, memory: Memory): Node {
  const type = TypedArrayPrototypeGetToStringTag(view);
  const isTyped = type !== undefined;
  const buffer = isTyped ? TypedArrayPrototypeGetBuffer(view) : DataViewPrototypeGetBuffer(view);
  if (!isArrayBuffer(buffer)) throw cloneError("A view on shared memory cannot be cloned");
  const isDetached = ArrayBufferPrototypeGetDetached(buffer);
  const lengthOf = (): number | undefined =>
    isTyped
      ? TypedArrayPrototypeGetLength(view)
      : (attempt(DataViewPrototypeGetByteLength, view) as number | undefined);
  const length = lengthOf();
  if (isDetached || length === undefined) throw cloneError("A view on a detached buffer cannot be cloned");
  const data: ViewData = {
    type: type ?? "DataView",
    buffer: serializeValue(buffer, memory) as Node,
    byteOffset: isTyped ? TypedArrayPrototypeGetByteOffset(view) : DataViewPrototypeGetByteOffset(view),
    length: followsLength(buffer, lengthOf) ? undefined : (length as number),
  };
  return remember(view, new Node(NodeKind.VIEW, data), memory);
}
