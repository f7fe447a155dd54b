/**
 * What esbuild leaves undone for modules with top-level await. It wraps modules that `import()` or `require` may load in
 * functions (`init_…`), and does not await all of them.
 *
 * I1 No line is added or taken away, so the source map stays right.
 */
import { Script } from "node:vm";

/** A wrapped module: its function, `async` where it or what it imports has top-level await, its path, its statements. */
const WRAPPED =
  /^var (init_\S+) = __esm\d*\(\{\n {2}(async )?("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')\(\) \{\n([\s\S]*?)^ {2}\}\n\}\);$/gm;
const CALL_IN_WRAPPER = /^ {4}(init_\S+)\(\);$/gm;
const CALL_AT_MARGIN = /^(init_\S+)\(\);$/gm;

export interface WrappedModules {
  readonly text: string;
  /** Wrapped modules that have to be awaited, as the metafile names them. */
  readonly asyncPaths: ReadonlySet<string>;
}

/** Awaits what `export * from` initialises, which esbuild only calls. */
export function awaitWrappedModules(text: string): WrappedModules {
  const asyncPaths = new Set<string>();
  const asyncNames = new Set<string>();
  for (const [, name = "", isAsync, quotedPath = ""] of text.matchAll(WRAPPED)) {
    if (isAsync === undefined) continue;
    asyncNames.add(name);
    asyncPaths.add(readString(quotedPath));
  }
  const awaitCall = (call: string, name: string) =>
    asyncNames.has(name) ? call.replace("init_", "await init_") : call;
  const awaited = text
    .replaceAll(WRAPPED, (wrapped: string, _name, isAsync: string | undefined) =>
      isAsync === undefined ? wrapped : wrapped.replaceAll(CALL_IN_WRAPPER, awaitCall),
    )
    .replaceAll(CALL_AT_MARGIN, awaitCall);
  return { text: awaited, asyncPaths };
}

/** A string as esbuild writes it: in single quotes where it holds double ones. */
function readString(quoted: string): string {
  const text = quoted.startsWith("'")
    ? `"${quoted.slice(1, -1).replaceAll("\\'", "'").replaceAll('"', '\\"')}"`
    : quoted;
  try {
    return JSON.parse(text) as string;
  } catch {
    // A control character, written as JSON has it not: no path that anyone imports.
    return text;
  }
}

/** Whether statements of a module, without exports, await outside of functions. Where in doubt, true. */
export function hasTopLevelAwait(body: string): boolean {
  // `await` is an operator in async functions and a name in others; in a static block it is neither.
  return !doesParse(`"use strict"; (class { static { {\n${body}\n} } });`);
}

export function doesParse(script: string): boolean {
  try {
    new Script(script);
    return true;
  } catch {
    return false;
  }
}
