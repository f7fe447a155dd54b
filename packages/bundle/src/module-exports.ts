/**
 * Takes the exports off a bundle that esbuild wrote as one ECMAScript module, so that it can be a function's body.
 *
 * I1 Nothing before the exports changes, so the source map stays right.
 */

export interface ModuleText {
  /** Statements, without exports. */
  readonly body: string;
  /** An expression for what the module exports. */
  readonly exported: string;
}

/** esbuild writes one such block, at the end. */
const EXPORT_BLOCK = /\nexport \{\n((?: {2}[^\n]+\n)+)\};\n$/;
const EXPORT_LINE = /^ {2}([^\s,"]+)(?: as ([^\s,"]+|"(?:[^"\\]|\\.)*"))?,?$/;
/** How it exports a CommonJS entry. */
const EXPORT_COMMONJS = /\nexport default ([^\s()]+\(\));\n$/;

/** @param names what the module exports, as the metafile says; null where the text does not agree */
export function splitExports(text: string, names: readonly string[]): ModuleText | null {
  if (names.length === 0) return { body: text, exported: "{}" };
  const commonJs = EXPORT_COMMONJS.exec(text);
  if (commonJs !== null) {
    // The exports themselves, as they are where the bundle is a plain function.
    return names.join() === "default" ? { body: text.slice(0, commonJs.index + 1), exported: commonJs[1] ?? "" } : null;
  }
  const block = EXPORT_BLOCK.exec(text);
  if (block === null) return null;
  const found: string[] = [];
  const properties: string[] = [];
  for (const line of (block[1] ?? "").trimEnd().split("\n")) {
    const match = EXPORT_LINE.exec(line);
    if (match === null) return null;
    const [, local = "", alias = local] = match;
    const quoted = asJson(alias.startsWith('"') ? alias : `"${alias}"`);
    found.push(JSON.parse(quoted) as string);
    // Computed, since `__proto__` written plainly would be no property.
    properties.push(`[${quoted}]: ${local}`);
  }
  if (found.length !== names.length || !names.every((name) => found.includes(name))) return null;
  return { body: text.slice(0, block.index + 1), exported: `{ ${properties.join(", ")} }` };
}

/** esbuild writes names in ASCII, with escapes that JSON has not: `\\xf6`, `\\u{1f600}`. */
function asJson(quoted: string): string {
  return quoted.replace(/\\(?:u\{([0-9a-f]+)\}|x([0-9a-f]{2}))/gi, (_, long: string | undefined, short: string) =>
    [...String.fromCodePoint(Number.parseInt(long ?? short, 16)).split("")]
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}
