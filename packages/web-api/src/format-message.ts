/** "Formatter" of the console standard: arguments to one text, with `%` directives in the first. */
import { inspect } from "./inspect.ts";
import { MathTrunc } from "./leaf/intrinsics.ts";
import { JSONStringify, NumberCtor, StringPrototypeIndexOf, StringPrototypeSlice } from "./primordials.ts";

/** Longest text of one message, near the host's own limit. */
const TEXT_LIMIT_UNITS = 16 * 1024;
/** Arguments of one message that are shown. */
const ARGUMENT_LIMIT_COUNT = 100;

/** The text of a message. Never throws. */
export function formatMessage(args: readonly unknown[]): string {
  const template = args[0];
  let usedCount = 0;
  let text = "";
  if (typeof template === "string") {
    usedCount = 1;
    text = template;
    if (args.length > 1 && StringPrototypeIndexOf(template, "%") >= 0) {
      const filled = fillTemplate(template, args);
      text = filled.text;
      usedCount = filled.usedCount;
    }
  }
  for (let i = usedCount; i < args.length && i < ARGUMENT_LIMIT_COUNT && text.length < TEXT_LIMIT_UNITS; i++) {
    const value = args[i];
    text += `${i === 0 ? "" : " "}${typeof value === "string" ? value : inspect(value)}`;
  }
  return text.length > TEXT_LIMIT_UNITS ? `${StringPrototypeSlice(text, 0, TEXT_LIMIT_UNITS)}...` : text;
}

function fillTemplate(template: string, args: readonly unknown[]): { text: string; usedCount: number } {
  let usedCount = 1;
  let text = "";
  let from = 0;
  for (let at = StringPrototypeIndexOf(template, "%"); at >= 0; at = StringPrototypeIndexOf(template, "%", at)) {
    const directive = template[at + 1];
    let filled: string | undefined;
    if (directive === "%") filled = "%";
    else if (usedCount < args.length) {
      filled = fillDirective(directive, args[usedCount]);
      if (filled !== undefined) usedCount += 1;
    }
    if (filled === undefined) {
      at += 1;
      continue;
    }
    text += StringPrototypeSlice(template, from, at) + filled;
    at += 2;
    from = at;
  }
  return { text: text + StringPrototypeSlice(template, from), usedCount };
}

/** Undefined where there is no such directive. */
function fillDirective(directive: string | undefined, value: unknown): string | undefined {
  switch (directive) {
    case "s":
      return typeof value === "string" ? value : inspect(value, 0);
    case "d":
    case "f":
      return numberText(value);
    case "i":
      return numberText(typeof value === "number" ? MathTrunc(value) : value);
    case "j":
      return jsonText(value);
    case "o":
    case "O":
      return inspect(value);
    case "c":
      return "";
    default:
      return undefined;
  }
}

function numberText(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "symbol" || (typeof value === "object" && value !== null)) return "NaN";
  return `${NumberCtor(value)}`;
}

function jsonText(value: unknown): string {
  try {
    return `${JSONStringify(value)}`;
  } catch {
    // A circle, a bigint, or a throwing toJSON.
    return "[value without JSON form]";
  }
}
