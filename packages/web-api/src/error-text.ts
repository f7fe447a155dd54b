/**
 * What an error says of itself, without a call of anything of the app's.
 *
 * I1 No getter is called but the engine's own, which writes the stack; what traps of a proxy throw ends here.
 */
import {
  ErrorCtor,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ObjectPrototypeToString,
  ReflectApply,
} from "./primordials.ts";

/** Prototypes that are looked through for a name and a message: a proxy may answer one without end. */
export const MAX_PROTOTYPES = 16;

/** Where stacks are kept by an accessor of the engine's. Asked each time: this may be loaded where errors have none, as while a heap is made. */
function stackGetter(): unknown {
  return ObjectGetOwnPropertyDescriptor(new ErrorCtor(), "stack")?.get;
}

/** The stack of an error, which begins with name and message; "" where it has none. */
export function stackOf(reason: unknown): string {
  if (typeof reason !== "object" || reason === null) return "";
  try {
    const descriptor = ObjectGetOwnPropertyDescriptor(reason, "stack");
    if (descriptor === undefined) return "";
    const { get } = descriptor;
    const isNative = get !== undefined && get === stackGetter();
    const stack: unknown = isNative ? ReflectApply(get, reason, []) : descriptor.value;
    return typeof stack === "string" ? stack : "";
  } catch {
    // A trap of a proxy, which knows of no stack.
    return "";
  }
}

/** A text that an object has or inherits as data; "" where it has none. */
export function dataOf(object: object, name: string): string {
  try {
    let holder: object | null = object;
    for (let i = 0; i < MAX_PROTOTYPES && holder !== null; i++) {
      const descriptor = ObjectGetOwnPropertyDescriptor(holder, name);
      if (descriptor !== undefined) return typeof descriptor.value === "string" ? descriptor.value : "";
      holder = ObjectGetPrototypeOf(holder) as object | null;
    }
  } catch {
    // A trap of a proxy.
  }
  return "";
}

/** Whether the console shows it as an error. */
export function isErrorObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  try {
    const tag = ObjectPrototypeToString(value);
    return tag === "[object Error]" || tag === "[object DOMException]";
  } catch {
    // A trap of a proxy.
    return false;
  }
}
