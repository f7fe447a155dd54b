/** Lines of a `.env` that `parseEnv` of Node drops or takes for something else, with their numbers. */

const EXPORT = /^export\s+/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const QUOTES = ['"', "'", "`"];

export interface LineProblem {
  /** From 1. */
  readonly line: number;
  readonly found: string;
  readonly expected: string;
}

/** Nothing of a line is in its problem: what is no name may be a part of a key that was pasted. */
export function listLineProblems(text: string): readonly LineProblem[] {
  const lines = text.split(/\r\n|\n|\r/);
  const problems: LineProblem[] = [];
  for (let i = 0; i < lines.length; i += 1) {
    const written = lines[i] ?? "";
    if (written.trim() === "" || written.trimStart().startsWith("#")) continue;
    const equalsAt = written.indexOf("=");
    const name = written.slice(0, Math.max(0, equalsAt)).trim().replace(EXPORT, "");
    const at = i + 1;
    if (equalsAt < 0) problems.push({ line: at, found: "a line without =", expected: "NAME=value" });
    else if (name === "") problems.push({ line: at, found: "no name before =", expected: "NAME=value" });
    else if (!NAME.test(name)) {
      const found = /^[0-9]/.test(name) ? "a name that begins with a digit" : "a name with other characters";
      problems.push({ line: at, found, expected: "letters, digits and _, no digit first" });
    }
    if (equalsAt >= 0) i += furtherLines(written.slice(equalsAt + 1).trimStart(), lines, i + 1);
  }
  return problems;
}

/** How many of the lines that follow belong to a value in quotes. */
function furtherLines(value: string, lines: readonly string[], from: number): number {
  const [quote = ""] = value;
  if (!QUOTES.includes(quote) || value.includes(quote, 1)) return 0;
  for (let end = from; end < lines.length; end += 1) if (lines[end]?.includes(quote) === true) return end - from + 1;
  return 0;
}
