/** The map in the `browser` field of the package that a file belongs to. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

type BrowserMap = Readonly<Record<string, unknown>>;

const NO_MAP: BrowserMap = Object.freeze({});

/** @param file absolute */
export async function readBrowserMap(file: string): Promise<BrowserMap> {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const text = await readFile(join(folder, "package.json"), "utf8").catch(() => undefined);
    if (text === undefined) continue;
    return browserOf(text);
  }
  return NO_MAP;
}

function browserOf(text: string): BrowserMap {
  try {
    const { browser } = JSON.parse(text) as { browser?: unknown };
    return typeof browser === "object" && browser !== null ? (browser as BrowserMap) : NO_MAP;
  } catch {
    // Malformed: esbuild says so, where it matters.
    return NO_MAP;
  }
}
