/**
 * https://console.spec.whatwg.org, as lines of the app's log.
 *
 * I1 No method throws, whatever it is given; the labels that counters and timers keep are bounded.
 */
import { nowMs } from "./clock.ts";
import { formatMessage } from "./format-message.ts";
import { inspect } from "./inspect.ts";
import { MapPrototypeGetSize } from "./leaf/intrinsics.ts";
import { toDOMString } from "./leaf/webidl-convert.ts";
import { type LogLevel, writeLog } from "./log.ts";
import {
  ErrorCtor,
  MapCtor,
  MapPrototypeDelete,
  MapPrototypeGet,
  MapPrototypeSet,
  ObjectDefineProperty,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
  SymbolToStringTag,
} from "./primordials.ts";
import { describeThrown } from "./thrown.ts";

// The build turns this into the call of the module's wrapper: few lines are tables.
declare const require: (path: "./console-table.ts") => typeof import("./console-table.ts");

/** Labels that `count` and `time` keep. */
const LABEL_LIMIT_COUNT = 1000;
const GROUP_LIMIT_COUNT = 20;

export function createConsole(): object {
  const counts = new MapCtor<string, number>();
  const startsMs = new MapCtor<string, number>();
  let groupCount = 0;

  const write = (level: LogLevel, args: readonly unknown[]): void => {
    let text = formatMessage(args);
    if (groupCount > 0) text = indentLines(text, groupCount);
    writeLog(level, text);
  };

  const group = (args: readonly unknown[]): void => {
    if (args.length > 0) write("log", args);
    if (groupCount < GROUP_LIMIT_COUNT) groupCount += 1;
  };
  const timeLog = (label: unknown, args: readonly unknown[]): void => {
    const key = labelOf(label);
    const startMs = MapPrototypeGet(startsMs, key);
    const extra = args.length === 0 ? "" : ` ${formatMessage(args)}`;
    if (startMs === undefined) write("warn", [`Timer "${key}" does not exist`]);
    else write("info", [`${key}: ${nowMs() - startMs}ms${extra}`]);
  };

  const console = {
    // An object between, for pages that put things on it.
    __proto__: {},
    debug: (...args: unknown[]): void => write("debug", args),
    log: (...args: unknown[]): void => write("log", args),
    info: (...args: unknown[]): void => write("info", args),
    warn: (...args: unknown[]): void => write("warn", args),
    error: (...args: unknown[]): void => write("error", args),
    trace: (...args: unknown[]): void => {
      const { stack } = describeThrown(new ErrorCtor());
      const lineEnd = StringPrototypeIndexOf(stack, "\n");
      write("debug", [`Trace: ${formatMessage(args)}${lineEnd < 0 ? "" : StringPrototypeSlice(stack, lineEnd)}`]);
    },
    assert: (condition: unknown = undefined, ...args: unknown[]): void => {
      if (condition) return;
      write("error", [args.length === 0 ? "Assertion failed" : `Assertion failed: ${formatMessage(args)}`]);
    },
    dir: (value: unknown = undefined, options: unknown = undefined): void =>
      write("log", ["%s", inspect(value, depthOf(options))]),
    dirxml: (...args: unknown[]): void => write("log", args),
    table: (value: unknown = undefined, columns: unknown = undefined): void => {
      const table = require("./console-table.ts").tableOf(value, columns);
      write("log", table === undefined ? [value] : ["%s", table]);
    },
    group: (...args: unknown[]): void => group(args),
    groupCollapsed: (...args: unknown[]): void => group(args),
    groupEnd: (): void => {
      if (groupCount > 0) groupCount -= 1;
    },
    clear: (): void => {
      groupCount = 0;
    },
    count: (label: unknown = undefined): void => {
      const key = labelOf(label);
      const count = (MapPrototypeGet(counts, key) ?? 0) + 1;
      keep(counts, key, count);
      write("info", [`${key}: ${count}`]);
    },
    countReset: (label: unknown = undefined): void => {
      MapPrototypeDelete(counts, labelOf(label));
    },
    time: (label: unknown = undefined): void => keep(startsMs, labelOf(label), nowMs()),
    timeLog: (label: unknown = undefined, ...args: unknown[]): void => timeLog(label, args),
    timeEnd: (label: unknown = undefined): void => {
      timeLog(label, []);
      MapPrototypeDelete(startsMs, labelOf(label));
    },
  };
  ObjectDefineProperty(console, SymbolToStringTag, { __proto__: null, value: "console", configurable: true } as never);
  return console;
}

/** Keeps a value under a label, unless there are too many already. */
function keep(map: Map<string, number>, key: string, value: number): void {
  if (MapPrototypeGetSize(map) < LABEL_LIMIT_COUNT || MapPrototypeGet(map, key) !== undefined) {
    MapPrototypeSet(map, key, value);
  }
}

function labelOf(label: unknown): string {
  if (label === undefined) return "default";
  try {
    return toDOMString(label);
  } catch {
    return formatMessage([label]);
  }
}

function depthOf(options: unknown): number | undefined {
  if (typeof options !== "object" || options === null) return undefined;
  const { depth } = options as { depth?: unknown };
  return typeof depth === "number" ? depth : undefined;
}

function indentLines(text: string, levelCount: number): string {
  let margin = "";
  for (let i = 0; i < levelCount; i++) margin += "  ";
  let moved = margin;
  let from = 0;
  for (let at = StringPrototypeIndexOf(text, "\n"); at >= 0; at = StringPrototypeIndexOf(text, "\n", from)) {
    moved += `${StringPrototypeSlice(text, from, at + 1)}${margin}`;
    from = at + 1;
  }
  return moved + StringPrototypeSlice(text, from);
}
