/** Splits the head between two `---` lines from the text below it. */
export function parseFrontMatter(source: string): {
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
} {
  const match = /^---\n([\s\S]*?)\n---\n/.exec(source);
  if (match === null) return { fields: new Map(), body: source };
  const fields = new Map<string, string>();
  for (const line of (match[1] ?? "").split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  return { fields, body: source.slice(match[0].length) };
}
