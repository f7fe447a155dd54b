/**
 * Maps stacks of an app's script back to its author's files. Needs no bundler, so that a supervisor may import it.
 *
 * I1 A stack is text from a tenant: at most `MAX_STACK_CHARS` of it are looked at, and what does not parse stays as it is.
 */
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";

/** What of a stack is mapped; the rest is cut. */
export const MAX_STACK_CHARS = 16 * 1024;
/** How the host names the app's script in stacks. */
const DEFAULT_SCRIPT_NAME = "app.js";

export interface StackMapper {
  /** The stack with every place in the script replaced by the place that its author wrote. */
  mapStack(stack: string): string;
}

export interface StackMapperOptions {
  /** @default "app.js" */
  readonly scriptName?: string;
}

/** @param sourceMap JSON text, as in `BundleArtifact`; where it is none, stacks stay as they are */
export function createStackMapper(sourceMap: string, options: StackMapperOptions = {}): StackMapper {
  const map = parseMap(sourceMap);
  const scriptName = options.scriptName ?? DEFAULT_SCRIPT_NAME;
  const place = new RegExp(`(?<![\\w./-])${escapePattern(scriptName)}:(\\d{1,9}):(\\d{1,9})`, "g");
  return {
    mapStack(stack) {
      const text = stack.length > MAX_STACK_CHARS ? `${stack.slice(0, MAX_STACK_CHARS)}…` : stack;
      if (map === null) return text;
      return text.replace(place, (written: string, line: string, column: string) => {
        if (Number(line) < 1 || Number(column) < 1) return written;
        const original = originalPositionFor(map, { line: Number(line), column: Number(column) - 1 });
        return original.source === null ? written : `${original.source}:${original.line}:${original.column + 1}`;
      });
    },
  };
}

/** One stack, one call. Keep a `StackMapper` where many come from the same script: it decodes the map once. */
export function mapStack(stack: string, sourceMap: string, options: StackMapperOptions = {}): string {
  return createStackMapper(sourceMap, options).mapStack(stack);
}

function parseMap(sourceMap: string): TraceMap | null {
  try {
    return new TraceMap(sourceMap);
  } catch {
    // A sliver without a usable map still has stacks worth printing.
    return null;
  }
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
