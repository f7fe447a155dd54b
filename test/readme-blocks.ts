/** The parts of README that are made from the code. `npm run readme` writes them anew. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { renderConfigTable } from "./config-table.ts";
import { readResults, renderConformanceTable } from "./conformance/web/conformance-table.ts";
import { collectErrorRows, renderErrorTable } from "./error-table.ts";

const README = new URL("../README.md", import.meta.url);

/** Every block by its name, as it should be. */
export async function renderBlocks(): Promise<Readonly<Record<string, string>>> {
  return {
    errors: renderErrorTable(await collectErrorRows()),
    config: renderConfigTable(),
    conformance: renderConformanceTable(readResults()),
  };
}

/** A table without what the formatter does to it: the width of its columns. */
export function normalizeTable(table: string): string {
  const rows = table.split("\n").map((line) => line.split("|").map((cell) => cell.trim().replace(/^-+$/, "---")));
  return rows.map((cells) => cells.join("|")).join("\n");
}

/** A block as README has it, normalized, or undefined. */
export function readBlock(name: string): string | undefined {
  const text = readFileSync(README, "utf8");
  const [, rest] = text.split(beginOf(name));
  const block = rest?.split(endOf(name))[0];
  return block === undefined ? undefined : normalizeTable(block.trim());
}

function beginOf(name: string): string {
  return `<!-- ${name}:begin, written by npm run readme -->`;
}

function endOf(name: string): string {
  return `<!-- ${name}:end -->`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let text = readFileSync(README, "utf8");
  for (const [name, block] of Object.entries(await renderBlocks())) {
    const [before, rest] = text.split(beginOf(name));
    const after = rest?.split(endOf(name))[1];
    if (before === undefined || after === undefined) throw new Error(`README has no place for ${beginOf(name)}`);
    text = `${before}${beginOf(name)}\n${block}\n${endOf(name)}${after}`;
  }
  writeFileSync(README, text);
}
