/** "StructuredDeserializeWithTransfer" of the HTML standard. */
import { defineProperty } from "../define-property.ts";
import { DateCtor, MapCtor, MapPrototypeSet } from "../primordials.ts";
import { cloneHooks } from "./clone-hooks.ts";
import { type CloneRecord, type ErrorData, type Node, NodeKind, type ViewData } from "./clone-record.ts";
import {
  DataViewCtor,
  errorCtors,
  ObjectCtor,
  RegExpCtor,
  SetCtor,
  SetPrototypeAdd,
  typedArrayCtors,
} from "./intrinsics.ts";

/** Makes the value of a record, once. `ports` are the transferred ports, in the order of the list. */
export function deserialize(record: CloneRecord): { value: unknown; ports: object[] } {
  const ports: object[] = [];
  for (let i = 0; i < record.transferred.length; i++) {
    const node = record.transferred[i] as Node;
    if (node.kind === NodeKind.PORT) ports[ports.length] = deserializeValue(node) as object;
  }
  return { value: deserializeValue(record.value), ports };
}

function deserializeValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const node = value as Node;
  // Set before its contents are made, which may lead back to it.
  if (node.output === undefined) {
    node.output = createOutput(node);
    fillOutput(node, node.output);
  }
  return node.output;
}

function createOutput(node: Node): object {
  switch (node.kind) {
    case NodeKind.OBJECT:
      return {};
    case NodeKind.ARRAY: {
      const array: unknown[] = [];
      array.length = node.data as number;
      return array;
    }
    case NodeKind.DATE:
      return new DateCtor(node.data as number);
    case NodeKind.REGEXP: {
      const pattern = node.data as readonly string[];
      return new RegExpCtor(pattern[0] as string, pattern[1]);
    }
    case NodeKind.WRAPPER:
      return ObjectCtor(node.data) as object;
    case NodeKind.MAP:
      return new MapCtor();
    case NodeKind.SET:
      return new SetCtor();
    case NodeKind.ERROR:
      return createError(node.data as ErrorData);
    case NodeKind.BUFFER:
    case NodeKind.PLATFORM:
      return node.data as object;
    case NodeKind.VIEW: {
      const { type, buffer, byteOffset, length } = node.data as ViewData;
      const View = type === "DataView" ? DataViewCtor : (typedArrayCtors[type] as DataViewConstructor);
      return new View(deserializeValue(buffer) as ArrayBuffer, byteOffset, length);
    }
    case NodeKind.PORT:
      return cloneHooks.makePort(node.data as object);
    case NodeKind.STREAM:
      return cloneHooks.makeStream(node.data as object);
  }
}

function createError(data: ErrorData): Error {
  const error = new (errorCtors[data.name] as ErrorConstructor)();
  if (data.message !== undefined) defineProperty(error, "message", data.message, false);
  defineProperty(error, "stack", data.stack, false);
  return error;
}

function fillOutput(node: Node, output: object): void {
  const { entries } = node;
  switch (node.kind) {
    case NodeKind.OBJECT:
    case NodeKind.ARRAY:
      for (let i = 0; i < entries.length; i += 2) {
        const key = entries[i] as string;
        const value = deserializeValue(entries[i + 1]);
        // Assigning is faster, where no setter and nothing inherited is in the way.
        if (key in output) defineProperty(output, key, value, true);
        else (output as Record<string, unknown>)[key] = value;
      }
      return;
    case NodeKind.MAP:
      for (let i = 0; i < entries.length; i += 2) {
        MapPrototypeSet(
          output as Map<unknown, unknown>,
          deserializeValue(entries[i]),
          deserializeValue(entries[i + 1]),
        );
      }
      return;
    case NodeKind.SET:
      for (let i = 0; i < entries.length; i++) SetPrototypeAdd(output as Set<unknown>, deserializeValue(entries[i]));
      return;
    case NodeKind.ERROR:
      if (entries.length > 0) defineProperty(output, "cause", deserializeValue(entries[0]), false);
      return;
    default:
  }
}
