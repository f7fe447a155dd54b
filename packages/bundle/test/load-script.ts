/** Runs a bundle's script as the prelude does: the factory is kept, then called. */
import vm from "node:vm";
import { DEFINE_APP_GLOBAL } from "@nano/web-api/boundary";

export interface LoadedApp {
  /** Calls the factory: the app's modules run. */
  readonly init: () => Record<string, unknown>;
  /** Names that the script put on the global object. */
  readonly globals: readonly string[];
}

export function loadScript(script: string, globals: Readonly<Record<string, unknown>> = {}): LoadedApp {
  let factory: (() => Record<string, unknown>) | null = null;
  const define = (given: () => Record<string, unknown>): void => {
    factory = given;
  };
  const context = vm.createContext({ ...globals, [DEFINE_APP_GLOBAL]: define });
  const before = new Set(Object.keys(context));
  vm.runInContext(script, context, { filename: "app.js" });
  return {
    init: () => {
      if (factory === null) throw new Error("The script did not call the define function");
      return factory();
    },
    globals: Object.keys(context).filter((name) => !before.has(name)),
  };
}
