/** Attributes of the global that are made on demand, as the accessors that Web IDL has for them. */
import { target as scope } from "./define-global.ts";
import {
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectSetPrototypeOf,
  TypeErrorCtor,
} from "./primordials.ts";

/**
 * Puts the accessors of an attribute where its lazy name was, and answers them.
 *
 * @param loaded its value; of an event handler, an object that has its accessors
 */
export function settleAttribute(name: string, isReadOnly: boolean, loaded: unknown): PropertyDescriptor {
  const isHandler = name[0] === "o" && name[1] === "n";
  const accessors = isHandler ? (loaded as object) : valueAccessors(name, loaded);
  const descriptor = ObjectGetOwnPropertyDescriptor(accessors, name) as PropertyDescriptor;
  // It would inherit what the app put on Object.prototype.
  ObjectSetPrototypeOf(descriptor, null);
  if (isReadOnly) descriptor.set = undefined as never;
  ObjectDefineProperty(scope, name, descriptor);
  return descriptor;
}

/** @throws TypeError where an accessor is called on anything but the global */
export function assertGlobal(self: unknown): void {
  if (self !== undefined && self !== null && self !== scope) throw new TypeErrorCtor("Illegal invocation");
}

/** `[Replaceable]`: what is assigned takes the attribute's place. */
function valueAccessors(name: string, value: unknown): object {
  return {
    get [name](): unknown {
      assertGlobal(this);
      return value;
    },
    set [name](replacement: unknown) {
      assertGlobal(this);
      ObjectDefineProperty(scope, name, {
        __proto__: null,
        value: replacement,
        writable: true,
        enumerable: true,
        configurable: true,
      } as never);
    },
  };
}
