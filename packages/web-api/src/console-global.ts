/** `console` on the global: its implementation, and with it the formatting of values, is evaluated when it is first touched. */
import { defineLazyGlobals } from "./define-global.ts";

// The build turns this into the call of the module's wrapper: nothing of it runs before.
declare const require: (path: "./console.ts") => typeof import("./console.ts");

export function installConsole(): void {
  defineLazyGlobals(["console"], () => require("./console.ts").createConsole());
}
