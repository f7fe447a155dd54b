/** WebAssembly modules that the bundle imports: compiled by the host, handed to the variables that stand for them. */
import { ArrayPrototypePush } from "./primordials.ts";

type TakeWasm = (module: unknown) => void;

/** By number: the module, once the host gave it, and who waits for it. */
const given: Record<number, unknown> = { __proto__: null } as never;
const takers: Record<number, TakeWasm[]> = { __proto__: null } as never;

/** The bundle's ask, at the top level of the module that imports it. */
export function takeWasm(index: number, take: TakeWasm): void {
  takers[index] ??= [];
  ArrayPrototypePush(takers[index], take);
  if (given[index] !== undefined) take(given[index]);
}

/** The host's answer: before the app's script, and again in a context that was restored, whose heap cannot hold a module. */
export function giveWasm(index: number, module: unknown): void {
  given[index] = module;
  const waiting = takers[index];
  if (waiting !== undefined) for (let i = 0; i < waiting.length; i++) waiting[i]?.(module);
}
