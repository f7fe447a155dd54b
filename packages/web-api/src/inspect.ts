/**
 * Values as text for the console, as Node's `util.inspect` shows them, in less code.
 *
 * I1 Bounded in depth, in entries of each object and in length of the whole: what exceeds them is named, not shown.
 * I2 No accessor of a tenant's object is called. Traps of a proxy and `Symbol.toStringTag` can still run tenant code: what
 *    they throw ends in a placeholder, where that object stands.
 */
import { MAX_PROTOTYPES } from "./error-text.ts";
import { inspectBuiltin } from "./inspect-builtin.ts";
import { isDigit, quote, showKey } from "./inspect-key.ts";
import {
  ArrayIsArray,
  ArrayPrototypeJoin,
  ArrayPrototypePush,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ReflectOwnKeys,
  StringCtor,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
} from "./primordials.ts";

/** How deep objects are shown, as in Node. */
const DEPTH_LIMIT = 2;
/** Entries of one object that are shown, as in Node. */
const ENTRY_LIMIT_COUNT = 100;
/** Longest string inside of another value. */
const STRING_LIMIT_UNITS = 2_000;
/** Longest line that an object is put on. */
const LINE_LIMIT_UNITS = 72;
/** Where formatting gives up: near the host's own limit of a log line. */
const TEXT_LIMIT_UNITS = 16 * 1024;

const UNSHOWABLE = "[value that cannot be shown]";

/** One call of `inspect`: what is being shown, from the outermost, and how much has been written. */
export class Inspection {
  readonly #depthLimit: number;
  readonly #path: object[] = [];
  #writtenUnits = 0;

  constructor(depthLimit: number = DEPTH_LIMIT) {
    this.#depthLimit = depthLimit;
  }

  /** The text of a value within another. */
  show(value: unknown): string {
    const text = typeof value === "object" && value !== null ? this.#showObject(value) : showPrimitive(value);
    this.#writtenUnits += text.length;
    return text;
  }

  /** Puts entries between brackets: on one line where they fit, else each on its own. */
  group(prefix: string, brackets: string, entries: readonly string[]): string {
    const open = prefix === "" ? (brackets[0] as string) : `${prefix} ${brackets[0]}`;
    if (entries.length === 0) return `${open}${brackets[1]}`;
    const line = ArrayPrototypeJoin(entries, ", ");
    if (line.length + open.length <= LINE_LIMIT_UNITS && StringPrototypeIndexOf(line, "\n") < 0) {
      return `${open} ${line} ${brackets[1]}`;
    }
    let lines = "";
    for (let i = 0; i < entries.length; i++) lines += `${i === 0 ? "" : ","}\n  ${indent(entries[i] as string)}`;
    return `${open}${lines}\n${brackets[1]}`;
  }

  /** Own enumerable properties as entries, but for those to skip. */
  entriesOf(value: object, skip: (key: string | symbol) => boolean = () => false): string[] {
    const entries: string[] = [];
    const keys = ReflectOwnKeys(value) as (string | symbol)[];
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string | symbol;
      if (skip(key)) continue;
      const descriptor = ObjectGetOwnPropertyDescriptor(value, key);
      if (descriptor === undefined || !descriptor.enumerable) continue;
      if (this.isFull(entries, keys.length)) break;
      ArrayPrototypePush(entries, `${showKey(key)}: ${this.#showProperty(descriptor)}`);
    }
    return entries;
  }

  /** Whether no entry may follow; then says how many are left out. */
  isFull(entries: string[], totalCount: number): boolean {
    if (entries.length < ENTRY_LIMIT_COUNT && this.#writtenUnits < TEXT_LIMIT_UNITS) return false;
    ArrayPrototypePush(entries, `... ${totalCount - entries.length} more`);
    return true;
  }

  #showProperty(descriptor: PropertyDescriptor): string {
    if (descriptor.get !== undefined) return descriptor.set === undefined ? "[Getter]" : "[Getter/Setter]";
    return descriptor.set === undefined ? this.show(descriptor.value) : "[Setter]";
  }

  #showObject(value: object): string {
    for (let i = 0; i < this.#path.length; i++) if (this.#path[i] === value) return "[Circular]";
    if (this.#writtenUnits >= TEXT_LIMIT_UNITS) return "...";
    const depth = this.#path.length;
    try {
      const name = nameOf(value);
      if (depth > this.#depthLimit) return ArrayIsArray(value) ? "[Array]" : `[${name || "Object"}]`;
      this.#path[depth] = value;
      return this.#showContent(value, name);
    } catch {
      // A proxy's trap or a patched prototype threw.
      return UNSHOWABLE;
    } finally {
      this.#path.length = depth;
    }
  }

  #showContent(value: object, name: string): string {
    if (ArrayIsArray(value)) return this.#showArray(value, name);
    const builtin = inspectBuiltin(this, value, name);
    if (builtin !== undefined) return builtin;
    return this.group(name === "Object" ? "" : name || "[Object: null prototype]", "{}", this.entriesOf(value));
  }

  #showArray(value: readonly unknown[], name: string): string {
    const entries: string[] = [];
    const { length } = value;
    for (let i = 0; i < length; i++) {
      if (this.isFull(entries, length)) break;
      const descriptor = ObjectGetOwnPropertyDescriptor(value, i);
      ArrayPrototypePush(entries, descriptor === undefined ? "<empty>" : this.#showProperty(descriptor));
    }
    const named = this.entriesOf(value, (key) => typeof key === "string" && isDigit(key[0]));
    for (let i = 0; i < named.length; i++) ArrayPrototypePush(entries, named[i] as string);
    return this.group(name === "Array" ? "" : `${name}(${length})`, "[]", entries);
  }
}

/** The text of a value. Never throws. */
export function inspect(value: unknown, depthLimit?: number): string {
  try {
    return new Inspection(depthLimit).show(value);
  } catch {
    // A function that is a proxy.
    return UNSHOWABLE;
  }
}

/** The name of an object's class, or "" where it has none. */
function nameOf(value: object): string {
  let at: object | null = value;
  for (let i = 0; i < MAX_PROTOTYPES && at !== null; i++, at = ObjectGetPrototypeOf(at) as object | null) {
    const descriptor = ObjectGetOwnPropertyDescriptor(at, "constructor");
    if (typeof descriptor?.value !== "function") continue;
    const name = ObjectGetOwnPropertyDescriptor(descriptor.value as object, "name")?.value as unknown;
    if (typeof name === "string" && name !== "") return name;
  }
  return "";
}

function showPrimitive(value: unknown): string {
  switch (typeof value) {
    case "string": {
      const isLong = value.length > STRING_LIMIT_UNITS;
      const shown = isLong ? StringPrototypeSlice(value, 0, STRING_LIMIT_UNITS) : value;
      return `${quote(shown)}${isLong ? `... ${value.length - STRING_LIMIT_UNITS} more characters` : ""}`;
    }
    case "bigint":
      return `${value}n`;
    case "symbol":
      return StringCtor(value);
    case "function": {
      const name = ObjectGetOwnPropertyDescriptor(value, "name")?.value as unknown;
      // Of functions, only a class has a prototype that cannot be written.
      const isClass = ObjectGetOwnPropertyDescriptor(value, "prototype")?.writable === false;
      const kind = isClass ? "class" : "Function";
      if (typeof name !== "string" || name === "") return `[${kind} (anonymous)]`;
      return isClass ? `[class ${name}]` : `[Function: ${name}]`;
    }
    case "number":
      return value === 0 && 1 / value < 0 ? "-0" : `${value}`;
    default:
      return `${value as boolean}`;
  }
}

/** Moves the lines after the first by one level. */
function indent(text: string): string {
  let at = StringPrototypeIndexOf(text, "\n");
  if (at < 0) return text;
  let from = 0;
  let moved = "";
  for (; at >= 0; at = StringPrototypeIndexOf(text, "\n", from)) {
    moved += `${StringPrototypeSlice(text, from, at + 1)}  `;
    from = at + 1;
  }
  return moved + StringPrototypeSlice(text, from);
}
