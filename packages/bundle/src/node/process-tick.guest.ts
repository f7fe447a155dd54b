/** What streams need of `process`: the whole of it would be most of a small app. */

/** A microtask: after those that were queued before, where Node has it before all. */
export function nextTick(callback: (...args: unknown[]) => void, ...args: unknown[]): void {
  if (typeof callback !== "function") throw new TypeError('The "callback" argument must be of type function');
  queueMicrotask(args.length === 0 ? callback : () => callback(...args));
}

export default { nextTick, stdout: undefined, stderr: undefined };
