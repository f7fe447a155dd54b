/** `env.ASSETS`: made when it is first touched, since most requests of an app with assets do not ask for them. */
import { ObjectGetOwnPropertyDescriptor, ReflectDefineProperty } from "./primordials.ts";

// The build turns this into the call of the module's wrapper.
declare const require: (path: "./fetcher.ts") => typeof import("./fetcher.ts");

const NAME = "ASSETS";

/**
 * A variable or secret of that name stays. In `process.env`, which is `env` of `cloudflare:workers`, it is not enumerable: what lists that expects
 * strings.
 */
export function defineAssets(env: object, processEnv: object): void {
  if (ObjectGetOwnPropertyDescriptor(env, NAME) !== undefined) return;
  defineIn(env, true);
  defineIn(processEnv, false);
}

function defineIn(holder: object, enumerable: boolean): void {
  const settle = (value: unknown): unknown => {
    ReflectDefineProperty(holder, NAME, {
      __proto__: null,
      value,
      writable: true,
      enumerable,
      configurable: true,
    } as never);
    return value;
  };
  // Answers false, and does not throw, where the app locked what it had at init.
  ReflectDefineProperty(holder, NAME, {
    __proto__: null,
    get: () => settle(require("./fetcher.ts").assets()),
    set: (value: unknown) => void settle(value),
    enumerable,
    configurable: true,
  } as never);
}
