/** Makes DOMExceptions without evaluating the interface before the first of them. */
import type { DOMException } from "./dom-exception.ts";

declare const require: (path: "./dom-exception.ts") => typeof import("./dom-exception.ts");

/** The exception that a standard calls `name`. */
export function domException(name: string, message: string): DOMException {
  return new (require("./dom-exception.ts").DOMException)(message, name);
}
