/** `node:timers/promises` */
import { abortError } from "./node-error.guest.ts";

interface TimerOptions {
  readonly signal?: AbortSignal;
}

export function setTimeout<T>(delayMs = 1, value?: T, { signal }: TimerOptions = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortError(signal));
    const onAbort = (): void => {
      globalThis.clearTimeout(timer);
      reject(abortError(signal));
    };
    const timer = globalThis.setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve(value as T);
    }, delayMs);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

export function setImmediate<T>(value?: T, options?: TimerOptions): Promise<T> {
  return setTimeout(0, value, options);
}

export async function* setInterval<T>(delayMs = 1, value?: T, options: TimerOptions = {}): AsyncGenerator<T> {
  for (;;) yield setTimeout(delayMs, value as T, options);
}

export const scheduler = {
  wait: (delayMs: number, options?: TimerOptions): Promise<void> => setTimeout(delayMs, undefined, options),
  yield: (): Promise<void> => setTimeout(0),
};

export default { setTimeout, setImmediate, setInterval, scheduler };
