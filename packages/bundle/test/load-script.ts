/** Runs a bundle's script as the prelude does: the factory is kept, then called. */
import vm from "node:vm";
import { DEFINE_APP_GLOBAL } from "@nano/web-api/boundary";

/** Puts the module with this number where its importers find it. */
export type TakeWasm = (index: number, take: (module: unknown) => void) => void;
type Exports = Record<string, unknown>;
type Factory = (
  env: object,
  takeWasm: TakeWasm,
  nodeHost: () => unknown,
  asyncHooks: () => unknown,
) => Exports | Promise<Exports>;

export interface InitOptions {
  readonly env?: object;
  readonly takeWasm?: TakeWasm;
  /** What lowered scripts find behind `node:async_hooks`. */
  readonly asyncHooks?: () => unknown;
}

export interface LoadedApp {
  /** Calls the factory: the app's modules run. */
  readonly init: (options?: InitOptions) => Exports;
  /** The same of an app with top-level await. */
  readonly initAsync: (options?: InitOptions) => Promise<Exports>;
  /** Names that the script put on the global object. */
  readonly globals: readonly string[];
}

export function loadScript(script: string, globals: Readonly<Record<string, unknown>> = {}): LoadedApp {
  let factory: Factory | null = null;
  const define = (given: Factory): void => {
    factory = given;
  };
  const context = vm.createContext({ ...globals, [DEFINE_APP_GLOBAL]: define });
  const before = new Set(Object.keys(context));
  vm.runInContext(script, context, { filename: "app.js" });
  const start = ({ env = {}, takeWasm = refuse, asyncHooks = refuse }: InitOptions = {}) => {
    if (factory === null) throw new Error("The script did not call the define function");
    return factory(env, takeWasm, refuse, asyncHooks);
  };
  return {
    init: (options) => {
      const exports = start(options);
      if ("then" in exports) throw new Error("The factory is async");
      return exports as Exports;
    },
    initAsync: (options) => {
      const exports = start(options);
      if (typeof exports.then !== "function") throw new Error("The factory is not async");
      return exports as Promise<Exports>;
    },
    globals: Object.keys(context).filter((name) => !before.has(name)),
  };
}

function refuse(): never {
  throw new Error("The script asks for a part of the platform that is not there");
}
