/** `util.inspect` and `util.format`: as the console shows values, by the prelude's own code, so that a bundle carries none. */
import { nodeHost } from "./node-host.guest.ts";

export interface InspectOptions {
  readonly depth?: number | null | undefined;
}

const CUSTOM = Symbol.for("nodejs.util.inspect.custom");
const DEFAULT_DEPTH = 2;
const UNBOUNDED_DEPTH = 1_000;

/** Of options, `depth` alone counts. A value's own `nodejs.util.inspect.custom` is asked, those of what is in it are not. */
export function inspect(value: unknown, options?: InspectOptions | boolean, legacyDepth?: number | null): string {
  const given = typeof options === "object" && options !== null ? options : { depth: legacyDepth };
  const depth = depthOf(given.depth);
  const custom = customOf(value);
  if (custom !== undefined) {
    const shown = Reflect.apply(custom, value, [depth, { ...inspect.defaultOptions, ...given, stylize }, inspect]);
    if (shown !== value) return typeof shown === "string" ? shown : inspect(shown, given);
  }
  return nodeHost().inspect(value, depth);
}

inspect.custom = CUSTOM;
inspect.defaultOptions = { depth: DEFAULT_DEPTH };

export function format(...args: unknown[]): string {
  return nodeHost().format(args.map((arg, at) => (at > 0 && customOf(arg) !== undefined ? inspect(arg) : arg)));
}

export function formatWithOptions(_options: InspectOptions, ...args: unknown[]): string {
  return format(...args);
}

function depthOf(depth: number | null | undefined): number {
  if (depth === undefined) return DEFAULT_DEPTH;
  return depth === null || depth > UNBOUNDED_DEPTH ? UNBOUNDED_DEPTH : depth;
}

function customOf(value: unknown): ((...args: never[]) => unknown) | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const custom = (value as { [CUSTOM]?: unknown })[CUSTOM];
  return typeof custom === "function" ? (custom as () => unknown) : undefined;
}

function stylize(text: unknown): string {
  return String(text);
}
