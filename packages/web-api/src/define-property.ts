import { ObjectDefineProperty } from "./primordials.ts";

/** Gives an object an own property that can be written and taken away, whatever setters the app put on its prototypes. */
export function defineProperty(target: object, key: PropertyKey, value: unknown, enumerable = true): void {
  ObjectDefineProperty(target, key, {
    __proto__: null,
    value,
    enumerable,
    writable: true,
    configurable: true,
  } as never);
}
