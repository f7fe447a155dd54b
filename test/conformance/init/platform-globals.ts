/** The names that the web-api gives to apps, as a real isolate lists them. */
import { webApiScripts } from "@nano/isolate/engine";
import ivm from "isolated-vm";

const LIST_NAMES = "Object.getOwnPropertyNames(globalThis)";
/** The engine's, but replaced or limited by the web-api. */
const CHANGED_NAMES = ["console", "Date", "Intl", "WebAssembly"];

export function platformGlobals(): string[] {
  const isolate = new ivm.Isolate({ memoryLimit: 32 });
  try {
    const context = isolate.createContextSync();
    const list = () => context.evalSync(LIST_NAMES, { copy: true }) as string[];
    const engineNames = new Set(list());
    for (const script of webApiScripts("00")) isolate.compileScriptSync(script).runSync(context);
    const added = list().filter((name) => !engineNames.has(name) && !name.startsWith("__nano_"));
    return [...added, ...CHANGED_NAMES];
  } finally {
    isolate.dispose();
  }
}
