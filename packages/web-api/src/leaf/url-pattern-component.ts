/** One component of a pattern: its regular expression, which runs here and never in the host, and its pattern in canonical form. */
import {
  StringPrototypeCharCodeAt,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
  TypeErrorCtor,
} from "../primordials.ts";
import { RegExpCtor, RegExpPrototypeExec } from "./intrinsics.ts";
import {
  type Canonicalize,
  type ComponentSyntax,
  FULL_WILDCARD,
  type Part,
  parsePattern,
  segmentWildcardOf,
} from "./url-pattern-parts.ts";
import { isNameCodePoint } from "./url-pattern-tokens.ts";

export interface Component {
  /** In canonical form. */
  readonly pattern: string;
  readonly regExp: RegExp;
  /** By the number of the group in the regular expression, less one. */
  readonly groupNames: readonly string[];
  readonly hasRegExpGroups: boolean;
}

export interface CompileOptions {
  readonly syntax: ComponentSyntax;
  readonly canonicalize: Canonicalize;
  readonly ignoreCase: boolean;
}

export const DEFAULT_SYNTAX: ComponentSyntax = { delimiter: "", prefix: "" };
export const HOSTNAME_SYNTAX: ComponentSyntax = { delimiter: ".", prefix: "" };
export const PATHNAME_SYNTAX: ComponentSyntax = { delimiter: "/", prefix: "/" };

const SPECIAL_IN_PATTERN = "+*?:{}()\\";
// biome-ignore lint/suspicious/noTemplateCurlyInString: they are characters
const SPECIAL_IN_REGEXP = ".+*?^${}()[]|/\\";
const SPECIAL_SCHEMES = ["http", "https", "ws", "wss", "ftp", "file"];

/** @throws TypeError where the pattern, or a regular expression in it, is malformed */
export function compileComponent(pattern: string, { syntax, canonicalize, ignoreCase }: CompileOptions): Component {
  const parts = parsePattern(pattern, syntax, canonicalize);
  const groupNames: string[] = [];
  let source = "^";
  let hasRegExpGroups = false;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as Part;
    source += sourceOf(part, syntax);
    if (part.type !== "fixed-text") groupNames[groupNames.length] = part.name;
    if (part.type === "regexp") hasRegExpGroups = true;
  }
  return {
    pattern: serializePattern(parts, syntax),
    regExp: createRegExp(`${source}$`, ignoreCase ? "vi" : "v"),
    groupNames,
    hasRegExpGroups,
  };
}

export function escapePattern(text: string): string {
  return escapeUnits(text, SPECIAL_IN_PATTERN);
}

export function matchesSpecialScheme({ regExp }: Component): boolean {
  for (let i = 0; i < SPECIAL_SCHEMES.length; i++) {
    if (RegExpPrototypeExec(regExp, SPECIAL_SCHEMES[i] as string) !== null) return true;
  }
  return false;
}

export function isSpecialScheme(scheme: string): boolean {
  for (let i = 0; i < SPECIAL_SCHEMES.length; i++) if (SPECIAL_SCHEMES[i] === scheme) return true;
  return false;
}

function createRegExp(source: string, flags: string): RegExp {
  try {
    return new RegExpCtor(source, flags);
  } catch {
    throw new TypeErrorCtor("URLPattern: a regular expression of the pattern is malformed");
  }
}

function sourceOf(part: Part, syntax: ComponentSyntax): string {
  const { modifier } = part;
  if (part.type === "fixed-text") {
    const text = escapeUnits(part.value, SPECIAL_IN_REGEXP);
    return modifier === "" ? text : `(?:${text})${modifier}`;
  }
  const value =
    part.type === "segment-wildcard"
      ? segmentWildcardOf(syntax)
      : part.type === "full-wildcard"
        ? FULL_WILDCARD
        : part.value;
  const repeats = modifier === "*" || modifier === "+";
  if (part.prefix === "" && part.suffix === "") {
    return repeats ? `((?:${value})${modifier})` : `(${value})${modifier}`;
  }
  const prefix = escapeUnits(part.prefix, SPECIAL_IN_REGEXP);
  const suffix = escapeUnits(part.suffix, SPECIAL_IN_REGEXP);
  if (!repeats) return `(?:${prefix}(${value})${suffix})${modifier}`;
  // What stands between two repetitions is a part of the group's value, what stands around all of them is not.
  return `(?:${prefix}((?:${value})(?:${suffix}${prefix}(?:${value}))*)${suffix})${modifier === "*" ? "?" : ""}`;
}

function serializePattern(parts: readonly Part[], syntax: ComponentSyntax): string {
  let pattern = "";
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as Part;
    if (part.type === "fixed-text") {
      const text = escapePattern(part.value);
      pattern += part.modifier === "" ? text : `{${text}}${part.modifier}`;
    } else pattern += serializeGroup(part, { previous: parts[i - 1], next: parts[i + 1], syntax });
  }
  return pattern;
}

function serializeGroup(
  part: Part,
  { previous, next, syntax }: { previous: Part | undefined; next: Part | undefined; syntax: ComponentSyntax },
): string {
  const hasName = !isNumber(part.name);
  const isGrouped = needsBraces(part, { previous, next, syntax });
  let text = escapePattern(part.prefix);
  if (hasName) text += `:${part.name}`;
  if (part.type === "regexp") text += `(${part.value})`;
  else if (part.type === "full-wildcard") {
    const isAsterisk =
      !hasName &&
      (previous === undefined ||
        previous.type === "fixed-text" ||
        previous.modifier !== "" ||
        isGrouped ||
        part.prefix !== "");
    text += isAsterisk ? "*" : `(${FULL_WILDCARD})`;
  } else if (!hasName) text += `(${segmentWildcardOf(syntax)})`;
  // Otherwise the suffix would be read as more of the name.
  if (part.type === "segment-wildcard" && hasName && isNameCodePoint(part.suffix, false)) text += "\\";
  text += escapePattern(part.suffix);
  return (isGrouped ? `{${text}}` : text) + part.modifier;
}

/** Whether it would be read as something else without braces. */
function needsBraces(
  part: Part,
  { previous, next, syntax }: { previous: Part | undefined; next: Part | undefined; syntax: ComponentSyntax },
): boolean {
  if (part.suffix !== "" || (part.prefix !== "" && part.prefix !== syntax.prefix)) return true;
  const isBareName = part.type === "segment-wildcard" && part.modifier === "" && !isNumber(part.name);
  if (isBareName && next !== undefined && next.prefix === "" && next.suffix === "") {
    if (next.type === "fixed-text" ? isNameCodePoint(next.value, false) : isNumber(next.name)) return true;
  }
  if (part.prefix !== "" || previous === undefined || previous.type !== "fixed-text" || syntax.prefix === "")
    return false;
  return StringPrototypeSlice(previous.value, -1) === syntax.prefix;
}

/** Whether the parser gave the name. */
function isNumber(name: string): boolean {
  const unit = StringPrototypeCharCodeAt(name, 0);
  return unit >= 0x30 && unit <= 0x39;
}

function escapeUnits(text: string, special: string): string {
  let escaped = "";
  let taken = 0;
  for (let i = 0; i < text.length; i++) {
    if (StringPrototypeIndexOf(special, text[i] as string, 0) === -1) continue;
    escaped += `${StringPrototypeSlice(text, taken, i)}\\`;
    taken = i;
  }
  return escaped + StringPrototypeSlice(text, taken);
}
